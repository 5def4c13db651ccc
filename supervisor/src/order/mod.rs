//! In which order devices are begun: longest first, where earlier runs tell which those are.
//!
//! A device that is dead takes its whole time-out; begun last, it keeps the run waiting when all others
//! are done. Begun first, it costs one session of many.

// What an earlier run tells of a device.
mod known;
// The order, and how long a run in some order takes.
mod longest_first;
mod schedule;

pub use known::{Health, Known, durations};
pub use longest_first::longest_first;
pub use schedule::makespan;
