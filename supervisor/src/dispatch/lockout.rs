//! The lockout guard: one wrong password must not lock an account on a thousand devices.
//!
//! Rejected logins are counted for each credential, over all workers; a login that succeeds sets
//! the count back. The first login with a credential goes alone, as a canary, and so does the next
//! one after a rejection; a success lets all others log in. They have gone as far as the login meanwhile
//! ([`leave`](super::leave)). A canary that takes long is joined by another, but never are so many under
//! way that all of them being rejected would be one too many.
//!
//! A way of jump hosts is guarded alike, but the others do not set out before: one refusal is enough.

use std::time::Duration;

use netsweep_shared::job::JobId;
use netsweep_shared::outcome::{ErrorKind, Failure, Stage};

use super::dispatcher::{Dispatcher, Settings};
use super::ending::Phase;
use super::job::{State, gate_of};
use super::leave::Leaves;
use super::message::{Action, Verdict};

/// A canary that has told nothing for so long is joined by another.
const PATIENCE: Duration = Duration::from_secs(3);

/// Who comes after a canary of a way that told nothing, because its jump host could not be reached:
/// so many for each. A worker's sessions share one connection, and with it one login.
const AFTER_SILENCE: u32 = 8;

/// What is known of a credential (a user's name with what proves who it is), or of a way of jump hosts
/// with their logins.
#[derive(Clone, Debug)]
pub(super) struct Guard {
    /// So many in a row are enough.
    most_rejections: u32,
    /// In a row, without a success between.
    rejections: u32,
    pub(super) trust: Trust,
    /// Of a credential.
    pub(super) leaves: Leaves,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// Nothing good is known since the last rejection: so many may log in at once.
    Canaries { most: u32, since: Duration },
    /// The last that was heard is a success.
    Proven,
    /// Rejected once too often.
    LockedOut,
}

/// What a login that did not end well says.
enum Told {
    Rejection,
    Success,
    Nothing,
}

impl Guard {
    /// The credentials' and then the ways'. A jump host that refuses one session refuses all, because
    /// they log in there alike.
    pub(super) fn all(settings: &Settings) -> Vec<Self> {
        let new = |most_rejections| Self {
            most_rejections,
            rejections: 0,
            trust: Trust::Canaries { most: 1, since: Duration::ZERO },
            leaves: Leaves::default(),
        };
        let credentials = (0..settings.credentials).map(|_| new(settings.max_auth_failures));
        credentials.chain((0..settings.ways).map(|_| new(1))).collect()
    }
}

impl Dispatcher {
    /// Whether a job that waits must not be begun any more.
    pub(super) fn is_doomed(&self, job: JobId) -> bool {
        let locked_out = |guard: usize| self.guards[guard].trust == Trust::LockedOut;
        self.phase == Phase::Running && self.guards_of(job).any(locked_out)
    }

    fn guards_of(&self, job: JobId) -> impl Iterator<Item = usize> + use<> {
        self.jobs[job.index()].spec.guards(&self.settings)
    }

    fn is_way(&self, guard: usize) -> bool {
        guard >= self.settings.credentials as usize
    }

    pub(super) fn login_succeeded(&mut self, job: JobId) {
        let had_leave = self.jobs[job.index()].has_leave();
        for guard in self.guards_of(job) {
            // Of a device that asked for nothing nothing is known.
            if had_leave || self.is_way(guard) {
                self.works(guard);
            }
        }
        self.leave_is_void(job);
        self.queue.leave(self.jobs[job.index()].gates_of_guards());
    }

    /// Takes note of how an attempt of `job` ended that had not been let in.
    pub(super) fn login_failed(&mut self, job: JobId, had_leave: bool, failure: &Failure, now: Duration) {
        for guard in self.guards_of(job) {
            let rejected = failure.kind == ErrorKind::Auth;
            let told = match (self.is_way(guard), failure.stage) {
                (true, Stage::JumpLogin) if rejected => Told::Rejection,
                (true, Stage::Jump | Stage::JumpLogin) => Told::Nothing,
                (true, _) => Told::Success,
                (false, Stage::Login) if rejected && had_leave => Told::Rejection,
                (false, _) => continue,
            };
            match told {
                Told::Rejection => self.rejected(guard, now),
                Told::Success => self.works(guard),
                Told::Nothing => self.send_more(guard),
            }
        }
    }

    fn works(&mut self, guard: usize) {
        let it = &mut self.guards[guard];
        if it.trust != Trust::LockedOut {
            it.rejections = 0;
        }
        if matches!(it.trust, Trust::Canaries { .. }) {
            it.trust = Trust::Proven;
            self.let_out(guard, None);
        }
    }

    fn rejected(&mut self, guard: usize, now: Duration) {
        let it = &mut self.guards[guard];
        if it.trust == Trust::LockedOut {
            return;
        }
        it.rejections += 1;
        if it.rejections < it.most_rejections {
            it.trust = Trust::Canaries { most: 1, since: now };
            self.let_out(guard, Some(1));
        } else {
            it.trust = Trust::LockedOut;
            self.lock_out(guard);
        }
    }

    fn send_more(&mut self, guard: usize) {
        let enough = self.jobs.len() as u32;
        if let Trust::Canaries { most, .. } = &mut self.guards[guard].trust {
            *most = most.saturating_mul(AFTER_SILENCE).min(enough);
            let most = *most;
            self.let_out(guard, Some(most));
        }
    }

    /// From now on so many may be about to log in with `guard`; `None` sets no limit.
    fn let_out(&mut self, guard: usize, most: Option<u32>) {
        if self.settings.holds_back(guard) {
            self.queue.set_limit(gate_of(guard, &self.settings), most);
        }
        if !self.is_way(guard) {
            self.stirred.push(guard as u32);
        }
    }

    /// Notes that a login sets out.
    pub(super) fn login_sets_out(&mut self, job: JobId, now: Duration) {
        for guard in self.guards_of(job) {
            if let Trust::Canaries { since, .. } = &mut self.guards[guard].trust {
                *since = now;
            }
        }
    }

    /// Sends company after canaries that take long.
    pub(super) fn look_after_canaries(&mut self, now: Duration) {
        for guard in 0..self.guards.len() {
            let is_waited_for = self.guards[guard].leaves.is_asked_for()
                || self.queue.gates.is_waited_for(gate_of(guard, &self.settings));
            let it = &mut self.guards[guard];
            let most_at_all = it.most_rejections.saturating_sub(it.rejections);
            if let Trust::Canaries { most, since } = &mut it.trust
                && *most < most_at_all
                && now.saturating_sub(*since) > PATIENCE
                && is_waited_for
            {
                *most += 1;
                *since = now;
                let most = *most;
                self.let_out(guard, Some(most));
            }
        }
    }

    /// Nobody logs in with this credential, or on this way, any more.
    fn lock_out(&mut self, guard: usize) {
        if self.phase != Phase::Running {
            return;
        }
        let (jobs, settings) = (&self.jobs, &self.settings);
        let has_it = |job: JobId| jobs[job.index()].spec.guards(settings).any(|its| its == guard);
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
        let way = self.guards_of(id).find(|guard| self.is_way(*guard));
        let refused = way.is_some_and(|way| self.guards[way].trust == Trust::LockedOut);
        let failure = if refused { Failure::way_refused() } else { Failure::locked_out() };
        let job = &mut self.jobs[id.index()];
        debug_assert_eq!(job.state, State::Waiting);
        job.state = State::Settled;
        self.unsettled -= 1;
        self.actions.push(Action::Settle {
            job: id,
            attempts: job.attempts,
            worker: None,
            verdict: Verdict::Lost(failure),
        });
    }
}
