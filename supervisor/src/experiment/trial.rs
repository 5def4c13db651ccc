//! One sweep, measured.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use netsweep_shared::experiment::Conditions;
use netsweep_shared::fleet::FleetReport;
use netsweep_shared::job::{Mode, Route, Timeouts};
use netsweep_shared::login::Login;
use netsweep_shared::secret::Secret;
use tempfile::TempDir;

use super::matrix::{CellPlan, Target, seconds};
use super::meter::Meter;
use super::results::Trial;
use super::workload::Workload;
use crate::dispatch::message::Ending;
use crate::dispatch::{JobSpec, Tuned};
use crate::fleet::Fleet;
use crate::host_keys::HostKeys;
use crate::mix::Mix;
use crate::plan::{Plan, PlannedJob};
use crate::platforms::Platforms;
use crate::store::{NewDevice, NewRun, Recorder, Store};
use crate::supervise::{Outcome, Signals, WorkerCommand, sweep};

/// A simulated device lets everybody in.
const USER: &str = "experiment";
/// Enough for any queue at a login server: what is slow is to be seen, not to be cut off.
const PATIENCE: Duration = Duration::from_secs(600);

/// Where trials are made.
pub struct Lab<'a> {
    /// What ends them.
    pub signals: &'a Signals,
    /// Known keys of real devices.
    pub host_keys: &'a mut HostKeys,
    /// CPython's, or another one.
    pub switch_interval: Duration,
    /// Cores that the workers may use.
    pub cores: u32,
    /// Shut the workers in.
    pub sandbox: bool,
    /// Told what a person should know of a trial.
    pub say: &'a mut dyn FnMut(&str),
}

/// What came of a sweep.
struct Swept {
    trial: Trial,
    /// Each session's whole time.
    totals: Vec<f64>,
    tuned: Option<Tuned>,
}

/// A trial that was not to be finished.
#[derive(Debug, thiserror::Error)]
#[error("interrupted")]
pub struct Interrupted;

impl Lab<'_> {
    /// Sweeps `devices` of `target` with the mix of `cell`; `seed` is that of the order.
    ///
    /// # Errors
    /// [`Interrupted`], and whatever keeps a sweep from being made.
    pub fn trial(&mut self, target: &Target, cell: &CellPlan, devices: u32, seed: u64) -> Result<Trial> {
        Ok(self.tuned_trial(target, cell, devices, seed)?.0)
    }

    /// The same, with what was found out in a cell that is to be tuned.
    ///
    /// # Errors
    /// Those of [`Lab::trial`].
    pub fn tuned_trial(
        &mut self,
        target: &Target,
        cell: &CellPlan,
        devices: u32,
        seed: u64,
    ) -> Result<(Trial, Option<Tuned>)> {
        match target {
            Target::Fleet(workload) => {
                let spec = workload.fleet(devices);
                let fleet = Fleet::start(&spec)?;
                let plan = self.plan_for(workload, cell, &fleet, &spec, seed)?;
                let Swept { mut trial, tuned, .. } = self.sweep(plan, cell)?;
                let report = fleet.stop()?;
                trial.fleet_cpu = Some(seconds(report.cpu));
                trial.ideal = self.ideal(workload, cell, &report);
                Ok((trial, tuned))
            }
            Target::Devices { plan, .. } => {
                let mut plan = Plan::clone(plan);
                plan.jobs.truncate(devices as usize);
                plan.seed = seed;
                let Swept { mut trial, totals, tuned } = self.sweep(plan, cell)?;
                // Nobody knows what the devices themselves took: this packs the sessions as they were.
                let longest = totals.iter().copied().fold(0.0, f64::max);
                trial.ideal = longest.max(totals.iter().sum::<f64>() / f64::from(cell.sessions()));
                Ok((trial, tuned))
            }
        }
    }

    fn ideal(&self, workload: &Workload, cell: &CellPlan, report: &FleetReport) -> f64 {
        let cores = if cell.pinned { self.cores.min(cell.processes) } else { self.cores };
        seconds(workload.ideal(report, cell.processes, cell.threads, cores, cell.gil))
    }

    fn sweep(&mut self, mut plan: Plan, cell: &CellPlan) -> Result<Swept> {
        plan.mix = Mix { processes: cell.processes, threads: cell.threads };
        plan.experiment.gil = cell.gil.then_some(self.switch_interval);
        plan.pin = cell.pinned;
        plan.tuning = cell.tuned.then(|| plan.mix.tuning());
        plan.sandbox = self.sandbox;
        let command = cell.worker.clone().map_or(WorkerCommand::Ourselves, WorkerCommand::Binary);
        let place = TempDir::new().context("a place for the trial's run store")?;
        let mut meter = Meter::new(Box::new(recorder(&plan, &place)?));
        let Outcome { end, ending, unrecorded } =
            sweep(&plan, &command, self.signals, self.host_keys, &mut meter)?;
        match ending {
            Ending::Complete => {}
            Ending::Interrupted => return Err(Interrupted.into()),
            Ending::GaveUp(reason) => {
                anyhow::bail!("a trial was given up: {reason}\n  {}", meter.said.join("\n  "))
            }
        }
        meter.said.iter().for_each(|line| (self.say)(line));
        if let Some(failed) = unrecorded {
            return Err(failed.into());
        }
        // Each trial counts rejections anew, and so the guard would let us lock an account in a few of them.
        if let Some(device) = &meter.rejected_by {
            anyhow::bail!(
                "{device} rejected the login, and every trial would try it again: leave it out (--limit '!{device}') or \
                 correct its password"
            );
        }
        let trial = Trial {
            makespan: seconds(end.makespan),
            sessions: meter.sessions,
            failures: meter.failures,
            supervisor: meter.supervisor(),
            workers: meter.workers.into_values().collect(),
            phases: meter.phases,
            timeline: meter.timeline,
            ..Trial::default()
        };
        Ok(Swept { trial, totals: meter.totals, tuned: end.tuned })
    }

    fn plan_for(
        &self,
        workload: &Workload,
        cell: &CellPlan,
        fleet: &Fleet,
        spec: &netsweep_shared::fleet::FleetSpec,
        seed: u64,
    ) -> Result<Plan> {
        let platforms = Platforms::builtin();
        let platform = platforms.get(workload.platform).context("the workload's platform is built in")?;
        let login = Arc::new(Login::with_password(USER, Secret::new(USER)));
        let commands: Arc<[String]> = workload.commands.clone().into();
        let name: Arc<str> = workload.platform.into();
        let jobs = spec.devices.iter().zip(fleet.endpoints()).map(|(device, endpoint)| PlannedJob {
            device: device.name.as_str().into(),
            address: endpoint.ip().to_string().into(),
            routes: Arc::new([Route { transport: device.transport, port: endpoint.port() }]),
            jumps: Arc::default(),
            platform: Arc::clone(&name),
            login: Arc::clone(&login),
            commands: Arc::clone(&commands),
            timeouts: Timeouts { connect: PATIENCE, login: PATIENCE, command: PATIENCE, device: PATIENCE },
            ssh_legacy: false,
            mode: Mode::Shell,
            keepalive: None,
            encoding: None,
            spec: JobSpec { read_only: true, ..JobSpec::default() },
        });
        Ok(Plan {
            run: "experiment".into(),
            jobs: jobs.collect(),
            mix: Mix { processes: cell.processes, threads: cell.threads },
            platforms: vec![platform.clone()],
            group_limits: Vec::new(),
            // A canary would be measured instead of the mix.
            credentials: 0,
            ways: 0,
            max_auth_failures: 0,
            login_rate: None,
            known: Vec::new(),
            seed,
            device_timeout: PATIENCE,
            // Those that refuse are dead, and counted as such.
            retries: 0,
            grace: Duration::from_secs(1),
            output_limit: 64 << 20,
            verbose: false,
            sandbox: self.sandbox,
            tuning: None,
            experiment: Conditions { cpu_per_command: workload.cpu_per_command(), ..Conditions::default() },
            pin: cell.pinned,
        })
    }
}

/// A run store of the trial's own: sweeps are measured with everything that belongs to them.
fn recorder(plan: &Plan, place: &TempDir) -> Result<Recorder> {
    let mut store = Store::create(Some(&place.path().join("runs.db")))?;
    let (run, lock) = store.begin(&NewRun {
        name: &plan.run,
        version: env!("CARGO_PKG_VERSION"),
        inventory: place.path(),
        simulated: true,
        options: "{}",
        devices: plan.jobs.iter().map(NewDevice::from).collect(),
    })?;
    Recorder::new(store, run, lock)
}
