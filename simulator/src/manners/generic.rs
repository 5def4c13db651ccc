//! Something that nobody has heard of: no paging command, no word at leaving.

use super::cli::{self, Action, Cli, Command};
use super::{Interpreter, Login, Manners, Pager, return_key, template};

pub(super) const MANNERS: Manners = Manners {
    server_id: "SSH-2.0-dropbear_2020.81",
    login: Login {
        banner: |_| "\n".to_owned(),
        username: Some(|_| "User:".to_owned()),
        password: "Password:",
        starred: false,
        rejected: "Login failed\n\n",
        attempts: 3,
    },
    has_user_mode: true,
    welcome: |_| "\n".to_owned(),
    question: None,
    prompt: |identity, state| {
        let privileged = "[{user}@{name}]# ";
        template::prompt(["[{user}@{name}]> ", privileged, privileged, privileged], identity, state)
    },
    returned: return_key,
    line_end: "\r\n",
    pager: Some(Pager { lines: Some(24), ..Pager::new("--More--", "\r\x1b[K") }),
    interpreter: Interpreter::Cli(&CLI),
    interrupted: "^C\r\n",
    suspend: None,
    plain_line_ends: false,
};

const CLI: Cli = Cli {
    commands: &[&[
        Command("info", Action::Print(VERSION)),
        Command("version", Action::Print(VERSION)),
        Command("show version", Action::Print(VERSION)),
        Command("show interfaces", Action::Print(INTERFACES)),
        Command("show running-config", Action::Print(CONFIGURATION)),
        Command("show clock", Action::Print("{date} {time}.{ms}\n")),
        Command("enable", Action::Do(cli::enable)),
        Command("exit", Action::Do(cli::leave)),
        Command("quit", Action::Do(cli::leave)),
        Command("logout", Action::Do(cli::leave)),
    ]],
    config: &[],
    escape: "",
    separator: None,
    above: cli::nothing,
    unknown: |mistake| format!("% Invalid input: {}\n", mistake.word),
    incomplete: |_| "% Incomplete command\n".to_owned(),
};

const VERSION: &str = "\
name:    {name}
model:   {box-8|box-24|box-48}
serial:  {serial}
version: {1.4.2|2.0.1}
uptime:  {uptime}
";

const INTERFACES: &str = "\
port      state  address          mac
{each port}
{port:9} {state:6} {port_address:16} {port_mac}
{end}
";

const CONFIGURATION: &str = "\
name {name}
address {address}
{each port}
port {port} address {port_address}/30
{end}
";
