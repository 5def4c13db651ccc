//! The machine: events in, actions out.

use std::cmp::Reverse;
use std::time::Duration;

use netsweep_shared::job::JobId;
use netsweep_shared::outcome::Failure;

use super::clock::Clock;
use super::death::Budget;
use super::ending::Phase;
use super::gates::Gates;
use super::job::{Job, JobSpec, State, Step};
use super::lockout::Guard;
use super::message::{Action, Ending, Event, Passage, Verdict, WorkerId};
use super::pace::Pace;
use super::queue::Queue;
use super::tuner::{Tuned, Tuner, Tuning};
use super::worker::{State as WorkerState, Worker};

/// The rules of a run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Worker processes; at least one is run.
    pub processes: u32,
    /// Session threads in each; at least one is reckoned with.
    pub threads: u32,
    /// Further attempts when a login fails for a reason that can pass.
    pub retries: u32,
    /// A device's time, over all its attempts and the back-offs between them.
    pub device_timeout: Duration,
    /// How long running sessions may go on after the first interrupt.
    pub grace: Duration,
    /// Most sessions at once in each limited group; none is less than one.
    pub group_limits: Vec<u32>,
    /// Different credentials among the jobs: the numbers of those are less.
    pub credentials: u32,
    /// Different ways of jump hosts among the jobs: the numbers of those are less.
    pub ways: u32,
    /// Rejected logins in a row after which a credential is not used any more; at least one.
    pub max_auth_failures: u32,
    /// Logins that may begin in a second, over all workers.
    pub login_rate: Option<f64>,
    /// Find out how many sessions should run at once; `None` where all threads should.
    pub tuning: Option<Tuning>,
    /// Source of the jitter between attempts.
    pub seed: u64,
}

impl Settings {
    /// Whether jobs are handed out only when their logins may begin, for all that `guard` knows: on ways, where the first
    /// login is a jump host's, and where logins are paced. Other sessions go as far as the login and ask then.
    pub(super) fn holds_back(&self, guard: usize) -> bool {
        guard >= self.credentials as usize || self.login_rate.is_some()
    }

    /// Session threads of all workers.
    pub(super) fn all_threads(&self) -> usize {
        self.processes.max(1) as usize * self.threads.max(1) as usize
    }
}

/// Wait before the second attempt; doubled for each one after it, give or take a quarter.
const BACK_OFF: Duration = Duration::from_millis(500);

/// See the module's documentation.
#[derive(Debug)]
pub struct Dispatcher {
    pub(super) settings: Settings,
    pub(super) jobs: Vec<Job>,
    pub(super) queue: Queue,
    pub(super) workers: Vec<Worker>,
    pub(super) unsettled: usize,
    pub(super) phase: Phase,
    /// Why the run ends before every job has its outcome, if it does.
    pub(super) cut_short: Option<Ending>,
    pub(super) budget: Budget,
    pub(super) guards: Vec<Guard>,
    /// Credentials with which others may be able to log in now.
    pub(super) stirred: Vec<u32>,
    pace: Pace,
    /// Jobs that a worker may have in hand.
    prefetch: usize,
    tuner: Option<Tuner>,
    pub(super) actions: Vec<Action>,
    clock: Clock,
}

impl Dispatcher {
    /// A run of `jobs`, begun in `order`. The returned actions start its workers.
    pub fn start(settings: Settings, jobs: Vec<JobSpec>, order: Vec<JobId>) -> (Self, Vec<Action>) {
        debug_assert_eq!(jobs.len(), order.len());
        let worker = |number| Worker::new(WorkerId { number, life: 0 }, Duration::ZERO);
        let guards = Guard::all(&settings);
        // Each is first tried alone.
        let canaries = (0..guards.len()).map(|guard| if settings.holds_back(guard) { 1 } else { u32::MAX });
        let gates = Gates::new(settings.group_limits.iter().copied().chain(canaries));
        let threads = settings.threads.max(1) as usize;
        let mut dispatcher = Self {
            prefetch: prefetch(threads, jobs.iter().all(|job| job.read_only)),
            queue: Queue::new(order, gates),
            workers: (0..settings.processes.max(1)).map(worker).collect(),
            unsettled: jobs.len(),
            jobs: jobs.into_iter().map(|spec| Job::new(spec, &settings)).collect(),
            guards,
            stirred: vec![],
            pace: Pace::new(settings.login_rate),
            tuner: settings.tuning.map(Tuner::new),
            settings,
            phase: Phase::Running,
            cut_short: None,
            budget: Budget::default(),
            actions: Vec::new(),
            clock: Clock::default(),
        };
        dispatcher.finish_if_done();
        if dispatcher.phase == Phase::Running {
            (0..dispatcher.workers.len()).for_each(|number| dispatcher.start_worker(number));
            dispatcher.allow();
        }
        let actions = std::mem::take(&mut dispatcher.actions);
        (dispatcher, actions)
    }

    /// Takes note of `event`, which happened at `now` (since the start of the run), and says what to
    /// do about it.
    pub fn handle(&mut self, event: Event, now: Duration) -> Vec<Action> {
        let now = self.clock.advance(now);
        if self.phase != Phase::Over {
            self.take_note(event, now);
            self.give_leave(now);
            self.dispatch(now);
            self.finish_if_done();
        }
        std::mem::take(&mut self.actions)
    }

    /// Whether `worker` is the one that runs `job`: what anyone else says of it is void.
    pub fn runs(&self, worker: WorkerId, job: JobId) -> bool {
        self.jobs.get(job.index()).and_then(|job| job.step_on(worker)).is_some_and(Step::has_begun)
    }

    /// How many sessions were found to be enough, where that was to be found out.
    pub fn tuned(&self) -> Option<Tuned> {
        self.tuner.as_ref().map(Tuner::tuned)
    }

    /// Jobs that have no outcome yet.
    pub fn unsettled(&self) -> usize {
        self.unsettled
    }

    pub(super) fn start_worker(&mut self, number: usize) {
        let worker = &mut self.workers[number];
        worker.state = WorkerState::Starting;
        self.actions.push(Action::Start(worker.id));
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
                if let Some(worker) = self.heard(id, now) {
                    worker.last_moved = now;
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

    fn tick(&mut self, now: Duration) {
        while let Some(job) = self.queue.pop_backed_off(now) {
            self.wait_again(job);
        }
        self.look_after_canaries(now);
        self.tune(now);
        self.press_for_an_end(now);
        self.kill_those_that_hang(now);
    }

    fn tune(&mut self, now: Duration) {
        let held = self.held();
        let Some(tuner) = &mut self.tuner else { return };
        // Who waits for its group or for a canary does not want more sessions.
        let is_short = held >= tuner.limit() as usize && self.queue.ready() > 0;
        if tuner.look(now, is_short) {
            self.allow();
        }
    }

    fn allow(&mut self) {
        self.actions.extend(self.tuner.as_ref().map(|tuner| Action::Allow(tuner.limit())));
    }

    fn held(&self) -> usize {
        self.workers.iter().map(|worker| worker.held.len()).sum()
    }

    /// Whether another session may run.
    fn is_allowed(&self) -> bool {
        self.tuned_limit().is_none_or(|limit| self.held() < limit)
    }

    /// Sessions that may run at once, where that is less than there are threads for.
    fn tuned_limit(&self) -> Option<usize> {
        let limit = self.tuner.as_ref()?.limit() as usize;
        (limit < self.settings.all_threads()).then_some(limit)
    }

    fn passage(&mut self, id: WorkerId, job_id: JobId, passage: Passage, now: Duration) {
        let Some(job) = self.jobs.get_mut(job_id.index()) else {
            return self.kill(id, format!("it spoke of job {job_id}, which does not exist"));
        };
        let begin = |step| State::Held { by: id, step };
        match (job.step_on(id), passage) {
            (Some(Step::Queued), Passage::Started) => {
                job.state = begin(Step::Running { since: now });
                job.attempts += 1;
            }
            (Some(Step::Running { .. }), passage @ Passage::AsksToLogIn) => {
                if !self.asks_to_log_in(job_id, now) {
                    self.kill_out_of_turn(id, job_id, &passage);
                }
            }
            (Some(Step::Running { .. }), passage @ Passage::LogsIn) => {
                if !self.logs_in(job_id) {
                    self.kill_out_of_turn(id, job_id, &passage);
                }
            }
            (Some(Step::Running { since }), Passage::LoggedIn) => {
                job.state = begin(Step::LoggedIn { since });
                let waited = job.waited_for_leave();
                if let Some(tuner) = &mut self.tuner {
                    tuner.logged_in(now.saturating_sub(since + waited));
                }
                self.login_succeeded(job_id);
            }
            (Some(Step::LoggedIn { since }), Passage::CommandsBegin) => {
                job.state = begin(Step::Commanding { since });
            }
            (Some(step @ (Step::Running { since } | Step::LoggedIn { since })), Passage::Finished(end)) => {
                job.spent += now.saturating_sub(since);
                let had_leave = job.has_leave();
                self.release(id, job_id);
                self.note_end(since, end.failure.as_ref());
                let not_let_in = end.failure.clone().filter(|_| matches!(step, Step::Running { .. }));
                match end.failure.clone().filter(|failure| self.deserves_retry(job_id, failure)) {
                    Some(failure) => self.retry(id, job_id, failure, now),
                    None => self.settle(id, job_id, Verdict::Told(end)),
                }
                if let Some(failure) = not_let_in {
                    self.login_failed(job_id, had_leave, &failure, now);
                }
            }
            (Some(Step::Commanding { since }), Passage::Finished(end)) => {
                self.release(id, job_id);
                self.note_end(since, end.failure.as_ref());
                self.settle(id, job_id, Verdict::Told(end));
            }
            // Only who was asked to may give a job back: it would come back at once, for ever.
            (Some(Step::Queued), Passage::Returned)
                if job.withdrawn
                    || self.phase != Phase::Running
                    || self.workers[id.number as usize].retiring =>
            {
                self.release(id, job_id);
                self.wait_again(job_id);
            }
            (_, passage) => self.kill_out_of_turn(id, job_id, &passage),
        }
    }

    fn kill_out_of_turn(&mut self, id: WorkerId, job: JobId, passage: &Passage) {
        self.kill(id, format!("it said {} of job {job} out of turn", passage.name()));
    }

    fn note_end(&mut self, since: Duration, failure: Option<&Failure>) {
        if let Some(tuner) = &mut self.tuner {
            tuner.ended(since, failure);
        }
    }

    fn deserves_retry(&self, job: JobId, failure: &Failure) -> bool {
        let doomed = self.is_doomed(job);
        let job = &self.jobs[job.index()];
        self.phase == Phase::Running
            && !doomed
            && failure.may_pass()
            && job.attempts <= self.settings.retries
            && job.time_left(self.settings.device_timeout) > back_off(job.attempts) * 2
    }

    fn retry(&mut self, worker: WorkerId, id: JobId, failure: Failure, now: Duration) {
        let job = &mut self.jobs[id.index()];
        // Between three and five quarters, so that those who failed together do not return together.
        let jitter = mix(self.settings.seed ^ (u64::from(id.0) << 8) ^ u64::from(job.attempts)) % 512;
        let wait = back_off(job.attempts) * (768 + jitter as u32) / 1024;
        job.spent += wait;
        self.queue.back_off(id, now + wait);
        self.actions.push(Action::Retry { worker, job: id, failure: Some(failure) });
    }

    pub(super) fn settle(&mut self, worker: WorkerId, id: JobId, verdict: Verdict) {
        let job = &mut self.jobs[id.index()];
        job.state = State::Settled;
        self.unsettled -= 1;
        self.budget.job_ended();
        self.actions.push(Action::Settle { job: id, attempts: job.attempts, worker: Some(worker), verdict });
    }

    /// Takes `job` from `worker`; what becomes of it is the caller's.
    pub(super) fn release(&mut self, worker: WorkerId, id: JobId) {
        let worker = &mut self.workers[worker.number as usize];
        worker.held.remove(&id);
        if worker.held.is_empty() {
            worker.quarantined = false;
        }
        if self.jobs[id.index()].may_be_logging_in() {
            self.leave_is_void(id);
            self.queue.leave(self.jobs[id.index()].gates_of_guards());
        }
        let job = &mut self.jobs[id.index()];
        self.queue.leave(job.gates_of_groups());
        job.state = State::Waiting;
        job.withdrawn = false;
    }

    /// Puts a released job back in its line.
    fn wait_again(&mut self, id: JobId) {
        if self.is_doomed(id) {
            self.skip(id);
        } else if self.jobs[id.index()].suspect {
            self.queue.push_suspects(&[id]);
        } else {
            self.queue.push_front(id);
        }
    }

    fn dispatch(&mut self, now: Duration) {
        if self.phase != Phase::Running {
            return;
        }
        self.dispatch_suspects(now);
        while self.pace.allows(now)
            && self.is_allowed()
            && let Some(number) = self.roomiest()
        {
            let jobs = &self.jobs;
            let Some(job) = self.queue.pop(|job| &jobs[job.index()].gates) else { break };
            self.send(number, job, now);
        }
    }

    /// Suspects are run among themselves: on a worker that holds nothing and gets nothing else
    /// meanwhile.
    fn dispatch_suspects(&mut self, now: Duration) {
        while self.pace.allows(now)
            && self.is_allowed()
            && let Some(number) = self.workers.iter().position(|w| w.held.is_empty() && w.room(1) > 0)
        {
            let jobs = &self.jobs;
            let company = self.queue.pop_suspects(|job| &jobs[job.index()].gates);
            if company.is_empty() {
                break;
            }
            for job in company {
                self.send(number, job, now);
            }
            self.workers[number].quarantined = true;
        }
    }

    /// The worker with the most room. Each may hold one job for each of its threads and, while
    /// there is more work than threads, a few to begin with the moment a thread is free.
    fn roomiest(&self) -> Option<usize> {
        let threads = self.settings.threads.max(1) as usize;
        let all_threads = self.settings.all_threads();
        // A job in hand begins when its worker likes.
        let ahead =
            self.queue.ready() > all_threads && !self.pace.is_limited() && self.tuned_limit().is_none();
        let prefetch = if ahead { self.prefetch } else { 0 };
        let room = |worker: &Worker| worker.room(threads + prefetch);
        let (number, worker) =
            self.workers.iter().enumerate().min_by_key(|(_, worker)| Reverse(room(worker)))?;
        (room(worker) > 0).then_some(number)
    }

    fn send(&mut self, number: usize, id: JobId, now: Duration) {
        let worker = &mut self.workers[number];
        worker.held.insert(id);
        worker.last_moved = now;
        self.pace.note(now);
        let asks_first = self.has_to_ask(id);
        let worker = &self.workers[number];
        let job = &mut self.jobs[id.index()];
        job.state = State::Held { by: worker.id, step: Step::Queued };
        self.actions.push(Action::Send {
            worker: worker.id,
            job: id,
            attempt: job.attempts + 1,
            asks_first,
            time_left: job.time_left(self.settings.device_timeout),
        });
    }
}

/// Jobs that a worker may hold beyond one for each of its `threads`: what it begins before we have heard what it
/// gathers to say. Fewer where some may change their devices, since those in hand are in doubt when we die.
pub(super) fn prefetch(threads: usize, all_only_read: bool) -> usize {
    if all_only_read { threads.min(32) } else { threads.div_ceil(2).min(16) }
}

/// The wait behind so many failed attempts, jitter apart.
pub fn back_off(attempts: u32) -> Duration {
    BACK_OFF * 2u32.pow(attempts.saturating_sub(1).min(6))
}

/// SplitMix64's finaliser: a well-spread number from any other.
fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
