//! The simulated fleet: SSH and Telnet devices by the thousand, in one process, on loopback.
//!
//! For rehearsals, experiments and tests. Everything a device says follows from the seed, its
//! name and what is typed: neither timing nor the order of sessions changes a byte of it. The
//! fleet checks no password and keeps no secret; it never listens beyond the loopback interface.
//!
//! A byte's way: `listen` accepts and `fleet` finds the device by the address that was called;
//! `telnet` or `ssh` takes the protocol off; `shell` edits lines, asks the platform's `manners`
//! what they come to and answers with a `script`, which the protocol side performs.

// The process: one spec in, a fleet, a report out.
mod serve;
pub use serve::{main, serve};
mod fleet;
pub use fleet::Fleet;
mod listen;
mod report;

// How long a sweep of it must take.
mod forecast;
pub use forecast::{Visit, makespan, visits};

// What a device is.
mod device;
mod dice;
mod identity;
mod latency;
mod login_server;
mod waits;

// What it says: pure, without sockets and clocks.
mod filter;
mod line;
mod manners;
pub use manners::platforms;
mod pages;
mod script;
mod shell;

// How it is reached, and how that goes wrong.
mod fault;
mod nvt;
mod ssh;
mod telnet;
mod wire;
