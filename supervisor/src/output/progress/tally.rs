//! What the events of a run add up to.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::event::RunEvent;
use crate::record::DeviceStatus;
use crate::usage::ProcessUsage;

/// What has happened so far, in numbers.
#[derive(Debug)]
pub(super) struct Tally {
    pub(super) total: usize,
    pub(super) done: usize,
    pub(super) failed: usize,
    pub(super) skipped: usize,
    /// Session threads over all workers.
    pub(super) slots: usize,
    /// By number.
    pub(super) workers: BTreeMap<u32, WorkerTally>,
    began: Instant,
}

/// The same of one worker.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct WorkerTally {
    pub(super) running: usize,
    pub(super) done: usize,
    pub(super) failed: usize,
    pub(super) usage: ProcessUsage,
}

impl Tally {
    /// Of a run that has not begun.
    pub(super) fn new(now: Instant) -> Self {
        Self { total: 0, done: 0, failed: 0, skipped: 0, slots: 0, workers: BTreeMap::new(), began: now }
    }

    /// Takes note of `event`, which happened `now`.
    pub(super) fn note(&mut self, event: &RunEvent<'_>, now: Instant) {
        match event {
            RunEvent::Began(plan) => {
                *self = Self {
                    total: plan.devices.len(),
                    slots: plan.processes as usize * plan.threads as usize,
                    workers: (0..plan.processes).map(|worker| (worker, WorkerTally::default())).collect(),
                    ..Self::new(now)
                };
            }
            RunEvent::AttemptStarted { worker, .. } => self.worker(*worker).running += 1,
            RunEvent::AttemptEnded { worker, .. } => {
                let worker = self.worker(*worker);
                worker.running = worker.running.saturating_sub(1);
            }
            RunEvent::WorkerLost { worker, .. } => self.worker(*worker).running = 0,
            RunEvent::DeviceDone(record) => {
                let failed = usize::from(record.status == DeviceStatus::Failed);
                self.done += 1;
                self.failed += failed;
                self.skipped += usize::from(record.status == DeviceStatus::Skipped);
                if let Some(worker) = record.worker {
                    let worker = self.worker(worker);
                    worker.done += 1;
                    worker.failed += failed;
                }
            }
            RunEvent::Usage(usage) => {
                for (worker, usage) in &usage.workers {
                    self.worker(*worker).usage = *usage;
                }
            }
            RunEvent::WorkerUp { .. }
            | RunEvent::HandingOut(_)
            | RunEvent::AttemptFailed { .. }
            | RunEvent::Notice(_)
            | RunEvent::WorkerCost { .. }
            | RunEvent::Tick
            | RunEvent::Ended(_) => {}
        }
    }

    fn worker(&mut self, number: u32) -> &mut WorkerTally {
        self.workers.entry(number).or_default()
    }

    /// Sessions that are open.
    pub(super) fn running(&self) -> usize {
        self.workers.values().map(|worker| worker.running).sum()
    }

    /// Since the run began.
    pub(super) fn elapsed(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.began)
    }

    /// Devices a second, over the whole run.
    pub(super) fn rate(&self, now: Instant) -> f64 {
        let elapsed = self.elapsed(now).as_secs_f64();
        if elapsed > 0.0 { self.done as f64 / elapsed } else { 0.0 }
    }

    /// How long the rest would take at this rate; unknown while nothing is done.
    pub(super) fn remaining(&self, now: Instant) -> Option<Duration> {
        let left = self.total.saturating_sub(self.done) as f64;
        Duration::try_from_secs_f64(left / self.rate(now)).ok()
    }
}

#[cfg(test)]
mod tests {
    use netsweep_shared::outcome::AttemptEnd;

    use super::*;
    use crate::output::fixture::{auth_failure, ok, plan, skipped};

    #[test]
    fn running_comes_back_to_zero_also_when_a_worker_is_lost() {
        let now = Instant::now();
        let mut tally = Tally::new(now);
        let mut note = |event: RunEvent<'_>| {
            tally.note(&event, now);
            (tally.running(), tally.done, tally.failed, tally.skipped)
        };
        assert_eq!(note(RunEvent::Began(&plan(&["a", "b", "c", "d"]))), (0, 0, 0, 0));
        note(RunEvent::AttemptStarted { device: "core-1", worker: 0 });
        note(RunEvent::AttemptStarted { device: "core-1", worker: 1 });
        assert_eq!(note(RunEvent::AttemptStarted { device: "core-1", worker: 1 }), (3, 0, 0, 0));
        let end = &AttemptEnd::default();
        note(RunEvent::AttemptEnded { worker: 0, device: "a", end });
        assert_eq!(note(RunEvent::DeviceDone(&ok("a", "").into())), (2, 1, 0, 0));
        note(RunEvent::WorkerLost { worker: 1, reason: "killed" });
        assert_eq!(note(RunEvent::DeviceDone(&auth_failure("b").into())), (0, 2, 1, 0));
        assert_eq!(note(RunEvent::DeviceDone(&skipped("c").into())), (0, 3, 1, 1));
        note(RunEvent::AttemptStarted { device: "core-1", worker: 1 });
        note(RunEvent::AttemptEnded { worker: 1, device: "d", end });
        assert_eq!(note(RunEvent::DeviceDone(&ok("d", "").into())), (0, 4, 1, 1));
    }

    #[test]
    fn nothing_done_means_nothing_known() {
        let began = Instant::now();
        let mut tally = Tally::new(began);
        tally.note(&RunEvent::Began(&plan(&["a", "b", "c", "d"])), began);
        let later = began + Duration::from_secs(2);
        assert_eq!((tally.rate(began), tally.remaining(later)), (0.0, None));
        tally.note(&RunEvent::DeviceDone(&ok("a", "").into()), later);
        assert_eq!((tally.rate(later), tally.remaining(later)), (0.5, Some(Duration::from_secs(6))));
    }
}
