//! What came of a job.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Why a device failed or was skipped: a closed vocabulary, part of the record contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The name has no address.
    Resolve,
    /// No TCP connection.
    Connect,
    /// A deadline passed.
    Timeout,
    /// The host key is not the known one.
    HostKey,
    /// The SSH key exchange failed.
    Handshake,
    /// The device refused the login.
    Auth,
    /// Not tried: too many logins with this credential were refused before.
    LockoutGuard,
    /// Logged in, but no prompt was recognised.
    Prompt,
    /// The device answered a command with its platform's error pattern.
    Command,
    /// The device closed the connection.
    Disconnected,
    /// The worker died of this job.
    Crashed,
    /// Cut short by the user.
    Interrupted,
}

impl ErrorKind {
    /// The word of the record contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Resolve => "resolve",
            Self::Connect => "connect",
            Self::Timeout => "timeout",
            Self::HostKey => "host_key",
            Self::Handshake => "handshake",
            Self::Auth => "auth",
            Self::LockoutGuard => "lockout_guard",
            Self::Prompt => "prompt",
            Self::Command => "command",
            Self::Disconnected => "disconnected",
            Self::Crashed => "crashed",
            Self::Interrupted => "interrupted",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How far a session had come. Ordered: a later stage is greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Stage {
    /// On the way to the device, at one of its jump hosts.
    Jump,
    /// There, when the password is out and the jump host's verdict is not known.
    JumpLogin,
    /// Name look-up and TCP connection.
    Connect,
    /// From there to the moment when the password goes out: SSH's version and key exchange, Telnet's
    /// options and first questions.
    Handshake,
    /// The password is out, the device's verdict is not known.
    Login,
    /// Shell, first prompt, privileges, paging off.
    Prepare,
    /// Commands may have begun.
    Commands,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jump => "the way there",
            Self::JumpLogin => "login at a jump host",
            Self::Connect => "connecting",
            Self::Handshake => "the handshake",
            Self::Login => "login",
            Self::Prepare => "preparing the session",
            Self::Commands => "the commands",
        })
    }
}

/// Why an attempt failed, said where the fact was known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The contract's word for it.
    pub kind: ErrorKind,
    /// How far the session had come.
    pub stage: Stage,
    /// For a person: what happened, and what to do where that is known.
    pub message: String,
}

impl Failure {
    /// A failure of `kind` at `stage`.
    pub fn new(kind: ErrorKind, stage: Stage, message: impl Into<String>) -> Self {
        Self { kind, stage, message: message.into() }
    }

    /// The lockout guard's: too many logins in a row were rejected, and this one was not tried.
    pub fn locked_out() -> Self {
        let message = "not tried: too many logins in a row with this user name and password were rejected; \
                       see --max-auth-failures";
        Self::new(ErrorKind::LockoutGuard, Stage::Connect, message)
    }

    /// The lockout guard's: a jump host on the way has refused the login, and was not asked again.
    pub fn way_refused() -> Self {
        let message = "not tried: a jump host on the way has refused the login of another device's session";
        Self::new(ErrorKind::LockoutGuard, Stage::Jump, message)
    }

    /// Whether another attempt could fare better: the login failed for a reason that can pass,
    /// and no command can have been sent. A password that may have been refused is never tried
    /// again, because a second refusal may lock the account; and some devices refuse it by closing
    /// the connection or by saying nothing.
    pub fn may_pass(&self) -> bool {
        !matches!(self.stage, Stage::JumpLogin | Stage::Login | Stage::Commands)
            && matches!(
                self.kind,
                ErrorKind::Resolve
                    | ErrorKind::Connect
                    | ErrorKind::Timeout
                    | ErrorKind::Handshake
                    | ErrorKind::Disconnected
            )
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.message)
    }
}

/// How a single command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandEnd {
    /// Its prompt came back, and no error pattern with it.
    pub ok: bool,
    /// From its first byte sent to the end of its output.
    pub elapsed: Duration,
    /// The output went over the limit and was cut.
    pub truncated: bool,
}

/// Where an attempt's time went. A step that was not reached is zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timing {
    /// Name look-up and TCP connection.
    pub connect: Duration,
    /// From the open connection to the prompt that takes the first command.
    pub login: Duration,
    /// From the first command to the last prompt.
    pub commands: Duration,
    /// The attempt as a whole.
    pub total: Duration,
}

/// What an attempt was to the worker that ran it. Where an attempt ended in a panic only `thread` and
/// `queue` are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effort {
    /// The session thread's number within its worker.
    pub thread: u32,
    /// From the job's arrival in the worker to a thread taking it: before the attempt begins.
    pub queue: Duration,
    /// SSH's version and key exchange, host key included: a part of [`Timing::login`], zero for Telnet.
    pub key_exchange: Duration,
    /// Waited for leave to log in, [where it has to be asked for](crate::job::Job::asks_first): no part of [`Timing`].
    pub leave: Duration,
    /// CPU time of the session's thread, by that thread's clock.
    pub compute: Duration,
    /// Of that, [`Conditions::cpu_per_command`](crate::experiment::Conditions::cpu_per_command).
    pub parse: Duration,
    /// Waited for the process's one lock ([`Conditions::gil`](crate::experiment::Conditions::gil)).
    pub lock: Duration,
    /// Waited for room in the pipe to the supervisor, or for a word to be in it.
    pub pipe: Duration,
}

/// An attempt's end, as the worker tells it. Outputs went ahead of it in frames of their own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptEnd {
    /// `None` where every command succeeded.
    pub failure: Option<Failure>,
    /// Where the time went.
    pub timing: Timing,
    /// What it was to the worker. Boxed, to keep small the messages that are passed on by value.
    pub effort: Box<Effort>,
    /// Which of the job's routes was the last to be tried: an index.
    pub route: u32,
    /// The old algorithms that the session used; only a job with [`SshSettings::legacy`] can have any.
    ///
    /// [`SshSettings::legacy`]: crate::job::SshSettings::legacy
    pub old_algorithms: Vec<String>,
}
