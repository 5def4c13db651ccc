//! The shell around the dispatcher: processes, pipes, signals, clock.

// One worker's process, the threads on its pipes, and what is sent to it.
mod outbound;
mod process;
// What the sessions have printed so far.
mod gather;
// Ctrl-C and its like.
mod signals;
// The loop that joins them with the dispatcher and the listeners.
mod sweep;

pub use process::WorkerCommand;
pub use signals::Signals;
pub use sweep::{Outcome, sweep, witnessed};
