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
    /// When it last said anything.
    pub(super) last_heard: Duration,
    /// When a job last came, went or passed a step.
    pub(super) last_moved: Duration,
    /// It finishes what it has begun, and is killed then.
    pub(super) retiring: bool,
    /// It runs suspects and gets nothing else meanwhile.
    pub(super) quarantined: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// There is no process, nor was one asked for.
    Absent,
    /// Its process was asked for.
    Starting,
    /// It takes jobs.
    Ready,
    /// Its process was told to die.
    Dying,
}

impl Worker {
    pub(super) fn new(id: WorkerId, now: Duration) -> Self {
        Self {
            id,
            state: State::Absent,
            held: BTreeSet::new(),
            last_heard: now,
            last_moved: now,
            retiring: false,
            quarantined: false,
        }
    }

    /// The same worker in its next life.
    pub(super) fn reborn(&self, now: Duration) -> Self {
        Self::new(WorkerId { number: self.id.number, life: self.id.life + 1 }, now)
    }

    /// Whether it has a process that is to live.
    pub(super) fn is_alive(&self) -> bool {
        matches!(self.state, State::Starting | State::Ready)
    }

    /// Jobs that it may be handed now, if it may hold `most` in all.
    pub(super) fn room(&self, most: usize) -> usize {
        match self.state {
            State::Ready if !self.quarantined && !self.retiring => most.saturating_sub(self.held.len()),
            _ => 0,
        }
    }
}
