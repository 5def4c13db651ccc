//! What will happen when.

use std::collections::BTreeMap;
use std::time::Duration;

use netsweep_shared::job::JobId;

use super::chance::Chance;
use crate::dispatch::message::{Death, WorkerId};

#[derive(Debug)]
pub(super) enum Happening {
    Tick,
    Interrupt,
    /// The supervisor does nothing for so long.
    HeldUp(Duration),
    Worker(WorkerId, AtWorker),
}

#[derive(Debug)]
pub(super) enum AtWorker {
    IsUp,
    Receives(Order),
    /// The session's next step, if it still waits for this very happening.
    CarriesOn(JobId),
    Heartbeat,
    Writes,
    IsHeard,
    Freezes(Duration),
    Dies(Death),
    /// The end of its pipe arrives.
    IsFoundDead,
}

#[derive(Debug)]
pub(super) enum Order {
    Job { job: JobId, asks_first: bool, time_left: Duration },
    LogIn(JobId),
    Drain,
    Withdraw(JobId),
    Cancel,
}

/// What lies ahead, and the chance that decides it.
#[derive(Debug)]
pub(super) struct Agenda {
    pub(super) chance: Chance,
    pub(super) now: Duration,
    /// By time; a tick comes before all else of the same moment, as in the supervisor's loop.
    ahead: BTreeMap<(Duration, bool, u64), Happening>,
    count: u64,
}

impl Agenda {
    pub(super) fn new(chance: Chance) -> Self {
        Self { chance, now: Duration::ZERO, ahead: BTreeMap::new(), count: 0 }
    }

    /// Enters `happening`; returns its number.
    pub(super) fn at(&mut self, time: Duration, happening: Happening) -> u64 {
        self.count += 1;
        self.ahead.insert((time, !matches!(happening, Happening::Tick), self.count), happening);
        self.count
    }

    pub(super) fn after(&mut self, wait: Duration, happening: Happening) -> u64 {
        self.at(self.now + wait, happening)
    }

    /// The next happening and its number; its time is now.
    pub(super) fn next(&mut self) -> (u64, Happening) {
        let ((time, _, number), happening) = self.ahead.pop_first().expect("ticks never end");
        self.now = time;
        (number, happening)
    }
}
