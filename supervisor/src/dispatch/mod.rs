//! Who runs what, when: a pure state machine.
//!
//! `Dispatcher::handle(event, now) -> actions` has no I/O, no threads and no clock of its own;
//! `crate::supervise` is the shell around it. So supervision can be tested by simulation.

// What it is told and what it asks for.
pub mod message;
// One job's states, one worker's states.
mod job;
mod worker;
// Jobs that wait: for a thread, for a place in their group, for a back-off to end.
mod queue;
// The machine itself.
mod dispatcher;

pub use dispatcher::{Dispatcher, Settings};
pub use job::JobSpec;
