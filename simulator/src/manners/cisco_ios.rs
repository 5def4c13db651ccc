//! Cisco IOS on a Catalyst access switch.

use super::cli::{self, Action, Cli, Command};
use super::{Interpreter, Login, Manners, Mode, Pager, Reply, State, ios_like, return_key, template};
use crate::identity::{Identity, dotted};

pub(super) const MANNERS: Manners = Manners {
    server_id: "SSH-2.0-Cisco-1.25",
    login: Login {
        banner: |_| "\n\nUser Access Verification\n\n".to_owned(),
        username: Some(|_| "Username: ".to_owned()),
        password: "Password: ",
        starred: false,
        rejected: "% Login invalid\n\n",
        attempts: 3,
    },
    has_user_mode: true,
    welcome: |_| "\n".to_owned(),
    question: None,
    prompt: |identity, state| {
        template::prompt(["{name}>", "{name}#", "{name}(config)#", "{name}(config-if)#"], identity, state)
    },
    returned: return_key,
    line_end: "\r\n",
    pager: Some(Pager::new(
        " --More-- ",
        "\x08\x08\x08\x08\x08\x08\x08\x08\x08\x08          \x08\x08\x08\x08\x08\x08\x08\x08\x08\x08",
    )),
    interpreter: Interpreter::Cli(&CLI),
    interrupted: "\r\n",
    suspend: Some("end"),
    plain_line_ends: false,
};

pub(super) const CLI: Cli = Cli {
    commands: &[COMMANDS, ios_like::SESSION],
    config: ios_like::CONFIG,
    escape: "do",
    separator: None,
    above: cli::nothing,
    unknown: |mistake| format!("{}{INVALID}", mistake.mark()),
    incomplete: |_| "% Incomplete command.\n\n".to_owned(),
};

pub(super) const COMMANDS: &[Command] = &[
    Command("show version", Action::Show(version)),
    Command("show ip interface brief", Action::Show(ip_interface_brief)),
    Command("show interfaces", Action::Show(interfaces)),
    Command("show interfaces status", Action::Show(interfaces_status)),
    Command("show running-config", Action::Show(running_config)),
    Command("show startup-config", Action::Show(running_config)),
    Command("show inventory", Action::Show(inventory)),
    Command("show clock", Action::Show(clock)),
    Command("show ip arp", Action::Show(arp)),
    Command("show arp", Action::Show(arp)),
    Command("show privilege", Action::Do(privilege)),
    Command("configure terminal", Action::Do(configure)),
    Command("write memory", Action::Say("Building configuration...\n[OK]\n")),
];

const INVALID: &str = "% Invalid input detected at '^' marker.\n\n";

fn configure(state: &mut State, _: &[&str]) -> Reply {
    ios_like::configure(state, INVALID, "Enter configuration commands, one per line.  End with CNTL/Z.\n")
}

fn privilege(state: &mut State, _: &[&str]) -> Reply {
    let level = if state.mode == Mode::User { 1 } else { 15 };
    Reply::Say(format!("Current privilege level is {level}\n"))
}

/// Model, software version and image of a device.
fn software(identity: &Identity) -> (&'static str, &'static str, &'static str) {
    identity.dice("software").pick([
        ("WS-C2960X-24TS-L", "15.2(7)E4", "c2960x-universalk9-mz.152-7.E4.bin"),
        ("WS-C2960X-48FPD-L", "15.2(7)E7", "c2960x-universalk9-mz.152-7.E7.bin"),
        ("WS-C2960X-24PS-L", "15.2(4)E10", "c2960x-universalk9-mz.152-4.E10.bin"),
    ])
}

fn version(identity: &Identity) -> String {
    let (model, version, image) = software(identity);
    let Identity { name, serial, clock, .. } = identity;
    let mut text = String::with_capacity(2048);
    line!(
        text,
        "Cisco IOS Software, C2960X Software (C2960X-UNIVERSALK9-M), Version {version}, RELEASE SOFTWARE (fc2)"
    );
    line!(text, "Technical Support: http://www.cisco.com/techsupport");
    line!(text, "Copyright (c) 1986-2021 by Cisco Systems, Inc.");
    line!(text, "Compiled Mon 08-Mar-21 12:34 by prod_rel_team");
    line!(text);
    line!(text, "ROM: Bootstrap program is C2960X boot loader");
    line!(text, "BOOTLDR: C2960X Boot Loader (C2960X-HBOOT-M) Version 15.2(7r)E, RELEASE SOFTWARE (fc1)");
    line!(text);
    line!(text, "{name} uptime is {}", identity.uptime.words(", "));
    line!(text, "System returned to ROM by power-on");
    line!(
        text,
        "System restarted at {} UTC {} {} {} 2025",
        clock.time(),
        clock.weekday(),
        clock.month_name(),
        clock.day
    );
    line!(text, "System image file is \"flash:/{image}\"");
    line!(text, "Last reload reason: power-on");
    line!(text);
    line!(text, "cisco {model} (APM86XXX) processor (revision A0) with 524288K bytes of memory.");
    line!(text, "Processor board ID {serial}");
    line!(text, "Last reset from power-on");
    line!(text, "2 Virtual Ethernet interfaces");
    line!(text, "1 FastEthernet interface");
    line!(text, "{} Gigabit Ethernet interfaces", identity.ports);
    line!(text, "The password-recovery mechanism is enabled.");
    line!(text);
    line!(text, "512K bytes of flash-simulated non-volatile configuration memory.");
    line!(text, "Base ethernet MAC Address       : {}", crate::identity::colons(identity.mac).to_uppercase());
    line!(text, "Model number                    : {model}");
    line!(text, "System serial number            : {serial}");
    line!(text, "Top Assembly Revision Number    : B0");
    line!(text, "Hardware Board Revision Number  : 0x12");
    line!(text);
    line!(text);
    line!(text, "Switch Ports Model                     SW Version            SW Image");
    line!(text, "------ ----- -----                     ----------            ----------");
    line!(text, "*    1 {:<5} {model:<25} {version:<21} C2960X-UNIVERSALK9-M", identity.ports);
    line!(text);
    line!(text);
    line!(text, "Configuration register is 0xF");
    line!(text);
    text
}

/// The ports, and whether each is up.
fn ports(identity: &Identity) -> impl Iterator<Item = (u32, bool)> {
    let mut dice = identity.dice("ports");
    (1..=identity.ports).map(move |port| (port, dice.below(4) > 0))
}

fn ip_interface_brief(identity: &Identity) -> String {
    let mut text = String::with_capacity(2048);
    let mut row = |interface: &str, address: &str, method: &str, status: &str, protocol: &str| {
        line!(text, "{interface:<22} {address:<15} YES {method:<6} {status:<21} {protocol:<8}");
    };
    // The table's heading has the widths of its rows.
    row("Vlan1", "unassigned", "NVRAM", "administratively down", "down");
    row("Vlan100", &identity.address.to_string(), "NVRAM", "up", "up");
    row("FastEthernet0", "unassigned", "NVRAM", "administratively down", "down");
    for (port, up) in ports(identity) {
        let state = if up { "up" } else { "down" };
        row(&format!("GigabitEthernet1/0/{port}"), "unassigned", "unset", state, state);
    }
    format!("Interface              IP-Address      OK? Method Status                Protocol\n{text}")
}

fn interfaces(identity: &Identity) -> String {
    let mut text = String::with_capacity(32 * 1024);
    let mut dice = identity.dice("interfaces");
    for (port, up) in ports(identity) {
        let state = if up { "up" } else { "down" };
        let note = if up { "connected" } else { "notconnect" };
        let mac = dotted(identity.port_mac(port));
        let (input, output) = if up { (dice.below(9_000_000), dice.below(9_000_000)) } else { (0, 0) };
        line!(text, "GigabitEthernet1/0/{port} is {state}, line protocol is {state} ({note})");
        line!(text, "  Hardware is Gigabit Ethernet, address is {mac} (bia {mac})");
        line!(text, "  Description: access port {port} of {}", identity.name);
        line!(text, "  MTU 1500 bytes, BW 1000000 Kbit/sec, DLY 10 usec,");
        line!(text, "     reliability 255/255, txload 1/255, rxload 1/255");
        line!(text, "  Encapsulation ARPA, loopback not set");
        line!(text, "  Keepalive set (10 sec)");
        line!(text, "  Full-duplex, 1000Mb/s, media type is 10/100/1000BaseTX");
        line!(text, "  input flow-control is off, output flow-control is unsupported");
        line!(text, "  ARP type: ARPA, ARP Timeout 04:00:00");
        line!(text, "  Last input never, output 00:00:01, output hang never");
        line!(text, "  Last clearing of \"show interface\" counters never");
        line!(text, "  Input queue: 0/75/0/0 (size/max/drops/flushes); Total output drops: 0");
        line!(text, "  Queueing strategy: fifo");
        line!(text, "  5 minute input rate {} bits/sec, {} packets/sec", input / 7, input / 9000);
        line!(text, "  5 minute output rate {} bits/sec, {} packets/sec", output / 7, output / 9000);
        line!(text, "     {input} packets input, {} bytes, 0 no buffer", input * 311);
        line!(text, "     Received {} broadcasts ({} multicasts)", input / 31, input / 57);
        line!(text, "     0 input errors, 0 CRC, 0 frame, 0 overrun, 0 ignored");
        line!(text, "     {output} packets output, {} bytes, 0 underruns", output * 427);
        line!(text, "     0 output errors, 0 collisions, 1 interface resets");
    }
    text
}

fn interfaces_status(identity: &Identity) -> String {
    let mut text =
        String::from("\nPort      Name               Status       Vlan       Duplex  Speed Type\n");
    for (port, up) in ports(identity) {
        let (status, duplex, speed) =
            if up { ("connected", "a-full", "a-1000") } else { ("notconnect", "auto", "auto") };
        line!(
            text,
            "{:<9} {:<18} {status:<12} {:<10} {duplex:>6} {speed:>6} 10/100/1000BaseTX",
            format!("Gi1/0/{port}"),
            format!("port {port}"),
            100 + port % 4
        );
    }
    text
}

fn running_config(identity: &Identity) -> String {
    let Identity { name, address, clock, .. } = identity;
    let (_, version, _) = software(identity);
    let short = version.split('(').next().unwrap_or(version);
    let mut body = String::with_capacity(4096);
    line!(body, "!");
    line!(
        body,
        "! Last configuration change at {} UTC {} {} {} 2025 by admin",
        clock.time(),
        clock.weekday(),
        clock.month_name(),
        clock.day
    );
    line!(body, "!");
    line!(body, "version {short}");
    line!(body, "service timestamps log datetime msec");
    line!(body, "service password-encryption");
    line!(body, "!");
    line!(body, "hostname {name}");
    line!(body, "!");
    line!(body, "aaa new-model");
    line!(body, "ip domain-name example.net");
    line!(body, "spanning-tree mode rapid-pvst");
    line!(body, "!");
    for (port, up) in ports(identity) {
        line!(body, "interface GigabitEthernet1/0/{port}");
        line!(body, " description access port {port} of {name}");
        line!(body, " switchport access vlan {}", 100 + port % 4);
        line!(body, " switchport mode access");
        if !up {
            line!(body, " shutdown");
        }
        line!(body, " spanning-tree portfast");
        line!(body, "!");
    }
    line!(body, "interface Vlan1");
    line!(body, " no ip address");
    line!(body, " shutdown");
    line!(body, "!");
    line!(body, "interface Vlan100");
    line!(body, " ip address {address} 255.255.255.0");
    line!(body, "!");
    let [a, b, c, _] = address.octets();
    line!(body, "ip default-gateway {a}.{b}.{c}.254");
    line!(body, "snmp-server location rack {}", identity.dice("location").between(1, 400));
    line!(body, "!");
    line!(body, "line con 0");
    line!(body, "line vty 0 15");
    line!(body, " transport input ssh telnet");
    line!(body, "!");
    line!(body, "end");
    format!("Building configuration...\n\nCurrent configuration : {} bytes\n{body}\n", body.len())
}

fn inventory(identity: &Identity) -> String {
    let (model, ..) = software(identity);
    let mut text = String::new();
    line!(text, "NAME: \"1\", DESCR: \"{model}\"");
    line!(text, "PID: {model:<18} , VID: V07  , SN: {}", identity.serial);
    line!(text);
    let mut dice = identity.dice("inventory");
    for module in 1..=2 {
        line!(text, "NAME: \"GigabitEthernet1/0/{}\", DESCR: \"1000BaseSX SFP\"", identity.ports + module);
        line!(text, "PID: GLC-SX-MMD         , VID: V01  , SN: AGD{}", dice.letters("0123456789ABCDEF", 8));
        line!(text);
    }
    text
}

fn clock(identity: &Identity) -> String {
    let clock = &identity.clock;
    format!(
        "*{}.{:03} UTC {} {} {} 2025\n",
        clock.time(),
        clock.millisecond,
        clock.weekday(),
        clock.month_name(),
        clock.day
    )
}

fn arp(identity: &Identity) -> String {
    let mut text = String::from("Protocol  Address          Age (min)  Hardware Addr   Type   Interface\n");
    let mut dice = identity.dice("arp");
    line!(text, "Internet  {:<15} {:>10}  {}  ARPA   Vlan100", identity.address, "-", dotted(identity.mac));
    let [a, b, c, _] = identity.address.octets();
    for host in 1..=dice.between(3, 12) {
        let mac = dotted(dice.bytes());
        line!(
            text,
            "Internet  {:<15} {:>10}  {mac}  ARPA   Vlan100",
            format!("{a}.{b}.{c}.{}", host * 17),
            dice.below(240)
        );
    }
    text
}
