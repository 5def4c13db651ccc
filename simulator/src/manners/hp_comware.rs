//! HPE and H3C Comware: a sibling of Huawei's VRP.

use super::cli::{self, Action, Cli, Command};
use super::{Interpreter, Login, Manners, Mode, Pager, huawei_vrp, template};

pub(super) const MANNERS: Manners = Manners {
    server_id: "SSH-2.0-Comware-7.1.070",
    login: Login {
        banner: |_| LINES.to_owned(),
        username: Some(|_| "Login: ".to_owned()),
        password: "Password: ",
        rejected: "% Login failed!\n\n",
        ..huawei_vrp::MANNERS.login
    },
    welcome: |_| LINES.to_owned(),
    prompt: |identity, state| {
        template::prompt(
            ["<{name}>", "<{name}>", "[{name}]", "[{name}-GigabitEthernet1/0/1]"],
            identity,
            state,
        )
    },
    pager: Some(Pager::new("---- More ----", "\x1b[16D                \x1b[16D")),
    interpreter: Interpreter::Cli(&CLI),
    interrupted: "\r\n",
    ..huawei_vrp::MANNERS
};

const CLI: Cli = Cli {
    commands: &[COMMANDS],
    config: &[
        Command("quit", Action::Do(cli::up)),
        Command("return", Action::Enter(Mode::Privileged, "")),
        Command("interface", Action::Enter(Mode::ConfigSection, "")),
    ],
    escape: "",
    separator: None,
    above: cli::nothing,
    unknown: |mistake| {
        let problem = if mistake.index == 0 { "Unrecognized command" } else { "Wrong parameter" };
        format!("{} % {problem} found at '^' position.\n", mistake.mark())
    },
    incomplete: |mistake| {
        format!("{:>1$}\n % Incomplete command found at '^' position.\n", '^', mistake.end + 1)
    },
};

const COMMANDS: &[Command] = &[
    Command("display version", Action::Print(VERSION)),
    Command("display interface brief", Action::Print(INTERFACE_BRIEF)),
    Command("display current-configuration", Action::Print(CURRENT_CONFIGURATION)),
    Command("display saved-configuration", Action::Print(CURRENT_CONFIGURATION)),
    Command("display device manuinfo", Action::Print(MANUINFO)),
    Command("display clock", Action::Print("{time} UTC {weekday} {date}\n")),
    Command(
        "screen-length disable",
        Action::Page(0, "% Screen-length configuration is disabled for current user.\n"),
    ),
    Command("system-view", Action::Enter(Mode::Config, "System View: return to User View with Ctrl+Z.\n")),
    Command("quit", Action::Do(cli::leave)),
];

const LINES: &str = "\
******************************************************************************
* Copyright (c) 2010-2020 Hewlett Packard Enterprise Development LP          *
* Without the owner's prior written consent,                                 *
* no decompiling or reverse-engineering shall be allowed.                    *
******************************************************************************

";

const VERSION: &str = "\
HPE Comware Software, Version 7.1.070, Release {6126P20|3507P18|2432P06}
Copyright (c) 2010-2020 Hewlett Packard Enterprise Development LP
HPE {5130-24G-4SFP+ EI|5140 48G|5710 48SFP+} uptime is {uptime}
Last reboot reason : Cold reboot

Slot 1:
Serial number    : {serial}
{ports} Gigabit ports of {name}
";

const INTERFACE_BRIEF: &str = "\
Brief information on interfaces in bridge mode:
Link: ADM - administratively down; Stby - standby
Interface            Link Speed   Duplex Type PVID Description
{each port}
GE1/0/{port:14} {state:4} 1G(a)   F(a)   A    1    {name}
{end}
";

const CURRENT_CONFIGURATION: &str = "\
#
 version 7.1.070, Release {6126P20|3507P18|2432P06}
#
 sysname {name}
#
{each port}
interface GigabitEthernet1/0/{port}
 port link-mode bridge
 description link {port}
#
{end}
interface Vlan-interface1
 ip address {address} 255.255.255.0
#
return
";

const MANUINFO: &str = "\
Slot 1 CPU 0:
DEVICE_NAME          : {5130-24G-4SFP+ EI|5140 48G|5710 48SFP+}
DEVICE_SERIAL_NUMBER : {serial}
MAC_ADDRESS          : {mac}
VENDOR_NAME          : HPE
";
