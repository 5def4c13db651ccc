//! MikroTik RouterOS 7: lines that begin with a carriage return, and are drawn more than once.

use super::cli::{self, Action, Cli, Command};
use super::{Interpreter, Login, Manners, Pager, Question, State, template};
use crate::identity::Identity;

/// With a licence that was seen.
pub(super) const KNOWN: Manners = Manners {
    server_id: "SSH-2.0-ROSSSH",
    login: Login {
        banner: |_| "MikroTik v7.16 (stable)\n".to_owned(),
        username: Some(|_| "Login: ".to_owned()),
        password: "Password: ",
        starred: false,
        rejected: "Login failed, incorrect username or password\n\n",
        attempts: 3,
    },
    has_user_mode: false,
    welcome: |identity| template::output(WELCOME, identity),
    question: None,
    prompt: |identity, state| {
        let prompt = prompt(identity, state);
        format!("\r\r\r{} {:60}\r{prompt}", prompt.trim_end(), "")
    },
    // What was typed is drawn again, with the prompt before it.
    returned: |identity, state, line| format!("\r{}{line}\r\n\r", prompt(identity, state)),
    line_end: "\r\n\r",
    // The terminal is asked how large it is, and where it does not answer has these lines.
    pager: Some(Pager {
        lines: Some(25),
        dump: Some(b'D'),
        ..Pager::new("-- [Q quit|D dump|down]", "\r                       \r\x1b[K")
    }),
    interpreter: Interpreter::Cli(&CLI),
    interrupted: "\r\n\r",
    suspend: None,
    plain_line_ends: false,
};

/// At the first login.
pub(super) const NEW: Manners = Manners {
    question: Some(Question { text: "Do you want to see the software license? [Y/n]: ", answer: "n" }),
    ..KNOWN
};

fn prompt(identity: &Identity, state: &State) -> String {
    template::shown("[{user}@{name}] > ", identity, state)
}

const CLI: Cli = Cli {
    commands: &[&[
        Command("system identity print", Action::PrintAny("  name: {name}\n")),
        Command("system resource print", Action::PrintAny(RESOURCE)),
        Command("system routerboard print", Action::PrintAny(ROUTERBOARD)),
        Command("system clock print", Action::PrintAny("          time: {time}\n          date: {date}\n")),
        Command("ip address print", Action::PrintAny(ADDRESS)),
        Command("ip route print", Action::PrintAny(ROUTE)),
        Command("interface print", Action::PrintAny(INTERFACE)),
        Command("export", Action::PrintAny(EXPORT)),
        Command("quit", Action::Do(cli::leave)),
    ]],
    config: &[],
    escape: "",
    separator: Some('/'),
    above: cli::nothing,
    unknown: |mistake| match mistake.index {
        0 => format!("bad command name {} (line 1 column {})\n", mistake.word, mistake.at + 1),
        _ => format!("expected end of command (line 1 column {})\n", mistake.at + 1),
    },
    incomplete: |mistake| format!("expected command name (line 1 column {})\n", mistake.line.len() + 1),
};

/// The terminal is asked who it is and how wide (`ESC Z`, `ESC [6n`).
const WELCOME: &str = "

  MMM      MMM       KKK                          TTTTTTTTTTT      KKK
  MMM  MM  MMM  III  KKKKK     RRR  RRR  OOO  OOO     TTT     III  KKKKK
  MMM      MMM  III  KKK  KKK  RRR  RRR   OOOOOO      TTT     III  KKK  KKK

  MikroTik RouterOS {7.16|7.14.3|7.12.1} (c) 1999-2024       https://www.mikrotik.com/

Press F1 for help
\x1b[9999B\r\x1b[9999B\x1bZ  \x1b[6n\x1b[H\x1b[9999B\x1b[6n\x1b[H\x1b[9999C\x1b[6n\n";

const RESOURCE: &str = "\
                   uptime: {up_days}d{up_time}
                  version: {7.16|7.14.3|7.12.1} (stable)
              free-memory: {812.3MiB|411.0MiB|98.6MiB}
                      cpu: ARM64
                 cpu-load: {2|5|9}%
        architecture-name: arm64
               board-name: {CCR2004-1G-12S+2XS|RB5009UG+S+|hAP ax^3}
                 platform: MikroTik
";

const ROUTERBOARD: &str = "\
       routerboard: yes
             model: {CCR2004-1G-12S+2XS|RB5009UG+S+|hAP ax^3}
     serial-number: {serial}
     firmware-type: al64
  current-firmware: {7.16|7.14.3|7.12.1}
";

const ADDRESS: &str = "\
Flags: \x1b[m\x1b[1mD - DYNAMIC\x1b[m
Columns: ADDRESS, NETWORK, INTERFACE
#    ADDRESS             INTERFACE
0  D {address}/24
{each port}
{port:4} {port_address}/30       ether{port:8}
{end}
";

const ROUTE: &str = "\
Flags: D - DYNAMIC; A - ACTIVE; c - CONNECT
Columns: DST-ADDRESS, GATEWAY, DISTANCE
    DST-ADDRESS        GATEWAY      DISTANCE
DAc {address}/24       bridge              0
{each port}
DAc {port_address}/30      ether{port:10}     0
{end}
";

const INTERFACE: &str = "\
Flags: R - RUNNING
Columns: NAME, TYPE, ACTUAL-MTU, MAC-ADDRESS
{each port}
{port:3} {state:5} ether{port:4} ether  1500  {port_mac}
{end}
";

const EXPORT: &str = "\
# {date} {time} by RouterOS {7.16|7.14.3|7.12.1}
# serial number = {serial}
/interface ethernet
{each port}
set [ find default-name=ether{port} ] comment=\"link {port}\"
{end}
/ip address
add address={address}/24 interface=bridge
/system identity
set name={name}
";
