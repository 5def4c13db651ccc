//! Cisco IOS XE on a Catalyst 9000: IOS, with a version and a banner of its own.

use super::cli::{Action, Cli, Command};
use super::{Interpreter, Manners, cisco_ios, ios_like, template};

pub(super) const MANNERS: Manners = Manners {
    welcome: |identity| template::output(WELCOME, identity),
    interpreter: Interpreter::Cli(&CLI),
    ..cisco_ios::MANNERS
};

const CLI: Cli = Cli { commands: &[COMMANDS, cisco_ios::COMMANDS, ios_like::SESSION], ..cisco_ios::CLI };

const COMMANDS: &[Command] =
    &[Command("show version", Action::Print(VERSION)), Command("show platform", Action::Print(PLATFORM))];

const WELCOME: &str = "
C
**************************************************
* Authorised access only. Disconnect now # or else.
**************************************************

";

const VERSION: &str = "\
Cisco IOS XE Software, Version {17.09.04a|17.12.03|16.12.10a}
Cisco IOS Software [Cupertino], Catalyst L3 Switch Software (CAT9K_IOSXE), RELEASE SOFTWARE (fc3)
Technical Support: http://www.cisco.com/techsupport
Copyright (c) 1986-2023 by Cisco Systems, Inc.

ROM: IOS-XE ROMMON
BOOTLDR: System Bootstrap, Version 17.10.1r, RELEASE SOFTWARE (P)

{name} uptime is {uptime}
System returned to ROM by Reload Command at {time} UTC {weekday} {month} {day} 2025
System image file is \"flash:packages.conf\"
Last reload reason: Reload Command

cisco {C9300-24T|C9300-48P|C9500-24Y4C} (X86) processor with 1331521K/6147K bytes of memory.
Processor board ID {serial}
{ports} Gigabit Ethernet interfaces
Base Ethernet MAC Address          : {mac}
System Serial Number               : {serial}

Configuration register is 0x102
";

const PLATFORM: &str = "\
Switch  Ports    Model                Serial No.   MAC address     Hw Ver.       Sw Ver.
------  -----   ---------             -----------  --------------  -------       --------
 1       {ports:6}  {C9300-24T|C9300-48P|C9500-24Y4C:20}  {serial:11}  {mac_dotted:14}  V02           \
{17.09.04a|17.12.03|16.12.10a}
";
