//! The loop that joins worker processes, dispatcher and listeners.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use crossbeam_channel::{Receiver, Sender, select_biased};
use netsweep_shared::job::{JobId, Transport};
use netsweep_shared::outcome::{AttemptEnd, Stage, Timing};
use netsweep_shared::protocol::{Activity, Cost, FromWorker, Setup, ToWorker};

use super::gather::{Gatherer, OutOfTurn};
use super::process::{EXIT_GRACE, Incoming, PipeFault, WorkerCommand, WorkerProcess};
use super::signals::Signals;
use crate::dispatch::message::{Action, Death, Ending, Event, Passage, Verdict, WorkerId};
use crate::dispatch::witness::Witness;
use crate::dispatch::{Dispatcher, JobSpec, Settings};
use crate::event::{Consumer, RunEnd, RunEvent};
use crate::host_keys::{HostKeys, Learned, fingerprint};
use crate::mix::usable_cores;
use crate::order::longest_first;
use crate::output::ReaderGone;
use crate::plan::Plan;
use crate::record::{DeviceStatus, Record, RecordError, TimingMs};
use crate::store::StoreFailed;
use crate::usage::UsageSampler;

/// Devices that are named where a worker is lost.
const NAMED: usize = 3;
const TICK: Duration = Duration::from_millis(100);
const USAGE_EVERY: Duration = Duration::from_secs(1);
/// What waits for us from all workers, each at most a pipe's buffer of messages. When it is full the pipes fill,
/// then the workers' own queues, then the devices' sockets.
const WAITING: usize = 128;

/// Of the tests: where this is set in the environment, the run is held to the supervision invariants.
const WITNESS: &str = "NETSWEEP_WITNESS";

/// Whether this run is to be held to the supervision invariants.
pub fn witnessed() -> bool {
    std::env::var_os(WITNESS).is_some()
}

fn broken(invariant: String) -> anyhow::Error {
    anyhow!("a supervision invariant does not hold, which is a defect of netsweep: {invariant}")
}

/// How a sweep ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// For the listeners.
    pub end: RunEnd,
    /// For the exit code.
    pub ending: Ending,
    /// Why not everything is recorded, if it is not.
    pub unrecorded: Option<StoreFailed>,
}

/// Runs `plan`, telling `listener` of everything, and returns when every worker is gone.
///
/// # Errors
/// When a listener fails (what cannot be written would be lost), when an output cannot be kept.
pub fn sweep(
    plan: &Plan,
    command: &WorkerCommand,
    signals: &Signals,
    host_keys: &mut HostKeys,
    listener: &mut dyn Consumer,
) -> Result<Outcome> {
    let settings = Settings {
        processes: plan.mix.processes,
        threads: plan.mix.threads,
        retries: plan.retries,
        device_timeout: plan.device_timeout,
        grace: plan.grace,
        group_limits: plan.group_limits.clone(),
        credentials: plan.credentials,
        ways: plan.ways,
        max_auth_failures: plan.max_auth_failures,
        login_rate: plan.login_rate,
        tuning: plan.tuning,
        seed: plan.seed,
    };
    let specs: Vec<JobSpec> = plan.jobs.iter().map(|job| job.spec.clone()).collect();
    let order = longest_first(&specs, &plan.group_limits, &plan.known, plan.seed);
    let mut witness = witnessed().then(|| Witness::new(&settings, &specs));
    let (dispatcher, actions) = Dispatcher::start(settings, specs, order);
    if let Some(witness) = &mut witness {
        witness.saw_start(&actions).map_err(broken)?;
    }
    let (tell, incoming) = crossbeam_channel::bounded(WAITING);
    let mut sweep = Sweep {
        plan,
        command,
        host_keys,
        listener,
        dispatcher,
        witness,
        began: Instant::now(),
        listened: Duration::ZERO,
        first_dispatch: None,
        last_result: None,
        workers: BTreeMap::new(),
        gatherer: Gatherer::default(),
        usage: UsageSampler::new()?,
        incoming: tell,
        interrupts: 0,
        unrecorded: None,
        reader_gone: false,
        withheld: Vec::new(),
        ending: None,
    };
    sweep.act(actions)?;
    sweep.run(&incoming, signals)
}

struct Sweep<'a> {
    plan: &'a Plan,
    command: &'a WorkerCommand,
    host_keys: &'a mut HostKeys,
    listener: &'a mut dyn Consumer,
    dispatcher: Dispatcher,
    witness: Option<Witness>,
    began: Instant,
    /// Spent in the listeners.
    listened: Duration,
    first_dispatch: Option<Instant>,
    last_result: Option<Instant>,
    workers: BTreeMap<u32, WorkerProcess>,
    gatherer: Gatherer,
    usage: UsageSampler,
    incoming: Sender<Incoming>,
    interrupts: u32,
    unrecorded: Option<StoreFailed>,
    reader_gone: bool,
    /// Jobs that were not sent, because it could not be recorded that they were.
    withheld: Vec<(WorkerId, JobId)>,
    ending: Option<Ending>,
}

impl Sweep<'_> {
    fn run(mut self, incoming: &Receiver<Incoming>, signals: &Signals) -> Result<Outcome> {
        let ticks = crossbeam_channel::tick(TICK);
        let usage = crossbeam_channel::tick(USAGE_EVERY);
        let ending = loop {
            if let Some(ending) = self.ending.take() {
                break ending;
            }
            self.workers.values_mut().for_each(WorkerProcess::flush);
            // In this order: a flood of messages must not keep Ctrl-C or the clock waiting.
            select_biased! {
                recv(signals.receiver()) -> signal => if signal.is_ok() { self.interrupted()? },
                recv(ticks) -> _ => self.tick()?,
                recv(usage) -> _ => self.tell_usage()?,
                recv(incoming) -> what => if let Ok(what) = what { self.take_in(what)? },
            }
            if (self.unrecorded.is_some() || self.reader_gone) && self.interrupts == 0 {
                self.wind_up()?;
            }
        };
        self.tell_usage()?;
        self.tell_of_those_just_killed()?;
        self.let_workers_go(&ending, incoming)?;
        let end = RunEnd {
            makespan: match (self.first_dispatch, self.last_result) {
                (Some(first), Some(last)) => last - first,
                _ => Duration::ZERO,
            },
            left: self.dispatcher.unsettled(),
            interrupted: ending == Ending::Interrupted,
            tuned: self.dispatcher.tuned(),
        };
        Ok(Outcome { end, ending, unrecorded: self.unrecorded })
    }

    fn handle(&mut self, event: Event) -> Result<()> {
        let now = self.began.elapsed().saturating_sub(self.listened);
        let seen = self.witness.is_some().then(|| event.clone());
        let actions = self.dispatcher.handle(event, now);
        if let (Some(witness), Some(event)) = (&mut self.witness, seen) {
            witness.saw(&event, &actions, now).map_err(broken)?;
        }
        self.act(actions)
    }

    /// Tells the listeners. The time that they take (a slow reader of our output) is nobody's fault
    /// and does not count for the dispatcher.
    fn tell(&mut self, event: &RunEvent<'_>) -> Result<()> {
        let began = Instant::now();
        let result = self.listener.on(event);
        self.listened += began.elapsed();
        match result {
            Ok(()) => {}
            // Sessions that run are brought to their ends all the same: a device is not to be left in the
            // middle of its commands for that.
            Err(error) if error.is::<ReaderGone>() => self.reader_gone = true,
            Err(error) => _ = self.unrecorded.get_or_insert(error.downcast::<StoreFailed>()?),
        }
        Ok(())
    }

    fn tick(&mut self) -> Result<()> {
        self.handle(Event::Tick)?;
        self.tell(&RunEvent::Tick)
    }

    fn interrupted(&mut self) -> Result<()> {
        self.interrupts += 1;
        match self.interrupts {
            1 => self.tell(&RunEvent::Notice(
                "interrupted: no new devices; running sessions may finish (once more to stop at once)",
            ))?,
            2 => self.tell(&RunEvent::Notice("interrupted again: stopping at once"))?,
            _ => {}
        }
        self.handle(Event::Interrupt)
    }

    /// Ends the run as the first interrupt does: what cannot be recorded, or is not wanted, should not be
    /// begun.
    fn wind_up(&mut self) -> Result<()> {
        self.interrupts += 1;
        if let Some(failed) = &self.unrecorded {
            let notice =
                format!("{failed}: no new devices; running sessions may finish (Ctrl-C to stop at once)");
            self.tell(&RunEvent::Notice(&notice))?;
        }
        self.handle(Event::Interrupt)?;
        for (worker, job) in std::mem::take(&mut self.withheld) {
            self.handle(Event::Job(worker, job, Passage::Returned))?;
        }
        Ok(())
    }

    fn tell_usage(&mut self) -> Result<()> {
        let pids: Vec<(u32, u32)> =
            self.workers.iter().map(|(number, worker)| (*number, worker.pid())).collect();
        self.usage.sample(&pids);
        let usage = self.usage.latest().clone();
        self.tell(&RunEvent::Usage(&usage))
    }

    fn take_in(&mut self, what: Incoming) -> Result<()> {
        match what {
            Incoming::Ready(id) => {
                let worker = self.workers.get(&id.number).filter(|worker| worker.id == id);
                if let Some(pid) = worker.map(WorkerProcess::pid) {
                    self.tell(&RunEvent::WorkerUp { worker: id.number, pid })?;
                }
                self.handle(Event::WorkerReady(id))
            }
            Incoming::Log(id, line) => self.tell(&RunEvent::Notice(&format!("{id}: {line}"))),
            Incoming::Ended(id, fault) => self.worker_ended(id, fault),
            Incoming::Messages(id, messages) => {
                messages.into_iter().try_for_each(|message| self.take_message(id, message))
            }
        }
    }

    fn worker_ended(&mut self, id: WorkerId, fault: Option<PipeFault>) -> Result<()> {
        let Some(worker) = self.workers.remove(&id.number) else { return Ok(()) };
        let (doing, cost) = (self.doing(&worker.activities), worker.cost);
        let death = worker.reap(fault)?;
        self.tell_cost(id, cost)?;
        // One that was killed because the user wants it is no loss.
        if self.interrupts < 2 {
            let reason = format!("{}{doing}", death.reason());
            self.tell(&RunEvent::WorkerLost { worker: id.number, reason: &reason })?;
        }
        self.handle(Event::WorkerGone(id, death))
    }

    /// What a worker that is over has cost, if it said so.
    fn tell_cost(&mut self, id: WorkerId, cost: Option<Cost>) -> Result<()> {
        match &cost {
            Some(cost) => self.tell(&RunEvent::WorkerCost { worker: id.number, cost }),
            None => Ok(()),
        }
    }

    /// What a worker that is lost last told of its sessions, to be put behind the reason. Of many the
    /// stages are counted, of few the devices are named.
    fn doing(&self, activities: &[Activity]) -> String {
        let mut stages: BTreeMap<Stage, Vec<&str>> = BTreeMap::new();
        for activity in activities {
            let job = self.plan.jobs.get(activity.job.index());
            stages.entry(activity.stage).or_default().extend(job.map(|job| &*job.device));
        }
        if stages.is_empty() {
            return String::new();
        }
        let counts = stages.iter().map(|(stage, devices)| match &devices[..] {
            few if few.len() <= NAMED => format!("{stage} ({})", few.join(", ")),
            many => format!("{stage} ({} devices)", many.len()),
        });
        format!("; its sessions were at: {}", counts.collect::<Vec<_>>().join(", "))
    }

    fn take_message(&mut self, id: WorkerId, message: FromWorker) -> Result<()> {
        let (job, passage) = match message {
            FromWorker::Alive { doing, cost } => {
                self.note_alive(id, doing, cost);
                return self.handle(Event::Heard(id));
            }
            FromWorker::Output { job, command, bytes } => return self.take_output(id, job, command, bytes),
            FromWorker::CommandEnded { job, command, end } => {
                let known = self.knows(id, job, command);
                let taken =
                    if known { self.gatherer.command_ended(job, command, end) } else { Err(OutOfTurn) };
                return self.heard(id, job, taken);
            }
            FromWorker::Started(job) => (job, Passage::Started),
            FromWorker::NewHostKey { job, hop, key } => return self.take_host_key(id, job, hop, &key),
            FromWorker::AsksToLogIn(job) => (job, Passage::AsksToLogIn),
            FromWorker::LogsIn(job) => (job, Passage::LogsIn),
            FromWorker::LoggedIn(job) => (job, Passage::LoggedIn),
            FromWorker::CommandsBegin(job) => (job, Passage::CommandsBegin),
            FromWorker::Finished { job, end } => (job, Passage::Finished(end)),
            FromWorker::Returned(job) => (job, Passage::Returned),
        };
        let was_running = self.dispatcher.runs(id, job);
        if was_running && let Passage::Finished(end) = &passage {
            let plan = self.plan;
            let device = &plan.job(job).device;
            self.tell(&RunEvent::AttemptEnded { worker: id.number, device, end })?;
        }
        self.handle(Event::Job(id, job, passage))?;
        if !was_running && self.dispatcher.runs(id, job) {
            self.gatherer.begin(job);
            let device = Arc::clone(&self.plan.job(job).device);
            self.tell(&RunEvent::AttemptStarted { device: &device, worker: id.number })?;
        }
        Ok(())
    }

    fn note_alive(&mut self, id: WorkerId, doing: Vec<Activity>, cost: Cost) {
        if let Some(worker) = self.workers.get_mut(&id.number).filter(|worker| worker.id == id) {
            worker.activities = doing;
            worker.cost = Some(cost);
        }
    }

    fn take_output(&mut self, id: WorkerId, job: JobId, command: u32, bytes: Vec<u8>) -> Result<()> {
        let known = self.knows(id, job, command);
        let taken = if known { self.gatherer.output(job, command, bytes)? } else { Err(OutOfTurn) };
        self.heard(id, job, taken)
    }

    fn take_host_key(&mut self, id: WorkerId, job: JobId, hop: u32, key: &[u8]) -> Result<()> {
        let server = if self.dispatcher.runs(id, job) { self.plan.job(job).server(hop) } else { None };
        let Some((host, port)) = server else {
            return self.kill(id, format!("it told of a host key of job {job} out of turn"));
        };
        let device = &self.plan.job(job).device;
        match self.host_keys.learn(host, port, key) {
            Ok(Learned::New { name }) if self.plan.verbose => {
                let notice = format!("{device}: new host key of {name}: {}", fingerprint(key));
                self.tell(&RunEvent::Notice(&notice))?;
            }
            Ok(Learned::New { .. } | Learned::Known) => {}
            Ok(Learned::Other { name, fingerprints: [first, second] }) => {
                let notice = format!(
                    "{device}: {name} has just shown two host keys, {first} and {second}: somebody may be in between"
                );
                self.tell(&RunEvent::Notice(&notice))?;
            }
            Err(error) => self.tell(&RunEvent::Notice(&format!("{error:#}")))?,
        }
        self.heard(id, job, Ok(()))
    }

    /// Whether `worker` runs `job` and the job has such a command.
    fn knows(&self, worker: WorkerId, job: JobId, command: u32) -> bool {
        self.dispatcher.runs(worker, job) && (command as usize) < self.plan.job(job).commands.len()
    }

    fn heard(&mut self, id: WorkerId, job: JobId, taken: Result<(), OutOfTurn>) -> Result<()> {
        match taken {
            Ok(()) => self.handle(Event::Heard(id)),
            Err(OutOfTurn) => self.kill(id, format!("it sent output of job {job} out of turn")),
        }
    }

    fn kill(&mut self, id: WorkerId, reason: String) -> Result<()> {
        if let Some(worker) = self.workers.get_mut(&id.number).filter(|worker| worker.id == id) {
            worker.kill(reason);
        }
        Ok(())
    }

    fn act(&mut self, actions: Vec<Action>) -> Result<()> {
        let mut announced = false;
        let mut actions = actions.into_iter();
        while let Some(action) = actions.next() {
            if !announced && changing(self.plan, &action).is_some() {
                // Not before: what came to an end has to be told before another begins.
                self.announce(&action, actions.as_slice())?;
                announced = true;
            }
            match action {
                Action::Send { worker, job, .. } if self.must_not_be_sent(job) => {
                    self.withheld.push((worker, job));
                }
                Action::Start(id) => self.start_worker(id)?,
                Action::Send { worker, job, attempt, asks_first, time_left } => {
                    self.first_dispatch.get_or_insert_with(Instant::now);
                    let message =
                        self.plan.job(job).to_job(job, attempt, asks_first, time_left, self.host_keys);
                    self.send(worker, ToWorker::Job(Box::new(message)));
                }
                Action::Drain(worker) | Action::Retire(worker) => self.send(worker, ToWorker::Drain),
                Action::LogIn { worker, job } => self.send(worker, ToWorker::LogIn(job)),
                Action::Withdraw { worker, job } => self.send(worker, ToWorker::Withdraw(job)),
                Action::Cancel(worker) => self.send(worker, ToWorker::Cancel),
                Action::Kill(worker, reason) => self.kill(worker, reason)?,
                Action::Retry { worker, job, failure } => self.tell(&RunEvent::AttemptFailed {
                    device: &self.plan.job(job).device,
                    worker: worker.number,
                    failure: failure.as_ref(),
                })?,
                Action::Settle { job, attempts, worker, verdict } => {
                    self.settle(job, attempts, worker, verdict)?
                }
                Action::Allow(_) => {}
                Action::Finish(ending) => self.ending = Some(ending),
            }
        }
        Ok(())
    }

    /// Makes known which jobs that may change their devices are about to be sent, all of them at once.
    fn announce(&mut self, first: &Action, others: &[Action]) -> Result<()> {
        let plan = self.plan;
        let all = std::iter::once(first).chain(others);
        let changing: Vec<&str> = all.filter_map(|action| changing(plan, action)).collect();
        self.tell(&RunEvent::HandingOut(&changing))
    }

    /// Whether nobody would know that `job` may have changed its device.
    fn must_not_be_sent(&self, job: JobId) -> bool {
        self.unrecorded.is_some() && !self.plan.job(job).spec.read_only
    }

    fn start_worker(&mut self, id: WorkerId) -> Result<()> {
        let setup = Setup {
            worker: id.number,
            threads: self.plan.mix.threads,
            output_limit: self.plan.output_limit,
            verbose: self.plan.verbose,
            sandbox: self.plan.sandbox,
            agent_sockets: self.plan.agent_sockets(),
            platforms: self.plan.platforms.clone(),
            experiment: self.plan.conditions(id.number, &usable_cores()),
        };
        match WorkerProcess::start(id, self.command, setup, &self.incoming) {
            Ok(worker) => {
                self.workers.insert(id.number, worker);
                Ok(())
            }
            Err(error) => {
                // What has worked once may work again.
                let death = if id.life == 0 { Death::Unusable } else { Death::Fault };
                self.handle(Event::WorkerGone(id, death(format!("{error:#}"))))
            }
        }
    }

    fn send(&mut self, id: WorkerId, message: ToWorker) {
        if let Some(worker) = self.workers.get_mut(&id.number).filter(|worker| worker.id == id) {
            worker.send(message);
        }
    }

    fn settle(
        &mut self,
        job: JobId,
        attempts: u32,
        worker: Option<WorkerId>,
        verdict: Verdict,
    ) -> Result<()> {
        let planned = self.plan.job(job);
        let (started, commands) = self.gatherer.finish(job, &planned.commands, planned.encoding)?;
        let AttemptEnd { failure, timing, route, old_algorithms, .. } = match verdict {
            Verdict::Told(end) => end,
            Verdict::Lost(failure) => {
                let total = started.and_then(|started| started.elapsed().ok()).unwrap_or_default();
                AttemptEnd {
                    failure: Some(failure),
                    timing: Timing { total, ..Timing::default() },
                    ..AttemptEnd::default()
                }
            }
        };
        let route = planned.routes.get(route as usize).unwrap_or(&planned.routes[0]);
        let record = Record {
            run: Arc::clone(&self.plan.run),
            device: Arc::clone(&planned.device),
            address: Arc::clone(&planned.address),
            port: route.port,
            transport: route.transport,
            platform: Arc::clone(&planned.platform),
            status: DeviceStatus::of(failure.as_ref()),
            error: failure.map(RecordError::from),
            attempts,
            worker: worker.map(|worker| worker.number),
            started,
            timing_ms: TimingMs::from(timing),
            commands,
            ssh_legacy: (planned.ssh_legacy && route.transport == Transport::Ssh).then_some(old_algorithms),
        };
        self.last_result = Some(Instant::now());
        self.tell(&RunEvent::DeviceDone(&Arc::new(record)))
    }

    /// The last word of a worker may complete the run before its end is seen.
    fn tell_of_those_just_killed(&mut self) -> Result<()> {
        if self.interrupts > 1 {
            return Ok(());
        }
        let killed = self.workers.iter().filter_map(|(number, worker)| Some((*number, worker.killed()?)));
        let killed: Vec<(u32, String)> = killed.map(|(number, reason)| (number, reason.to_owned())).collect();
        for (worker, reason) in killed {
            self.tell(&RunEvent::WorkerLost { worker, reason: &reason })?;
        }
        Ok(())
    }

    /// The sessions are over, so the workers have nothing to finish, and nothing to tell but their cost.
    fn let_workers_go(&mut self, ending: &Ending, incoming: &Receiver<Incoming>) -> Result<()> {
        for worker in self.workers.values_mut() {
            match ending {
                Ending::Complete => worker.close(),
                Ending::Interrupted | Ending::GaveUp(_) => worker.kill("the run is over".into()),
            }
        }
        let mut speaking: BTreeSet<WorkerId> = self.workers.values().map(|worker| worker.id).collect();
        let until = Instant::now() + EXIT_GRACE;
        while !speaking.is_empty()
            && let Ok(what) = incoming.recv_deadline(until)
        {
            match what {
                Incoming::Messages(id, messages) => {
                    for message in messages {
                        if let FromWorker::Alive { doing, cost } = message {
                            self.note_alive(id, doing, cost);
                        }
                    }
                }
                Incoming::Ended(id, _) => _ = speaking.remove(&id),
                _ => {}
            }
        }
        for (_, mut worker) in std::mem::take(&mut self.workers) {
            let (id, cost) = (worker.id, worker.cost);
            if speaking.contains(&id) {
                worker.kill("it does not end".into());
            }
            // What its end says is of no interest any more.
            let _ = worker.reap(None);
            self.tell_cost(id, cost)?;
        }
        Ok(())
    }
}

/// The device of a job that is about to be sent and may change it.
fn changing<'a>(plan: &'a Plan, action: &Action) -> Option<&'a str> {
    let Action::Send { job, .. } = action else { return None };
    let job = plan.job(*job);
    (!job.spec.read_only).then_some(&*job.device)
}
