//! netsweep's worker: a pool of session threads that run commands on devices.
//!
//! A worker is the process that talks to untrusted devices through a C library, so it owns
//! nothing: it opens no file and starts no program, and all that it knows came down its pipe.
//!
//! Blocking, straight-line code in one thread per session; every wait on a device goes through
//! [`link::Link::wait`].

// From the outside in: the pipe, the threads and what they are at, one attempt; and what is said of it.
mod attempt;
mod batch;
mod leave;
mod outbox;
mod pool;
mod ramp;
mod register;
pub mod sandbox;
pub mod serve;
// What it all costs: the process, and each attempt.
mod cost;
mod effort;
// What experiments add to it, or take away.
mod computing;
mod cores;
mod gil;
// Reaching a device: its routes, directly or through other hosts, deadlines, and what carries the
// session.
pub mod connect;
pub mod jump;
pub mod link;
mod reach;
pub mod transport;
pub mod watchdog;
// Talking to it: platform, prompt, dialogue.
mod channel;
pub mod platform;
pub mod session;
// All of that, fed with anything.
#[cfg(any(test, fuzzing))]
pub mod fuzz;

pub use serve::main;
