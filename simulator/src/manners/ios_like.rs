//! What the command lines that look like Cisco IOS have in common.

use super::cli::{self, Action, Command};
use super::{Mode, Reply, State};

/// Commands about the session.
pub(super) const SESSION: &[Command] = &[
    Command("terminal length", Action::Do(|state, words| cli::set_length(state, words, |_| String::new()))),
    Command("terminal", Action::Do(cli::accept)),
    Command("enable", Action::Do(cli::enable)),
    Command("disable", Action::Enter(Mode::User, "")),
    Command("exit", Action::Do(cli::leave)),
    Command("quit", Action::Do(cli::leave)),
    Command("logout", Action::Do(cli::leave)),
];

/// Commands of the configuration.
pub(super) const CONFIG: &[Command] = &[
    Command("exit", Action::Do(cli::up)),
    Command("end", Action::Enter(Mode::Privileged, "")),
    Command("interface", Action::Enter(Mode::ConfigSection, "")),
    Command("router", Action::Enter(Mode::ConfigSection, "")),
    Command("line", Action::Enter(Mode::ConfigSection, "")),
    Command("vlan", Action::Enter(Mode::ConfigSection, "")),
];

/// `configure`: not in user mode, where it is `refused`.
pub(super) fn configure(state: &mut State, refused: &str, notice: &str) -> Reply {
    if state.mode == Mode::User {
        return Reply::Refuse(refused.to_owned());
    }
    state.mode = Mode::Config;
    if notice.is_empty() { Reply::Quiet } else { Reply::Say(notice.to_owned()) }
}
