//! Whole fleets on real sockets, seen from outside.

// Fleets to try and a client that remembers.
mod client;

// The process: frames in, frames out.
mod process;
// What devices do, by transport; faults included.
mod ssh;
mod telnet;
// What it makes its callers wait for.
mod waits;
