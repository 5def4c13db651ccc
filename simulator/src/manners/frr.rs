//! FRRouting, reached at a daemon's VTY: a password alone, and `enable`.

use super::cli::{Action, Cli, Command};
use super::{Interpreter, Login, Manners, Pager, cisco_ios, ios_like, template};

pub(super) const MANNERS: Manners = Manners {
    server_id: "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3",
    login: Login {
        banner: |identity| format!("{}\nUser Access Verification\n\n", template::output(HELLO, identity)),
        username: None,
        rejected: "",
        ..cisco_ios::MANNERS.login
    },
    welcome: |identity| template::output(HELLO, identity),
    prompt: |identity, state| {
        template::prompt(["{name}> ", "{name}# ", "{name}(config)# ", "{name}(config-if)# "], identity, state)
    },
    pager: Some(Pager::new(" --More-- ", "\r          \r")),
    interpreter: Interpreter::Cli(&CLI),
    interrupted: "^C\r\n",
    ..cisco_ios::MANNERS
};

const CLI: Cli = Cli {
    commands: &[COMMANDS, ios_like::SESSION],
    unknown: |mistake| format!("% Unknown command: {}\n", mistake.line.trim()),
    incomplete: |_| "% Command incomplete.\n".to_owned(),
    ..cisco_ios::CLI
};

const COMMANDS: &[Command] = &[
    Command("show version", Action::Print(VERSION)),
    Command("show interface brief", Action::Print(INTERFACE_BRIEF)),
    Command("show ip route", Action::Print(IP_ROUTE)),
    Command("show running-config", Action::Print(RUNNING_CONFIG)),
    Command(
        "configure terminal",
        Action::Do(|state, _| ios_like::configure(state, "% Unknown command: configure terminal\n", "")),
    ),
    Command("write memory", Action::Say("Configuration saved to /etc/frr/frr.conf\n[OK]\n")),
];

const HELLO: &str = "
Hello, this is FRRouting (version {8.4.4|9.1|10.0}).
Copyright 1996-2005 Kunihiro Ishiguro, et al.

";

const VERSION: &str = "\
FRRouting {8.4.4|9.1|10.0} ({name}) on Linux(6.1.0-18-amd64).
Copyright 1996-2005 Kunihiro Ishiguro, et al.
configured with:
    '--enable-exampledir=/usr/share/doc/frr/examples/' '--localstatedir=/var/run/frr'
";

const INTERFACE_BRIEF: &str = "\
Interface       Status  VRF             Addresses
---------       ------  ---             ---------
{each port}
eth{port:12} {state:7} default         {port_address}/30
{end}
lo              up      default         {address}/32
";

const IP_ROUTE: &str = "\
Codes: K - kernel route, C - connected, S - static, O - OSPF, B - BGP

C>* {address}/32 is directly connected, lo, {up_time}
{each port}
O   {port_address}/30 [110/10] is directly connected, eth{port}, weight 1, {up_time}
{end}
";

const RUNNING_CONFIG: &str = "\
Building configuration...

Current configuration:
!
frr version {8.4.4|9.1|10.0}
frr defaults traditional
hostname {name}
!
{each port}
interface eth{port}
 ip address {port_address}/30
exit
!
{end}
router ospf
 ospf router-id {address}
exit
!
end
";
