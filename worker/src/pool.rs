//! The session threads and the jobs that wait for them.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result};
use crossbeam_channel::{Receiver, Sender};
use netsweep_shared::job::{Job, JobId};
use netsweep_shared::outcome::{AttemptEnd, ErrorKind, Failure, Stage, Timing};
use netsweep_shared::protocol::{FromWorker, Setup};

use crate::attempt::{self, Shared};
use crate::gil::{self, Gil};
use crate::jump::Hub;
use crate::leave::Question;
use crate::outbox::Outbox;
use crate::platform::CompiledPlatform;
use crate::ramp::Ramp;
use crate::register::Register;
use crate::watchdog::{Slot, Watchdog};

/// Enough for libssh2 and OpenSSL with room to spare; only what is touched is resident.
const STACK: usize = 512 * 1024;

/// A job that no thread has taken.
struct Waiting {
    /// Boxed, as it came: each copy on the way to its thread would stay on that thread's stack.
    job: Box<Job>,
    since: Instant,
}

pub(crate) struct Pool {
    jobs: Sender<Waiting>,
    /// The other end, from which `drain` takes what no thread has taken.
    waiting: Receiver<Waiting>,
    watchdog: Arc<Watchdog>,
    register: Arc<Register>,
    shared: Arc<Shared>,
}

impl Pool {
    /// Starts the session threads, or as many as the machine gives.
    pub(crate) fn start(setup: &Setup, register: Arc<Register>, outbox: Outbox) -> Result<Self> {
        let mut platforms = HashMap::new();
        for platform in &setup.platforms {
            platforms.insert(platform.name.clone(), CompiledPlatform::compile(platform)?);
        }
        let threads = setup.threads.max(1) as usize;
        let watchdog = Watchdog::start(threads).context("cannot start the watchdog")?;
        let hub = Hub::new(&watchdog);
        let shared = Arc::new(Shared {
            platforms,
            output_limit: setup.output_limit,
            cpu_per_command: setup.experiment.cpu_per_command,
            outbox,
            hub,
            ramp: Ramp::new(),
        });
        let gil = setup.experiment.gil.map(|interval| Arc::new(Gil::new(interval)));
        // Unbounded, because the supervisor's credit bounds it.
        let (jobs, waiting) = crossbeam_channel::unbounded();
        for number in 0..threads {
            let (waiting, slot, shared) = (waiting.clone(), watchdog.slot(number), Arc::clone(&shared));
            let (register, gil) = (Arc::clone(&register), gil.clone());
            let started =
                thread::Builder::new().name(format!("session-{number}")).stack_size(STACK).spawn(move || {
                    let number = number as u32;
                    if let Some(gil) = gil {
                        gil::join(gil, number);
                    }
                    run_sessions(number, &waiting, &slot, &register, &shared);
                });
            match started {
                Ok(_) => {}
                Err(error) if number == 0 => return Err(error).context("cannot start a session thread"),
                Err(error) => {
                    tracing::warn!("only {number} of {threads} session threads could be started: {error}");
                    break;
                }
            }
        }
        Ok(Self { jobs, waiting, watchdog, register, shared })
    }

    pub(crate) fn take(&self, job: Box<Job>) {
        if job.asks_first {
            self.register.expect(job.id);
        }
        // Cannot fail: we hold a receiver ourselves.
        let _ = self.jobs.send(Waiting { job, since: Instant::now() });
    }

    /// The job is given back when a thread comes to it; a session that has not logged in yet ends.
    pub(crate) fn withdraw(&self, job: JobId) {
        self.register.withdraw(job);
    }

    /// The job's session may log in.
    pub(crate) fn give_leave(&self, job: JobId) {
        self.register.give_leave(job);
    }

    pub(crate) fn drain(&self) {
        while let Ok(Waiting { job, .. }) = self.waiting.try_recv() {
            self.shared.outbox.say(&FromWorker::Returned(job.id));
        }
    }

    pub(crate) fn cancel(&self) {
        self.drain();
        self.watchdog.cancel_all();
    }
}

fn run_sessions(thread: u32, waiting: &Receiver<Waiting>, slot: &Slot, register: &Register, shared: &Shared) {
    let mut next = shared.ramp.first(|| waiting.recv());
    while let Ok(Waiting { job, since }) = next {
        run_session(thread, &job, since, slot, register, shared);
        if waiting.is_empty() {
            // There is nothing to begin with before the supervisor hears of what has ended.
            shared.outbox.write();
        }
        next = waiting.recv();
    }
}

fn run_session(thread: u32, job: &Job, since: Instant, slot: &Slot, register: &Register, shared: &Shared) {
    let (id, queue) = (job.id, since.elapsed());
    if !register.begin(id, slot, Question::of(job, &shared.outbox)) {
        shared.outbox.say(&FromWorker::Returned(id));
        return;
    }
    shared.outbox.say(&FromWorker::Started(id));
    let mut end = catch_unwind(AssertUnwindSafe(|| attempt::run(job, slot, shared))).unwrap_or_else(panicked);
    (end.effort.thread, end.effort.queue) = (thread, queue);
    register.end(id);
    tell_end(job, end, shared);
}

// Not a part of its caller, as with `attempt::run`.
#[inline(never)]
fn tell_end(job: &Job, end: AttemptEnd, shared: &Shared) {
    tell(job, &end);
    shared.outbox.say(&FromWorker::Finished { job: job.id, end });
}

/// For `--verbose`: also what came of attempts that are followed by another, of which no record tells.
fn tell(job: &Job, end: &AttemptEnd) {
    let Job { device, address, attempt, .. } = job;
    let Timing { connect, login, commands, .. } = end.timing;
    let steps = format!("connect {connect:.1?}, login {login:.1?}, commands {commands:.1?}");
    match &end.failure {
        None => tracing::debug!("{device} ({address}): attempt {attempt} succeeded; {steps}"),
        Some(Failure { kind, stage, message, .. }) => tracing::debug!(
            "{device} ({address}): attempt {attempt} failed during {stage}; {kind}: {message}; {steps}"
        ),
    }
}

/// A panic is our fault and costs this device only. The hook has already told where it was.
fn panicked(_: Box<dyn std::any::Any + Send>) -> AttemptEnd {
    let message = "the session thread panicked: this is a defect of netsweep, see the log";
    AttemptEnd {
        failure: Some(Failure::new(ErrorKind::Crashed, Stage::Commands, message)),
        ..AttemptEnd::default()
    }
}
