//! Arista EOS on a data-centre switch.

use super::cli::{self, Action, Cli, Command};
use super::{Interpreter, Login, Manners, Pager, Reply, State, ios_like, return_key, template};
use crate::identity::{Identity, dotted};

pub(super) const MANNERS: Manners = Manners {
    server_id: "SSH-2.0-OpenSSH_8.8",
    login: Login {
        banner: |_| String::new(),
        username: Some(|identity| format!("{} login: ", identity.name)),
        password: "Password: ",
        starred: false,
        rejected: "\nLogin incorrect\n\n",
        attempts: 3,
    },
    has_user_mode: true,
    welcome: |identity| {
        let [a, b, c, _] = identity.address.octets();
        let clock = &identity.clock;
        format!(
            "Last login: {} {} {:>2} {} 2025 from {a}.{b}.{c}.250\n",
            clock.weekday(),
            clock.month_name(),
            clock.day,
            clock.time()
        )
    },
    question: None,
    prompt: |identity, state| {
        template::prompt(["{name}>", "{name}#", "{name}(config)#", "{name}(config-if-Et1)#"], identity, state)
    },
    returned: return_key,
    line_end: "\r\n",
    pager: Some(Pager::new(" --More-- ", "\r          \r")),
    interpreter: Interpreter::Cli(&CLI),
    interrupted: "^C\r\n",
    suspend: Some("end"),
    plain_line_ends: true,
};

const CLI: Cli = Cli {
    commands: &[COMMANDS, ios_like::SESSION],
    config: ios_like::CONFIG,
    escape: "do",
    separator: None,
    above: cli::nothing,
    unknown: |mistake| format!("% Invalid input (at token {}: '{}')\n", mistake.index, mistake.word),
    incomplete: |mistake| {
        format!("% Incomplete command (at token {}: '{}')\n", mistake.index - 1, mistake.word)
    },
};

const COMMANDS: &[Command] = &[
    Command("show version", Action::Show(version)),
    Command("show ip interface brief", Action::Show(ip_interface_brief)),
    Command("show interfaces", Action::Show(interfaces)),
    Command("show interfaces status", Action::Show(interfaces_status)),
    Command("show running-config", Action::Show(running_config)),
    Command("show startup-config", Action::Show(running_config)),
    Command("show inventory", Action::Show(inventory)),
    Command("show clock", Action::Show(clock)),
    Command("show hostname", Action::Print("Hostname: {name}\nFQDN:     {name}.example.net\n")),
    Command("terminal length", Action::Do(|state, words| cli::set_length(state, words, length_set))),
    Command("terminal width", Action::Do(width)),
    Command("configure", Action::Do(configure)),
    Command("write", Action::Say("Copy completed successfully.\n")),
];

fn length_set(lines: u32) -> String {
    match lines {
        0 => "Pagination disabled.\n".to_owned(),
        lines => format!("Pagination set to {lines} lines.\n"),
    }
}

fn width(_: &mut State, words: &[&str]) -> Reply {
    match words.first() {
        Some(columns) => Reply::Say(format!("Width set to {columns} columns.\n")),
        None => Reply::Refuse("% Incomplete command\n".to_owned()),
    }
}

fn configure(state: &mut State, _: &[&str]) -> Reply {
    ios_like::configure(state, "% Invalid input (privileged mode required)\n", "")
}

/// Model and software version.
fn software(identity: &Identity) -> (&'static str, &'static str) {
    identity.dice("software").pick([
        ("DCS-7050SX3-48YC8", "4.28.3M"),
        ("DCS-7280SR-48C6", "4.30.5M"),
        ("DCS-7020TR-48", "4.27.8M"),
    ])
}

fn version(identity: &Identity) -> String {
    let (model, version) = software(identity);
    let mut dice = identity.dice("version");
    let memory = dice.pick([8_099_732, 16_282_628, 32_458_980]);
    let mut text = String::with_capacity(1024);
    line!(text, "Arista {model}");
    line!(text, "Hardware version: 11.0{}", dice.below(5));
    line!(text, "Serial number: {}", identity.serial);
    line!(text, "Hardware MAC address: {}", dotted(identity.mac));
    line!(text, "System MAC address: {}", dotted(identity.mac));
    line!(text);
    line!(text, "Software image version: {version}");
    line!(text, "Architecture: x86_64");
    line!(text, "Internal build version: {version}-{}", dice.between(20_000_000, 30_000_000));
    line!(text, "Internal build ID: {}", dice.letters("0123456789abcdef", 32));
    line!(text, "Image format version: 3.0");
    line!(text, "Image optimization: None");
    line!(text);
    line!(text, "Uptime: {}", identity.uptime.words(", "));
    line!(text, "Total memory: {memory} kB");
    line!(text, "Free memory: {} kB", memory - 1_000_000 - dice.below(4_000_000));
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
    line!(text, "{:>84}", "Address");
    line!(text, "Interface         IP Address            Status       Protocol            MTU   Owner  ");
    line!(text, "----------------- --------------------- ------------ -------------- ----------- -------");
    for (port, up) in ports(identity) {
        let (status, protocol) = if up { ("up", "up") } else { ("down", "lowerlayerdown") };
        let address = format!("{}/30", identity.port_address(port));
        line!(
            text,
            "{:<17} {address:<21} {status:<12} {protocol:<14} {:>11}        ",
            format!("Ethernet{port}"),
            9214
        );
    }
    let address = format!("{}/24", identity.address);
    line!(text, "{:<17} {address:<21} {:<12} {:<14} {:>11}        ", "Management1", "up", "up", 1500);
    text
}

fn interfaces(identity: &Identity) -> String {
    let mut text = String::with_capacity(32 * 1024);
    let mut dice = identity.dice("interfaces");
    for (port, up) in ports(identity) {
        let (state, note) = if up { ("up", "connected") } else { ("down", "notconnect") };
        let mac = dotted(identity.port_mac(port));
        let (input, output) = if up { (dice.below(90_000_000), dice.below(90_000_000)) } else { (0, 0) };
        line!(text, "Ethernet{port} is {state}, line protocol is {state} ({note})");
        line!(text, "  Hardware is Ethernet, address is {mac} (bia {mac})");
        line!(text, "  Description: link {port} of {}", identity.name);
        line!(text, "  Internet address is {}/30", identity.port_address(port));
        line!(text, "  Broadcast address is 255.255.255.255");
        line!(text, "  IP MTU 9214 bytes , BW 10000000 kbit");
        line!(text, "  Full-duplex, 10Gb/s, auto negotiation: off, uni-link: n/a");
        line!(text, "  Up {} days, {} hours", identity.uptime.all_days(), identity.uptime.hours);
        line!(text, "  Loopback Mode : None");
        line!(text, "  {} link status changes since last clear", dice.between(1, 40));
        line!(text, "  Last clearing of \"show interface\" counters never");
        line!(
            text,
            "  5 minutes input rate {} bps (0.0% with framing overhead), {} packets/sec",
            input / 7,
            input / 9000
        );
        line!(
            text,
            "  5 minutes output rate {} bps (0.0% with framing overhead), {} packets/sec",
            output / 7,
            output / 9000
        );
        line!(text, "     {input} packets input, {} bytes", input * 311);
        line!(text, "     Received {} broadcasts, {} multicast", input / 31, input / 57);
        line!(text, "     0 runts, 0 giants");
        line!(text, "     0 input errors, 0 CRC, 0 alignment, 0 symbol, 0 input discards");
        line!(text, "     {output} packets output, {} bytes", output * 427);
        line!(text, "     Sent {} broadcasts, {} multicast", output / 31, output / 57);
        line!(text, "     0 output errors, 0 collisions");
    }
    text
}

fn interfaces_status(identity: &Identity) -> String {
    let mut text = String::from(
        "Port       Name          Status       Vlan     Duplex Speed  Type            Flags Encapsulation\n",
    );
    for (port, up) in ports(identity) {
        let status = if up { "connected" } else { "notconnect" };
        line!(
            text,
            "{:<10} {:<13} {status:<12} {:<8} {:<6} {:<6} {:<15}",
            format!("Et{port}"),
            format!("link {port}"),
            "routed",
            "full",
            "10G",
            "10GBASE-SR"
        );
    }
    text
}

fn running_config(identity: &Identity) -> String {
    let Identity { name, address, .. } = identity;
    let (model, version) = software(identity);
    let mut text = String::with_capacity(4096);
    line!(text, "! Command: show running-config");
    line!(text, "! device: {name} ({model}, EOS-{version})");
    line!(text, "!");
    line!(text, "transceiver qsfp default-mode 4x10G");
    line!(text, "!");
    line!(text, "service routing protocols model multi-agent");
    line!(text, "!");
    line!(text, "hostname {name}");
    line!(text, "!");
    line!(text, "spanning-tree mode mstp");
    line!(text, "!");
    for (port, up) in ports(identity) {
        line!(text, "interface Ethernet{port}");
        line!(text, "   description link {port} of {name}");
        if !up {
            line!(text, "   shutdown");
        }
        line!(text, "   no switchport");
        line!(text, "   ip address {}/30", identity.port_address(port));
        line!(text, "!");
    }
    line!(text, "interface Management1");
    line!(text, "   ip address {address}/24");
    line!(text, "!");
    line!(text, "ip routing");
    line!(text, "!");
    line!(text, "router bgp {}", identity.dice("bgp").between(64_512, 65_534));
    line!(text, "   router-id {address}");
    line!(text, "!");
    line!(text, "end");
    text
}

fn inventory(identity: &Identity) -> String {
    let (model, _) = software(identity);
    let mut dice = identity.dice("inventory");
    let mut text = String::new();
    line!(text, "System information");
    line!(text, "  Model                    Description");
    line!(text, "  ------------------------ ----------------------------------------------------");
    line!(text, "  {model:<24} 48-port 10 GbE SFP+ 1RU");
    line!(text);
    line!(text, "  HW Version  Serial Number  Mfg Date   Epoch");
    line!(text, "  ----------- -------------- ---------- -----");
    line!(
        text,
        "  11.00       {:<14} 2021-0{}-1{} 01.00",
        identity.serial,
        dice.between(1, 9),
        dice.below(10)
    );
    line!(text);
    line!(text, "System has 2 power supply slots");
    line!(text, "  Slot Model            Serial Number");
    line!(text, "  ---- ---------------- ----------------");
    for slot in 1..=2 {
        line!(text, "  {slot:<4} PWR-500AC-R      {:<16}", dice.letters("0123456789ABCDEFGHJKLM", 11));
    }
    text
}

fn clock(identity: &Identity) -> String {
    let clock = &identity.clock;
    format!(
        "{} {} {:>2} {} 2025\nTimezone: UTC\nClock source: NTP server ({})\n",
        clock.weekday(),
        clock.month_name(),
        clock.day,
        clock.time(),
        identity.port_address(1)
    )
}
