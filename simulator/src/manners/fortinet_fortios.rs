//! Fortinet FortiOS on a FortiGate: pages that no session can turn off.

use super::cli::{self, Action, Cli, Command};
use super::{Interpreter, Login, Manners, Mode, Pager, Question, State};
use crate::identity::Identity;

/// Without a banner.
pub(super) const PLAIN: Manners = Manners {
    server_id: "SSH-2.0-FortiSSH_3.0",
    login: Login {
        banner: |_| "\n\n".to_owned(),
        username: Some(|identity| format!("{} login: ", short(identity))),
        password: "Password: ",
        starred: true,
        rejected: "Login incorrect\n\n",
        attempts: 3,
    },
    has_user_mode: false,
    welcome: |_| "Welcome!\n".to_owned(),
    question: None,
    prompt,
    // One carriage return more than it takes.
    returned: |_, _, _| "\r\r\n".to_owned(),
    line_end: "\r\n",
    pager: Some(Pager { lines: Some(24), ..Pager::new("--More-- ", "\r         \r") }),
    interpreter: Interpreter::Cli(&CLI),
    interrupted: "^C\r\n",
    suspend: None,
    plain_line_ends: false,
};

/// `set post-login-banner enable`: one key, no return.
pub(super) const BANNER: Manners = Manners {
    welcome: |_| String::new(),
    question: Some(Question {
        text: "Authorised users only. All your keys are logged #\n\n(Press 'a' to accept): ",
        answer: "a",
    }),
    ..PLAIN
};

/// An empty line stands above every prompt.
fn prompt(identity: &Identity, state: &State) -> String {
    let context = if state.mode == Mode::Config { " (global)" } else { "" };
    format!("\n{}{context} # ", short(identity))
}

/// A name that is too long loses its end.
fn short(identity: &Identity) -> String {
    const LONGEST: usize = 14;
    match identity.name.get(..LONGEST - 1) {
        Some(beginning) if identity.name.len() > LONGEST => format!("{beginning}~"),
        _ => identity.name.clone(),
    }
}

const CLI: Cli = Cli {
    commands: &[COMMANDS],
    // In a context the same commands are there, and whatever else is typed is a setting.
    config: COMMANDS,
    escape: "",
    separator: None,
    above: cli::nothing,
    unknown: |mistake| match mistake.index {
        0 => "Unknown action 0\n".to_owned(),
        _ => format!("\ncommand parse error before '{}'\nCommand fail. Return code -61\n", mistake.word),
    },
    incomplete: |_| "\nincomplete command in the end\nCommand fail. Return code -160\n".to_owned(),
};

const COMMANDS: &[Command] = &[
    Command("get system status", Action::Print(STATUS)),
    Command("get system performance status", Action::Print(PERFORMANCE)),
    Command("get system interface", Action::PrintAny(GET_INTERFACE)),
    Command("get router info routing-table all", Action::Print(ROUTES)),
    Command("show system interface", Action::Print(SHOW_INTERFACE)),
    Command("show full-configuration", Action::Print(SHOW_INTERFACE)),
    Command("show", Action::Print(SHOW_INTERFACE)),
    Command("config", Action::Enter(Mode::Config, "")),
    Command("end", Action::Enter(Mode::Privileged, "")),
    Command("exit", Action::Do(cli::leave)),
];

const STATUS: &str = "\
Version: {FortiGate-60F v7.2.8,build1639,240313|FortiGate-100F v7.0.15,build0632,240401} (GA.M)
Virus-DB: 92.04378(2025-05-13 13:26)
Serial-Number: {serial}
BIOS version: 05000012
System Part-Number: P24286-03
Hostname: {name}
Operation Mode: NAT
Current virtual domain: root
Virtual domain configuration: disable
Log hard disk: Not available
Current HA mode: standalone
System time: {weekday} {month} {day} {time} 2025
Last reboot reason: warm reboot
";

const PERFORMANCE: &str = "\
CPU states: {1|2|7}% user 0% system 0% nice 9{0|2|8}% idle 0% iowait 0% irq 0% softirq
Memory: 2000000k total, 900000k used (45.0%)
Average network usage: 100 / 90 kbps in 1 minute
Uptime: {up_days} days,  {up_time} of {name}
";

const GET_INTERFACE: &str = "\
{each port}
== [ port{port} ]
name: port{port}   mode: static    ip: {port_address} 255.255.255.252   status: {state}    type: physical
{end}
";

const ROUTES: &str = "\
Codes: K - kernel, C - connected, S - static, O - OSPF, B - BGP

Routing table for VRF=0
C       {address}/32 is directly connected, mgmt
{each port}
C       {port_address}/30 is directly connected, port{port}
{end}
";

const SHOW_INTERFACE: &str = "\
config system interface
{each port}
    edit \"port{port}\"
        set vdom \"root\"
        set ip {port_address} 255.255.255.252
        set type physical
        set alias \"{name}-{port}\"
    next
{end}
end
";
