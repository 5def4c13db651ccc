//! Nokia SR OS: the classic CLI and the MD-CLI.

use super::cli::{self, Action, Cli, Command};
use super::{Interpreter, Login, Manners, Mode, Pager, Reply, State, return_key, template};

/// The classic CLI.
pub(super) const CLASSIC: Manners = Manners {
    server_id: "SSH-2.0-OpenSSH_6.6",
    login: Login {
        banner: |identity| template::output(HELLO, identity),
        username: Some(|_| "Login: ".to_owned()),
        password: "Password: ",
        starred: false,
        rejected: "Login incorrect\n\n",
        attempts: 3,
    },
    has_user_mode: false,
    welcome: |_| "\n\n".to_owned(),
    question: None,
    prompt: |identity, state| {
        template::prompt(
            ["A:{name}# ", "A:{name}# ", "*A:{name}>config# ", "*A:{name}>config>router# "],
            identity,
            state,
        )
    },
    returned: return_key,
    line_end: "\r\n",
    pager: Some(Pager::new(
        "Press any key to continue (Q to quit)",
        "\r                                      \r",
    )),
    interpreter: Interpreter::Cli(&CLASSIC_CLI),
    interrupted: "^C\r\n",
    suspend: None,
    plain_line_ends: false,
};

/// The MD-CLI, which shows the context on a line of its own.
pub(super) const MD: Manners = Manners {
    welcome: |_| "\n SR OS Software\n Copyright (c) Nokia 2024.  All Rights Reserved.\n\n".to_owned(),
    prompt: |identity, state| {
        template::prompt(
            [
                "\n[/]\nA:{user}@{name}# ",
                "\n[/]\nA:{user}@{name}# ",
                "\n(ex)[/]\nA:{user}@{name}# ",
                "\n*(ex)[/configure]\nA:{user}@{name}# ",
            ],
            identity,
            state,
        )
    },
    pager: Some(Pager::new(
        "Press Q to quit, Enter to print next line or any other key to print next page.",
        "\r\x1b[K",
    )),
    interpreter: Interpreter::Cli(&MD_CLI),
    ..CLASSIC
};

const CLASSIC_CLI: Cli = Cli {
    commands: &[
        &[
            Command("admin display-config", Action::Print(CONFIGURATION)),
            Command("environment no more", Action::Page(0, "")),
            Command("configure", Action::Enter(Mode::Config, "")),
        ],
        COMMANDS,
    ],
    config: &[
        Command("router", Action::Enter(Mode::ConfigSection, "")),
        Command("back", Action::Do(cli::up)),
        Command("exit", Action::Enter(Mode::Privileged, "")),
    ],
    escape: "",
    separator: None,
    above: cli::nothing,
    unknown: |mistake| format!("{}Error: Bad command.\n", mistake.mark()),
    incomplete: |mistake| format!("{:>1$}\nError: Missing parameter.\n", '^', mistake.end + 1),
};

const MD_CLI: Cli = Cli {
    commands: &[
        &[
            Command("admin show configuration", Action::PrintAny(CONFIGURATION)),
            Command("info", Action::PrintAny(CONFIGURATION)),
            Command("environment more", Action::Do(more)),
            Command("environment console", Action::Do(cli::accept)),
            Command("environment command-completion", Action::Do(cli::accept)),
            Command("edit-config", Action::Enter(Mode::Config, EXCLUSIVE)),
        ],
        COMMANDS,
    ],
    config: &[
        Command("configure", Action::Enter(Mode::ConfigSection, "")),
        Command("back", Action::Do(cli::up)),
        Command("quit-config", Action::Enter(Mode::Privileged, "")),
    ],
    escape: "",
    separator: None,
    above: cli::nothing,
    unknown: |mistake| {
        format!("{}MINOR: MGMT_CORE #2201: Unknown element - '{}'\n", mistake.mark(), mistake.word)
    },
    incomplete: |mistake| format!("{:>1$}\nMINOR: MGMT_CORE #2203: Missing element\n", '^', mistake.end + 1),
};

fn more(state: &mut State, words: &[&str]) -> Reply {
    state.length = (words == ["false"]).then_some(0);
    Reply::Quiet
}

const COMMANDS: &[Command] = &[
    Command("show version", Action::Print(VERSION)),
    Command("show system information", Action::Print(INFORMATION)),
    Command("show router interface", Action::Print(INTERFACES)),
    Command("show port", Action::Print(PORTS)),
    Command("show chassis", Action::Print(CHASSIS)),
    Command("show time", Action::Print("Current Date & Time: {date} {time} of {name}\n")),
    Command("logout", Action::Do(cli::leave)),
];

const EXCLUSIVE: &str = "\
INFO: CLI #2060: Entering exclusive configuration mode
INFO: CLI #2061: Uncommitted changes are discarded on configuration mode exit
";

const HELLO: &str = "\
TiMOS-C-{16.0.R6|20.10.R12|23.10.R1} cpm/hops64 Nokia 7750 SR Copyright (c) 2000-2023 Nokia.
All rights reserved. All use subject to applicable license agreements.

";

const VERSION: &str = "\
TiMOS-C-{16.0.R6|20.10.R12|23.10.R1} cpm/hops64 Nokia 7750 SR Copyright (c) 2000-2023 Nokia.
All rights reserved. All use subject to applicable license agreements.
Built on Wed Oct 11 12:30:00 PDT 2023 by builder in /builds/rel ({name})
";

const INFORMATION: &str = "\
===============================================================================
System Information
===============================================================================
System Name            : {name}
System Type            : {7750 SR-7|7750 SR-1|7250 IXR-e}
System Version         : C-{16.0.R6|20.10.R12|23.10.R1}
System Up Time         : {up_days} days, {up_time}
Management IP Addr     : {address}/24
===============================================================================
";

const INTERFACES: &str = "\
===============================================================================
Interface Table (Router: Base)
===============================================================================
Interface-Name                   Adm       Opr(v4/v6)  Mode    Port/SapId
   IP-Address                                                  PfxState
-------------------------------------------------------------------------------
{each port}
to-pe-{port:26} Up        {state}/Down     Network 1/1/{port}
   {port_address}/30                                           n/a
{end}
system                           Up        Up/Down     Network system
   {address}/32                                                n/a
===============================================================================
";

const PORTS: &str = "\
===============================================================================
Ports on Slot 1 of {name}
===============================================================================
Port          Admin Link Port    Cfg  Oper
Id            State      State   MTU  MTU
-------------------------------------------------------------------------------
{each port}
1/1/{port:10} Up    Yes  {state:7} 9212 9212
{end}
===============================================================================
";

const CHASSIS: &str = "\
===============================================================================
System Information
===============================================================================
    Name                              : {name}
    Type                              : {7750 SR-7|7750 SR-1|7250 IXR-e}
    Base MAC address                  : {mac}
    Serial number                     : {serial}
===============================================================================
";

const CONFIGURATION: &str = "\
# TiMOS-C-{16.0.R6|20.10.R12|23.10.R1} cpm/hops64 Nokia 7750 SR
# Generated {weekday} {month} {day} {time} 2025 UTC
configure {
    system {
        name \"{name}\"
    }
    router \"Base\" {
{each port}
        interface \"to-pe-{port}\" {
            port 1/1/{port}
            ipv4 primary address {port_address} prefix-length 30
        }
{end}
    }
}
";
