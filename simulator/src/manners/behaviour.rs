//! What makes up a platform's manners.

use super::{Reply, State};
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
    /// What the device shows when it waits for a command.
    pub(crate) prompt: fn(&Identity, &State) -> String,
    /// What the terminal shows of the return key.
    pub(crate) returned: fn(&State) -> &'static str,
    /// The pager, where outputs are paged.
    pub(crate) pager: Option<Pager>,
    /// What a line comes to. Line ends of its texts are LF.
    pub(crate) interpret: fn(&Identity, &mut State, &str) -> Reply,
    /// What Ctrl-C shows.
    pub(crate) interrupted: &'static str,
    /// The command for which Ctrl-Z stands.
    pub(crate) suspend: Option<&'static str>,
    /// Whether lines end in a lone LF where there is no terminal.
    pub(crate) plain_line_ends: bool,
}

/// A login dialogue in the terminal. Line ends are LF.
#[derive(Debug)]
pub(crate) struct Login {
    /// Said first.
    pub(crate) banner: fn(&Identity) -> String,
    /// Asks for the name.
    pub(crate) username: fn(&Identity) -> String,
    /// Asks for the password.
    pub(crate) password: &'static str,
    /// Said to a wrong password.
    pub(crate) rejected: &'static str,
    /// Passwords that may be tried.
    pub(crate) attempts: u32,
}

/// How an output is stopped at the end of a page.
#[derive(Debug)]
pub(crate) struct Pager {
    /// Shown while the device waits for a key.
    pub(crate) question: &'static str,
    /// Takes the question away again.
    pub(crate) erase: &'static str,
}
