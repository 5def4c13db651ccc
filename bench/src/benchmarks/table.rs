//! All benchmarks by name.

use anyhow::Result;

use super::{cpu, history, instructions, latency_bound, makespan, memory, overhead, peers, start_up};
use crate::clients::Installed;
use crate::fleet::{Devices, Fleet};
use crate::report::Report;

/// What every benchmark is given.
#[derive(Debug)]
pub struct Bench {
    /// What is measured.
    pub installed: Installed,
    /// Whether small sizes will do: figures that show that everything works, and no more.
    pub quick: bool,
    /// How often clients take turns, where no benchmark says otherwise.
    pub rounds: usize,
    /// Where figures go.
    pub report: Report,
}

impl Bench {
    /// The `whole` size, or the `quick` one.
    pub fn size<T>(&self, whole: T, quick: T) -> T {
        if self.quick { quick } else { whole }
    }

    /// Starts a fleet.
    pub fn fleet(&self, devices: Devices) -> Result<Fleet> {
        Fleet::start(&self.installed.netsweep, devices)
    }
}

/// A benchmark.
#[derive(Debug)]
pub struct Benchmark {
    /// What it is called on the command line.
    pub name: &'static str,
    /// What it measures.
    pub about: &'static str,
    /// Measures it.
    pub run: fn(&mut Bench) -> Result<()>,
}

const fn benchmark(name: &'static str, about: &'static str, run: fn(&mut Bench) -> Result<()>) -> Benchmark {
    Benchmark { name, about, run }
}

/// All benchmarks, in the order in which `all` runs them.
pub const BENCHMARKS: &[Benchmark] = &[
    benchmark("cpu", "CPU a session, sessions a second and the supervisor's share; no latency", cpu::run),
    benchmark("makespan", "how long sweeps of devices with latencies take", makespan::run),
    benchmark("memory", "memory of up to 10,000 sessions at once, and how soon all are up", memory::run),
    benchmark("instructions", "instructions a session, counted by valgrind", instructions::run),
    benchmark("start-up", "inventories of up to 100,000 devices: until the first login", start_up::run),
    benchmark("latency-bound", "how near the ideal mixes of 2×64 and 2×256 come", latency_bound::run),
    benchmark("overhead", "what a device costs beyond its own latencies, one at a time", overhead::run),
    benchmark("history", "dead devices that the run store knows of", history::run),
    benchmark("peers", "netsweep and the floor beside everything else that is installed", peers::run),
];
