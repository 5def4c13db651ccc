//! `netsweep run`.

use std::io::Write;

use anyhow::{Context, anyhow};

use super::args::RunArgs;
use super::exit::{Exit, ExitError, OrExit};
use super::prepare::{self, Logins, Selection};
use super::{dry_run, simulate};
use crate::dispatch::message::Ending;
use crate::event::{Consumer, RunEvent, RunPlan};
use crate::fleet::Fleet;
use crate::host_keys::HostKeys;
use crate::output::{self, OutputOptions, ReaderGone};
use crate::plan::Plan;
use crate::platforms::Platforms;
use crate::record::DeviceStatus;
use crate::supervise::{Outcome, Signals, WorkerCommand, sweep};

pub(super) fn run(args: &RunArgs) -> Result<Exit, ExitError> {
    if args.fleet.any() && !args.simulate {
        return Err(anyhow!(
            "the --sim-… flags describe simulated devices: add --simulate, or leave them out"
        ))
        .or_usage();
    }
    let platforms = &Platforms::load(args.selection.platforms.platform_dir.as_deref()).or_usage()?;
    let mut selection =
        Selection::load(&args.selection, &args.commands, platforms, args.simulate).or_usage()?;
    let simulated = args.simulate.then(|| simulate::simulated(&selection.devices)).transpose().or_usage()?;
    let command = prepare::worker_command(args.mix.worker_binary.as_deref()).or_usage()?;
    let (mix, said) = prepare::choose_mix(args, &selection);
    selection.notices.extend(said);
    if args.dry_run {
        return match output::written(dry_run::print(args, &selection, mix, &mut std::io::stdout().lock())) {
            // `--dry-run … | head`: nothing was to be done but to be read.
            Err(error) if error.is::<ReaderGone>() => Ok(Exit::Ok),
            printed => printed.map(|()| Exit::Ok).or_internal(),
        };
    }

    let options = OutputOptions {
        format: args.output.format,
        directory: args.output.output_dir.clone(),
        quiet: args.output.quiet,
    };
    let mut outputs = output::open(&options).or_usage()?;
    // From here on Ctrl-C is for the run, so that nothing started is left behind.
    let signals = Signals::listen().context("cannot listen for signals").or_internal()?;
    let mut host_keys = HostKeys::off();
    let (plan, fleet) = if let Some(devices) = simulated {
        let spec = simulate::fleet_spec(devices, &args.fleet);
        let logins = Logins::Simulated(&spec.devices);
        let mut plan = prepare::plan(args, &selection, &logins, platforms, mix).or_usage()?;
        let fleet = Fleet::start(&spec).or_internal()?;
        plan.redirect(fleet.endpoints());
        (plan, Some(fleet))
    } else {
        let logins = Logins::Real(&args.selection.inventory);
        let plan = prepare::plan(args, &selection, &logins, platforms, mix).or_usage()?;
        host_keys = HostKeys::load(args.ssh.host_keys, args.ssh.known_hosts.as_deref()).or_usage()?;
        selection.notices.extend_from_slice(host_keys.notices());
        (plan, None)
    };

    let mut listener = Listener { consumers: &mut outputs.consumers, all_ok: true };
    match carry_out(&plan, &selection.notices, &command, &signals, fleet, &mut host_keys, &mut listener) {
        Ok(Outcome { ending, .. }) => match ending {
            Ending::Complete if listener.all_ok => Ok(Exit::Ok),
            Ending::Complete => Ok(Exit::DeviceFailed),
            Ending::Interrupted => Ok(Exit::Interrupted),
            Ending::GaveUp(reason) => Err(anyhow!("the run was given up: {reason}")).or_internal(),
        },
        // Nobody wants the rest: no reason to say anything, and the devices left were not swept.
        Err(error) if error.is::<ReaderGone>() => Ok(Exit::Interrupted),
        Err(error) => Err(error).or_internal(),
    }
}

fn carry_out(
    plan: &Plan,
    notices: &[String],
    command: &WorkerCommand,
    signals: &Signals,
    fleet: Option<Fleet>,
    host_keys: &mut HostKeys,
    listener: &mut Listener<'_>,
) -> anyhow::Result<Outcome> {
    for notice in notices {
        listener.on(&RunEvent::Notice(notice))?;
    }
    if plan.verbose {
        let notice = format!("the order of the devices is random; --seed {} makes it again", plan.seed);
        listener.on(&RunEvent::Notice(&notice))?;
    }
    listener.on(&RunEvent::Began(&RunPlan {
        run: plan.run.clone(),
        devices: plan.jobs.iter().map(|job| job.device.to_string()).collect(),
        processes: plan.mix.processes,
        threads: plan.mix.threads,
    }))?;
    let outcome = sweep(plan, command, signals, host_keys, listener)?;
    if let Some((added, file)) =
        host_keys.file().map(|file| (host_keys.added(), file)).filter(|(added, _)| *added > 0)
    {
        let notice = format!("{} added to {}", output::count(added, "new host key"), file.display());
        listener.on(&RunEvent::Notice(&notice))?;
    }
    listener.on(&RunEvent::Ended(&outcome.end))?;
    if let Some(fleet) = fleet {
        listener.on(&RunEvent::Notice(&simulate::describe(&fleet.stop()?)))?;
    }
    std::io::stdout().flush().context("cannot write to stdout")?;
    Ok(outcome)
}

/// All consumers, and what the exit code needs to know.
struct Listener<'a> {
    consumers: &'a mut Vec<Box<dyn Consumer>>,
    all_ok: bool,
}

impl Consumer for Listener<'_> {
    fn on(&mut self, event: &RunEvent<'_>) -> anyhow::Result<()> {
        if let RunEvent::DeviceDone(record) = event {
            self.all_ok &= record.status == DeviceStatus::Ok;
        }
        self.consumers.on(event)
    }
}
