//! CPU time and memory of the processes of a run, through `sysinfo`.
//!
//! Figures are read while the processes live: a worker's last ones are taken when it is idle
//! and about to be told to go.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use sysinfo::{
    CpuRefreshKind, MemoryRefreshKind, Pid, ProcessRefreshKind, ProcessesToUpdate, RefreshKind, System,
};

/// Figures of every process of the run so far.
#[derive(Clone, Debug, Default)]
pub struct Usage {
    /// This process, since the sampler was made.
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

/// Takes the figures, again and again.
#[derive(Debug)]
pub struct UsageSampler {
    system: System,
    supervisor: Member,
    /// CPU time of this process before the sampler was made: planning, and whatever program was
    /// replaced by this one (`cargo run` is).
    before: Duration,
    workers: BTreeMap<u32, Member>,
    usage: Usage,
}

impl UsageSampler {
    /// Fails where the system gives no figures.
    pub fn new() -> Result<Self> {
        let mut sampler = Self {
            system: System::new().context("cannot read figures of processes")?,
            supervisor: Member::default(),
            before: Duration::ZERO,
            workers: BTreeMap::new(),
            usage: Usage::default(),
        };
        sampler.before = sampler.sample(&[]).supervisor.cpu;
        Ok(sampler)
    }

    /// The figures up to now. `workers` are the numbers and process ids of those that live;
    /// others keep the figures that they had. Reads two small files for each process and none
    /// for its threads, however many there are.
    pub fn sample(&mut self, workers: &[(u32, u32)]) -> &Usage {
        let us = std::process::id();
        let mut pids: Vec<_> = workers.iter().map(|(_, pid)| *pid).chain([us]).map(Pid::from_u32).collect();
        // sysinfo takes a process for dead that is in the list twice.
        pids.sort_unstable();
        pids.dedup();
        let what = ProcessRefreshKind::nothing().with_cpu().with_memory().without_tasks();
        self.system.refresh_processes_specifics(ProcessesToUpdate::Some(&pids), true, what);

        self.supervisor.take(&self.system, us);
        self.usage.supervisor = self.supervisor.usage();
        self.usage.supervisor.cpu = self.usage.supervisor.cpu.saturating_sub(self.before);
        for (number, pid) in workers {
            let member = self.workers.entry(*number).or_default();
            member.take(&self.system, *pid);
            self.usage.workers.insert(*number, member.usage());
        }
        &self.usage
    }

    /// The figures of the last sample.
    pub fn latest(&self) -> &Usage {
        &self.usage
    }
}

/// The processes that have been one worker, one after the other.
#[derive(Debug, Default)]
struct Member {
    /// Id and, as ids are used again, start of the present one.
    process: Option<(u32, u64)>,
    cpu: Duration,
    cpu_of_former: Duration,
    peak_memory: u64,
}

impl Member {
    fn take(&mut self, system: &System, pid: u32) {
        let Some(process) = system.process(Pid::from_u32(pid)) else { return };
        let identity = Some((pid, process.start_time()));
        if self.process != identity {
            self.process = identity;
            self.cpu_of_former += std::mem::take(&mut self.cpu);
        }
        // The time of a process never runs backwards; a figure that could not be read is zero.
        self.cpu = self.cpu.max(Duration::from_millis(process.accumulated_cpu_time()));
        self.peak_memory = self.peak_memory.max(process.memory());
    }

    fn usage(&self) -> ProcessUsage {
        ProcessUsage { cpu: self.cpu_of_former + self.cpu, peak_memory: self.peak_memory }
    }
}

/// The machine that a run takes place on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// Its name, where it has one.
    pub hostname: Option<String>,
    /// CPU cores that this process may use: affinity and cgroup limits are respected.
    pub cpus: usize,
    /// The maker's name of the CPU, where it is told.
    pub cpu_model: Option<String>,
    /// Memory that this process may use, in bytes: the machine's or its cgroup's. Zero where
    /// that is not known.
    pub memory_bytes: u64,
}

impl Machine {
    /// This machine.
    pub fn detect() -> Self {
        let kind = RefreshKind::nothing()
            .with_cpu(CpuRefreshKind::nothing())
            .with_memory(MemoryRefreshKind::nothing().with_ram());
        let system = System::new_with_specifics(kind).ok();
        let model = system.as_ref().and_then(|system| Some(system.cpus().first()?.brand().trim().to_owned()));
        let memory = system.as_ref().map_or(0, |system| match system.cgroup_limits() {
            Some(limits) if limits.total_memory > 0 => system.total_memory().min(limits.total_memory),
            _ => system.total_memory(),
        });
        Self {
            hostname: System::host_name().ok(),
            // sysinfo counts the machine's cores, whatever this process may use of them.
            cpus: thread::available_parallelism().map_or(1, usize::from),
            cpu_model: model.filter(|model| !model.is_empty()),
            memory_bytes: memory,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;
    use std::process::{Child, Command, Stdio};
    use std::time::Instant;

    use super::*;

    /// A process that burns CPU until it is dropped.
    struct Busy(Child);

    impl Busy {
        fn start() -> Self {
            let mut command = Command::new("sh");
            command.args(["-c", "while :; do :; done"]).stdin(Stdio::null());
            Self(command.spawn().expect("a shell starts"))
        }
    }

    impl Drop for Busy {
        fn drop(&mut self) {
            self.0.kill().and_then(|()| self.0.wait().map(drop)).expect("it ends");
        }
    }

    fn sample_until(
        sampler: &mut UsageSampler,
        workers: &[(u32, u32)],
        enough: impl Fn(&Usage) -> bool,
    ) -> Usage {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let usage = sampler.sample(workers).clone();
            if enough(&usage) {
                return usage;
            }
            assert!(Instant::now() < deadline, "never enough: {usage:?}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    #[test]
    fn a_replaced_worker_adds_up_and_a_dead_one_keeps_its_figures() {
        let mut sampler = UsageSampler::new().expect("figures");
        let bit = Duration::from_millis(50);

        let first = Busy::start();
        let before = sample_until(&mut sampler, &[(7, first.0.id())], |usage| usage.workers[&7].cpu >= bit);
        assert!(before.workers[&7].peak_memory > 0);
        drop(first);
        assert_eq!(sampler.sample(&[]).workers[&7], before.workers[&7]);

        let second = Busy::start();
        let sum = before.workers[&7].cpu + bit;
        let after = sample_until(&mut sampler, &[(7, second.0.id())], |usage| usage.workers[&7].cpu >= sum);
        assert!(after.workers[&7].peak_memory >= before.workers[&7].peak_memory);
        assert_eq!(after.workers.len(), 1);
    }

    #[test]
    fn our_own_figures_grow() {
        let mut sampler = UsageSampler::new().expect("figures");
        let before = sampler.sample(&[]).supervisor;
        let mut kept = Vec::new();
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            if kept.len() < 64 {
                kept.push(black_box(vec![1_u8; 1 << 20]));
            }
            let now = sampler.sample(&[]).supervisor;
            if now.cpu > before.cpu && now.peak_memory > before.peak_memory {
                break;
            }
            assert!(Instant::now() < deadline, "never grew: {now:?}");
        }
    }

    #[test]
    fn a_process_that_is_gone_is_no_error() {
        let mut sampler = UsageSampler::new().expect("figures");
        assert_eq!(sampler.sample(&[(0, u32::MAX / 2)]).workers[&0], ProcessUsage::default());
    }

    #[test]
    fn threads_are_not_walked() {
        let mut sampler = UsageSampler::new().expect("figures");
        sampler.sample(&[]);
        assert!(sampler.system.process(Pid::from_u32(std::process::id())).expect("us").tasks().is_none());
        assert_eq!(sampler.system.processes().len(), 1);
    }

    #[test]
    fn the_machine_has_cores_and_memory() {
        let machine = Machine::detect();
        assert!(machine.cpus > 0);
        assert!(machine.memory_bytes > 1_000_000, "{machine:?}");
    }
}
