//! Leave to log in.
//!
//! While nothing good is known of a credential, sessions that are to use it go as far as the login, and their workers ask
//! then: only a few are given leave at once, the first to come, and all others have the way there behind them when it is
//! known what became of those.

use std::collections::VecDeque;
use std::time::Duration;

use netsweep_shared::job::JobId;

use super::dispatcher::Dispatcher;
use super::ending::Phase;
use super::job::{Job, Leave, State, Step};
use super::lockout::Trust;
use super::message::Action;

/// Who may log in with a credential, and who may not yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Leaves {
    /// Sessions that have it and have not told what came of it.
    given: u32,
    /// Jobs whose workers have asked, in this order.
    asked: VecDeque<JobId>,
    /// Jobs that were handed out without it; some may be elsewhere by now.
    needed: VecDeque<JobId>,
}

impl Leaves {
    pub(super) fn is_asked_for(&self) -> bool {
        !self.asked.is_empty()
    }
}

impl Dispatcher {
    /// Whether `id`, which is being handed out, has to ask before it logs in.
    pub(super) fn has_to_ask(&mut self, id: JobId) -> bool {
        let job = &mut self.jobs[id.index()];
        let Some(credential) = job.spec.credential else { return false };
        let guard = &mut self.guards[credential as usize];
        let is_proven = guard.trust == Trust::Proven;
        if is_proven {
            guard.leaves.given += 1;
            job.leave = Leave::Given { waited: Duration::ZERO, unheard: None };
        } else {
            guard.leaves.needed.push_back(id);
            job.leave = Leave::Needed;
        }
        !is_proven
    }

    /// The worker of `id` asks for leave to log in; whether it was to do so.
    pub(super) fn asks_to_log_in(&mut self, id: JobId, now: Duration) -> bool {
        let job = &mut self.jobs[id.index()];
        match (job.spec.credential, job.leave) {
            (Some(credential), Leave::Needed) => {
                job.leave = Leave::Asked { since: now };
                self.guards[credential as usize].leaves.asked.push_back(id);
                self.stirred.push(credential);
                true
            }
            // It was asked while our word was on its way.
            (Some(_), Leave::Given { waited, .. }) => {
                job.leave = Leave::Given { waited, unheard: Some(now) };
                true
            }
            (Some(_), Leave::Asked { .. }) | (None, _) => false,
        }
    }

    /// The session of `id` has heard that it may log in; whether it was to say so.
    pub(super) fn logs_in(&mut self, id: JobId) -> bool {
        match &mut self.jobs[id.index()].leave {
            Leave::Given { unheard, .. } => unheard.take().is_some(),
            Leave::Needed | Leave::Asked { .. } => false,
        }
    }

    /// The session of `id` is in, or will not be.
    pub(super) fn leave_is_void(&mut self, id: JobId) {
        let job = &mut self.jobs[id.index()];
        let Some(credential) = job.spec.credential else { return };
        let leaves = &mut self.guards[credential as usize].leaves;
        match std::mem::replace(&mut job.leave, Leave::Needed) {
            Leave::Given { .. } => leaves.given -= 1,
            Leave::Asked { .. } => leaves.asked.retain(|asked| *asked != id),
            Leave::Needed => {}
        }
        self.stirred.push(credential);
    }

    /// Lets those log in who may now. When the run is being ended nobody may: that would begin what was not to be begun.
    pub(super) fn give_leave(&mut self, now: Duration) {
        if self.phase != Phase::Running {
            return;
        }
        while let Some(credential) = self.stirred.pop() {
            while let Some(id) = self.next_to_log_in(credential as usize) {
                let job = &mut self.jobs[id.index()];
                let State::Held { by, .. } = job.state else { continue };
                job.leave = match job.leave {
                    Leave::Asked { since } => {
                        Leave::Given { waited: now.saturating_sub(since), unheard: Some(now) }
                    }
                    _ => Leave::Given { waited: Duration::ZERO, unheard: None },
                };
                self.guards[credential as usize].leaves.given += 1;
                self.actions.push(Action::LogIn { worker: by, job: id });
                self.login_sets_out(id, now);
            }
        }
    }

    fn next_to_log_in(&mut self, credential: usize) -> Option<JobId> {
        let (guard, jobs, workers) = (&mut self.guards[credential], &self.jobs, &self.workers);
        let waits = |id: &JobId| {
            let Job { state, leave, withdrawn, .. } = &jobs[id.index()];
            let State::Held { by, step: Step::Queued | Step::Running { .. } } = state else { return false };
            let has_leave = matches!(leave, Leave::Given { .. });
            !has_leave && !withdrawn && workers[by.number as usize].is_alive()
        };
        let Leaves { given, asked, needed } = &mut guard.leaves;
        match guard.trust {
            Trust::Proven => {
                std::iter::from_fn(|| asked.pop_front().or_else(|| needed.pop_front())).find(waits)
            }
            Trust::Canaries { most, .. } if *given < most => {
                std::iter::from_fn(|| asked.pop_front()).find(waits)
            }
            Trust::Canaries { .. } | Trust::LockedOut => None,
        }
    }
}
