//! The loop that joins worker processes, dispatcher and listeners.

// Its two sides: what workers say, and what the dispatcher wants done.
mod act;
mod hear;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use crossbeam_channel::{Receiver, Sender, select_biased};
use netsweep_shared::job::JobId;
use netsweep_shared::protocol::FromWorker;

use super::gather::Gatherer;
use super::process::{EXIT_GRACE, Incoming, WorkerCommand, WorkerProcess};
use super::signals::Signals;
use crate::dispatch::message::{Ending, Event, Passage, WorkerId};
use crate::dispatch::witness::Witness;
use crate::dispatch::{Dispatcher, JobSpec, Settings};
use crate::event::{Consumer, RunEnd, RunEvent};
use crate::host_keys::HostKeys;
use crate::order::longest_first;
use crate::output::ReaderGone;
use crate::plan::Plan;
use crate::store::StoreFailed;
use crate::usage::UsageSampler;

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
