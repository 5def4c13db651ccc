//! What must hold whatever happens, one function each.

use std::time::Duration;

use netsweep_shared::job::JobId;
use netsweep_shared::outcome::{ErrorKind, Failure};

use super::clock::HELD_UP;
use super::dispatcher::prefetch;
use super::ending::CANCEL_GRACE;
use super::message::{Action, Ending, Event, Verdict, WorkerId};
use super::witness::{Because, Due, Guard, Job, Kept, Leave, Leaving, State, Step, Witness, Worker};

/// Those of the design's list of supervision invariants have its numbers.
impl Witness {
    /// 1: no job has two outcomes.
    pub(super) fn one_outcome(&self, job: JobId) -> Kept {
        ensure(self.jobs[job.index()].outcomes == 0, || format!("job {job} is settled twice"))
    }

    /// 1: when a run is complete every job has its outcome; however it ends, nothing that runs is
    /// left behind.
    pub(super) fn ends_when_done(&self, ending: &Ending) -> Kept {
        ensure(self.finished.is_none(), || "the run is finished twice".into())?;
        let left = self.jobs.iter().filter(|job| job.outcomes == 0).count();
        ensure(*ending != Ending::Complete || left == 0, || format!("complete, with {left} jobs unsettled"))?;
        let held = self.workers.values().find(|worker| !worker.held.is_empty());
        ensure(held.is_none(), || format!("the run ends while {held:?} has jobs"))
    }

    /// 1: what its worker told is the outcome, unaltered; only a job whose worker is gone has one
    /// without being told.
    pub(super) fn outcome_is_true(&self, leaving: &Leaving, verdict: &Verdict) -> Kept {
        let true_to_it = match &leaving.because {
            Because::Finished(told) => told == verdict,
            Because::WorkerGone => match verdict {
                // Of one that had not begun this only: it may have, unheard.
                Verdict::Lost(failure) => leaving.step > Step::Queued || failure.kind == ErrorKind::Crashed,
                Verdict::Told(_) => false,
            },
        };
        ensure(true_to_it, || format!("{leaving:?} was settled as {verdict:?}"))
    }

    /// 1: a job that has left its worker is settled or tried again, and who breaks the protocol is
    /// killed.
    pub(super) fn nothing_is_forgotten(&self, due: &Due) -> Kept {
        let forgotten = due.leaving.iter().find(|leaving| leaving.step > Step::Queued);
        ensure(forgotten.is_none(), || format!("nothing came of {forgotten:?}"))?;
        ensure(due.to_be_killed.is_none(), || format!("{:?} broke the protocol and lives", due.to_be_killed))
    }

    /// 2: a job whose commands may have begun is run again only if all of them are read-only.
    pub(super) fn not_run_again(&self, job: JobId) -> Kept {
        let Job { spec, commands_ever_begun, .. } = &self.jobs[job.index()];
        ensure(spec.read_only || !commands_ever_begun, || {
            format!("job {job} is run again after its commands began")
        })
    }

    /// 2: a failure that the device told is tried again only if it can pass and no command was sent.
    pub(super) fn retried_with_reason(&self, leaving: &Leaving, told: Option<&Failure>) -> Kept {
        let with_reason = match leaving.because {
            Because::Finished(_) => told.is_some_and(Failure::may_pass) && leaving.step < Step::Commanding,
            Because::WorkerGone => told.is_none(),
        };
        ensure(with_reason && !self.ending, || format!("{leaving:?} is tried again"))
    }

    /// 3: a job is `crashed` only for two faulted workers that it was alone with, or if it must not
    /// be run again.
    pub(super) fn crash_has_cause(&self, leaving: &Leaving, verdict: &Verdict) -> Kept {
        let Verdict::Lost(failure) = verdict else { return Ok(()) };
        let job = &self.jobs[leaving.job.index()];
        let cause = match failure.kind {
            ErrorKind::Crashed => {
                job.deaths_alone >= 2 || (leaving.step == Step::Commanding && !job.spec.read_only)
            }
            ErrorKind::Interrupted => self.ending,
            _ => false,
        };
        ensure(cause, || {
            format!("no cause for {failure:?} of {leaving:?}, {} deaths alone", job.deaths_alone)
        })
    }

    /// 3: suspects are run without others, and in smaller company each time.
    pub(super) fn suspects_among_themselves(&self, worker: WorkerId, job: JobId) -> Kept {
        let Some(Worker { held, .. }) = self.alive(worker) else { return Ok(()) };
        let suspect = |job: &JobId| self.jobs[job.index()].company.is_some();
        ensure(held.iter().all(|other| suspect(other) == suspect(&job)), || {
            format!("job {job} is sent to {worker}, which holds {held:?}: suspects and others together")
        })?;
        let too_many = held.iter().chain([&job]).find(|job| {
            self.jobs[job.index()].company.is_some_and(|company| company > 1 && held.len() + 1 >= company)
        });
        ensure(too_many.is_none(), || {
            format!("suspect {too_many:?} is run in no smaller company than before")
        })
    }

    /// 6: nothing new begins once the run is being ended, and nobody logs in who had no leave before.
    pub(super) fn nothing_new_when_ending(&self, job: JobId) -> Kept {
        ensure(!self.ending, || format!("job {job} is sent, or may log in, while the run is being ended"))
    }

    /// 6: sessions that run when the run is being ended are given the grace period, if there are any that have
    /// leave to log in or are in.
    pub(super) fn grace_is_given(&self) -> Kept {
        let can_finish = |job: &Job| {
            let (step, has_leave) = (job.on.map(|(_, step)| step), job.leave == Leave::Given);
            step.is_some_and(|step| step >= Step::LoggedIn || has_leave)
        };
        let anybody_can = self.jobs.iter().any(can_finish);
        let given = self.ending_since.map_or(Duration::ZERO, |since| self.now.saturating_sub(since));
        ensure(self.ending && (given >= self.settings.grace || !anybody_can), || {
            format!("sessions are cancelled after {given:?}")
        })
    }

    /// 6: and no more than that, and what it takes to cancel them: who works on is killed.
    pub(super) fn ends_in_time(&self, event: &Event) -> Kept {
        let Some(since) = self.ending_since.filter(|_| *event == Event::Tick) else { return Ok(()) };
        let cancelled = since.saturating_add(self.settings.grace);
        // The cancel goes out with a tick, and what follows it is counted from there.
        let late = self.now > cancelled.saturating_add(CANCEL_GRACE + HELD_UP * 2);
        let at_work = self.at_work().filter(|_| late);
        ensure(at_work.is_none(), || format!("{at_work:?} works, {:?} after the end began", self.now - since))
    }

    /// 6: the second interrupt ends it at once.
    pub(super) fn ends_at_once(&self, interrupted_again: bool) -> Kept {
        let at_work = self.at_work().filter(|_| interrupted_again && self.finished.is_none());
        ensure(at_work.is_none(), || format!("interrupted again, and {at_work:?} works"))
    }

    fn at_work(&self) -> Option<WorkerId> {
        let dead = |worker: &Worker| matches!(worker.state, State::Dying | State::Gone);
        self.workers.values().find(|worker| !worker.held.is_empty() && !dead(worker)).map(|worker| worker.id)
    }

    /// Dispatch is by credit: a worker that takes jobs, one for each of its threads, and a few more
    /// only while there is more work than threads.
    pub(super) fn within_credit(&self, worker: WorkerId) -> Kept {
        let found = self.alive(worker).filter(|worker| worker.state == State::Ready && !worker.retiring);
        let Some(Worker { held, .. }) = found else {
            return Err(format!("a job is sent to {worker:?}, not ready"));
        };
        let threads = self.settings.threads.max(1) as usize;
        let most = threads + prefetch(threads, self.jobs.iter().all(|job| job.spec.read_only));
        ensure(held.len() < most, || format!("{worker:?} is sent more than {most} jobs"))?;
        let waiting = self.jobs.iter().filter(|job| job.outcomes == 0 && job.on.is_none()).count();
        ensure(held.len() < threads || waiting > threads * self.workers.len(), || {
            format!("{worker:?} is sent more than its threads can do, though only {waiting} jobs wait")
        })
    }

    /// No more sessions are begun than were found to be enough; suspects have to be among themselves,
    /// and come all at once.
    pub(super) fn no_more_than_allowed(&self, job: JobId) -> Kept {
        let held = self.held();
        let suspect = self.jobs[job.index()].company.is_some();
        ensure(suspect || self.limit().is_none_or(|most| held <= most), || {
            format!("job {job} is sent, and {held} are held; allowed are {:?}", self.allowed)
        })
    }

    /// What is found to be enough is within its bounds.
    pub(super) fn within_tuning(&self, sessions: u32) -> Kept {
        let tuning = self.settings.tuning;
        let within =
            tuning.is_some_and(|it| (it.least.max(1)..=it.most.max(it.least).max(1)).contains(&sessions));
        ensure(within, || format!("{sessions} sessions are allowed, of {tuning:?}"))
    }

    /// Sessions that may run at once, where that is less than there are threads for.
    fn limit(&self) -> Option<usize> {
        self.allowed.map(|most| most as usize).filter(|most| *most < self.settings.all_threads())
    }

    fn held(&self) -> usize {
        self.workers.values().map(|worker| worker.held.len()).sum()
    }

    /// No thread is idle while there is a job that it could run.
    pub(super) fn nobody_waits_for_nothing(&self) -> Kept {
        let suspect = |job: &JobId| self.jobs[job.index()].company.is_some();
        let idle = self.workers.values().find(|worker| {
            let room = worker.held.len() < self.settings.threads.max(1) as usize;
            room && worker.state == State::Ready && !worker.retiring && !worker.held.iter().any(suspect)
        });
        let allowed = self.limit().is_none_or(|most| self.held() < most);
        let free = !self.ending && self.finished.is_none() && self.settings.login_rate.is_none() && allowed;
        let Some(idle) = idle.filter(|_| free) else { return Ok(()) };
        let mut used = vec![0; self.settings.group_limits.len()];
        for group in self.jobs.iter().filter(|job| job.on.is_some()).flat_map(|job| &job.spec.groups) {
            used[usize::from(*group)] += 1;
        }
        let full =
            |group: &u16| used[usize::from(*group)] >= self.settings.group_limits[usize::from(*group)].max(1);
        let waiting = self.jobs.iter().position(|job| {
            let could_run = job.outcomes == 0 && job.on.is_none() && !job.backs_off && job.company.is_none();
            let waits_for_canary =
                |guard: usize| self.is_way(guard) && !self.guards[guard].proven && self.logging_in(guard) > 0;
            could_run
                && !job.spec.groups.iter().any(full)
                && !job.spec.guards(&self.settings).any(waits_for_canary)
        });
        ensure(waiting.is_none(), || format!("job {waiting:?} waits, though {idle:?} has room"))
    }

    /// A job is on one worker at a time, and on none once it is settled.
    pub(super) fn on_one_worker(&self, job: JobId) -> Kept {
        let Job { on, outcomes, .. } = &self.jobs[job.index()];
        ensure(on.is_none() && *outcomes == 0, || {
            format!("job {job} is sent, but is on {on:?}, settled {outcomes}")
        })
    }

    /// A credential of which nothing good is known since its last rejection is used so carefully
    /// that all that are under way may be rejected; one that is locked out is not tried; and a way is
    /// tried by one session, until that has told something of it.
    pub(super) fn canaries_are_few(&self, job: JobId) -> Kept {
        let Job { spec, leave, .. } = &self.jobs[job.index()];
        spec.guards(&self.settings).try_for_each(|number| {
            let Guard { rejections, proven, silences } = &self.guards[number];
            let at_stake = *rejections as usize + self.logging_in(number);
            let most = match self.is_way(number) {
                true if *silences > 0 => usize::MAX,
                true => 1,
                false => self.settings.max_auth_failures as usize,
            };
            let asks_first = !self.is_way(number) && *leave != Leave::Given;
            ensure(!self.is_locked_out(number) && (*proven || asks_first || at_stake <= most), || {
                format!("job {job} is sent, though {at_stake} logins with guard {number} may be rejected")
            })
        })
    }

    /// Only a session that has to ask first is told that it may log in, and only once.
    pub(super) fn leave_was_needed(&self, worker: WorkerId, job: JobId) -> Kept {
        self.nothing_new_when_ending(job)?;
        let Job { on, leave, withdrawn, .. } = &self.jobs[job.index()];
        let early = on.is_some_and(|(by, step)| by == worker && step < Step::LoggedIn);
        ensure(early && *leave != Leave::Given && !withdrawn, || {
            format!("job {job} may log in, which is on {on:?} with leave {leave:?}")
        })
    }

    /// Nobody waits for leave to log in while nobody logs in, nor when it is known that it can be done.
    pub(super) fn nobody_asks_in_vain(&self) -> Kept {
        let in_vain = self.jobs.iter().position(|job| {
            let asks = job.on.is_some_and(|(by, step)| {
                let alive = self.alive(by).is_some_and(|worker| worker.state != State::Dying);
                step < Step::LoggedIn && alive
            });
            let Some(guard) = job.spec.credential.map(|credential| credential as usize) else { return false };
            let answered = self.guards[guard].proven || self.logging_in(guard) == 0;
            asks && job.leave == Leave::Asked && !job.withdrawn && !self.is_locked_out(guard) && answered
        });
        ensure(self.ending || in_vain.is_none(), || format!("job {in_vain:?} asks in vain"))
    }

    /// Only jobs that may still log in with a credential, or on a way, that is locked out are withdrawn.
    pub(super) fn withdrawn_with_reason(&self, worker: WorkerId, job: JobId) -> Kept {
        let Job { spec, on, .. } = &self.jobs[job.index()];
        let early = on.is_some_and(|(by, step)| by == worker && step < Step::LoggedIn);
        ensure(early && spec.guards(&self.settings).any(|guard| self.is_locked_out(guard)), || {
            format!("job {job} is withdrawn from {worker:?} without reason")
        })
    }

    /// Only jobs that nobody holds and whose credential is locked out have an outcome unheard.
    pub(super) fn skipped_with_reason(&self, job: JobId, verdict: &Verdict) -> Kept {
        let Job { spec, on, .. } = &self.jobs[job.index()];
        let guard = matches!(verdict, Verdict::Lost(failure) if failure.kind == ErrorKind::LockoutGuard);
        let locked_out = spec.guards(&self.settings).any(|guard| self.is_locked_out(guard));
        ensure(guard && locked_out && on.is_none() && !self.ending, || {
            format!("job {job}, on {on:?}, is settled as {verdict:?} without reason")
        })
    }

    /// No group has more sessions than its limit.
    pub(super) fn within_group_limits(&self, job: JobId) -> Kept {
        self.jobs[job.index()].spec.groups.iter().try_for_each(|group| {
            let used =
                self.jobs.iter().filter(|job| job.on.is_some() && job.spec.groups.contains(group)).count();
            let limit = self.settings.group_limits[usize::from(*group)].max(1);
            ensure(used <= limit as usize, || format!("group {group} has {used} jobs, its limit is {limit}"))
        })
    }

    /// A device has `retries` attempts after its first, not counting those that its worker spoiled.
    pub(super) fn attempts_are_bounded(&self, job: JobId, attempt: u32) -> Kept {
        let next = self.jobs[job.index()].attempts + 1;
        ensure(attempt == next && attempt <= self.settings.retries.saturating_add(1), || {
            format!(
                "job {job} is sent as attempt {attempt}, the next is {next} of 1 + {}",
                self.settings.retries
            )
        })
    }

    /// The record has the attempts that were made.
    pub(super) fn attempts_are_told(&self, job: JobId, attempts: u32) -> Kept {
        let made = self.jobs[job.index()].attempts;
        ensure(attempts == made, || {
            format!("job {job} is said to have had {attempts} attempts, it had {made}")
        })
    }

    /// No attempt is given more than the device's time, nor is one begun without any.
    pub(super) fn time_is_bounded(&self, time_left: Duration) -> Kept {
        let most = self.settings.device_timeout;
        ensure(time_left <= most && (time_left > Duration::ZERO || most == Duration::ZERO), || {
            format!("an attempt is given {time_left:?} of {most:?}")
        })
    }

    /// Only workers whose process lives are told anything.
    pub(super) fn is_alive(&self, id: WorkerId) -> Kept {
        let alive = self.alive(id).is_some_and(|worker| worker.state != State::Dying);
        ensure(alive, || format!("{id:?} is told something, but is dead or dying"))
    }

    /// A worker starts once, and again only after its death.
    pub(super) fn one_life_after_the_other(&self, id: WorkerId) -> Kept {
        let expected = match self.workers.get(&id.number) {
            None => 0,
            Some(worker) if worker.state == State::Gone => worker.id.life + 1,
            Some(worker) => return Err(format!("{id:?} is started, but {:?} is not gone", worker.id)),
        };
        ensure(id.life == expected && !self.ending, || {
            format!("{id:?} is started instead of life {expected}")
        })
    }

    /// A run that is over is over.
    pub(super) fn nothing_after_the_end(&self, actions: &[Action]) -> Kept {
        ensure(self.finished.is_none() || actions.is_empty(), || format!("after the end: {actions:?}"))
    }
}

fn ensure(condition: bool, otherwise: impl FnOnce() -> String) -> Kept {
    if condition { Ok(()) } else { Err(otherwise()) }
}
