//! Extreme Networks EXOS: alone or in a stack, with a configuration that is saved or is not.

use super::cli::{self, Action, Cli, Command};
use super::{Interpreter, Login, Manners, Mode, Pager, Question, State, return_key, template};
use crate::identity::Identity;

/// Alone, everything saved.
pub(super) const ALONE: Manners = Manners {
    server_id: "SSH-2.0-OpenSSH_7.5",
    login: Login {
        banner: |_| "\ntelnet session telnet0 on /dev/ptyb0\n\n".to_owned(),
        username: Some(|_| "login: ".to_owned()),
        password: "password: ",
        starred: false,
        rejected: "\nLogin incorrect\n",
        attempts: 3,
    },
    has_user_mode: false,
    welcome: |_| WELCOME.to_owned(),
    question: None,
    prompt: |identity, state| prompt("", identity, state),
    returned: return_key,
    line_end: "\r\n",
    pager: Some(Pager::new("Press <SPACE> to continue or <Q> to quit:", "\x1b[m\x1b[60;D\x1b[K")),
    interpreter: Interpreter::Cli(&CLI),
    interrupted: "^C\r\n",
    suspend: None,
    plain_line_ends: false,
};

/// The first of a stack, with changes that are not saved, and as it came from the factory.
pub(super) const STACK: Manners = Manners {
    question: Some(Question {
        text: "\nThis switch currently has all management methods enabled for convenience reasons.\n\
               Please answer these questions about the security settings you would like to use.\n\
               You may quit and accept the default settings by entering 'q' at any time.\n\n\
               Would you like to disable Telnet? [y/N/q]: ",
        answer: "q\r",
    }),
    prompt: |identity, state| prompt("* Slot-1 ", identity, state),
    ..ALONE
};

/// The prompt counts the commands. A name begins with a letter.
fn prompt(before: &str, identity: &Identity, state: &State) -> String {
    let letter = if identity.name.starts_with(|first: char| first.is_ascii_alphabetic()) { "" } else { "X" };
    let end = if state.mode == Mode::User { ">" } else { "#" };
    template::shown(&format!("{before}{letter}{{name}}.{{count}} {end} "), identity, state)
}

const CLI: Cli = Cli {
    commands: &[&[
        Command("show version", Action::Print(VERSION)),
        Command("show switch", Action::Print(SWITCH)),
        // With `no-refresh`, or it would be drawn anew for ever.
        Command("show ports", Action::PrintAny(PORTS)),
        Command("show vlan", Action::Print(VLAN)),
        Command("show configuration", Action::PrintAny(CONFIGURATION)),
        Command("disable clipaging", Action::Page(0, "")),
        Command("enable clipaging", Action::Page(24, "")),
        Command("configure cli columns", Action::Do(cli::accept)),
        Command("save configuration", Action::Say("The configuration was saved successfully.\n")),
        Command("exit", Action::Do(cli::leave)),
        Command("quit", Action::Do(cli::leave)),
        Command("logout", Action::Do(cli::leave)),
    ]],
    config: &[],
    escape: "",
    separator: None,
    above: cli::nothing,
    unknown: |mistake| format!("{}%% Invalid input detected at '^' marker.\n", mistake.mark()),
    incomplete: |mistake| format!("{:>1$}\n%% Incomplete command\n", '^', mistake.end + 1),
};

const WELCOME: &str = "
ExtremeXOS
Copyright (C) 1996-2019 Extreme Networks. All rights reserved.

Press the <tab> or '?' key at any time for completions.
Remember to save your configuration changes.

";

const VERSION: &str = "\
Switch      : 800324-00-04 {serial} Rev 4.0 BootROM: 1.0.3.6    IMG: {15.3.1.4|22.7.1.2|31.7.1.4}
Image   : ExtremeXOS version {15.3.1.4|22.7.1.2|31.7.1.4} by release-manager
BootROM : 1.0.3.6
Diagnostics : 5.1
";

const SWITCH: &str = "
SysName:          {name}
SysContact:       support@example.net, +1 888 257 3000
System MAC:       {mac}
System Type:      {X450-G2-24t|X460-G2-48p|X670-48x}

SysHealth check:  Enabled (Normal)
Current Time:     {weekday} {month} {day} {time} 2025
System UpTime:    {up_days} days {up_time}

Primary ver:      {15.3.1.4|22.7.1.2|31.7.1.4}
";

const PORTS: &str = "\
Port Summary of {name}
Port     Display              VLAN Name         Port  Link  Speed  Duplex
#        String               (or # VLANs)      State State Actual Actual
=========================================================================
{each port}
{port:8} link-{port:15} Default           E     {state:5} 1000   FULL
{end}
=========================================================================
";

const VLAN: &str = "\
-----------------------------------------------------------------------------
Name            VID  Protocol Addr       Flags         Proto  Ports  Virtual
-----------------------------------------------------------------------------
Default         1    ---------------------------------  ANY    {ports:6} VR-Default
Mgmt            4095 {address}/24                       ANY    1      VR-Mgmt
-----------------------------------------------------------------------------
";

const CONFIGURATION: &str = "\
#
# Module devmgr configuration.
#
configure snmp sysName \"{name}\"
configure timezone 0 autodst

#
# Module vlan configuration.
#
configure vlan default delete ports all
{each port}
configure ports {port} display-string link-{port}
{end}
configure vlan Mgmt ipaddress {address} 255.255.255.0
";
