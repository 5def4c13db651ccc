//! Palo Alto Networks PAN-OS: an empty line above every prompt and every output, `less` for a pager.

use super::cli::{self, Action, Cli, Command};
use super::{Interpreter, Login, Manners, Mode, Pager, Question, return_key, template};

/// A firewall of its own.
pub(super) const ALONE: Manners = Manners {
    server_id: "SSH-2.0-OpenSSH_12.1",
    login: Login {
        banner: |_| String::new(),
        username: Some(|identity| format!("{} login: ", identity.name)),
        password: "Password: ",
        starred: false,
        rejected: "\nLogin incorrect\n",
        attempts: 3,
    },
    has_user_mode: false,
    welcome: |identity| template::output(WELCOME, identity),
    question: None,
    prompt: |identity, state| {
        template::prompt(
            [
                "\n{user}@{name}> ",
                "\n{user}@{name}> ",
                "\n[edit]                                                \n{user}@{name}# ",
                "\n[edit network]                                        \n{user}@{name}# ",
            ],
            identity,
            state,
        )
    },
    returned: return_key,
    line_end: "\r\n",
    pager: Some(Pager {
        end: Some("\x1b[7mlines {lines} (END) \x1b[27m\x1b[K"),
        ..Pager::new("\x1b[7mlines {lines} \x1b[27m\x1b[K", "\r\x1b[K")
    }),
    interpreter: Interpreter::Cli(&CLI),
    interrupted: "^C\r\n",
    suspend: None,
    plain_line_ends: false,
};

/// The active one of a pair, with a banner that has to be acknowledged.
pub(super) const PAIR: Manners = Manners {
    question: Some(Question {
        text: "This system is monitored.\n\n\
               Do you accept and acknowledge the statement above ? (yes/no) : ",
        answer: "yes\r",
    }),
    prompt: |identity, state| {
        template::prompt(
            [
                "\n{user}@{name}(active)> ",
                "\n{user}@{name}(active)> ",
                "\n[edit]                                                \n{user}@{name}(active)# ",
                "\n[edit network]                                        \n{user}@{name}(active)# ",
            ],
            identity,
            state,
        )
    },
    ..ALONE
};

const CLI: Cli = Cli {
    commands: &[&[
        Command("show system info", Action::Print(SYSTEM_INFO)),
        Command("show clock", Action::Print("\n{weekday} {month} {day} {time} UTC 2025\n")),
        Command("show interface all", Action::Print(INTERFACES)),
        Command("show routing route", Action::Print(ROUTES)),
        Command("show config running", Action::Print(CONFIGURATION)),
        Command("show jobs all", Action::Print("\nEnqueued  ID  Type    Status Result of {name}\n")),
        Command("set cli pager off", Action::Page(0, "")),
        Command("set cli", Action::Do(cli::accept)),
        Command("configure", Action::Enter(Mode::Config, "Entering configuration mode\n")),
        Command("exit", Action::Do(cli::leave)),
        Command("quit", Action::Do(cli::leave)),
    ]],
    config: &[
        Command("edit", Action::Enter(Mode::ConfigSection, "")),
        Command("up", Action::Do(cli::up)),
        Command("exit", Action::Enter(Mode::Privileged, "Exiting configuration mode\n")),
        Command("quit", Action::Enter(Mode::Privileged, "Exiting configuration mode\n")),
    ],
    escape: "run",
    separator: None,
    above: cli::nothing,
    unknown: |mistake| match mistake.index {
        0 => format!("\nUnknown command: {}\n", mistake.word),
        _ => "\nInvalid syntax.\n".to_owned(),
    },
    incomplete: |_| "\nInvalid syntax.\n".to_owned(),
};

const WELCOME: &str = "\
Last login: {weekday} {month} {day} {time} 2025 from 192.0.2.9

Number of failed attempts since last successful login: 0

";

const SYSTEM_INFO: &str = "
hostname: {name}
ip-address: {address}
netmask: 255.255.255.0
mac-address: {mac}
time: {weekday} {month} {day} {time} 2025
uptime: {up_days} days, {up_time}
family: {400|800|3200}
model: PA-{440|850|3220}
serial: {serial}
sw-version: {10.1.11|10.2.9|11.0.4}
vpn-disable-mode: off
multi-vsys: off
operational-mode: normal
";

const INTERFACES: &str = "
total configured hardware interfaces: {ports}

name                    id    speed/duplex/state            mac address
--------------------------------------------------------------------------------
{each port}
ethernet1/{port:13} {port:5} 1000/full/{state:20} {port_mac}
{end}
";

const ROUTES: &str = "
flags: A:active, C:connect, H:host, S:static, R:rip, O:ospf, B:bgp

VIRTUAL ROUTER: default of {name}
  ==========
destination          nexthop            metric flags  interface
{each port}
{port_address}/30    0.0.0.0            0      A C    ethernet1/{port}
{end}
";

const CONFIGURATION: &str = "
config {
  devices {
    localhost.localdomain {
      deviceconfig {
        system {
          hostname {name};
          ip-address {address};
        }
      }
      network {
        interface {
          ethernet {
{each port}
            ethernet1/{port} {
              layer3 {
                ip {
                  {port_address}/30;
                }
              }
            }
{end}
          }
        }
      }
    }
  }
}
";
