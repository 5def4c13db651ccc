//! What is kept of a run for its summary.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use netsweep_shared::outcome::ErrorKind;

use crate::event::RunEvent;
use crate::output::units::from_millis;
use crate::record::{DeviceStatus, Record, TimingMs};
use crate::usage::Usage;

/// Devices named for each kind of failure.
pub(super) const MOST_NAMES: usize = 10;
/// Slowest devices named.
pub(super) const MOST_SLOW: usize = 5;

/// What a summary needs to know. Its size does not grow with the run.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) devices: usize,
    pub(super) processes: u32,
    pub(super) threads: u32,
    pub(super) ok: usize,
    pub(super) failed: usize,
    pub(super) skipped: usize,
    /// Devices that took more than one attempt.
    pub(super) retried: usize,
    pub(super) kinds: BTreeMap<ErrorKind, Named>,
    /// The slowest first.
    pub(super) slowest: Vec<Slow>,
    /// Time that session threads spent on last attempts.
    pub(super) busy: Duration,
    pub(super) usage: Option<Usage>,
    /// The command that runs what is left.
    pub(super) resume: Option<String>,
}

/// How many devices, and the first of their names.
#[derive(Debug, Default)]
pub(super) struct Named {
    pub(super) count: usize,
    pub(super) first: Vec<String>,
}

/// A device that took long.
#[derive(Debug)]
pub(super) struct Slow {
    pub(super) device: Arc<str>,
    pub(super) timing: TimingMs,
}

impl Gathered {
    pub(super) fn note(&mut self, event: &RunEvent<'_>) {
        match event {
            RunEvent::Began(plan) => {
                *self = Self {
                    devices: plan.devices.len(),
                    processes: plan.processes,
                    threads: plan.threads,
                    resume: plan.resume.clone(),
                    ..Self::default()
                };
            }
            RunEvent::DeviceDone(record) => self.note_record(record),
            RunEvent::Usage(usage) => self.usage = Some((*usage).clone()),
            _ => {}
        }
    }

    fn note_record(&mut self, record: &Record) {
        match record.status {
            DeviceStatus::Ok => self.ok += 1,
            DeviceStatus::Failed => self.failed += 1,
            DeviceStatus::Skipped => self.skipped += 1,
        }
        self.retried += usize::from(record.attempts > 1);
        self.busy = self.busy.saturating_add(from_millis(record.timing_ms.total));
        if let Some(error) = &record.error {
            let named = self.kinds.entry(error.kind).or_default();
            named.count += 1;
            if named.first.len() < MOST_NAMES {
                named.first.push(record.device.to_string());
            }
        }
        self.note_time(record);
    }

    fn note_time(&mut self, record: &Record) {
        let total = record.timing_ms.total;
        let place =
            self.slowest.partition_point(|slow| slow.timing.total.total_cmp(&total) != Ordering::Less);
        if record.started.is_some() && place < MOST_SLOW {
            self.slowest.truncate(MOST_SLOW - 1);
            self.slowest.insert(place, Slow { device: Arc::clone(&record.device), timing: record.timing_ms });
        }
    }

    /// The part of the session threads' time in which they had a device, from 0 to 1; `None`
    /// where nothing was measured. Attempts before the last are not counted.
    pub(super) fn efficiency(&self, makespan: Duration) -> Option<f64> {
        let slots = (self.processes as usize * self.threads as usize).min(self.devices);
        let available = makespan.as_secs_f64() * slots as f64;
        (available > 0.0).then(|| (self.busy.as_secs_f64() / available).min(1.0))
    }
}

impl Slow {
    /// The step that took longest, and how long; `None` where no step was measured.
    pub(super) fn longest_step(&self) -> Option<(&'static str, Duration)> {
        let TimingMs { connect, login, commands, .. } = self.timing;
        [("connect", connect), ("login", login), ("commands", commands)]
            .into_iter()
            .max_by(|a, b| a.1.total_cmp(&b.1))
            .filter(|(_, time)| *time > 0.0)
            .map(|(step, time)| (step, from_millis(time)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::fixture::{auth_failure, ok, plan, skipped};

    #[test]
    fn the_slowest_are_kept_in_order() {
        let mut gathered = Gathered::default();
        for n in 0..1000_u32 {
            let mut record = ok(&format!("sw-{n}"), "");
            record.timing_ms.total = f64::from(n * 7919 % 1000);
            gathered.note(&RunEvent::DeviceDone(&record.clone().into()));
        }
        gathered.note(&RunEvent::DeviceDone(&skipped("never-tried").into()));
        let kept: Vec<_> = gathered.slowest.iter().map(|slow| slow.timing.total).collect();
        assert_eq!(kept, [999.0, 998.0, 997.0, 996.0, 995.0]);
    }

    #[test]
    fn names_are_few_and_counts_are_right() {
        let mut gathered = Gathered::default();
        for n in 0..1000 {
            gathered.note(&RunEvent::DeviceDone(&auth_failure(&format!("sw-{n}")).into()));
        }
        let named = &gathered.kinds[&ErrorKind::Auth];
        assert_eq!((named.count, named.first.len(), gathered.failed), (1000, MOST_NAMES, 1000));
    }

    #[test]
    fn efficiency_is_what_the_threads_were_used_for() {
        let mut gathered = Gathered::default();
        assert_eq!(gathered.efficiency(Duration::ZERO), None);
        // 2 × 4 threads, of which four devices can use four.
        gathered.note(&RunEvent::Began(&plan(&["a", "b", "c", "d"])));
        for device in ["a", "b"] {
            let mut record = ok(device, "");
            record.timing_ms.total = 1000.0;
            gathered.note(&RunEvent::DeviceDone(&record.clone().into()));
        }
        assert_eq!(gathered.efficiency(Duration::from_secs(2)), Some(0.25));
    }

    #[test]
    fn the_time_went_where_most_of_it_went() {
        let slow = |timing| Slow { device: "a".into(), timing };
        let login = TimingMs { connect: 3.0, login: 29_800.0, commands: 0.0, total: 30_000.0 };
        assert_eq!(slow(login).longest_step(), Some(("login", Duration::from_millis(29_800))));
        assert_eq!(slow(TimingMs { total: 5.0, ..TimingMs::default() }).longest_step(), None);
    }
}
