//! Who runs what, when: a pure state machine.
//!
//! `Dispatcher::handle(event, now) -> actions` has no I/O, no threads and no clock of its own;
//! `crate::supervise` is the shell around it. So supervision can be tested by simulation.

// What it is told and what it asks for.
pub mod message;
// What it goes by: one job's states, one worker's states, and the time.
mod clock;
mod job;
mod worker;
// Jobs that wait: for a thread, for a place at their gates, for a back-off to end.
mod gates;
mod queue;
// The machine itself: jobs to workers and back …
mod dispatcher;
// … who hangs, what a worker's death means, how a run ends; how often logins may begin and be
// rejected, and which have to wait for that; and how many sessions are enough.
mod death;
mod ending;
mod leave;
mod lockout;
mod pace;
mod tuner;
mod watch;
// What must hold whatever happens, and who watches it: for tests of every layer.
mod invariants;
pub mod witness;

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod stories;

pub use dispatcher::{Dispatcher, Settings, back_off};
pub use job::JobSpec;
pub use tuner::{Because, Tuned, Tuning};
