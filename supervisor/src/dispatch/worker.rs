//! One worker's states.

use std::collections::BTreeSet;
use std::time::Duration;

use netsweep_shared::job::JobId;

use super::message::WorkerId;

#[derive(Debug)]
pub(super) struct Worker {
    pub(super) id: WorkerId,
    pub(super) state: State,
    pub(super) held: BTreeSet<JobId>,
    pub(super) last_heard: Duration,
    /// It runs a suspect and gets nothing else meanwhile.
    pub(super) quarantined: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Its process was asked for.
    Starting,
    /// It takes jobs.
    Ready,
    /// Its process was told to die.
    Dying,
}

impl Worker {
    pub(super) fn new(id: WorkerId, now: Duration) -> Self {
        Self { id, state: State::Starting, held: BTreeSet::new(), last_heard: now, quarantined: false }
    }

    /// The same worker with a new process.
    pub(super) fn reborn(&self, now: Duration) -> Self {
        Self::new(WorkerId { number: self.id.number, life: self.id.life + 1 }, now)
    }

    /// Jobs that it may be handed now, if it may hold `most` in all.
    pub(super) fn room(&self, most: usize) -> usize {
        match self.state {
            State::Ready if !self.quarantined => most.saturating_sub(self.held.len()),
            _ => 0,
        }
    }
}
