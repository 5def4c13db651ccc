//! Cisco IOS XR on a service provider's router.

use super::cli::{Action, Cli, Command};
use super::{Interpreter, Login, Manners, Pager, Reply, State, cisco_ios, ios_like, template};
use crate::identity::Identity;

pub(super) const MANNERS: Manners = Manners {
    server_id: "SSH-2.0-Cisco-2.0",
    login: Login { rejected: "% User Authentication failed\n\n", ..cisco_ios::MANNERS.login },
    has_user_mode: false,
    prompt: |identity, state| {
        template::prompt(
            [
                "RP/0/RP0/CPU0:{name}#",
                "RP/0/RP0/CPU0:{name}#",
                "RP/0/RP0/CPU0:{name}(config)#",
                "RP/0/RP0/CPU0:{name}(config-if)#",
            ],
            identity,
            state,
        )
    },
    pager: Some(Pager::new(" --More-- ", "\r          \r")),
    interpreter: Interpreter::Cli(&CLI),
    ..cisco_ios::MANNERS
};

const CLI: Cli = Cli {
    commands: &[COMMANDS, ios_like::SESSION],
    above: timestamp,
    unknown: |mistake| format!("{}% Invalid input detected at '^' marker.\n", mistake.mark()),
    incomplete: |_| "% Incomplete command.\n".to_owned(),
    ..cisco_ios::CLI
};

const COMMANDS: &[Command] = &[
    Command("show version", Action::Print(VERSION)),
    Command("show ip interface brief", Action::Print(IP_INTERFACE_BRIEF)),
    Command("show ipv4 interface brief", Action::Print(IP_INTERFACE_BRIEF)),
    Command("show interfaces", Action::Print(INTERFACES)),
    Command("show running-config", Action::Print(RUNNING_CONFIG)),
    Command("show inventory", Action::Print(INVENTORY)),
    Command("show clock", Action::Print("{time}.{ms} UTC {weekday} {month} {day} 2025\n")),
    Command("terminal exec prompt no-timestamp", Action::Do(no_timestamps)),
    Command("configure", Action::Do(|state, _| ios_like::configure(state, "", ""))),
];

/// The time stands above every answer until the session has had enough of it.
fn timestamp(identity: &Identity, state: &State) -> String {
    match state.timestamps {
        true => template::output("{weekday} {month} {day} {time}.{ms} UTC\n", identity),
        false => String::new(),
    }
}

fn no_timestamps(state: &mut State, _: &[&str]) -> Reply {
    state.timestamps = false;
    Reply::Quiet
}

const VERSION: &str = "\
Cisco IOS XR Software, Version {7.3.2|7.5.2|7.8.1}
Copyright (c) 2013-2022 by Cisco Systems, Inc.

cisco {ASR9K|NCS-5500|IOS-XRv 9000} () processor
System uptime is {uptime}
{name} is unit {serial}
";

const IP_INTERFACE_BRIEF: &str = "
Interface                      IP-Address      Status          Protocol Vrf-Name
Loopback0                      {address:15} Up              Up       default
{each port}
GigabitEthernet0/0/0/{port:9} {port_address:15} {state:15} {state:8} default
{end}
";

const INTERFACES: &str = "\
{each port}
GigabitEthernet0/0/0/{port} is {state}, line protocol is {state}
  Hardware is GigabitEthernet, address is {port_mac}
  Description: link {port} of {name}
  Internet address is {port_address}/30
  MTU 1514 bytes, BW 1000000 Kbit
{end}
";

const RUNNING_CONFIG: &str = "\
Building configuration...
!! IOS XR Configuration {7.3.2|7.5.2|7.8.1}
!
hostname {name}
{each port}
interface GigabitEthernet0/0/0/{port}
 description link {port} of {name}
 ipv4 address {port_address} 255.255.255.252
!
{end}
interface Loopback0
 ipv4 address {address} 255.255.255.255
!
end
";

const INVENTORY: &str = "\
NAME: \"Rack 0\", DESCR: \"{ASR9K|NCS-5500|IOS-XRv 9000} chassis\"
PID: {ASR9K|NCS-5500|IOS-XRv 9000:18} , VID: V02, SN: {serial}
";
