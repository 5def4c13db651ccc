//! How many processes, how many threads.

use std::thread::available_parallelism;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_getaffinity};

use crate::dispatch::Tuning;

/// P processes × T threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mix {
    /// Worker processes.
    pub processes: u32,
    /// Session threads in each.
    pub threads: u32,
}

/// Session threads per worker where nobody says otherwise.
pub const DEFAULT_THREADS: u32 = 64;

/// Session threads per worker where the best number is found out: beyond that they were never seen to help.
pub const AUTO_THREADS: u32 = 1024;

/// Sessions in each worker that finding out begins with: as many as there are where nobody asks for it.
const FEW: u32 = DEFAULT_THREADS;

/// Memory of a session with its thread: 123 kB were measured.
const A_SESSION: u64 = 130_000;

/// Descriptors of a worker that are not sessions': pipes, and what libraries keep open.
const OTHER_DESCRIPTORS: u64 = 32;

/// Descriptors of the connections to jump hosts that a worker keeps for later sessions: 16 of 3 each.
const SPARE_DESCRIPTORS: u64 = 48;

/// Descriptors of a session over so many jump hosts: its socket, and for each of them one that wakes who
/// moves the bytes, and a pair. Sessions that share a jump host take fewer; that none do is the worst
/// that can come.
fn descriptors_of_a_session(hops: usize) -> u64 {
    (hops as u64).saturating_mul(3).saturating_add(1)
}

impl Mix {
    /// The mix for `devices` devices, and in one sentence each what it had to give up of what was
    /// asked for.
    ///
    /// Without `processes`, one per CPU core that this process may use: affinity and the cgroup's
    /// quota count. `hops` are the jump hosts on the longest way to a device, and every session is taken
    /// for one that goes so far. `descriptors` is how many each process may have.
    pub fn choose(
        processes: Option<u32>,
        threads: Option<u32>,
        devices: usize,
        hops: usize,
        descriptors: u64,
    ) -> (Self, Vec<String>) {
        let mut said = Vec::new();
        let devices = u32::try_from(devices).unwrap_or(u32::MAX).max(1);
        let asked_processes =
            processes.unwrap_or_else(|| available_parallelism().map_or(1, |n| n.get() as u32));
        let asked_threads = threads.unwrap_or(DEFAULT_THREADS);

        let processes = asked_processes.min(devices);
        if processes < asked_processes {
            said.push(format!(
                "{processes} of {asked_processes} worker processes: there are no more devices"
            ));
        }
        let needed = devices.div_ceil(processes);
        let others = OTHER_DESCRIPTORS + if hops > 0 { SPARE_DESCRIPTORS } else { 0 };
        let allowed = descriptors.saturating_sub(others) / descriptors_of_a_session(hops);
        let allowed = u32::try_from(allowed).unwrap_or(u32::MAX).max(1);
        let threads = asked_threads.min(needed).min(allowed);
        if threads < asked_threads && allowed < needed {
            said.push(format!(
                "{threads} of {asked_threads} session threads per worker: a process may have {descriptors} open \
                 files here (see ulimit -n)"
            ));
        } else if threads < asked_threads {
            said.push(format!(
                "{threads} of {asked_threads} session threads per worker: that is one for each device"
            ));
        }
        (Self { processes, threads }, said)
    }

    /// Between a few sessions in each worker and all that there are threads for.
    pub fn tuning(self) -> Tuning {
        let most = u32::try_from(self.sessions()).unwrap_or(u32::MAX);
        Tuning { least: self.processes.saturating_mul(FEW).min(most), most }
    }

    /// Sessions at once.
    pub fn sessions(self) -> u64 {
        u64::from(self.processes) * u64::from(self.threads)
    }
}

/// Session threads that each of `processes` may have where nobody says how many, on a machine with so much
/// memory (0 where that is not known): they take no more than half of it, and [`AUTO_THREADS`] at the most.
pub fn most_threads(memory: u64, processes: u32) -> u32 {
    let affordable = memory / 2 / A_SESSION / u64::from(processes.max(1));
    let affordable = u32::try_from(affordable).unwrap_or(u32::MAX);
    if memory == 0 { DEFAULT_THREADS } else { affordable.clamp(1, AUTO_THREADS) }
}

/// Raises this process's limit of open files as far as it may, for itself and the workers, and
/// returns it.
pub fn raise_descriptor_limit() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let now = if setrlimit(Resource::Nofile, raised).is_ok() { raised.current } else { limit.current };
    now.unwrap_or(u64::MAX)
}

/// The cores that this process may use, by the kernel's numbers; none where it does not tell.
pub fn usable_cores() -> Vec<u32> {
    let Ok(usable) = sched_getaffinity(None) else { return vec![] };
    (0..CpuSet::MAX_CPU as u32).filter(|core| usable.is_set(*core as usize)).collect()
}

#[cfg(test)]
mod tests {
    use super::{AUTO_THREADS, DEFAULT_THREADS, Mix, most_threads, usable_cores};

    #[test]
    fn threads_that_are_to_be_found_out_fit_into_memory() {
        assert_eq!(most_threads(25_000_000_000, 2), AUTO_THREADS);
        assert_eq!(most_threads(260_000_000, 2), 500);
        assert_eq!((most_threads(1, 2), most_threads(0, 2)), (1, DEFAULT_THREADS));
    }

    #[test]
    fn there_is_a_core_to_use() {
        let cores = usable_cores();
        assert!(cores.is_sorted() && !cores.is_empty(), "{cores:?}");
    }

    #[test]
    fn the_mix_is_what_was_asked_for() {
        let (mix, said) = Mix::choose(Some(2), Some(500), 2000, 0, 20_000);
        assert_eq!((mix.processes, mix.threads), (2, 500));
        assert!(said.is_empty(), "{said:?}");
        assert_eq!(Mix::choose(Some(4), None, 2000, 0, 20_000).0.threads, DEFAULT_THREADS);
    }

    #[test]
    fn no_more_threads_than_devices() {
        let (mix, said) = Mix::choose(Some(2), Some(64), 3, 0, 20_000);
        assert_eq!((mix.processes, mix.threads), (2, 2));
        assert_eq!(said, ["2 of 64 session threads per worker: that is one for each device"]);
        let (mix, said) = Mix::choose(Some(8), Some(1), 3, 0, 20_000);
        assert_eq!((mix.processes, mix.threads), (3, 1));
        assert_eq!(said, ["3 of 8 worker processes: there are no more devices"]);
    }

    #[test]
    fn no_more_threads_than_descriptors() {
        let (mix, said) = Mix::choose(Some(1), Some(5000), 10_000, 0, 1024);
        assert_eq!(mix.threads, 992);
        assert!(said[0].contains("ulimit -n"), "{said:?}");
    }

    #[test]
    fn every_jump_on_the_longest_way_takes_three_descriptors_of_each_session() {
        for (hops, threads) in [(1, 236), (2, 134), (3, 94), (10, 30)] {
            let (mix, said) = Mix::choose(Some(1), Some(5000), 10_000, hops, 1024);
            assert_eq!(mix.threads, threads, "{hops} hops");
            assert!(said[0].contains("ulimit -n"), "{said:?}");
            assert!(u64::from(threads) * (3 * hops as u64 + 1) + 48 + 32 <= 1024);
        }
        // Enough is enough, and one there always is.
        assert_eq!(Mix::choose(Some(1), Some(64), 10_000, 3, 1024).0.threads, 64);
        assert_eq!(Mix::choose(Some(1), Some(64), 10_000, 3, 64).0.threads, 1);
        assert_eq!(Mix::choose(Some(1), Some(64), 10_000, usize::MAX, 1024).0.threads, 1);
    }
}
