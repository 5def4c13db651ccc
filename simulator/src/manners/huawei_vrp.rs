//! Huawei VRP on a campus switch.

use super::cli::{self, Action, Cli, Command};
use super::{Interpreter, Login, Manners, Mode, Pager, Reply, State, return_key, template};
use crate::identity::{Identity, dotted};

pub(super) const MANNERS: Manners = Manners {
    server_id: "SSH-2.0-HUAWEI-1.5",
    login: Login {
        banner: |_| {
            "\nWarning: Telnet is not a secure protocol, and it is recommended to use Stelnet.\n\n\
             Login authentication\n\n\n"
                .to_owned()
        },
        username: Some(|_| "Username:".to_owned()),
        password: "Password:",
        starred: false,
        rejected: "Error: Authentication failed.\n\n",
        attempts: 3,
    },
    has_user_mode: false,
    welcome: |identity| {
        let clock = &identity.clock;
        format!(
            "\nInfo: The max number of VTY users is 21, the number of current VTY users online is 1, \
             and total number of terminal users online is 1.\n      \
             The current login time is {} {}+00:00.\n",
            clock.date(),
            clock.time()
        )
    },
    question: None,
    prompt: |identity, state| {
        template::prompt(
            ["<{name}>", "<{name}>", "[{name}]", "[{name}-GigabitEthernet0/0/1]"],
            identity,
            state,
        )
    },
    returned: return_key,
    line_end: "\r\n",
    pager: Some(Pager::new("  ---- More ----", "\x1b[42D                                          \x1b[42D")),
    interpreter: Interpreter::Cli(&CLI),
    interrupted: "^C\r\n",
    suspend: Some("return"),
    plain_line_ends: false,
};

const CLI: Cli = Cli {
    commands: &[&[
        Command("display version", Action::Show(version)),
        Command("display interface brief", Action::Show(interface_brief)),
        Command("display ip interface brief", Action::Show(ip_interface_brief)),
        Command("display interface", Action::Show(interface)),
        Command("display current-configuration", Action::Show(current_configuration)),
        Command("display saved-configuration", Action::Show(current_configuration)),
        Command("display device", Action::Show(device)),
        Command("display clock", Action::Show(clock)),
        Command("display esn", Action::Show(|identity| format!("ESN of slot 0: {}\n", identity.serial))),
        Command("screen-length disable", Action::Page(0, FOR_THIS_TERMINAL)),
        Command("screen-length", Action::Do(screen_length)),
        Command("screen-width", Action::Do(cli::accept)),
        Command("undo", Action::Do(cli::accept)),
        Command(
            "system-view",
            Action::Enter(Mode::Config, "Enter system view, return user view with Ctrl+Z.\n"),
        ),
        Command("save", Action::Say("Info: Save the configuration successfully.\n")),
        Command("quit", Action::Do(cli::leave)),
        Command("logout", Action::Do(cli::leave)),
    ]],
    config: &[
        Command("quit", Action::Do(cli::up)),
        Command("return", Action::Enter(Mode::Privileged, "")),
        Command("interface", Action::Enter(Mode::ConfigSection, "")),
        Command("display version", Action::Show(version)),
        Command("display interface brief", Action::Show(interface_brief)),
        Command("display current-configuration", Action::Show(current_configuration)),
        Command("commit", Action::Say("")),
    ],
    escape: "run",
    separator: None,
    above: cli::nothing,
    unknown: |mistake| {
        let problem = if mistake.index == 0 { "Unrecognized command" } else { "Wrong parameter" };
        format!("{}Error: {problem} found at '^' position.\n", mistake.mark())
    },
    incomplete: |mistake| {
        format!("{:>1$}\nError:Incomplete command found at '^' position.\n", '^', mistake.end + 1)
    },
};

const FOR_THIS_TERMINAL: &str =
    "Info: The configuration takes effect on the current user terminal interface only.\n";

fn screen_length(state: &mut State, words: &[&str]) -> Reply {
    cli::set_length(state, words, |_| FOR_THIS_TERMINAL.to_owned())
}

/// Model, version and release.
fn software(identity: &Identity) -> (&'static str, &'static str, &'static str) {
    identity.dice("software").pick([
        ("S5720-28X-SI-AC", "5.170", "V200R011C10SPC600"),
        ("S5735-L24T4S-A1", "5.170", "V200R019C00SPC500"),
        ("S6720-30C-EI-24S-AC", "5.170", "V200R020C10SPC300"),
    ])
}

fn version(identity: &Identity) -> String {
    let (model, version, release) = software(identity);
    let short = model.split('-').next().unwrap_or(model);
    let uptime = identity.uptime.words(", ");
    let mut dice = identity.dice("version");
    let mut text = String::with_capacity(1024);
    line!(text, "Huawei Versatile Routing Platform Software");
    line!(text, "VRP (R) software, Version {version} ({short} {release})");
    line!(text, "Copyright (C) 2000-2020 HUAWEI TECH Co., Ltd.");
    line!(text, "HUAWEI {model} Routing Switch uptime is {uptime}");
    line!(text);
    line!(text, "ES5D2S28S003 0(Master)  : uptime is {uptime}");
    line!(text, "DDR             Memory Size : 512   M bytes");
    line!(text, "FLASH Total     Memory Size : 512   M bytes");
    line!(text, "FLASH Available Memory Size : {}   M bytes", dice.between(100, 300));
    line!(text, "Pcb           Version   : VER.C");
    line!(text, "BootROM       Version   : 020b.0a0{}", dice.below(10));
    line!(text, "BootLoad      Version   : 020b.0a0{}", dice.below(10));
    line!(text, "CPLD          Version   : 010{}", dice.below(10));
    line!(text, "Software      Version   : VRP (R) Software, Version {version} ({release})");
    line!(text, "FLASH         Version   : 0000.0000");
    line!(text, "BarCode                 : {}", identity.serial);
    text
}

/// The ports, and whether each is up.
fn ports(identity: &Identity) -> impl Iterator<Item = (u32, bool)> {
    let mut dice = identity.dice("ports");
    (1..=identity.ports).map(move |port| (port, dice.below(4) > 0))
}

fn interface_brief(identity: &Identity) -> String {
    let mut dice = identity.dice("brief");
    let mut text = String::with_capacity(2048);
    line!(text, "PHY: Physical");
    line!(text, "*down: administratively down");
    line!(text, "^down: standby");
    line!(text, "(s): spoofing");
    line!(text, "InUti/OutUti: input utility/output utility");
    line!(text, "Interface                   PHY   Protocol  InUti OutUti   inErrors  outErrors");
    for (port, up) in ports(identity) {
        let state = if up { "up" } else { "down" };
        let load = if up { dice.below(900) } else { 0 };
        line!(
            text,
            "{:<27} {state:<5} {state:<8} {:>6} {:>6} {:>10} {:>10}",
            format!("GigabitEthernet0/0/{port}"),
            format!("{:.2}%", load as f64 / 100.0),
            format!("{:.2}%", load as f64 / 70.0),
            0,
            0
        );
    }
    line!(text, "{:<27} {:<5} {:<8} {:>6} {:>6} {:>10} {:>10}", "Vlanif100", "up", "up", "--", "--", 0, 0);
    text
}

fn ip_interface_brief(identity: &Identity) -> String {
    let mut text = String::with_capacity(1024);
    line!(text, "*down: administratively down");
    line!(text, "^down: standby");
    line!(text, "(l): loopback");
    line!(text, "(s): spoofing");
    line!(text, "The number of interface that is UP in Physical is 2");
    line!(text, "The number of interface that is DOWN in Physical is 1");
    line!(text, "The number of interface that is UP in Protocol is 2");
    line!(text, "The number of interface that is DOWN in Protocol is 1");
    line!(text);
    line!(text, "Interface                         IP Address/Mask      Physical   Protocol");
    line!(text, "{:<33} {:<20} {:<10} up(s)", "NULL0", "unassigned", "up");
    line!(text, "{:<33} {:<20} {:<10} down", "Vlanif1", "unassigned", "down");
    line!(text, "{:<33} {:<20} {:<10} up", "Vlanif100", format!("{}/24", identity.address), "up");
    text
}

fn interface(identity: &Identity) -> String {
    let mut text = String::with_capacity(32 * 1024);
    let mut dice = identity.dice("interfaces");
    for (port, up) in ports(identity) {
        let state = if up { "UP" } else { "DOWN" };
        let mac = dotted(identity.port_mac(port)).replace('.', "-");
        let (input, output) = if up { (dice.below(9_000_000), dice.below(9_000_000)) } else { (0, 0) };
        line!(text, "GigabitEthernet0/0/{port} current state : {state}");
        line!(text, "Line protocol current state : {state}");
        line!(text, "Description: access port {port} of {}", identity.name);
        line!(
            text,
            "Switch Port, PVID : {:>4}, TPID : 8100(Hex), The Maximum Frame Length is 9216",
            100 + port % 4
        );
        line!(text, "IP Sending Frames' Format is PKTFMT_ETHNT_2, Hardware address is {mac}");
        line!(
            text,
            "Last physical up time   : {} {} UTC+00:00",
            identity.clock.date(),
            identity.clock.time()
        );
        line!(text, "Port Mode: COMMON COPPER");
        line!(text, "Speed : 1000,  Loopback: NONE");
        line!(text, "Duplex: FULL,  Negotiation: ENABLE");
        line!(text, "Mdi   : AUTO,  Flow-control: DISABLE");
        line!(text, "Last 300 seconds input rate {} bits/sec, {} packets/sec", input / 7, input / 9000);
        line!(text, "Last 300 seconds output rate {} bits/sec, {} packets/sec", output / 7, output / 9000);
        line!(text);
        line!(text, "Input:  {input} packets, {} bytes", input * 311);
        line!(text, "  Unicast:        {:>12},  Multicast:          {:>12}", input / 2, input / 57);
        line!(text, "  Broadcast:      {:>12},  Jumbo:              {:>12}", input / 31, 0);
        line!(text, "  Discard:        {:>12},  Total Error:        {:>12}", 0, 0);
        line!(text);
        line!(text, "Output:  {output} packets, {} bytes", output * 427);
        line!(text, "  Unicast:        {:>12},  Multicast:          {:>12}", output / 2, output / 57);
        line!(text, "  Broadcast:      {:>12},  Jumbo:              {:>12}", output / 31, 0);
        line!(text, "  Discard:        {:>12},  Total Error:        {:>12}", 0, 0);
        line!(text);
    }
    text
}

fn current_configuration(identity: &Identity) -> String {
    let (_, _, release) = software(identity);
    let Identity { name, address, .. } = identity;
    let mut text = String::with_capacity(4096);
    line!(text, "!Software Version {release}");
    line!(text, "#");
    line!(text, "sysname {name}");
    line!(text, "#");
    line!(text, "vlan batch 100 to 103");
    line!(text, "#");
    line!(text, "stp mode rstp");
    line!(text, "#");
    line!(text, "interface Vlanif100");
    line!(text, " ip address {address} 255.255.255.0");
    line!(text, "#");
    for (port, up) in ports(identity) {
        line!(text, "interface GigabitEthernet0/0/{port}");
        line!(text, " description access port {port} of {name}");
        line!(text, " port link-type access");
        line!(text, " port default vlan {}", 100 + port % 4);
        if !up {
            line!(text, " shutdown");
        }
        line!(text, "#");
    }
    line!(text, "user-interface vty 0 20");
    line!(text, " authentication-mode aaa");
    line!(text, " protocol inbound all");
    line!(text, "#");
    line!(text, "return");
    text
}

fn device(identity: &Identity) -> String {
    let (model, ..) = software(identity);
    let mut text = String::new();
    line!(text, "{}'s Device status:", identity.name);
    line!(text, "Slot Sub  Type                   Online    Power    Register     Status   Role");
    line!(text, "-------------------------------------------------------------------------------");
    line!(text, "0    -    {model:<22} Present   PowerOn  Registered   Normal   Master");
    line!(
        text,
        "     PWR1 PWR-{:<18} Present   PowerOn  Registered   Normal   NA",
        identity.dice("power").pick(["150W", "350W", "500W"])
    );
    text
}

fn clock(identity: &Identity) -> String {
    let clock = &identity.clock;
    format!("{} {}\n{}\nTime Zone(UTC) : UTC+00:00\n", clock.date(), clock.time(), clock.weekday())
}
