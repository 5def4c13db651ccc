//! A session's state on the command line, and what a line comes to.

/// Where a session stands.
#[derive(Debug)]
pub(crate) struct State {
    /// Who logged in.
    pub(crate) user: String,
    /// Which commands are taken.
    pub(crate) mode: Mode,
    /// Lines typed so far.
    pub(crate) lines: u32,
    /// Whether the time is shown above every answer.
    pub(crate) timestamps: bool,
    /// Lines of a page as set by command; 0 turns paging off.
    pub(crate) length: Option<u32>,
    /// Rows of the terminal; 0 where it did not say.
    pub(crate) rows: u32,
    /// Whether somebody sits at a terminal.
    pub(crate) terminal: bool,
    /// Whether typed characters are shown.
    pub(crate) echo: bool,
    /// The prompt that was set (`PS1`).
    pub(crate) ps1: Option<String>,
    /// Whether pasted text is marked (readline's bracketed paste).
    pub(crate) bracketed_paste: bool,
    /// Exit status of the last command.
    pub(crate) status: u32,
}

impl State {
    /// A session that starts in `mode`.
    pub(crate) fn new(user: &str, mode: Mode) -> Self {
        Self {
            user: user.to_owned(),
            mode,
            lines: 0,
            timestamps: true,
            length: None,
            rows: 0,
            terminal: true,
            echo: true,
            ps1: None,
            bracketed_paste: true,
            status: 0,
        }
    }

    /// Lines that fit on a page above the pager's question; none where there are no pages.
    /// `unsaid` is their number where neither a command nor the terminal has said it.
    pub(crate) fn page(&self, unsaid: Option<u32>) -> Option<u32> {
        let said = self.length.or(Some(self.rows).filter(|&rows| rows > 0));
        said.or(unsaid)?.checked_sub(1).filter(|&lines| lines > 0)
    }
}

/// A mode of a command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// May look, may not change.
    User,
    /// The mode of the full rights; the only one outside the configuration where there are no two.
    Privileged,
    /// In the configuration.
    Config,
    /// In a section of the configuration.
    ConfigSection,
}

impl Mode {
    /// Whether settings are taken here.
    pub(crate) fn is_config(self) -> bool {
        matches!(self, Self::Config | Self::ConfigSection)
    }
}

/// What a line comes to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// Nothing is said.
    Quiet,
    /// A short notice, at once.
    Say(String),
    /// An error, at once.
    Refuse(String),
    /// An output: after the command latency, scaled, paged.
    Show {
        /// The output.
        text: String,
        /// Whether it may be paged.
        paged: bool,
    },
    /// A password is asked for before the privileged mode is entered.
    AskEnable,
    /// The session ends with these words.
    Leave(String),
}

impl Reply {
    /// An output that may be paged.
    pub(super) fn show(text: String) -> Self {
        Self::Show { text, paged: true }
    }

    /// The same with `line` above what it says.
    pub(super) fn below(self, line: &str) -> Self {
        match self {
            Self::Quiet => Self::Say(line.to_owned()),
            Self::Say(text) => Self::Say(line.to_owned() + &text),
            Self::Refuse(text) => Self::Refuse(line.to_owned() + &text),
            Self::Show { text, paged } => Self::Show { text: line.to_owned() + &text, paged },
            Self::AskEnable | Self::Leave(_) => self,
        }
    }
}
