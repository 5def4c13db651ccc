//! Cisco NX-OS on a data-centre switch.

use super::cli::{self, Action, Cli, Command};
use super::{Interpreter, Login, Manners, Pager, cisco_ios, ios_like, template};

pub(super) const MANNERS: Manners = Manners {
    server_id: "SSH-2.0-OpenSSH_8.3",
    login: Login {
        banner: |_| "\nUser Access Verification\n".to_owned(),
        username: Some(|identity| format!("{} login: ", identity.name)),
        password: "Password: ",
        starred: false,
        rejected: "\nLogin incorrect\n\n",
        attempts: 3,
    },
    has_user_mode: false,
    welcome: |identity| template::output(WELCOME, identity),
    // Behind a carriage return.
    prompt: |identity, state| {
        template::prompt(
            ["\r{name}> ", "\r{name}# ", "\r{name}(config)# ", "\r{name}(config-if)# "],
            identity,
            state,
        )
    },
    // One carriage return more than it takes.
    returned: |_, _, _| "\r\r\n".to_owned(),
    pager: Some(Pager::new("\x1b[7m--More--\x1b[27m", "\r        \r")),
    interpreter: Interpreter::Cli(&CLI),
    interrupted: "^C\r\n",
    ..cisco_ios::MANNERS
};

const CLI: Cli = Cli {
    commands: &[COMMANDS, ios_like::SESSION],
    config: ios_like::CONFIG,
    escape: "do",
    separator: None,
    above: cli::nothing,
    unknown: |mistake| format!("{}% Invalid command at '^' marker.\n", mistake.mark()),
    incomplete: |mistake| format!("{:>1$}\n% Incomplete command at '^' marker.\n", '^', mistake.end + 1),
};

const COMMANDS: &[Command] = &[
    Command("show version", Action::Print(VERSION)),
    Command("show hostname", Action::Print("{name}.example.net \n")),
    Command("show interface brief", Action::Print(INTERFACE_BRIEF)),
    Command("show ip interface brief", Action::Print(INTERFACE_BRIEF)),
    Command("show interface", Action::Print(INTERFACE)),
    Command("show running-config", Action::Print(RUNNING_CONFIG)),
    Command("show startup-config", Action::Print(RUNNING_CONFIG)),
    Command("show inventory", Action::Print(INVENTORY)),
    Command(
        "show clock",
        Action::Print("{time}.{ms} UTC {weekday} {month} {day} 2025\nTime source is NTP\n"),
    ),
    Command("configure terminal", Action::Do(|state, _| ios_like::configure(state, "", CONFIGURE))),
    Command("copy running-config startup-config", Action::Say("Copy complete.\n")),
];

const CONFIGURE: &str = "Enter configuration commands, one per line. End with CNTL/Z.\n";

const WELCOME: &str = "\
Cisco Nexus Operating System (NX-OS) Software
TAC support: http://www.cisco.com/tac
Copyright (C) 2002-2023, Cisco and/or its affiliates.
";

const VERSION: &str = "\
Cisco Nexus Operating System (NX-OS) Software
TAC support: http://www.cisco.com/tac

Software
  BIOS: version 05.{45|47|51}
  NXOS: version {9.3(13)|10.2(7)|10.3(4a)}
  NXOS image file is: bootflash:///nxos64.bin

Hardware
  cisco Nexus9000 {C93180YC-FX|C9336C-FX2|C93108TC-EX} Chassis
  Processor Board ID {serial}
  Device name: {name}
  bootflash:   53298520 kB

Kernel uptime is {up_days} day(s), {up_time}
";

const INTERFACE_BRIEF: &str = "\
--------------------------------------------------------------------------------
Port   VRF          Status IP Address                              Speed    MTU
--------------------------------------------------------------------------------
mgmt0  management   up     {address:39} 1000     1500

--------------------------------------------------------------------------------
Ethernet        Status  IP Address       Speed
--------------------------------------------------------------------------------
{each port}
Eth1/{port:10} {state:7} {port_address:16} 10G
{end}
";

const INTERFACE: &str = "\
{each port}
Ethernet1/{port} is {state}
  Hardware: 1000/10000 Ethernet, address: {port_mac}
  Description: link {port} of {name}
  Internet Address is {port_address}/30
  MTU 9216 bytes, BW 10000000 Kbit, DLY 10 usec
{end}
";

const RUNNING_CONFIG: &str = "
!Command: show running-config
!Time: {weekday} {month} {day} {time} 2025

hostname {name}
feature bgp
feature interface-vlan

{each port}
interface Ethernet1/{port}
  description link {port} of {name}
  no switchport
  ip address {port_address}/30

{end}
interface mgmt0
  vrf member management
  ip address {address}/24
";

const INVENTORY: &str = "\
NAME: \"Chassis\",  DESCR: \"Nexus9000 {C93180YC-FX|C9336C-FX2|C93108TC-EX} Chassis\"
PID: N9K-{C93180YC-FX|C9336C-FX2|C93108TC-EX}  ,  VID: V03 ,  SN: {serial}
";
