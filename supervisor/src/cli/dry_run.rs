//! `--dry-run`: the plan, for a person to read.

use std::collections::BTreeMap;
use std::io::{self, Write};

use netsweep_shared::job::Route;

use super::args::RunArgs;
use super::prepare::{DEFAULT_COMMAND, DEFAULT_CONNECT, Selection};
use crate::inventory::Device;
use crate::mix::Mix;
use crate::output::{bytes, count};
use crate::usage::Machine;

/// Prints the devices, the commands, the mix and the limits to `out`.
pub(super) fn print(args: &RunArgs, selection: &Selection, mix: Mix, out: &mut impl Write) -> io::Result<()> {
    let devices = selection.devices.len();
    writeln!(out, "{devices} devices of {}:", args.selection.inventory.display())?;
    let name_width = selection.devices.iter().map(|device| device.name.chars().count()).max().unwrap_or(0);
    for device in &selection.devices {
        writeln!(
            out,
            "  {:name_width$}  {} {}{}",
            device.name,
            way(device),
            device.platform,
            if args.simulate { String::new() } else { jumps(device) }
        )?;
    }
    writeln!(out, "\ncommands:")?;
    let mut lists: BTreeMap<&[String], usize> = BTreeMap::new();
    for commands in &selection.commands {
        *lists.entry(commands).or_default() += 1;
    }
    for (commands, count) in lists {
        writeln!(out, "  on {count} of {devices}: {}", commands.join(" ; "))?;
    }

    let machine = Machine::detect();
    writeln!(
        out,
        "\nmix: {} worker processes × {} session threads = {} sessions at once, on {} CPU cores ({}, {} of memory)",
        mix.processes,
        mix.threads,
        mix.sessions(),
        machine.cpus,
        machine.cpu_model.as_deref().unwrap_or("of unknown model"),
        bytes(machine.memory_bytes)
    )?;
    for notice in &selection.notices {
        writeln!(out, "  {notice}")?;
    }
    let limits = &args.limits;
    writeln!(
        out,
        "limits: connect {}, login {}, each command {}, device {}, {}",
        humantime::format_duration(limits.connect_timeout.unwrap_or(DEFAULT_CONNECT)),
        humantime::format_duration(limits.login_timeout),
        humantime::format_duration(limits.command_timeout.unwrap_or(DEFAULT_COMMAND)),
        humantime::format_duration(limits.device_timeout),
        count(limits.retries as usize, "further attempt")
    )?;
    let waves = (devices as u64).div_ceil(mix.sessions());
    writeln!(
        out,
        "expected: {} of sessions; at most {} in all, were every device to use up its time",
        count(waves as usize, "wave"),
        humantime::format_duration(limits.device_timeout * u32::try_from(waves).unwrap_or(u32::MAX))
    )?;
    Ok(())
}

/// `192.0.2.1:22 ssh`, and the ports and transports that are tried where that cannot be connected to.
fn way(device: &Device) -> String {
    let Route { transport, port } = device.route();
    let fallbacks =
        device.routes[1..].iter().map(|route| format!(", else :{} {}", route.port, route.transport));
    format!("{}:{port} {transport}{}", device.address, fallbacks.collect::<String>())
}

fn jumps(device: &Device) -> String {
    let jumps: Vec<_> = device.jumps.iter().map(|hop| format!("{}:{}", hop.address, hop.port)).collect();
    if jumps.is_empty() { String::new() } else { format!(" via {}", jumps.join(", ")) }
}
