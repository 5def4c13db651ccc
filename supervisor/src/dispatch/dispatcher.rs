//! The machine: events in, actions out.

use std::collections::VecDeque;
use std::time::Duration;

use netsweep_shared::job::JobId;
use netsweep_shared::outcome::{ErrorKind, Failure, Stage};

use super::job::{Job, JobSpec, State, Step};
use super::message::{Action, Death, Ending, Event, Passage, Verdict, WorkerId};
use super::queue::Queue;
use super::worker::{State as WorkerState, Worker};

/// The rules of a run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Worker processes.
    pub processes: u32,
    /// Session threads in each.
    pub threads: u32,
    /// Further attempts when a login fails for a reason that can pass.
    pub retries: u32,
    /// A device's time, over all its attempts.
    pub device_timeout: Duration,
    /// How long running sessions may go on after the first interrupt.
    pub grace: Duration,
    /// Most sessions at once in each limited group.
    pub group_limits: Vec<u32>,
    /// Source of the jitter between attempts.
    pub seed: u64,
}

/// Wait before the second attempt; doubled for each one after it, give or take a quarter.
const BACK_OFF: Duration = Duration::from_millis(500);
/// A worker that has not spoken for so long hangs; it should speak every second.
const SILENCE: Duration = Duration::from_secs(15);
/// How far behind its deadline a job may be before its worker is taken to hang.
const OVERDUE: Duration = Duration::from_secs(5);
/// Sessions that were cancelled have this long to say so.
const CANCEL_GRACE: Duration = Duration::from_secs(2);
/// Two ticks further apart than this mean that we were held up ourselves.
const HELD_UP: Duration = Duration::from_secs(3);
/// Faulted workers that a job must have been alone with before it is given up.
const DEATHS_ALONE: u32 = 2;
/// The restart budget: this many restarts for each worker …
const RESTARTS: usize = 20;
/// … within this time.
const RESTART_WINDOW: Duration = Duration::from_secs(60);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Running,
    /// After the first interrupt: no new jobs.
    Draining { until: Duration },
    /// The grace is over, the sessions were cancelled.
    Cancelling { until: Duration },
    /// The second interrupt, or the workers did not heed the first.
    Killing,
    Over,
}

/// See the module's documentation.
#[derive(Debug)]
pub struct Dispatcher {
    settings: Settings,
    jobs: Vec<Job>,
    queue: Queue,
    workers: Vec<Worker>,
    unsettled: usize,
    phase: Phase,
    restarts: VecDeque<Duration>,
    last_tick: Duration,
    actions: Vec<Action>,
}

impl Dispatcher {
    /// A run of `jobs`, begun in `order`. The returned actions start its workers.
    pub fn start(settings: Settings, jobs: Vec<JobSpec>, order: Vec<JobId>) -> (Self, Vec<Action>) {
        debug_assert_eq!(jobs.len(), order.len());
        let worker = |number| Worker::new(WorkerId { number, life: 0 }, Duration::ZERO);
        let mut dispatcher = Self {
            queue: Queue::new(order, &settings.group_limits),
            workers: (0..settings.processes).map(worker).collect(),
            unsettled: jobs.len(),
            jobs: jobs.into_iter().map(Job::new).collect(),
            settings,
            phase: Phase::Running,
            restarts: VecDeque::new(),
            last_tick: Duration::ZERO,
            actions: Vec::new(),
        };
        dispatcher.actions.extend(dispatcher.workers.iter().map(|worker| Action::Start(worker.id)));
        dispatcher.finish_if_done();
        let actions = std::mem::take(&mut dispatcher.actions);
        (dispatcher, actions)
    }

    /// Takes note of `event`, which happened at `now`, and says what to do about it.
    pub fn handle(&mut self, event: Event, now: Duration) -> Vec<Action> {
        if self.phase != Phase::Over {
            self.take_note(event, now);
            self.dispatch(now);
            self.finish_if_done();
        }
        std::mem::take(&mut self.actions)
    }

    /// Whether `worker` is the one that runs `job`: what anyone else says of it is void.
    pub fn runs(&self, worker: WorkerId, job: JobId) -> bool {
        self.jobs.get(job.index()).and_then(|job| job.step_on(worker)).is_some_and(Step::has_begun)
    }

    /// Jobs that have no outcome yet.
    pub fn unsettled(&self) -> usize {
        self.unsettled
    }

    fn take_note(&mut self, event: Event, now: Duration) {
        match event {
            Event::WorkerReady(id) => {
                if let Some(worker) = self.heard(id, now)
                    && worker.state == WorkerState::Starting
                {
                    worker.state = WorkerState::Ready;
                }
            }
            Event::Heard(id) => {
                self.heard(id, now);
            }
            Event::Job(id, job, passage) => {
                if self.heard(id, now).is_some() {
                    self.passage(id, job, passage, now);
                }
            }
            Event::WorkerGone(id, death) => self.worker_gone(id, &death, now),
            Event::Interrupt => self.interrupt(now),
            Event::Tick => self.tick(now),
        }
    }

    /// The worker of this very life, which has just spoken.
    fn heard(&mut self, id: WorkerId, now: Duration) -> Option<&mut Worker> {
        let worker = self.workers.get_mut(id.number as usize).filter(|worker| worker.id == id)?;
        worker.last_heard = now;
        Some(worker)
    }

    fn passage(&mut self, id: WorkerId, job_id: JobId, passage: Passage, now: Duration) {
        let device_timeout = self.settings.device_timeout;
        let Some(job) = self.jobs.get_mut(job_id.index()) else {
            return self.kill(id, format!("it spoke of job {job_id}, which does not exist"));
        };
        let overdue_at = now + job.time_left(device_timeout, now) + OVERDUE;
        match (job.step_on(id), passage) {
            (Some(Step::Queued), Passage::Started) => {
                job.state = State::Held { by: id, step: Step::Running { overdue_at } };
                job.first_started.get_or_insert(now);
                job.attempts += 1;
            }
            (Some(Step::Running { .. }), Passage::LoggedIn) => {}
            (Some(Step::Running { overdue_at }), Passage::CommandsBegin) => {
                job.state = State::Held { by: id, step: Step::Commanding { overdue_at } };
            }
            (Some(Step::Running { .. } | Step::Commanding { .. }), Passage::Finished(end)) => {
                self.release(id, job_id);
                match end.failure.clone().filter(|failure| self.deserves_retry(job_id, failure, now)) {
                    Some(failure) => self.retry(id, job_id, failure, now),
                    None => self.settle(id, job_id, Verdict::Told(end)),
                }
            }
            (Some(Step::Queued), Passage::Returned) => {
                self.release(id, job_id);
                job_waits_again(&mut self.jobs, &mut self.queue, job_id);
            }
            (_, passage) => {
                self.kill(id, format!("it said {} of job {job_id} out of turn", passage.name()));
            }
        }
    }

    fn deserves_retry(&self, job: JobId, failure: &Failure, now: Duration) -> bool {
        let job = &self.jobs[job.index()];
        self.phase == Phase::Running
            && failure.may_pass()
            && job.attempts <= self.settings.retries
            && job.time_left(self.settings.device_timeout, now) > self.back_off(job.attempts) * 2
    }

    fn retry(&mut self, worker: WorkerId, job: JobId, failure: Failure, now: Duration) {
        let attempts = self.jobs[job.index()].attempts;
        // Between three and five quarters, so that those who failed together do not return together.
        let jitter = mix(self.settings.seed ^ (u64::from(job.0) << 8) ^ u64::from(attempts)) % 512;
        let wait = self.back_off(attempts) * (768 + jitter as u32) / 1024;
        self.queue.back_off(job, now + wait);
        self.actions.push(Action::Retry { worker, job, failure: Some(failure) });
    }

    fn back_off(&self, attempts: u32) -> Duration {
        BACK_OFF * 2u32.pow(attempts.saturating_sub(1).min(6))
    }

    fn settle(&mut self, worker: WorkerId, id: JobId, verdict: Verdict) {
        let job = &mut self.jobs[id.index()];
        job.state = State::Settled;
        self.unsettled -= 1;
        self.actions.push(Action::Settle { job: id, attempts: job.attempts, worker, verdict });
    }

    /// Takes `job` from `worker`; what becomes of it is the caller's.
    fn release(&mut self, worker: WorkerId, job: JobId) {
        let worker = &mut self.workers[worker.number as usize];
        worker.held.remove(&job);
        if worker.held.is_empty() {
            worker.quarantined = false;
        }
        let job = &mut self.jobs[job.index()];
        job.state = State::Waiting;
        self.queue.leave(&job.spec.groups);
    }

    fn worker_gone(&mut self, id: WorkerId, death: &Death, now: Duration) {
        let Some(worker) = self.workers.get_mut(id.number as usize).filter(|worker| worker.id == id) else {
            return;
        };
        let held: Vec<JobId> = worker.held.iter().copied().collect();
        let begun = held.iter().filter(|job| self.jobs[job.index()].step_on(id).is_some_and(Step::has_begun));
        let alone = begun.count() == 1;
        for job in held {
            self.bereaved(id, job, death, alone);
        }
        let worker = &mut self.workers[id.number as usize];
        *worker = worker.reborn(now);
        let successor = worker.id;
        match (self.phase, death) {
            (Phase::Running, Death::Unusable(reason)) => self.give_up(reason.clone()),
            (Phase::Running, _) if !self.may_restart(now) => self.give_up(format!(
                "workers died {} times within {} s; the last one: {}",
                self.restarts.len(),
                RESTART_WINDOW.as_secs(),
                death.reason()
            )),
            (Phase::Running, _) => self.actions.push(Action::Start(successor)),
            _ => {}
        }
    }

    /// What becomes of a job whose worker died.
    fn bereaved(&mut self, id: WorkerId, job_id: JobId, death: &Death, alone: bool) {
        let step = self.jobs[job_id.index()].step_on(id);
        self.release(id, job_id);
        let job = &mut self.jobs[job_id.index()];
        let Some(step) = step.filter(|step| step.has_begun()) else {
            return job_waits_again(&mut self.jobs, &mut self.queue, job_id);
        };
        let lost = |kind, message| Verdict::Lost(Failure::new(kind, Stage::Commands, message));
        if self.phase != Phase::Running {
            let message = "the run was ended while this device was being worked on".to_owned();
            return self.settle(id, job_id, lost(ErrorKind::Interrupted, message));
        }
        let faulted = matches!(death, Death::Fault(_));
        job.suspect |= faulted;
        job.deaths_alone += u32::from(faulted && alone);
        let reason = death.reason();
        if matches!(step, Step::Commanding { .. }) && !job.spec.read_only {
            let message = format!(
                "the worker died while commands were being run ({reason}); they are not all known to be \
                 read-only, so they were not run again"
            );
            return self.settle(id, job_id, lost(ErrorKind::Crashed, message));
        }
        if job.deaths_alone >= DEATHS_ALONE {
            let message = format!("{DEATHS_ALONE} workers died of this device: {reason}");
            return self.settle(id, job_id, lost(ErrorKind::Crashed, message));
        }
        // The attempt was the worker's failure and not the device's.
        job.attempts -= 1;
        self.actions.push(Action::Retry { worker: id, job: job_id, failure: None });
        job_waits_again(&mut self.jobs, &mut self.queue, job_id);
    }

    fn may_restart(&mut self, now: Duration) -> bool {
        while self.restarts.front().is_some_and(|&at| at + RESTART_WINDOW < now) {
            self.restarts.pop_front();
        }
        self.restarts.push_back(now);
        self.restarts.len() <= RESTARTS * self.workers.len()
    }

    fn give_up(&mut self, reason: String) {
        self.end(Ending::GaveUp(reason));
    }

    fn interrupt(&mut self, now: Duration) {
        if self.phase == Phase::Running {
            self.phase = Phase::Draining { until: now + self.settings.grace };
            self.tell_all(Action::Drain);
        } else {
            self.kill_all("the run was interrupted twice");
        }
    }

    fn kill_all(&mut self, reason: &str) {
        self.phase = Phase::Killing;
        let holding: Vec<_> = self.workers.iter().filter(|worker| !worker.held.is_empty()).map(|w| w.id).collect();
        for id in holding {
            self.kill(id, reason.to_owned());
        }
    }

    fn tell_all(&mut self, what: impl Fn(WorkerId) -> Action) {
        let ready = self.workers.iter().filter(|worker| worker.state == WorkerState::Ready);
        self.actions.extend(ready.map(|worker| what(worker.id)));
    }

    fn kill(&mut self, id: WorkerId, reason: String) {
        let worker = &mut self.workers[id.number as usize];
        if worker.state != WorkerState::Dying {
            worker.state = WorkerState::Dying;
            self.actions.push(Action::Kill(id, reason));
        }
    }

    fn tick(&mut self, now: Duration) {
        // After a stop of our own (a blocked terminal, a suspended machine) nobody is to blame
        // for not having been heard.
        if now.saturating_sub(self.last_tick) > HELD_UP {
            for worker in &mut self.workers {
                worker.last_heard = now;
            }
        }
        self.last_tick = now;
        self.queue.end_back_offs(now);
        match self.phase {
            Phase::Draining { until } if now >= until => {
                self.phase = Phase::Cancelling { until: now + CANCEL_GRACE };
                self.tell_all(Action::Cancel);
            }
            Phase::Cancelling { until } if now >= until => self.kill_all("it did not end its sessions"),
            _ => {}
        }
        self.kill_those_that_hang(now);
    }

    fn kill_those_that_hang(&mut self, now: Duration) {
        let mut hanging = Vec::new();
        for worker in self.workers.iter().filter(|worker| worker.state != WorkerState::Dying) {
            if now.saturating_sub(worker.last_heard) > SILENCE {
                hanging.push((worker.id, format!("it has said nothing for {} s", SILENCE.as_secs())));
                continue;
            }
            let overdue = |job: &&JobId| {
                let step = self.jobs[job.index()].step_on(worker.id);
                step.and_then(Step::overdue_at).is_some_and(|at| now > at)
            };
            if let Some(job) = worker.held.iter().find(overdue) {
                hanging.push((worker.id, format!("its job {job} did not end at its deadline")));
            }
        }
        for (id, reason) in hanging {
            self.kill(id, reason);
        }
    }

    fn dispatch(&mut self, now: Duration) {
        if self.phase != Phase::Running {
            return;
        }
        self.dispatch_suspects(now);
        while let Some(number) = self.roomiest() {
            let jobs = &self.jobs;
            let Some(job) = self.queue.pop(|job| &jobs[job.index()].spec.groups) else { break };
            if self.jobs[job.index()].suspect {
                // It went back to the line through a back-off.
                self.queue.leave(&self.jobs[job.index()].spec.groups);
                self.queue.push_suspect(job);
                self.dispatch_suspects(now);
            } else {
                self.send(number, job, now);
            }
        }
    }

    /// A suspect is run alone: on a worker that holds nothing and gets nothing else meanwhile.
    fn dispatch_suspects(&mut self, now: Duration) {
        while let Some(number) = self.workers.iter().position(|w| w.held.is_empty() && w.room(1) > 0) {
            let Some(job) = self.queue.pop_suspect() else { break };
            self.queue.enter(&self.jobs[job.index()].spec.groups);
            self.send(number, job, now);
            self.workers[number].quarantined = true;
        }
    }

    /// The worker with the most room. Each may hold one job for each of its threads and, while
    /// there is more work than threads, a few to begin with the moment a thread is free.
    fn roomiest(&self) -> Option<usize> {
        let threads = self.settings.threads as usize;
        let all_threads = threads * self.workers.len();
        let prefetch = if self.queue.ready() > all_threads { (1 + threads / 64).min(8) } else { 0 };
        let room = |worker: &Worker| worker.room(threads + prefetch);
        let (number, worker) = self.workers.iter().enumerate().max_by_key(|(_, worker)| room(worker))?;
        (room(worker) > 0).then_some(number)
    }

    fn send(&mut self, number: usize, id: JobId, now: Duration) {
        let worker = &mut self.workers[number];
        worker.held.insert(id);
        let job = &mut self.jobs[id.index()];
        job.state = State::Held { by: worker.id, step: Step::Queued };
        self.actions.push(Action::Send {
            worker: worker.id,
            job: id,
            attempt: job.attempts + 1,
            time_left: job.time_left(self.settings.device_timeout, now),
        });
    }

    fn finish_if_done(&mut self) {
        if self.phase == Phase::Over {
            return;
        }
        if self.unsettled == 0 {
            let cut_short = self.phase != Phase::Running;
            self.end(if cut_short { Ending::Interrupted } else { Ending::Complete });
        } else if self.phase != Phase::Running && self.workers.iter().all(|worker| worker.held.is_empty()) {
            self.end(Ending::Interrupted);
        }
    }

    fn end(&mut self, ending: Ending) {
        self.phase = Phase::Over;
        self.actions.push(Action::Finish(ending));
    }
}

fn job_waits_again(jobs: &mut [Job], queue: &mut Queue, id: JobId) {
    let job = &mut jobs[id.index()];
    job.state = State::Waiting;
    if job.suspect {
        queue.push_suspect(id);
    } else {
        queue.push_front(id);
    }
}

impl Passage {
    fn name(&self) -> &'static str {
        match self {
            Self::Started => "\"started\"",
            Self::LoggedIn => "\"logged in\"",
            Self::CommandsBegin => "\"commands begin\"",
            Self::Finished(_) => "\"finished\"",
            Self::Returned => "\"returned\"",
        }
    }
}

/// SplitMix64's finaliser: a well-spread number from any other.
fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
