//! What the fleet saw and what it cost.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use netsweep_shared::fleet::FleetReport;
use rustix::time::{ClockId, clock_gettime};

/// One counter.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    /// One more.
    pub(crate) fn up(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A sum of times, or the greatest of them.
#[derive(Debug, Default)]
pub(crate) struct Time(AtomicU64);

impl Time {
    /// So much more.
    pub(crate) fn add(&self, time: Duration) {
        self.0.fetch_add(nanoseconds(time), Ordering::Relaxed);
    }

    /// This, where it was less.
    pub(crate) fn at_least(&self, time: Duration) {
        self.0.fetch_max(nanoseconds(time), Ordering::Relaxed);
    }

    fn get(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }
}

/// As the counters keep a time: no more than 584 years of it.
pub(crate) fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// The fleet's counters, of which [`FleetReport`] tells the meaning.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) connections: Count,
    pub(crate) logins: Count,
    pub(crate) rejected: Count,
    pub(crate) commands: Count,
    pub(crate) waited: Time,
    pub(crate) longest: Time,
    pub(crate) served: Time,
}

impl Counters {
    /// The counts so far, with the CPU time of the whole process.
    pub(crate) fn report(&self) -> FleetReport {
        FleetReport {
            connections: self.connections.get(),
            logins: self.logins.get(),
            rejected: self.rejected.get(),
            commands: self.commands.get(),
            cpu: cpu_time(),
            waited: self.waited.get(),
            longest: self.longest.get(),
            served: self.served.get(),
        }
    }
}

/// User and system time of this process.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap_or(0), time.tv_nsec.try_into().unwrap_or(0))
}
