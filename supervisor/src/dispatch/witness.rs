//! An onlooker who holds a run to the supervision invariants.
//!
//! A [`Witness`] is shown every event and the actions that answer it, by a simulation or by a test
//! with real processes. It knows nothing of the dispatcher's inside: what it holds to be true
//! follows from the events and actions alone. What it insists on is in `invariants.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use netsweep_shared::job::JobId;
use netsweep_shared::outcome::{ErrorKind, Failure, Stage};

use super::clock::Clock;
use super::message::{Action, Death, Ending, Event, Passage, Verdict, WorkerId};
use super::{JobSpec, Settings};

/// What was broken, for a person.
pub type Kept = Result<(), String>;

/// Someone who watches a run.
#[derive(Clone, Debug)]
pub struct Witness {
    pub(super) settings: Settings,
    pub(super) jobs: Vec<Job>,
    pub(super) workers: BTreeMap<u32, Worker>,
    /// The credentials', then the ways'.
    pub(super) guards: Vec<Guard>,
    pub(super) ending: bool,
    /// Sessions that may run at once, where that is being found out.
    pub(super) allowed: Option<u32>,
    /// When it was known that the run is being ended.
    pub(super) ending_since: Option<Duration>,
    clock: Clock,
    pub(super) now: Duration,
    pub(super) finished: Option<Ending>,
}

#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) spec: JobSpec,
    /// Who holds it, and how far it has come there.
    pub(super) on: Option<(WorkerId, Step)>,
    pub(super) attempts: u32,
    pub(super) commands_ever_begun: bool,
    /// Where it was suspected: how many held it company when their worker died of a fault.
    pub(super) company: Option<usize>,
    pub(super) deaths_alone: u32,
    /// It waits, perhaps, for a back-off to end.
    pub(super) backs_off: bool,
    /// Its worker was asked not to log in for it.
    pub(super) withdrawn: bool,
    /// Where it is on a worker and has a credential.
    pub(super) leave: Leave,
    /// It was told that it may log in after it had asked, and has not said that it has heard.
    pub(super) unheard: bool,
    pub(super) outcomes: u32,
}

/// Whether a session may log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leave {
    Needed,
    Asked,
    Given,
}

/// What has been heard of a credential, or of a way.
#[derive(Clone, Debug, Default)]
pub(super) struct Guard {
    /// In a row.
    pub(super) rejections: u32,
    /// The last that was heard of it is a success.
    pub(super) proven: bool,
    /// Of a way: sessions that ended before it could be known.
    pub(super) silences: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    Queued,
    Running,
    LoggedIn,
    Commanding,
}

#[derive(Clone, Debug)]
pub(super) struct Worker {
    pub(super) id: WorkerId,
    pub(super) state: State,
    pub(super) held: BTreeSet<JobId>,
    pub(super) retiring: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Starting,
    Ready,
    Dying,
    Gone,
}

/// A job that an event has just taken from its worker: the actions must say what comes of it.
#[derive(Debug)]
pub(super) struct Leaving {
    pub(super) job: JobId,
    pub(super) worker: WorkerId,
    pub(super) step: Step,
    pub(super) because: Because,
}

#[derive(Debug)]
pub(super) enum Because {
    Finished(Verdict),
    WorkerGone,
}

/// What an event calls for.
#[derive(Debug, Default)]
pub(super) struct Due {
    pub(super) leaving: Vec<Leaving>,
    /// It broke the protocol.
    pub(super) to_be_killed: Option<WorkerId>,
}

impl Witness {
    /// Watches a run of `jobs` from its start.
    pub fn new(settings: &Settings, jobs: &[JobSpec]) -> Self {
        let job = |spec: &JobSpec| Job {
            spec: spec.clone(),
            on: None,
            attempts: 0,
            commands_ever_begun: false,
            company: None,
            deaths_alone: 0,
            backs_off: false,
            withdrawn: false,
            leave: Leave::Needed,
            unheard: false,
            outcomes: 0,
        };
        Self {
            settings: settings.clone(),
            jobs: jobs.iter().map(job).collect(),
            workers: BTreeMap::new(),
            guards: vec![Guard::default(); (settings.credentials + settings.ways) as usize],
            ending: false,
            allowed: None,
            ending_since: None,
            clock: Clock::default(),
            now: Duration::ZERO,
            finished: None,
        }
    }

    /// Watches the actions with which the run starts.
    pub fn saw_start(&mut self, actions: &[Action]) -> Kept {
        actions.iter().try_for_each(|action| self.saw_action(action, &mut Due::default()))
    }

    /// Watches `event`, which happened at `now`, and the `actions` that answered it.
    pub fn saw(&mut self, event: &Event, actions: &[Action], now: Duration) -> Kept {
        self.now = self.clock.advance(now);
        self.nothing_after_the_end(actions)?;
        let again = *event == Event::Interrupt && self.ending_since.is_some();
        let mut due = self.take_in(event);
        actions.iter().try_for_each(|action| self.saw_action(action, &mut due))?;
        // Dead workers are replaced as long as the run goes on.
        self.ending |= self.workers.values().any(|worker| worker.state == State::Gone);
        if self.ending {
            self.ending_since.get_or_insert(self.now);
        }
        self.nothing_is_forgotten(&due)?;
        self.ends_at_once(again)?;
        self.ends_in_time(event)?;
        self.nobody_asks_in_vain()?;
        self.nobody_waits_for_nothing()
    }

    /// How the run ended, once it has.
    pub fn finished(&self) -> Option<&Ending> {
        self.finished.as_ref()
    }

    fn saw_action(&mut self, action: &Action, due: &mut Due) -> Kept {
        match action {
            Action::Start(id) => {
                self.one_life_after_the_other(*id)?;
                let worker =
                    Worker { id: *id, state: State::Starting, held: BTreeSet::new(), retiring: false };
                self.workers.insert(id.number, worker);
            }
            Action::Send { worker, job, attempt, asks_first, time_left } => {
                self.within_credit(*worker)?;
                self.on_one_worker(*job)?;
                self.not_run_again(*job)?;
                self.attempts_are_bounded(*job, *attempt)?;
                self.time_is_bounded(*time_left)?;
                self.nothing_new_when_ending(*job)?;
                self.suspects_among_themselves(*worker, *job)?;
                self.hand(*worker, *job, *asks_first);
                self.no_more_than_allowed(*job)?;
                self.within_group_limits(*job)?;
                self.canaries_are_few(*job)?;
            }
            Action::LogIn { worker, job } => {
                self.is_alive(*worker)?;
                self.leave_was_needed(*worker, *job)?;
                let asked = self.jobs[job.index()].leave == Leave::Asked;
                self.jobs[job.index()].unheard = asked;
                self.jobs[job.index()].leave = Leave::Given;
                self.canaries_are_few(*job)?;
            }
            Action::Drain(id) => {
                self.is_alive(*id)?;
                self.ending = true;
            }
            Action::Cancel(id) => {
                self.is_alive(*id)?;
                self.grace_is_given()?;
            }
            Action::Retire(id) => {
                self.is_alive(*id)?;
                if let Some(worker) = self.workers.get_mut(&id.number) {
                    worker.retiring = true;
                }
            }
            Action::Withdraw { worker, job } => {
                self.is_alive(*worker)?;
                self.withdrawn_with_reason(*worker, *job)?;
                self.jobs[job.index()].withdrawn = true;
            }
            Action::Kill(id, _) => {
                self.is_alive(*id)?;
                if let Some(worker) = self.workers.get_mut(&id.number) {
                    worker.state = State::Dying;
                }
                due.to_be_killed = due.to_be_killed.filter(|dead| dead != id);
            }
            Action::Retry { worker, job, failure } => {
                let leaving = take_leaving(due, *job, *worker)?;
                self.retried_with_reason(&leaving, failure.as_ref())?;
                // An attempt that its worker spoilt does not count.
                self.jobs[job.index()].attempts -= u32::from(failure.is_none());
                self.jobs[job.index()].backs_off = failure.is_some();
            }
            Action::Settle { job, attempts, worker, verdict } => {
                self.one_outcome(*job)?;
                if let Some(worker) = worker {
                    let leaving = take_leaving(due, *job, *worker)?;
                    self.outcome_is_true(&leaving, verdict)?;
                    self.crash_has_cause(&leaving, verdict)?;
                } else {
                    self.skipped_with_reason(*job, verdict)?;
                }
                self.attempts_are_told(*job, *attempts)?;
                self.jobs[job.index()].outcomes += 1;
            }
            Action::Allow(sessions) => {
                self.within_tuning(*sessions)?;
                self.allowed = Some(*sessions);
            }
            Action::Finish(ending) => {
                self.ends_when_done(ending)?;
                self.finished = Some(ending.clone());
            }
        }
        Ok(())
    }
}

/// What follows from events and actions.
impl Witness {
    pub(super) fn alive(&self, id: WorkerId) -> Option<&Worker> {
        self.workers.get(&id.number).filter(|worker| worker.id == id && worker.state != State::Gone)
    }

    fn hand(&mut self, id: WorkerId, job: JobId, asks_first: bool) {
        self.jobs[job.index()].on = Some((id, Step::Queued));
        self.jobs[job.index()].withdrawn = false;
        self.jobs[job.index()].unheard = false;
        self.jobs[job.index()].leave = if asks_first { Leave::Needed } else { Leave::Given };
        if let Some(worker) = self.workers.get_mut(&id.number) {
            worker.held.insert(job);
        }
    }

    fn let_go(&mut self, id: WorkerId, job: JobId) {
        self.jobs[job.index()].on = None;
        if let Some(worker) = self.workers.get_mut(&id.number) {
            worker.held.remove(&job);
        }
    }

    fn take_in(&mut self, event: &Event) -> Due {
        let mut due = Due::default();
        let alive = |id: &WorkerId| self.alive(*id).is_some() && self.finished.is_none();
        match event {
            Event::WorkerReady(id) if alive(id) => {
                if let Some(worker) = self.workers.get_mut(&id.number).filter(|w| w.state == State::Starting)
                {
                    worker.state = State::Ready;
                }
            }
            Event::Job(id, job, passage) if alive(id) => {
                let in_turn = self.pass(*id, *job, passage, &mut due);
                let dying = self.alive(*id).is_some_and(|worker| worker.state == State::Dying);
                due.to_be_killed = (!in_turn && !dying).then_some(*id);
            }
            Event::WorkerGone(id, death) if alive(id) => self.lose(*id, death, &mut due),
            Event::Interrupt => self.ending = true,
            _ => {}
        }
        due
    }

    /// Whether the worker was to say that.
    fn pass(&mut self, id: WorkerId, job_id: JobId, passage: &Passage, due: &mut Due) -> bool {
        let retiring = self.alive(id).is_some_and(|worker| worker.retiring);
        let Some(job) = self.jobs.get_mut(job_id.index()) else { return false };
        let Some((_, step)) = job.on.filter(|(worker, _)| *worker == id) else { return false };
        match (step, passage) {
            (Step::Queued, Passage::Started) => {
                job.on = Some((id, Step::Running));
                job.attempts += 1;
            }
            (Step::Running, Passage::AsksToLogIn)
                if job.spec.credential.is_some() && job.leave != Leave::Asked =>
            {
                match job.leave {
                    Leave::Needed => job.leave = Leave::Asked,
                    _ => job.unheard = true,
                }
            }
            (Step::Running, Passage::LogsIn) if job.unheard => job.unheard = false,
            (Step::Running, Passage::LoggedIn) => {
                job.on = Some((id, Step::LoggedIn));
                let has_leave = job.leave == Leave::Given;
                let guards: Vec<usize> = job.spec.guards(&self.settings).collect();
                for guard in guards {
                    if has_leave || self.is_way(guard) {
                        self.works(guard);
                    }
                }
            }
            (Step::LoggedIn, Passage::CommandsBegin) => {
                job.on = Some((id, Step::Commanding));
                job.commands_ever_begun = true;
            }
            (Step::Running | Step::LoggedIn | Step::Commanding, Passage::Finished(end)) => {
                if let Some(failure) = end.failure.as_ref().filter(|_| step == Step::Running) {
                    let has_leave = job.leave == Leave::Given;
                    let guards: Vec<usize> = job.spec.guards(&self.settings).collect();
                    guards.into_iter().for_each(|guard| self.not_let_in(guard, has_leave, failure));
                }
                self.let_go(id, job_id);
                let because = Because::Finished(Verdict::Told(end.clone()));
                due.leaving.push(Leaving { job: job_id, worker: id, step, because });
            }
            (Step::Queued, Passage::Returned) if self.ending || retiring || job.withdrawn => {
                self.let_go(id, job_id)
            }
            _ => return false,
        }
        true
    }

    fn works(&mut self, guard: usize) {
        let locked_out = self.is_locked_out(guard);
        let guard = &mut self.guards[guard];
        guard.proven = !locked_out;
        guard.rejections = if locked_out { guard.rejections } else { 0 };
    }

    fn not_let_in(&mut self, guard: usize, has_leave: bool, failure: &Failure) {
        let asks_at = if self.is_way(guard) { Stage::JumpLogin } else { Stage::Login };
        if !has_leave && !self.is_way(guard) {
            return;
        }
        if failure.kind == ErrorKind::Auth && failure.stage == asks_at {
            self.guards[guard].rejections += 1;
            self.guards[guard].proven = false;
        } else if self.is_way(guard) && failure.stage <= Stage::JumpLogin {
            self.guards[guard].silences += 1;
        } else if self.is_way(guard) {
            self.works(guard);
        }
    }

    pub(super) fn is_way(&self, guard: usize) -> bool {
        guard >= self.settings.credentials as usize
    }

    pub(super) fn is_locked_out(&self, guard: usize) -> bool {
        let most = if self.is_way(guard) { 1 } else { self.settings.max_auth_failures };
        self.guards[guard].rejections >= most
    }

    /// Jobs that may be logging in with this credential, or on this way.
    pub(super) fn logging_in(&self, guard: usize) -> usize {
        let may_be = |job: &&Job| {
            let early = job.on.is_some_and(|(_, step)| step < Step::LoggedIn);
            let may = self.is_way(guard) || job.leave == Leave::Given;
            early && may && job.spec.guards(&self.settings).any(|its| its == guard)
        };
        self.jobs.iter().filter(may_be).count()
    }

    fn lose(&mut self, id: WorkerId, death: &Death, due: &mut Due) {
        let Some(worker) = self.workers.get_mut(&id.number) else { return };
        worker.state = State::Gone;
        let held = std::mem::take(&mut worker.held);
        let fault = matches!(death, Death::Fault(_)) && !self.ending;
        for &job_id in &held {
            let job = &mut self.jobs[job_id.index()];
            let step = job.on.take().map_or(Step::Queued, |(_, step)| step);
            if fault {
                job.company = Some(held.len());
                job.deaths_alone += u32::from(held.len() == 1);
            }
            due.leaving.push(Leaving { job: job_id, worker: id, step, because: Because::WorkerGone });
        }
    }
}

/// What is due for `job`, which was on `worker`.
fn take_leaving(due: &mut Due, job: JobId, worker: WorkerId) -> Result<Leaving, String> {
    let found = due.leaving.iter().position(|leaving| leaving.job == job && leaving.worker == worker);
    let found =
        found.ok_or_else(|| format!("job {job} is settled or retried, but has not just left {worker:?}"))?;
    Ok(due.leaving.swap_remove(found))
}
