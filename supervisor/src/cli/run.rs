//! `netsweep run`.

use std::io::Write;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use netsweep_shared::fleet::SimulatedDevice;

use super::args::RunArgs;
use super::exit::{Exit, ExitError, OrExit};
use super::prepare::{self, Logins, Selection};
use super::{dry_run, history, kept, simulate};
use crate::dispatch::message::Ending;
use crate::event::{Consumer, RunEvent, RunPlan};
use crate::fleet::Fleet;
use crate::host_keys::HostKeys;
use crate::output::{self, OutputOptions, ReaderGone};
use crate::plan::Plan;
use crate::platforms::Platforms;
use crate::record::{DeviceStatus, Record};
use crate::store::{History, NewDevice, NewRun, Recorder, Run, RunLock, Store, StoreFailed, StoreWitness};
use crate::supervise::{Outcome, Signals, WorkerCommand, sweep, witnessed};

pub(super) fn run(args: &RunArgs) -> Result<Exit, ExitError> {
    if args.fleet.any() && !args.simulate {
        return Err(anyhow!(
            "the --sim-… flags describe simulated devices: add --simulate, or leave them out"
        ))
        .or_usage();
    }
    let platforms = Platforms::load(args.selection.platforms.platform_dir.as_deref()).or_usage()?;
    let mut selection =
        Selection::load(&args.selection, &args.commands, &platforms, args.simulate).or_usage()?;
    let fleet = if args.simulate { simulate::simulated(&selection.devices).or_usage()? } else { Vec::new() };
    let (mix, said) = prepare::choose_mix(args, &selection);
    if args.dry_run {
        selection.notices.extend(said);
        let history = history::for_dry_run(args, &selection).unwrap_or_else(|error| {
            selection.notices.push(format!("{error:#}"));
            History::default()
        });
        let printed = dry_run::print(args, &selection, mix, &history, &mut std::io::stdout().lock());
        return match output::written(printed) {
            // `--dry-run … | head`: nothing was to be done but to be read.
            Err(error) if error.is::<ReaderGone>() => Ok(Exit::Ok),
            printed => printed.map(|()| Exit::Ok).or_internal(),
        };
    }
    let recording = match args.no_store {
        true => Recording::None,
        false => Recording::New(Store::create(args.store.store.as_deref()).or_usage()?),
    };
    let places = (0..selection.devices.len()).collect();
    carry_on(args, Task { platforms, selection, fleet, places, settled: Vec::new(), recording })
}

/// What is to be swept, and where that is recorded.
pub(super) struct Task {
    /// What is known of devices.
    pub(super) platforms: Platforms,
    /// The devices that are to be swept.
    pub(super) selection: Selection,
    /// In a rehearsal, every device of the run's fleet.
    pub(super) fleet: Vec<SimulatedDevice>,
    /// Where in the fleet the selected ones stand.
    pub(super) places: Vec<usize>,
    /// Records of devices that are settled without being swept.
    pub(super) settled: Vec<Arc<Record>>,
    /// Where it is recorded.
    pub(super) recording: Recording,
}

/// Where a run is recorded.
pub(super) enum Recording {
    /// Nowhere.
    None,
    /// As a new run.
    New(Store),
    /// As more of an earlier one.
    More { store: Store, run: Box<Run>, lock: RunLock },
}

/// Sweeps what there is to be swept of a run.
pub(super) fn carry_on(args: &RunArgs, task: Task) -> Result<Exit, ExitError> {
    let Task { platforms, mut selection, fleet, places, settled, recording } = task;
    let command = prepare::worker_command(args.mix.worker_binary.as_deref()).or_usage()?;
    let (mix, said) = prepare::choose_mix(args, &selection);
    selection.notices.extend(said);
    let options = OutputOptions {
        format: args.output.format,
        directory: args.output.output_dir.clone(),
        quiet: args.output.quiet,
    };
    let mut outputs = output::open(&options).or_usage()?;
    // From here on Ctrl-C is for the run, so that nothing started is left behind.
    let signals = Signals::listen().context("cannot listen for signals").or_internal()?;
    let mut host_keys = HostKeys::off();
    let spec = simulate::fleet_spec(fleet, &args.fleet);
    let logins = match args.simulate {
        true => {
            let wrong: Vec<_> = simulate::wrong_passwords(&spec.devices).collect();
            Logins::Simulated(places.iter().map(|place| wrong[*place].clone()).collect())
        }
        false => Logins::Real(&args.selection.inventory),
    };
    let mut notices = std::mem::take(&mut selection.notices);
    let history = history::of(recording.store(), args, &selection).or_usage()?;
    let mut plan = prepare::plan(args, selection, &logins, &platforms, mix).or_usage()?;
    if !args.simulate {
        host_keys = HostKeys::load(args.ssh.host_keys, args.ssh.known_hosts.as_deref()).or_usage()?;
        notices.extend_from_slice(host_keys.notices());
    }
    if args.output.verbose {
        notices.push(history::describe_order(args, &history, plan.seed));
    }
    plan.known = history.known;
    let all_ok_so_far = recording.all_ok_so_far();
    let (recorder, resume) = recording.begin(args, &mut plan).or_usage()?;
    let watched = witnessed().then(|| recorder.as_ref().map(Recorder::path)).flatten();
    let witness = watched.map(|path| StoreWitness::new(path, &plan.run)).transpose().or_internal()?;
    let fleet = match args.simulate {
        true => Some(Fleet::start(&spec).or_internal()?),
        false => None,
    };
    if let Some(fleet) = &fleet {
        let endpoints: Vec<_> = places.iter().map(|place| fleet.endpoints()[*place]).collect();
        plan.redirect(&endpoints);
    }

    let mut listener = Listener {
        recorder,
        witness,
        consumers: &mut outputs.consumers,
        reader_gone: false,
        all_ok: all_ok_so_far,
    };
    let before = Before { notices: &notices, settled: &settled, resume: resume.clone() };
    let finish =
        resume.map_or(String::new(), |command| format!("; what is left can be run with `{command}`"));
    match carry_out(&plan, before, &command, &signals, fleet, &mut host_keys, &mut listener) {
        Ok(ending) => match ending {
            Ending::Complete if listener.all_ok => Ok(Exit::Ok),
            Ending::Complete => Ok(Exit::DeviceFailed),
            Ending::Interrupted => Ok(Exit::Interrupted),
            Ending::GaveUp(reason) => Err(anyhow!("the run was given up: {reason}{finish}")).or_internal(),
        },
        // Nobody wants the rest: no reason to say anything, and the devices left were not swept.
        Err(error) if error.is::<ReaderGone>() => Ok(Exit::Interrupted),
        Err(error) if error.is::<StoreFailed>() => {
            Err(anyhow!("{error:#}; what it had before stays{finish}")).or_internal()
        }
        Err(error) => Err(error).or_internal(),
    }
}

impl Recording {
    /// The run store, where there is one.
    fn store(&self) -> Option<&Store> {
        match self {
            Self::None => None,
            Self::New(store) | Self::More { store, .. } => Some(store),
        }
    }

    /// Whether no device of the run has failed yet: the exit code is that of the run as a whole.
    fn all_ok_so_far(&self) -> bool {
        match self {
            Self::None | Self::New(_) => true,
            Self::More { run, .. } => run.tally.failed + run.tally.skipped == 0,
        }
    }

    /// Enters the run, if it is new, and says who records it and how it can be resumed.
    fn begin(self, args: &RunArgs, plan: &mut Plan) -> anyhow::Result<(Option<Recorder>, Option<String>)> {
        let (store, run, lock) = match self {
            Self::None => return Ok((None, None)),
            Self::New(mut store) => {
                let (run, lock) = store.begin(&NewRun {
                    name: &plan.run,
                    version: env!("CARGO_PKG_VERSION"),
                    inventory: &kept::whole(&args.selection.inventory)?,
                    simulated: args.simulate,
                    options: &kept::keep(args)?,
                    devices: plan.jobs.iter().map(NewDevice::from).collect(),
                })?;
                (store, run, lock)
            }
            Self::More { mut store, run, lock } => {
                store.go_on(&run)?;
                plan.run = run.name.as_str().into();
                (store, run.id(), lock)
            }
        };
        let resume = store.resume_command(&plan.run);
        Ok((Some(Recorder::new(store, run, lock)?), Some(resume)))
    }
}

/// What is told before the first worker starts.
struct Before<'a> {
    notices: &'a [String],
    settled: &'a [Arc<Record>],
    resume: Option<String>,
}

fn carry_out(
    plan: &Plan,
    before: Before<'_>,
    command: &WorkerCommand,
    signals: &Signals,
    fleet: Option<Fleet>,
    host_keys: &mut HostKeys,
    listener: &mut Listener<'_>,
) -> anyhow::Result<Ending> {
    for notice in before.notices {
        listener.on(&RunEvent::Notice(notice))?;
    }
    listener.on(&RunEvent::Began(&RunPlan {
        run: plan.run.to_string(),
        devices: (before.settled.iter().map(|record| Arc::clone(&record.device)))
            .chain(plan.jobs.iter().map(|job| Arc::clone(&job.device)))
            .collect(),
        processes: plan.mix.processes,
        threads: plan.mix.threads,
        resume: before.resume,
    }))?;
    for record in before.settled {
        listener.on(&RunEvent::DeviceDone(record))?;
    }
    let Outcome { end, ending, unrecorded } = sweep(plan, command, signals, host_keys, listener)?;
    if let Some((added, file)) =
        host_keys.file().map(|file| (host_keys.added(), file)).filter(|(added, _)| *added > 0)
    {
        let notice = format!("{} added to {}", output::count(added, "new host key"), file.display());
        listener.on(&RunEvent::Notice(&notice))?;
    }
    listener.on(&RunEvent::Ended(&end))?;
    if let Some(witness) = listener.witness.as_ref().filter(|_| unrecorded.is_none()) {
        witness.check(&end)?;
    }
    if let Some(fleet) = fleet {
        listener.on(&RunEvent::Notice(&simulate::describe(&fleet.stop()?)))?;
    }
    std::io::stdout().flush().context("cannot write to stdout")?;
    unrecorded.map_or(Ok(ending), |failed| Err(failed.into()))
}

/// All consumers, and what the exit code needs to know.
struct Listener<'a> {
    recorder: Option<Recorder>,
    /// In tests.
    witness: Option<StoreWitness>,
    consumers: &'a mut Vec<Box<dyn Consumer>>,
    /// From then on only the recorder listens.
    reader_gone: bool,
    all_ok: bool,
}

impl Consumer for Listener<'_> {
    fn on(&mut self, event: &RunEvent<'_>) -> anyhow::Result<()> {
        if let RunEvent::DeviceDone(record) = event {
            self.all_ok &= record.status == DeviceStatus::Ok;
        }
        if let Some(witness) = &mut self.witness {
            witness.on(event)?;
        }
        if !self.recorder.as_ref().is_some_and(|recorder| recorder.comes_first(event)) {
            // Whatever the first says, the other hears of it.
            let shown = self.show(event);
            return self.record(event).and(shown);
        }
        let recorded = self.record(event);
        self.show(event).and(recorded)
    }
}

impl Listener<'_> {
    fn record(&mut self, event: &RunEvent<'_>) -> anyhow::Result<()> {
        self.recorder.as_mut().map_or(Ok(()), |recorder| recorder.on(event))
    }

    fn show(&mut self, event: &RunEvent<'_>) -> anyhow::Result<()> {
        if self.reader_gone {
            return Ok(());
        }
        let shown = self.consumers.on(event);
        self.reader_gone = shown.as_ref().is_err_and(anyhow::Error::is::<ReaderGone>);
        shown
    }
}
