//! `netsweep resume`.

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use clap::ArgMatches;
use netsweep_shared::job::{Route, Transport};
use netsweep_shared::outcome::ErrorKind;

use super::args::{ResumeArgs, RunArgs};
use super::exit::{Exit, ExitError, OrExit};
use super::prepare::{self, Selection, some_of};
use super::run::{Recording, Task};
use super::{kept, run, runs, simulate};
use crate::inventory::Device;
use crate::output::count;
use crate::platforms::Platforms;
use crate::record::{DeviceStatus, Record, RecordError, TimingMs};
use crate::store::{Run, RunDevice, Standing, Standstill, Store, Tally};

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

fn prepare(args: &ResumeArgs, matches: &ArgMatches, store: Store, run: Run) -> Result<(RunArgs, Task)> {
    let Some(lock) = store.reopen(&run)? else {
        bail!("another process works at run {}; interrupt that one first", run.name)
    };
    // Only now: whoever worked at it a moment ago may have done more.
    let run = runs::find(&store, &run.name)?;
    let devices = store.devices(&run)?;
    let matches = matches.subcommand_matches("resume").context("`resume` is another command")?;
    let options = kept::take_up(&run.options, args, matches)
        .with_context(|| format!("the options of run {} cannot be understood", run.name))?;
    let platforms = Platforms::load(options.selection.platforms.platform_dir.as_deref())?;
    let config = prepare::ssh_config(&options.selection, run.simulated)?;
    let is_left = |device: &RunDevice| device.standstill == Standstill::Left;
    // A simulated fleet is the same only as a whole.
    let wanted: Vec<&RunDevice> = devices.iter().filter(|device| run.simulated || is_left(device)).collect();
    let mut selection = Selection::again(&run.inventory, &wanted, &platforms, config.as_ref())?;
    let left: Vec<usize> = (0..wanted.len()).filter(|place| is_left(wanted[*place])).collect();
    let changes: Vec<String> =
        left.iter().filter_map(|place| change(wanted[*place], &selection.devices[*place])).collect();
    let doubtful = devices.iter().filter(|device| device.standstill == Standstill::Doubtful);
    let doubtful: Vec<Arc<Record>> = doubtful.map(|device| crashed(&run.name, device).into()).collect();
    let Tally { ok, failed, skipped, .. } = run.tally;
    let bad = match failed + skipped {
        0 => String::new(),
        bad => format!(" ({bad} of them failed or skipped)"),
    };
    selection.notices.push(format!(
        "run {}: {} of {} have their results{bad}, {} left",
        run.name,
        ok + failed + skipped,
        count(devices.len(), "device"),
        left.len()
    ));
    if !doubtful.is_empty() {
        selection.notices.push(format!(
            "{} not run again: commands that may change a device may have been begun there",
            count(doubtful.len(), "device")
        ));
    }
    if !changes.is_empty() {
        selection.notices.push(format!(
            "{} run as {} has them now, which is not as they were when the run began: {}",
            count(changes.len(), "device"),
            run.inventory.display(),
            some_of(&changes, "; ")
        ));
    }
    let fleet = if run.simulated { simulate::simulated(&selection.devices)? } else { Vec::new() };
    selection.keep(&left);
    let recording = Recording::More { store, run: Box::new(run), lock };
    Ok((options, Task { platforms, selection, fleet, places: left, settled: doubtful, recording }))
}

/// What the inventory says of a device now that it did not say when the run began.
fn change(then: &RunDevice, now: &Device) -> Option<String> {
    let ways = |routes: &[Route]| {
        let ways: Vec<_> = routes.iter().map(|route| format!("{}:{}", route.transport, route.port)).collect();
        ways.join(", ")
    };
    let all = [
        ("address", then.address.clone(), now.address.to_string()),
        ("transport", ways(&then.routes), ways(&now.routes)),
        ("platform", then.platform.clone(), now.platform.to_string()),
    ];
    let changed = all.into_iter().filter(|(_, then, now)| then != now);
    let changed: Vec<String> = changed.map(|(what, then, now)| format!("{what} {now}, was {then}")).collect();
    (!changed.is_empty()).then(|| format!("{} ({})", then.name, changed.join("; ")))
}

/// The record of a device of which nobody knows whether its commands were begun.
fn crashed(run: &str, device: &RunDevice) -> Record {
    let route = device.routes.first();
    Record {
        run: run.into(),
        device: device.name.as_str().into(),
        address: device.address.as_str().into(),
        port: route.map_or(0, |route| route.port),
        transport: route.map_or(Transport::Ssh, |route| route.transport),
        platform: device.platform.as_str().into(),
        status: DeviceStatus::Failed,
        error: Some(RecordError {
            kind: ErrorKind::Crashed,
            message:
                "netsweep was killed while this device was in work; its commands are not all known to be \
                      read-only, so they were not run again"
                    .into(),
            commands_may_have_begun: true,
        }),
        attempts: device.failed_attempts + 1,
        worker: None,
        started: None,
        timing_ms: TimingMs::default(),
        commands: Vec::new(),
        // Which way it was reached is not known either.
        ssh_legacy: None,
    }
}
