//! What makes up a platform's manners.

use super::cli::{self, Cli};
use super::{Reply, State, last_line};
use crate::identity::Identity;

/// The manners of one platform.
#[derive(Debug)]
pub(crate) struct Manners {
    /// The SSH server's first line (RFC 4253, 4.2).
    pub(crate) server_id: &'static str,
    /// The login dialogue of a Telnet session.
    pub(crate) login: Login,
    /// Whether a session may start below the privileged mode, and `enable` leads up.
    pub(crate) has_user_mode: bool,
    /// Said after the login, before the first prompt.
    pub(crate) welcome: fn(&Identity) -> String,
    /// Asked of some before the first prompt.
    pub(crate) question: Option<Question>,
    /// What the device shows when it waits for a command.
    pub(crate) prompt: fn(&Identity, &State) -> String,
    /// What the terminal shows of the return key behind a line.
    pub(crate) returned: fn(&Identity, &State, &str) -> String,
    /// What ends a line on the terminal.
    pub(crate) line_end: &'static str,
    /// The pager, where outputs are paged.
    pub(crate) pager: Option<Pager>,
    /// Who makes something of a line.
    pub(crate) interpreter: Interpreter,
    /// What Ctrl-C shows.
    pub(crate) interrupted: &'static str,
    /// The command for which Ctrl-Z stands.
    pub(crate) suspend: Option<&'static str>,
    /// Whether lines end in a lone LF where there is no terminal.
    pub(crate) plain_line_ends: bool,
}

impl Manners {
    /// What `line` comes to.
    pub(crate) fn interpret(&self, identity: &Identity, state: &mut State, line: &str) -> Reply {
        match self.interpreter {
            Interpreter::Cli(table) => {
                let prompt = (self.prompt)(identity, state);
                cli::interpret(table, identity, state, last_line(&prompt), line)
            }
            Interpreter::Other(interpret) => interpret(identity, state, line),
        }
    }
}

/// What makes something of the lines that are typed. Line ends of its texts are LF.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Interpreter {
    /// The command line of a network device.
    Cli(&'static Cli),
    /// Something else, such as a shell.
    Other(fn(&Identity, &mut State, &str) -> Reply),
}

/// A login dialogue in the terminal. Line ends are LF.
#[derive(Debug)]
pub(crate) struct Login {
    /// Said first.
    pub(crate) banner: fn(&Identity) -> String,
    /// Asks for the name; a device without it asks for a password alone.
    pub(crate) username: Option<fn(&Identity) -> String>,
    /// Asks for the password.
    pub(crate) password: &'static str,
    /// Whether a star stands for each letter of the password.
    pub(crate) starred: bool,
    /// Said to a wrong password.
    pub(crate) rejected: &'static str,
    /// Passwords that may be tried.
    pub(crate) attempts: u32,
}

/// What a part of the devices wants to know of whoever has logged in, as after a banner or where
/// nobody has set them up yet.
#[derive(Debug)]
pub(crate) struct Question {
    /// Asks. Line ends are LF.
    pub(crate) text: &'static str,
    /// The keys that answer it; the device waits for exactly these.
    pub(crate) answer: &'static str,
}

/// How an output is stopped at the end of a page.
#[derive(Debug)]
pub(crate) struct Pager {
    /// Shown while the device waits for a key. `{lines}` stands for those shown so far.
    pub(crate) question: &'static str,
    /// Takes the question away again.
    pub(crate) erase: &'static str,
    /// Lines of a page where neither a command nor the terminal has said how many; without it
    /// there are no pages then.
    pub(crate) lines: Option<u32>,
    /// Shown behind the last page, until somebody quits.
    pub(crate) end: Option<&'static str>,
    /// The key that asks for the whole rest.
    pub(crate) dump: Option<u8>,
}

impl Pager {
    /// Pages where a command or the terminal asked for them, with nothing behind the last.
    pub(super) const fn new(question: &'static str, erase: &'static str) -> Self {
        Self { question, erase, lines: None, end: None, dump: None }
    }
}
