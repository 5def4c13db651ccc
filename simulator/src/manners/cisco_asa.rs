//! Cisco ASA: alone, or a member of a failover pair.

use super::cli::{self, Action, Cli, Command};
use super::{Interpreter, Login, Manners, Pager, cisco_ios, ios_like, template};

/// Alone.
pub(super) const ALONE: Manners = Manners {
    login: Login { starred: true, rejected: "Login incorrect\n", ..cisco_ios::MANNERS.login },
    welcome: |identity| template::output(WELCOME, identity),
    // Behind a carriage return.
    prompt: |identity, state| {
        template::prompt(
            ["\r{name}> ", "\r{name}# ", "\r{name}(config)# ", "\r{name}(config-if)# "],
            identity,
            state,
        )
    },
    pager: Some(Pager::new("<--- More --->", "\r              \r")),
    interpreter: Interpreter::Cli(&CLI),
    ..cisco_ios::MANNERS
};

/// The active unit of a pair, which its prompt tells.
pub(super) const ACTIVE: Manners = Manners {
    prompt: |identity, state| {
        template::prompt(
            [
                "\r{name}/pri/act> ",
                "\r{name}/pri/act# ",
                "\r{name}/pri/act(config)# ",
                "\r{name}/pri/act(config-if)# ",
            ],
            identity,
            state,
        )
    },
    ..ALONE
};

const CLI: Cli = Cli {
    commands: &[COMMANDS, ios_like::SESSION],
    unknown: |mistake| format!("{}ERROR: % Invalid input detected at '^' marker.\n", mistake.mark()),
    incomplete: |_| "ERROR: % Incomplete command\n".to_owned(),
    ..cisco_ios::CLI
};

const COMMANDS: &[Command] = &[
    Command("show version", Action::Print(VERSION)),
    Command("show mode", Action::Print("Security context mode: single \n")),
    Command("show nameif", Action::Print(NAMEIF)),
    Command("show interface ip brief", Action::Print(INTERFACE_IP_BRIEF)),
    Command("show running-config", Action::Print(RUNNING_CONFIG)),
    Command("show startup-config", Action::Print(RUNNING_CONFIG)),
    Command("show inventory", Action::Print(INVENTORY)),
    Command("show clock", Action::Print("{time}.{ms} UTC {weekday} {month} {day} 2025\n")),
    Command("terminal pager", Action::Do(|state, words| cli::set_length(state, words, |_| String::new()))),
    Command(
        "configure terminal",
        Action::Do(|state, _| {
            ios_like::configure(state, "ERROR: % Invalid input detected at '^' marker.\n", "")
        }),
    ),
];

const WELCOME: &str = "\
User admin logged in to {name}
Logins over the last 91 days: 21.  Last login: {time} UTC {month} {day} 2025 from 192.0.2.9
Failed logins since the last login: 0.  
Type help or '?' for a list of available commands.
";

const VERSION: &str = "
Cisco Adaptive Security Appliance Software Version {9.12(4)|9.16(4)|9.18(3)}
Device Manager Version 7.18(1)

{name} up {up_days} days {up_time}

Hardware:   {ASA5506|ASA5516|FPR-1010}, 8192 MB RAM
 1: Ext: GigabitEthernet1/1  : address is {mac_dotted}, irq 255

Serial Number: {serial}
Configuration register is 0x1
";

const NAMEIF: &str = "\
Interface                Name                     Security
{each port}
GigabitEthernet1/{port:7} zone-{port:19} 50
{end}
Management1/1            mgmt                     100
";

const INTERFACE_IP_BRIEF: &str = "\
Interface                  IP-Address      OK? Method Status                Protocol
{each port}
GigabitEthernet1/{port:9} {port_address:15} YES CONFIG {state:21} {state}
{end}
Management1/1              {address:15} YES CONFIG up                    up
";

const RUNNING_CONFIG: &str = "\
: Saved

:
: Serial Number: {serial}
:
ASA Version {9.12(4)|9.16(4)|9.18(3)}
!
hostname {name}
{each port}
!
interface GigabitEthernet1/{port}
 nameif zone-{port}
 security-level 50
 ip address {port_address} 255.255.255.252
{end}
!
interface Management1/1
 nameif mgmt
 ip address {address} 255.255.255.0
!
: end
";

const INVENTORY: &str = "\
Name: \"Chassis\", DESCR: \"{ASA5506|ASA5516|FPR-1010} with SFP slots\"
PID: {ASA5506|ASA5516|FPR-1010:18} , VID: V04     , SN: {serial}
";
