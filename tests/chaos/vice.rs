use std::path::Path;

/// What a worker does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Vice {
    /// Says nothing at all, not even hello.
    NoHello,
    /// Is ended by a signal of its own making when the victim has come so far.
    Abort(Step),
    /// Exits when it takes the victim.
    Exit,
    /// Ends in the middle of a frame of the victim's output.
    HalfFrame,
    /// Stops for ever in the middle of a frame of the victim's output.
    StalledFrame,
    /// Announces a frame of 4 GiB.
    HugeFrame,
    /// Writes text where frames belong.
    Text,
    /// Stops for ever, with all its sessions.
    Hang,
    /// Reads nothing any more from the victim's job on.
    Deaf,
    /// Tells of the victim's end twice.
    Twice,
    /// Tells of the end of a job that there is not.
    Unknown,
    /// Heeds no drain, cancel or withdrawal.
    Drainless,
    /// Writes to its log without end.
    Chatter,
}

/// How far a job has come, by what its worker has to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Started,
    LoggedIn,
    CommandsBegin,
    Output,
    Finished,
}

impl Vice {
    /// All of them, by the names of the executable.
    pub(crate) const ALL: [(&'static str, Self); 17] = [
        ("no-hello", Self::NoHello),
        ("abort-started", Self::Abort(Step::Started)),
        ("abort-logged-in", Self::Abort(Step::LoggedIn)),
        ("abort-commands", Self::Abort(Step::CommandsBegin)),
        ("abort-output", Self::Abort(Step::Output)),
        ("abort-finished", Self::Abort(Step::Finished)),
        ("exit", Self::Exit),
        ("half-frame", Self::HalfFrame),
        ("stalled-frame", Self::StalledFrame),
        ("huge-frame", Self::HugeFrame),
        ("text", Self::Text),
        ("hang", Self::Hang),
        ("deaf", Self::Deaf),
        ("twice", Self::Twice),
        ("unknown", Self::Unknown),
        ("drainless", Self::Drainless),
        ("chatter", Self::Chatter),
    ];

    /// The vice of who is called by this `path`.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.strip_prefix("chaos-worker-")?;
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, vice)| *vice)
    }

    pub(crate) fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, vice)| *vice == self).map_or("", |(name, _)| name)
    }
}
