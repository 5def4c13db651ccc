//! `netsweep simulate`, and the fleet of `run --simulate`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use netsweep_shared::fleet::{Fault, FleetReport, FleetSpec, Latencies, Latency, SimulatedDevice};

use super::args::{FleetArgs, SimulateArgs};
use super::exit::{Exit, ExitError, OrExit};
use crate::fleet::Fleet;
use crate::inventory::{Device, Inventory};
use crate::platforms::Platforms;
use crate::supervise::Signals;

/// The inventory variable that gives one device a fault.
const FAULT_VARIABLE: &str = "sim_fault";

/// Any password is let in; the name is for the record.
pub(super) const SIMULATED_USER: &str = "rehearsal";

/// For each of `devices` what is typed there instead of the usual password. Those that reject every
/// password stand for devices with a wrong one in the inventory: each is an oddity of its own, and
/// tells the lockout guard nothing about the others; but where all reject, one wrong password is
/// everybody's.
pub(super) fn wrong_passwords(devices: &[SimulatedDevice]) -> impl Iterator<Item = Option<String>> {
    let rejects = |device: &SimulatedDevice| device.fault == Some(Fault::Reject);
    let all_reject = devices.iter().all(rejects);
    devices
        .iter()
        .map(move |device| (rejects(device) && !all_reject).then(|| format!("not that of {}", device.name)))
}

const DEFAULT_CONNECT: Latency = Latency::Fixed(Duration::from_millis(5));
const DEFAULT_LOGIN: Latency = Latency::LogNormal(Duration::from_millis(50), Duration::from_millis(200));
const DEFAULT_COMMAND: Latency = Latency::LogNormal(Duration::from_millis(100), Duration::from_millis(500));
const DEFAULT_SEED: u64 = 1;

pub(super) fn simulate(args: &SimulateArgs) -> Result<Exit, ExitError> {
    let platforms = Platforms::builtin();
    let devices = match &args.inventory {
        Some(path) => {
            let inventory = Inventory::load(path, &platforms.names(), None).or_usage()?;
            simulated(&inventory.devices).or_usage()?
        }
        None => {
            platforms
                .get(&args.platform)
                .with_context(|| unknown_platform(&args.platform, platforms))
                .or_usage()?;
            numbered(args)
        }
    };
    let spec = fleet_spec(devices, &args.fleet);
    let signals = Signals::listen().context("cannot listen for signals").or_internal()?;
    let fleet = Fleet::start(&spec).or_internal()?;
    write_inventory(&spec, &fleet, args.output.as_deref()).or_usage()?;
    eprintln!("netsweep: {} simulated devices on loopback; Ctrl-C ends them", spec.devices.len());
    let _ = signals.receiver().recv();
    eprintln!("netsweep: {}", describe(&fleet.stop().or_internal()?));
    Ok(Exit::Ok)
}

fn unknown_platform(name: &str, platforms: &Platforms) -> String {
    format!("--platform: there is no platform {name:?}; there are {}", platforms.names().join(", "))
}

fn numbered(args: &SimulateArgs) -> Vec<SimulatedDevice> {
    let width = args.devices.to_string().len();
    let device = |number| SimulatedDevice {
        name: format!("sim-{number:0width$}"),
        platform: args.platform.clone(),
        transport: args.transport,
        fault: None,
    };
    (1..=args.devices).map(device).collect()
}

/// `devices` as a simulated fleet.
///
/// # Errors
/// Platforms whose devices cannot be simulated, and fault variables that name no fault.
pub(super) fn simulated(devices: &[Device]) -> Result<Vec<SimulatedDevice>> {
    ensure_known(devices)?;
    devices.iter().map(one).collect()
}

/// A platform of the user's own says what to expect of a device and not what the device does, so there is
/// nothing to rehearse with. Such devices are refused and not left out: a rehearsal without them in which
/// all is well would be taken for one of them all.
fn ensure_known(devices: &[Device]) -> Result<()> {
    /// Devices of a platform that are named.
    const NAMED: usize = 3;
    let known: BTreeSet<&str> = netsweep_simulator::platforms().collect();
    let mut unknown: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for device in devices.iter().filter(|device| !known.contains(&*device.platform)) {
        unknown.entry(&device.platform).or_default().push(&device.name);
    }
    if unknown.is_empty() {
        return Ok(());
    }
    let mut text =
        String::from("a simulated device has the manners of a built-in platform, and these have none:\n");
    for (platform, names) in &unknown {
        let named = names[..names.len().min(NAMED)].join(", ");
        let more = names.len().saturating_sub(NAMED);
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        text += &format!("  platform {platform:?}: {named}{more}\n");
    }
    let others: Vec<String> = unknown.keys().map(|platform| format!("!platform:{platform}")).collect();
    let known: Vec<&str> = known.into_iter().collect();
    bail!("{text}rehearse the others with --limit '{}'; simulated are {}", others.join("&"), known.join(", "))
}

/// # Errors
/// A fault variable that names no fault.
fn one(device: &Device) -> Result<SimulatedDevice> {
    let fault = device.vars.get(FAULT_VARIABLE).map(|fault| fault.parse::<Fault>());
    Ok(SimulatedDevice {
        name: device.name.to_string(),
        platform: device.platform.to_string(),
        transport: device.route().transport,
        fault: fault
            .transpose()
            .map_err(anyhow::Error::msg)
            .with_context(|| format!("device {:?}, variable {FAULT_VARIABLE}", device.name))?,
    })
}

/// The fleet of `devices` with the manners that were asked for.
pub(super) fn fleet_spec(mut devices: Vec<SimulatedDevice>, args: &FleetArgs) -> FleetSpec {
    let whole = devices.len();
    // Spread evenly over those that have none, so that every platform and transport gets its share.
    for share in &args.sim_fault {
        let mut well: Vec<_> = devices.iter_mut().filter(|device| device.fault.is_none()).collect();
        let count = share.share.of(whole).min(well.len());
        for n in 0..count {
            let place = n * well.len() / count;
            well[place].fault = Some(share.fault);
        }
    }
    FleetSpec {
        devices,
        latency: Latencies {
            connect: args.sim_connect.unwrap_or(DEFAULT_CONNECT),
            login: args.sim_login.unwrap_or(DEFAULT_LOGIN),
            command: args.sim_command.unwrap_or(DEFAULT_COMMAND),
        },
        login_server: args.sim_login_server,
        output_bytes: args.sim_output,
        seed: args.sim_seed.unwrap_or(DEFAULT_SEED),
    }
}

/// What the fleet saw and what it cost, in one line.
pub(super) fn describe(report: &FleetReport) -> String {
    let FleetReport { connections, logins, rejected, commands, cpu, .. } = report;
    let each = cpu.as_secs_f64() * 1000.0 / (*connections).max(1) as f64;
    format!(
        "simulated fleet: {connections} connections, {logins} let in, {rejected} turned away, {commands} commands; \
         {:.2} s CPU, {each:.2} ms a connection",
        cpu.as_secs_f64()
    )
}

fn write_inventory(spec: &FleetSpec, fleet: &Fleet, path: Option<&Path>) -> Result<()> {
    let text = inventory_of(spec, fleet);
    match path {
        Some(path) => File::create(path)
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .with_context(|| format!("cannot write {}", path.display())),
        None => {
            let mut stdout = io::stdout().lock();
            stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).context("cannot write to stdout")
        }
    }
}

fn inventory_of(spec: &FleetSpec, fleet: &Fleet) -> String {
    let mut text = format!(
        "# A simulated fleet: gone when `netsweep simulate` ends. Any password is let in.\n\
         [defaults]\nusername = \"{SIMULATED_USER}\"\npassword = \"{SIMULATED_USER}\"\n"
    );
    let endpoints = spec.devices.iter().zip(fleet.endpoints());
    for ((device, endpoint), wrong) in endpoints.zip(wrong_passwords(&spec.devices)) {
        text += &format!(
            "\n[[devices]]\nname = {:?}\naddress = \"{}\"\nport = {}\nplatform = {:?}\ntransport = \"{}\"\n",
            device.name,
            endpoint.ip(),
            endpoint.port(),
            device.platform,
            device.transport
        );
        if let Some(password) = wrong {
            text += &format!("password = {password:?}\n");
        }
        if let Some(fault) = device.fault {
            text += &format!("vars = {{ {FAULT_VARIABLE} = \"{fault}\" }}\n");
        }
    }
    text
}
