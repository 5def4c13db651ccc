//! `--dry-run`: the plan, for a person to read.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{self, Write};
use std::time::Duration;

use netsweep_shared::job::Route;

use super::args::RunArgs;
use super::history;
use super::prepare::{DEFAULT_COMMAND, DEFAULT_CONNECT, Selection};
use crate::inventory::Device;
use crate::mix::Mix;
use crate::order::{Health, durations, makespan};
use crate::output::{bytes, count, seconds};
use crate::store::History;
use crate::usage::Machine;

/// Devices that are named as the longest.
const NAMED: usize = 5;

/// Prints the devices, the commands, the mix, the limits, the order and how long it may take to `out`.
pub(super) fn print(
    args: &RunArgs,
    selection: &Selection,
    mix: Mix,
    history: &History,
    out: &mut impl Write,
) -> io::Result<()> {
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
    writeln!(out, "order: {}", history::order(args, history))?;
    let durations = durations(&history.known);
    if let Some(durations) = &durations {
        writeln!(out, "  longest: {}", longest(selection, history, durations))?;
        writeln!(
            out,
            "expected: {}, were all devices to take what they last took",
            seconds(expected(args, selection, mix, durations))
        )?;
    }
    let waves = (devices as u64).div_ceil(mix.sessions());
    writeln!(
        out,
        "{}: {} of sessions; at most {} in all, were every device to use up its time",
        if durations.is_some() { "bounds" } else { "expected" },
        count(waves as usize, "wave"),
        humantime::format_duration(limits.device_timeout * u32::try_from(waves).unwrap_or(u32::MAX))
    )?;
    Ok(())
}

/// The devices that took longest, those that failed marked as such.
fn longest(selection: &Selection, history: &History, durations: &[Duration]) -> String {
    let mut places: Vec<usize> = (0..durations.len()).collect();
    places.sort_by_key(|place| Reverse(durations[*place]));
    let told = |&place: &usize| {
        let failed = history.known[place].is_some_and(|known| known.health == Health::Failed);
        let failed = if failed { ", failed" } else { "" };
        format!("{} ({}{failed})", selection.devices[place].name, seconds(durations[place]))
    };
    places.iter().take(NAMED).map(told).collect::<Vec<_>>().join(", ")
}

/// How long the run takes if its devices take `durations`: at least what its slowest bottleneck does.
fn expected(args: &RunArgs, selection: &Selection, mix: Mix, durations: &[Duration]) -> Duration {
    let mut longest_first = durations.to_vec();
    longest_first.sort_unstable_by_key(|duration| Reverse(*duration));
    let mut bottlenecks: HashMap<Bottleneck<'_>, (Duration, u32)> = HashMap::new();
    for (device, duration) in selection.devices.iter().zip(durations) {
        let groups = device
            .groups
            .iter()
            .filter_map(|group| Some((Bottleneck::Group(group), *selection.group_limits.get(group)?)));
        let hosts: BTreeSet<_> =
            device.jumps.iter().filter(|_| !args.simulate).map(|hop| (&*hop.address, hop.port)).collect();
        let hosts =
            hosts.into_iter().map(|(host, port)| (Bottleneck::Jump(host, port), args.logins.jump_sessions));
        for (bottleneck, limit) in groups.chain(hosts) {
            let (total, _) = bottlenecks.entry(bottleneck).or_insert((Duration::ZERO, limit));
            *total = total.saturating_add(*duration);
        }
    }
    let bottlenecks = bottlenecks.into_values().map(|(total, limit)| total / limit.max(1));
    let logins = args.logins.login_rate.map(|rate| durations.len().saturating_sub(1) as f64 / rate);
    let logins = logins.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    bottlenecks.chain(logins).fold(makespan(longest_first, mix.sessions()), Duration::max)
}

/// What only so many sessions may pass at once.
#[derive(PartialEq, Eq, Hash)]
enum Bottleneck<'a> {
    /// A limited group.
    Group(&'a str),
    /// A jump host.
    Jump(&'a str, u16),
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
