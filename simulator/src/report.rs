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

/// The fleet's counters, of which [`FleetReport`] tells the meaning.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) connections: Count,
    pub(crate) logins: Count,
    pub(crate) rejected: Count,
    pub(crate) commands: Count,
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
        }
    }
}

/// User and system time of this process.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap_or(0), time.tv_nsec.try_into().unwrap_or(0))
}
