//! `netsweep resume`.

use anyhow::{Context, Result, bail};
use clap::ArgMatches;
use netsweep_shared::outcome::ErrorKind;

use super::args::{ResumeArgs, RunArgs};
use super::exit::{Exit, ExitError, OrExit};
use super::prepare::{self, Selection};
use super::run::{Recording, Task};
use super::{kept, run, runs, simulate};
use crate::inventory::Device;
use crate::output::count;
use crate::platforms::Platforms;
use crate::record::{DeviceStatus, Record, RecordError, TimingMs};
use crate::store::{Run, RunDevice, Standing, Store};

pub(super) fn resume(args: &ResumeArgs, matches: &ArgMatches) -> Result<Exit, ExitError> {
    let Some(store) = Store::open(args.store.store.as_deref()).or_usage()? else {
        return nothing("no run was recorded yet");
    };
    let run = match &args.run {
        Some(name) => runs::find(&store, name).or_usage()?,
        None => match newest_cut_short(&store).or_usage()? {
            Some(run) => run,
            None => return nothing(&format!("no run in {} was cut short", store.path().display())),
        },
    };
    if run.tally.left == 0 {
        return nothing(&format!("run {} is finished", run.name));
    }
    let (options, task) = prepare(args, matches, store, run).or_usage()?;
    run::carry_on(&options, task)
}

fn nothing(why: &str) -> Result<Exit, ExitError> {
    eprintln!("netsweep: {why}: there is nothing to resume");
    Ok(Exit::Ok)
}

/// Runs that a process works at are not cut short.
fn newest_cut_short(store: &Store) -> Result<Option<Run>> {
    let cut_short = |run: &Run| matches!(run.standing, Standing::Killed | Standing::CutShort(_));
    Ok(store.runs()?.into_iter().find(cut_short))
}

fn prepare(args: &ResumeArgs, matches: &ArgMatches, mut store: Store, run: Run) -> Result<(RunArgs, Task)> {
    let Some(lock) = store.reopen(&run)? else {
        bail!("another process works at run {}; interrupt that one first", run.name)
    };
    // Only now: whoever worked at it a moment ago may have done more.
    let devices = store.devices(&run)?;
    let matches = matches.subcommand_matches("resume").context("`resume` is another command")?;
    let options = kept::take_up(&run.options, args, matches)
        .with_context(|| format!("the options of run {} cannot be understood", run.name))?;
    let platforms = Platforms::load(options.selection.platforms.platform_dir.as_deref())?;
    let config = prepare::ssh_config(&options.selection, run.simulated)?;
    // A simulated fleet is the same only as a whole.
    let wanted: Vec<&RunDevice> = devices.iter().filter(|device| run.simulated || !device.done).collect();
    let mut selection = Selection::again(&run.inventory, &wanted, &platforms, config.as_ref())?;
    let places = |which: fn(&RunDevice) -> bool| -> Vec<usize> {
        wanted.iter().enumerate().filter(|(_, device)| which(device)).map(|(place, _)| place).collect()
    };
    let left = places(|device| !device.done && !device.doubtful);
    let doubtful: Vec<Record> = places(|device| device.doubtful)
        .into_iter()
        .map(|place| crashed(&run.name, &selection.devices[place]))
        .collect();
    let done = devices.iter().filter(|device| device.done).count();
    selection.notices.push(format!(
        "run {}: {done} of {} devices have their results, {} left",
        run.name,
        count(devices.len(), "device"),
        left.len()
    ));
    if !doubtful.is_empty() {
        selection.notices.push(format!(
            "{} not run again: commands that may change a device may have been begun there",
            count(doubtful.len(), "device")
        ));
    }
    let fleet = if run.simulated { simulate::simulated(&selection.devices)? } else { Vec::new() };
    selection.keep(&left);
    let recording = Recording::More { store, run: Box::new(run), lock };
    Ok((options, Task { platforms, selection, fleet, places: left, settled: doubtful, recording }))
}

/// The record of a device of which nobody knows whether its commands were begun.
fn crashed(run: &str, device: &Device) -> Record {
    let route = device.route();
    Record {
        run: run.to_owned(),
        device: device.name.to_string(),
        address: device.address.to_string(),
        port: route.port,
        transport: route.transport,
        platform: device.platform.to_string(),
        status: DeviceStatus::Failed,
        error: Some(RecordError {
            kind: ErrorKind::Crashed,
            message:
                "netsweep was killed while this device was in work; its commands are not all known to be \
                      read-only, so they were not run again"
                    .into(),
            commands_may_have_begun: true,
        }),
        attempts: 1,
        worker: None,
        started: None,
        timing_ms: TimingMs::default(),
        commands: Vec::new(),
        ssh_legacy: device.ssh_legacy.then(Vec::new),
    }
}
