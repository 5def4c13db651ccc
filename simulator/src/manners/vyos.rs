//! VyOS: commands of a router in the shell of a host, with its titles and its `less`.

use super::cli::{self, Action, Cli, Command};
use super::{Interpreter, Login, Manners, Mode, Pager, linux, template};

pub(super) const MANNERS: Manners = Manners {
    server_id: "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u2",
    login: Login { banner: |_| "Welcome to VyOS - \\n \\l\n\n".to_owned(), ..linux::MANNERS.login },
    welcome: |identity| template::output(WELCOME, identity),
    prompt: |identity, state| {
        template::prompt(
            [
                OPERATIONAL,
                OPERATIONAL,
                "[edit]\n\x1b[?2004h{user}@{name}# ",
                "[edit interfaces]\n\x1b[?2004h{user}@{name}# ",
            ],
            identity,
            state,
        )
    },
    returned: |_, _, _| "\r\n\x1b[?2004l\r".to_owned(),
    pager: Some(Pager::new(":", "\r\x1b[K")),
    interpreter: Interpreter::Cli(&CLI),
    plain_line_ends: true,
    ..linux::MANNERS
};

const OPERATIONAL: &str = "\x1b[?2004h\x1b]0;{user}@{name}:~\x07{user}@{name}:~$ ";

const CLI: Cli = Cli {
    commands: &[&[
        Command("show version", Action::Print(VERSION)),
        Command("show interfaces", Action::Print(INTERFACES)),
        Command("show configuration", Action::Print(CONFIGURATION)),
        Command("show configuration commands", Action::Print(COMMANDS)),
        Command("show ip route", Action::Print(ROUTES)),
        Command("show date", Action::Print("{weekday} {month} {day} {time} UTC 2025\n")),
        Command("show host name", Action::Print("{name}\n")),
        Command(
            "set terminal length",
            Action::Do(|state, words| cli::set_length(state, words, |_| String::new())),
        ),
        Command("set terminal width", Action::Do(cli::accept)),
        Command("configure", Action::Enter(Mode::Config, "")),
        Command("exit", Action::Do(cli::leave)),
        Command("logout", Action::Do(cli::leave)),
    ]],
    config: &[
        Command("edit", Action::Enter(Mode::ConfigSection, "")),
        Command("up", Action::Do(cli::up)),
        Command("exit", Action::Enter(Mode::Privileged, "exit\n")),
    ],
    escape: "run",
    separator: None,
    above: cli::nothing,
    unknown: |mistake| match mistake.index {
        0 => format!("vbash: {}: command not found\n", mistake.word),
        _ => {
            let before = mistake.line[..mistake.at].trim();
            format!("\n  Invalid command: {before} [{}]\n\n", mistake.word)
        }
    },
    incomplete: |mistake| format!("\n  Incomplete command: {}\n\n", mistake.line.trim()),
};

const WELCOME: &str = "\
Welcome to VyOS!

   Check out project news at https://blog.vyos.io

Last login: {weekday} {month} {day} {time} 2025 from 192.0.2.9
";

const VERSION: &str = "\
Version:          VyOS {1.3.6|1.4.0|1.4.3}
Release train:    {equuleus|sagitta}
Release flavor:   generic

Built by:         autobuild@vyos.net
Architecture:     x86_64
Hardware S/N:     {serial}
Hardware UUID:    of {name}
";

const INTERFACES: &str = "\
Codes: S - State, L - Link, u - Up, D - Down, A - Admin Down
Interface        IP Address                        S/L  Description
---------        ----------                        ---  -----------
{each port}
eth{port:13} {port_address}/30                     {state:4} link {port}
{end}
lo               {address}/32                      u/u
";

const CONFIGURATION: &str = "\
interfaces {
{each port}
    ethernet eth{port} {
        address {port_address}/30
        description \"link {port}\"
    }
{end}
    loopback lo {
        address {address}/32
    }
}
system {
    host-name {name}
}
";

const COMMANDS: &str = "\
{each port}
set interfaces ethernet eth{port} address '{port_address}/30'
set interfaces ethernet eth{port} description 'link {port}'
{end}
set interfaces loopback lo address '{address}/32'
set system host-name '{name}'
";

const ROUTES: &str = "\
Codes: K - kernel route, C - connected, S - static, O - OSPF, B - BGP

C>* {address}/32 is directly connected, lo, {up_time}
{each port}
C>* {port_address}/30 is directly connected, eth{port}, {up_time}
{end}
";
