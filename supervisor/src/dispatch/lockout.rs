//! The lockout guard: one wrong password must not lock an account on a thousand devices.
//!
//! Rejected logins are counted for each credential, over all workers; a login that succeeds sets
//! the count back. The first login with a credential goes alone, as a canary, and so does the next
//! one after a rejection; a success opens the gate for all. A login counts from the moment when its
//! job is handed out. A canary that takes long is joined by another, but never are so many under way
//! that all of them being rejected would be one too many.

use std::time::Duration;

use netsweep_shared::job::JobId;
use netsweep_shared::outcome::{ErrorKind, Failure, Stage};

use super::dispatcher::Dispatcher;
use super::ending::Phase;
use super::job::State;
use super::message::{Action, Verdict};

/// A canary that has told nothing for so long is joined by another.
const PATIENCE: Duration = Duration::from_secs(3);

/// What is known of a credential: a user's name with what proves who it is.
#[derive(Clone, Debug)]
pub(super) struct Credential {
    /// In a row, without a success between.
    rejections: u32,
    trust: Trust,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trust {
    /// Nothing good is known since the last rejection: so many may log in at once.
    Canaries { most: u32, since: Duration },
    /// The last that was heard is a success.
    Proven,
    /// Rejected once too often.
    LockedOut,
}

impl Credential {
    pub(super) const NEW: Self =
        Self { rejections: 0, trust: Trust::Canaries { most: 1, since: Duration::ZERO } };
}

impl Dispatcher {
    /// Whether a job that waits must not be begun any more.
    pub(super) fn is_doomed(&self, job: JobId) -> bool {
        let locked_out = |it: usize| self.credentials[it].trust == Trust::LockedOut;
        self.phase == Phase::Running && self.credential_of(job).is_some_and(locked_out)
    }

    fn credential_of(&self, job: JobId) -> Option<usize> {
        self.jobs[job.index()].spec.credential.map(|it| it as usize)
    }

    fn gate_of(&self, credential: usize) -> u32 {
        (self.settings.group_limits.len() + credential) as u32
    }

    pub(super) fn login_succeeded(&mut self, job: JobId) {
        let Some(it) = self.credential_of(job) else { return };
        let gate = self.gate_of(it);
        let credential = &mut self.credentials[it];
        credential.rejections = 0;
        if matches!(credential.trust, Trust::Canaries { .. }) {
            credential.trust = Trust::Proven;
            self.queue.set_limit(gate, None);
        }
        self.queue.leave(&[gate]);
    }

    /// Takes note of how an attempt of `job` ended that had not been let in.
    pub(super) fn login_failed(&mut self, job: JobId, failure: &Failure, now: Duration) {
        let is_rejection = failure.kind == ErrorKind::Auth && failure.stage == Stage::Login;
        let Some(it) = self.credential_of(job).filter(|_| is_rejection) else { return };
        let most = self.settings.max_auth_failures;
        let credential = &mut self.credentials[it];
        if credential.trust == Trust::LockedOut {
            return;
        }
        credential.rejections += 1;
        if credential.rejections < most {
            credential.trust = Trust::Canaries { most: 1, since: now };
            self.queue.set_limit(self.gate_of(it), Some(1));
        } else {
            credential.trust = Trust::LockedOut;
            self.lock_out(it);
        }
    }

    /// Notes that a login with the job's credential sets out.
    pub(super) fn login_sets_out(&mut self, job: JobId, now: Duration) {
        if let Some(it) = self.credential_of(job)
            && let Trust::Canaries { since, .. } = &mut self.credentials[it].trust
        {
            *since = now;
        }
    }

    /// Sends company after canaries that take long.
    pub(super) fn look_after_canaries(&mut self, now: Duration) {
        for it in 0..self.credentials.len() {
            let gate = self.gate_of(it);
            let most_at_all = self.settings.max_auth_failures.saturating_sub(self.credentials[it].rejections);
            if let Trust::Canaries { most, since } = &mut self.credentials[it].trust
                && *most < most_at_all
                && now.saturating_sub(*since) > PATIENCE
                && self.queue.gates.is_waited_for(gate)
            {
                *most += 1;
                *since = now;
                let most = *most;
                self.queue.set_limit(gate, Some(most));
            }
        }
    }

    /// Nobody logs in with this credential any more.
    fn lock_out(&mut self, credential: usize) {
        if self.phase != Phase::Running {
            return;
        }
        let jobs = &self.jobs;
        let has_it = |job: JobId| jobs[job.index()].spec.credential == Some(credential as u32);
        let waiting = self.queue.take_out(has_it, |job| &jobs[job.index()].gates);
        let alive = self.workers.iter().filter(|worker| worker.is_alive());
        let held = alive.flat_map(|worker| worker.held.iter().map(|job| (worker.id, *job)));
        let withdrawn: Vec<_> =
            held.filter(|(_, job)| has_it(*job) && jobs[job.index()].may_be_logging_in()).collect();
        waiting.into_iter().for_each(|job| self.skip(job));
        for (worker, job) in withdrawn {
            self.jobs[job.index()].withdrawn = true;
            self.actions.push(Action::Withdraw { worker, job });
        }
    }

    /// Settles a waiting job without an attempt.
    pub(super) fn skip(&mut self, id: JobId) {
        let job = &mut self.jobs[id.index()];
        debug_assert_eq!(job.state, State::Waiting);
        job.state = State::Settled;
        self.unsettled -= 1;
        self.actions.push(Action::Settle {
            job: id,
            attempts: job.attempts,
            worker: None,
            verdict: Verdict::Lost(Failure::locked_out()),
        });
    }
}
