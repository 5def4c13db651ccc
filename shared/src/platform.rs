//! How a kind of device logs in, prompts, pages and fails: data, not code.
//!
//! The definitions are TOML files in `platforms/`; the supervisor reads them and hands them
//! down the pipe, the worker compiles their patterns. All patterns are regular expressions in
//! the syntax of the `regex` crate, applied to cleaned text (no escape sequences, no carriage
//! returns).

use serde::{Deserialize, Serialize};

/// One platform. Key names are those of the TOML file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Platform {
    /// Name by which inventories call it; the stem of its file.
    #[serde(default)]
    pub name: String,
    /// What it covers, in one line.
    pub description: String,
    /// The modes of its command line, each told by its prompt. Never none; where several fit, the
    /// first.
    pub modes: Vec<CliMode>,
    /// Lines that the platform prints right above its prompt and that are no output.
    #[serde(default)]
    pub prompt_lead: Vec<String>,
    /// What a device answers to a command that it refuses; searched in each line of an output.
    #[serde(default)]
    pub errors: Vec<String>,
    /// Commands that only read: a job of nothing else may be run a second time.
    #[serde(default)]
    pub read_only: Vec<String>,
    /// Sent after login, before the first command: paging off, wide lines. Their answers are
    /// dropped, a refusal included.
    #[serde(default)]
    pub prepare: Vec<String>,
    /// The device keeps what is typed while it is busy, and repeats it behind the prompt when it comes to it:
    /// what is left to prepare goes out together with the first command.
    #[serde(default)]
    pub type_ahead: bool,
    /// Questions in the middle of an output, and what answers them.
    #[serde(default)]
    pub pager: Vec<Answer>,
    /// Sent before the connection is closed, where the device asked for the login in the terminal: a console
    /// would keep it.
    #[serde(default)]
    pub leave: Option<String>,
    /// The dialogue in which the device itself asks who is there (Telnet).
    #[serde(default)]
    pub login: LoginDialogue,
    /// For shells, whose prompts are whatever their users made of them: a prompt of our own.
    #[serde(default)]
    pub shell: Option<Shell>,
    /// The terminal that is asked for.
    #[serde(default)]
    pub terminal: Terminal,
    /// What the return key sends. Telnet adds what RFC 854 asks for behind a lone CR.
    #[serde(default = "carriage_return")]
    pub line_end: String,
}

/// A question that the device asks at the end of its line, and what to type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Matched at the end of the unfinished line.
    pub pattern: String,
    /// Sent as it stands: no line end is added.
    pub answer: String,
}

/// Patterns of an in-band login, matched at the end of the unfinished line except for
/// `failed`, which is searched in every line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LoginDialogue {
    /// Asks for the user's name.
    pub username: String,
    /// Asks for the password.
    pub password: String,
    /// Says that name or password were refused.
    pub failed: Vec<String>,
    /// Anything else that has to be answered on the way ("press any key").
    pub questions: Vec<Answer>,
    /// Over SSH the password goes by `keyboard-interactive` (RFC 4256) where the device takes it by
    /// `password` as well: only there can it ask one of the questions.
    pub interactive: bool,
    /// What looks like one of the questions above and is none ("Last login:"); matched as they
    /// are.
    pub ignore: Vec<String>,
}

impl Default for LoginDialogue {
    fn default() -> Self {
        Self {
            username: r"(?i)(user ?name|login|user): *$".into(),
            password: r"(?i)password[^:\n]{0,40}: *$".into(),
            failed: vec![
                r"(?i)(login|authentication|access|password) (incorrect|invalid|failed|denied|failure)"
                    .into(),
                r"(?i)(bad|invalid|wrong|incorrect) (passwords?|login|user ?name|credentials)".into(),
            ],
            questions: vec![],
            interactive: false,
            ignore: vec![r"(?i)(last|previous|failed|successful) login: *$".into()],
        }
    }
}

/// A state of the command line, such as user, privileged or configuration mode.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CliMode {
    /// The vendor's word for it.
    pub name: String,
    /// Matches the whole of the line on which the device waits for a command. What the group
    /// `host` captures at login must be the same in every later prompt, whatever its mode, so that
    /// output which merely looks like a prompt does not end a command. The group stands at the top
    /// level of the pattern; without it the later prompts must be the first one to the letter.
    pub prompt: String,
    /// How privileges are raised to this mode, where the inventory gives an `enable_password`.
    #[serde(default)]
    pub enter: Option<Enter>,
}

/// The way from one mode to another that asks for the `enable_password`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enter {
    /// Name of the mode that the way begins in.
    pub from: String,
    /// The command.
    pub command: String,
    /// Asks for the password; matched at the end of the unfinished line.
    pub password: String,
}

/// A prompt of our own in place of the user's, and outputs kept to the byte.
///
/// From then on nothing is taken out of an output but the CR that the terminal puts before each
/// LF (`ONLCR`, POSIX termios), and the prompt is also found behind an output whose last line
/// has no end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shell {
    /// Sets the prompt; sent first after login. `{nonce}` stands for a number that is another
    /// one in every session. Its echo must not look like the prompt.
    pub set_prompt: String,
    /// Matches the prompt that was set at the end of the unfinished line, escape sequences that
    /// the shell draws around it included: this one is applied to what the device sent. What
    /// the group `nonce` captures must be this session's number.
    pub prompt: String,
    /// A command that prints nothing: what comes back to it (echo, line ends, escape sequences)
    /// is what this terminal puts before every output.
    pub silent: String,
}

/// What is asked for with `pty-req` (RFC 4254, 6.2), NAWS (RFC 1073) and TTYPE (RFC 1091).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Terminal {
    /// `TERM` of the session.
    pub kind: String,
    /// Columns: wide, so that the device does not wrap.
    pub width: u16,
    /// Rows: none, so that the device does not page where it believes the terminal.
    pub height: u16,
}

impl Default for Terminal {
    fn default() -> Self {
        Self { kind: "vt100".into(), width: 511, height: 0 }
    }
}

fn carriage_return() -> String {
    "\r".into()
}
