//! Juniper Junos on an access router or switch.

use super::cli::{self, Action, Cli, Command};
use super::{Interpreter, Login, Manners, Mode, Pager, Reply, State, return_key};
use crate::identity::{Identity, colons};

pub(super) const MANNERS: Manners = Manners {
    server_id: "SSH-2.0-OpenSSH_7.9",
    login: Login {
        banner: |identity| format!("\n{} (ttyp0)\n\n", identity.name),
        username: Some(|_| "login: ".to_owned()),
        password: "Password:",
        starred: false,
        rejected: "Login incorrect\n",
        attempts: 3,
    },
    has_user_mode: false,
    welcome: |identity| {
        let (_, version) = software(identity);
        format!("\n--- JUNOS {version} Kernel 64-bit  JNPR-12.1-20230613.7723847_buil\n")
    },
    question: None,
    prompt,
    returned: return_key,
    line_end: "\r\n",
    pager: Some(Pager::new("---(more)---", "\r                                        \r")),
    interpreter: Interpreter::Cli(&CLI),
    interrupted: "^C\r\n",
    suspend: None,
    plain_line_ends: true,
};

const CLI: Cli = Cli {
    commands: &[&[
        Command("show version", Action::Show(version)),
        Command("show interfaces terse", Action::Show(interfaces_terse)),
        Command("show interfaces", Action::Show(interfaces)),
        Command("show configuration", Action::Show(configuration)),
        Command("show chassis hardware", Action::Show(chassis_hardware)),
        Command("show system uptime", Action::Show(system_uptime)),
        Command("show system information", Action::Show(system_information)),
        Command("set cli screen-length", Action::Do(screen_length)),
        Command("set cli screen-width", Action::Do(screen_width)),
        Command("set cli", Action::Do(cli::accept)),
        Command("configure", Action::Enter(Mode::Config, "Entering configuration mode\n")),
        Command("exit", Action::Do(cli::leave)),
        Command("quit", Action::Do(cli::leave)),
    ]],
    config: &[
        Command("exit", Action::Do(leave_config)),
        Command("quit", Action::Do(leave_config)),
        Command("commit", Action::Say("commit complete\n")),
        Command("rollback", Action::Say("load complete\n")),
    ],
    escape: "run",
    separator: None,
    above: cli::nothing,
    unknown: |mistake| {
        let problem =
            if mistake.index == 0 { "unknown command." } else { "syntax error, expecting <command>." };
        format!("{}{problem}\n", mistake.mark())
    },
    incomplete: |mistake| format!("{:>1$}\nsyntax error, expecting <command>.\n", '^', mistake.end + 1),
};

/// Every prompt has an empty line above it, or that of the routing engine's role.
fn prompt(identity: &Identity, state: &State) -> String {
    let Identity { name, .. } = identity;
    let user = &state.user;
    let role = if identity.dice("role").below(3) == 0 { "{master:0}" } else { "" };
    match state.mode {
        Mode::Config | Mode::ConfigSection => format!("\n{role}[edit]\n{user}@{name}# "),
        _ if role.is_empty() => format!("\n{user}@{name}> "),
        _ => format!("\n{role}\n{user}@{name}> "),
    }
}

fn leave_config(state: &mut State, _: &[&str]) -> Reply {
    state.mode = Mode::Privileged;
    Reply::Say("Exiting configuration mode\n".to_owned())
}

fn screen_length(state: &mut State, words: &[&str]) -> Reply {
    cli::set_length(state, words, |lines| format!("Screen length set to {lines}\n"))
}

fn screen_width(_: &mut State, words: &[&str]) -> Reply {
    Reply::Say(format!("Screen width set to {}\n", words.first().unwrap_or(&"80")))
}

/// Model and software version.
fn software(identity: &Identity) -> (&'static str, &'static str) {
    identity.dice("software").pick([
        ("ex3400-24t", "21.4R3-S4.9"),
        ("ex2300-48p", "20.4R3-S7.2"),
        ("srx345", "21.2R3-S5.4"),
        ("mx204", "22.2R3.15"),
    ])
}

fn version(identity: &Identity) -> String {
    let (model, version) = software(identity);
    let mut text = String::with_capacity(1024);
    line!(text, "Hostname: {}", identity.name);
    line!(text, "Model: {model}");
    line!(text, "Junos: {version}");
    let mut dice = identity.dice("version");
    line!(
        text,
        "JUNOS OS Kernel 64-bit  [2023{:02}{:02}.{:07x}_builder_stable_12]",
        dice.between(1, 12),
        dice.between(1, 28),
        dice.below(1 << 28)
    );
    for package in [
        "JUNOS OS libs",
        "JUNOS OS runtime",
        "JUNOS OS time zone information",
        "JUNOS network stack and utilities",
        "JUNOS libs",
        "JUNOS runtime",
        "JUNOS Packet Forwarding Engine Support",
        "JUNOS Web Management Platform Package",
        "JUNOS Online Documentation",
        "JUNOS jail runtime",
    ] {
        line!(text, "{package} [{version}]");
    }
    text
}

/// The ports, and whether each is up.
fn ports(identity: &Identity) -> impl Iterator<Item = (u32, bool)> {
    let mut dice = identity.dice("ports");
    (0..identity.ports).map(move |port| (port, dice.below(4) > 0))
}

fn interfaces_terse(identity: &Identity) -> String {
    let mut text = String::from("Interface               Admin Link Proto    Local                 Remote\n");
    for (port, up) in ports(identity) {
        let link = if up { "up" } else { "down" };
        line!(text, "{:<23} up    {link}", format!("ge-0/0/{port}"));
        line!(
            text,
            "{:<23} up    {link:<4} inet     {}/30",
            format!("ge-0/0/{port}.0"),
            identity.port_address(port)
        );
    }
    line!(text, "{:<23} up    up", "lo0");
    line!(text, "{:<23} up    up   inet     {:<17}   --> 0/0", "lo0.0", identity.address.to_string());
    line!(text, "{:<23} up    up", "me0");
    text
}

fn interfaces(identity: &Identity) -> String {
    let mut text = String::with_capacity(16 * 1024);
    let mut dice = identity.dice("interfaces");
    for (port, up) in ports(identity) {
        let link = if up { "Up" } else { "Down" };
        let mac = colons(identity.port_mac(port));
        let (input, output) = if up { (dice.below(9_000_000), dice.below(9_000_000)) } else { (0, 0) };
        line!(text, "Physical interface: ge-0/0/{port}, Enabled, Physical link is {link}");
        line!(text, "  Interface index: {}, SNMP ifIndex: {}", 648 + port, 502 + port);
        line!(text, "  Description: link {port} of {}", identity.name);
        line!(text, "  Link-level type: Ethernet, MTU: 1514, LAN-PHY mode, Speed: 1000mbps,");
        line!(text, "  Device flags   : Present Running");
        line!(text, "  Current address: {mac}, Hardware address: {mac}");
        line!(text, "  Last flapped   : {} {} UTC", identity.clock.date(), identity.clock.time());
        line!(text, "  Input rate     : {} bps ({} pps)", input / 7, input / 9000);
        line!(text, "  Output rate    : {} bps ({} pps)", output / 7, output / 9000);
        line!(text);
        line!(
            text,
            "  Logical interface ge-0/0/{port}.0 (Index {}) (SNMP ifIndex {})",
            70 + port,
            600 + port
        );
        line!(text, "    Flags: Up SNMP-Traps 0x4004000 Encapsulation: ENET2");
        line!(text, "    Input packets : {input}");
        line!(text, "    Output packets: {output}");
        line!(text, "    Protocol inet, MTU: 1500");
        line!(text, "      Destination: {0}/30, Local: {0}", identity.port_address(port));
        line!(text);
    }
    text
}

fn configuration(identity: &Identity) -> String {
    let (_, version) = software(identity);
    let Identity { name, address, clock, .. } = identity;
    let mut text = String::with_capacity(4096);
    line!(text, "## Last commit: {} {} UTC by admin", clock.date(), clock.time());
    line!(text, "version {version};");
    line!(text, "system {{");
    line!(text, "    host-name {name};");
    line!(text, "    domain-name example.net;");
    line!(text, "    services {{");
    line!(text, "        ssh;");
    line!(text, "        telnet;");
    line!(text, "    }}");
    line!(text, "}}");
    line!(text, "interfaces {{");
    for (port, up) in ports(identity) {
        line!(text, "    ge-0/0/{port} {{");
        line!(text, "        description \"link {port} of {name}\";");
        if !up {
            line!(text, "        disable;");
        }
        line!(text, "        unit 0 {{");
        line!(text, "            family inet {{");
        line!(text, "                address {}/30;", identity.port_address(port));
        line!(text, "            }}");
        line!(text, "        }}");
        line!(text, "    }}");
    }
    line!(text, "    lo0 {{");
    line!(text, "        unit 0 {{");
    line!(text, "            family inet {{");
    line!(text, "                address {address}/32;");
    line!(text, "            }}");
    line!(text, "        }}");
    line!(text, "    }}");
    line!(text, "}}");
    text
}

fn chassis_hardware(identity: &Identity) -> String {
    let (model, _) = software(identity);
    let mut dice = identity.dice("hardware");
    let mut number = |length| dice.letters("0123456789ABCDEFGH", length);
    let mut text = String::new();
    line!(text, "Hardware inventory:");
    line!(text, "Item             Version  Part number  Serial number     Description");
    line!(text, "Chassis                                {:<17} {}", identity.serial, model.to_uppercase());
    line!(text, "Routing Engine 0 REV 11   650-065393   {:<17} RE-{}", number(12), model.to_uppercase());
    line!(text, "FPC 0            REV 11   650-065393   {:<17} {}", number(12), model.to_uppercase());
    line!(text, "  CPU                     BUILTIN      BUILTIN           FPC CPU");
    line!(
        text,
        "  PIC 0                   BUILTIN      BUILTIN           {}x10/100/1000 Base-T",
        identity.ports
    );
    line!(text, "Power Supply 0   REV 03   640-060603   {:<17} AC AFO 150W PS", number(11));
    line!(text, "Fan Tray 0                                               Fan Module, Airflow Out (AFO)");
    text
}

fn system_uptime(identity: &Identity) -> String {
    let (clock, up) = (&identity.clock, &identity.uptime);
    let mut text = String::new();
    line!(text, "Current time: {} {} UTC", clock.date(), clock.time());
    line!(text, "Time Source:  LOCAL CLOCK");
    line!(text, "System booted: {}w{}d {:02}:{:02} ago", up.weeks, up.days, up.hours, up.minutes);
    line!(text, "Last configured: {} {} UTC by admin", clock.date(), clock.time());
    line!(
        text,
        " {}  up {} days, {:2}:{:02}, 1 user, load averages: 0.31, 0.24, 0.20",
        clock.time(),
        up.all_days(),
        up.hours,
        up.minutes
    );
    text
}

fn system_information(identity: &Identity) -> String {
    let (model, version) = software(identity);
    let family = if model.starts_with("ex") { "ex" } else { "junos" };
    format!("Model: {model}\nFamily: {family}\nJunos: {version}\nHostname: {}\n", identity.name)
}
