//! CPU time and memory of the processes of a run, through `sysinfo`.
//!
//! Figures are read while the processes live: a worker's last ones are taken when it is idle
//! and about to be told to go.

use std::collections::BTreeMap;
use std::time::Duration;

/// Figures of every process of the run so far.
#[derive(Clone, Debug, Default)]
pub struct Usage {
    /// This process.
    pub supervisor: ProcessUsage,
    /// The workers by number. Of a worker that was replaced, the sum of all its processes' CPU
    /// time and the greatest memory.
    pub workers: BTreeMap<u32, ProcessUsage>,
}

/// Figures of one process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProcessUsage {
    /// CPU time, user and system together.
    pub cpu: Duration,
    /// Greatest resident memory seen, in bytes.
    pub peak_memory: u64,
}
