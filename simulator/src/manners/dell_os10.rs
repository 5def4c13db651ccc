//! Dell SmartFabric OS10 on a leaf switch.

use super::cli::{Action, Cli, Command};
use super::{Interpreter, Login, Manners, Pager, cisco_ios, ios_like, template};

pub(super) const MANNERS: Manners = Manners {
    server_id: "SSH-2.0-OpenSSH_7.4p1",
    login: Login {
        banner: |_| "Debian GNU/Linux 10\n\nDell SmartFabric OS10\n".to_owned(),
        username: Some(|identity| format!("{} login: ", identity.name)),
        rejected: "\nLogin incorrect\n",
        ..cisco_ios::MANNERS.login
    },
    welcome: |identity| template::output(WELCOME, identity),
    prompt: |identity, state| {
        template::prompt(
            ["{name}> ", "{name}# ", "{name}(config)# ", "{name}(conf-if-eth1/1/1)# "],
            identity,
            state,
        )
    },
    pager: Some(Pager::new("--more--", "\r        \r")),
    interpreter: Interpreter::Cli(&CLI),
    ..cisco_ios::MANNERS
};

const CLI: Cli = Cli {
    commands: &[COMMANDS, ios_like::SESSION],
    unknown: |_| "% Error: Unrecognized command.\n".to_owned(),
    incomplete: |_| "% Error: Incomplete command.\n".to_owned(),
    ..cisco_ios::CLI
};

const COMMANDS: &[Command] = &[
    Command("show version", Action::Print(VERSION)),
    Command("show interface status", Action::Print(INTERFACE_STATUS)),
    Command("show ip interface brief", Action::Print(IP_INTERFACE_BRIEF)),
    Command("show running-configuration", Action::Print(RUNNING_CONFIGURATION)),
    Command("show inventory", Action::Print(INVENTORY)),
    Command("show clock", Action::Print("{date}T{time}.{ms}+00:00\n")),
    Command(
        "configure terminal",
        Action::Do(|state, _| ios_like::configure(state, "% Error: Unrecognized command.\n", "")),
    ),
    Command("write memory", Action::Say("")),
];

const WELCOME: &str = "\
Linux {name} 4.9.168 #1 SMP Debian 4.9.168-1+deb9u5 x86_64

The programs included with the Debian GNU/Linux system are free software;
permitted by applicable law.

-*-*-*-*-*-*-*-*-*-*-*-*-*-*-*-*-*-*-*-*-*-*-*-*-*-
-*  Dell EMC Network Operating System (OS10)  *-
-*-*-*-*-*-*-*-*-*-*-*-*-*-*-*-*-*-*-*-*-*-*-*-*-*-

";

const VERSION: &str = "\
Dell EMC Networking OS10 Enterprise
Copyright (c) 1999-2023 by Dell Inc. All Rights Reserved.
OS Version: {10.5.2.4|10.5.4.6|10.5.5.3}
Build Version: 10.5.2.4.{229|280|301}
System Type: {S5248F-ON|S4148T-ON|Z9264F-ON}
Architecture: x86_64
Up Time: {up_days} days {up_time}
";

const INTERFACE_STATUS: &str = "\
--------------------------------------------------------------------------
Port            Description        Status   Speed    Duplex   Mode Vlan
--------------------------------------------------------------------------
{each port}
Eth 1/1/{port:7} {name:18} {state:8} 10G      full     A    1
{end}
";

const IP_INTERFACE_BRIEF: &str = "\
Interface Name            IP-Address          OK       Method       Status     Protocol
=========================================================================================
{each port}
Ethernet 1/1/{port:12} {port_address:19} YES      manual       {state:10} {state}
{end}
Management 1/1/1          {address:19} YES      manual       up         up
";

const RUNNING_CONFIGURATION: &str = "\
! Version {10.5.2.4|10.5.4.6|10.5.5.3}
!
hostname {name}
!
{each port}
interface ethernet1/1/{port}
 description link-{port}
 no shutdown
 ip address {port_address}/30
!
{end}
interface mgmt1/1/1
 ip address {address}/24
!
";

const INVENTORY: &str = "\
Product               : {S5248F-ON|S4148T-ON|Z9264F-ON}
Description           : {S5248F-ON|S4148T-ON|Z9264F-ON} switch
Software version      : {10.5.2.4|10.5.4.6|10.5.5.3}
Service Tag           : {serial}
Host Name             : {name}
";
