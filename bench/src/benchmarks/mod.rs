//! What is measured, one file each.

mod cpu;
mod history;
mod instructions;
mod latency_bound;
mod makespan;
mod memory;
mod overhead;
mod peers;
mod start_up;
mod table;

pub use table::{BENCHMARKS, Bench, Benchmark};
