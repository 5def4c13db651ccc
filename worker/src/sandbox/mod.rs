//! The shut-in worker: before it reads its first job it gives up what it does not need.
//!
//! A worker is the process that a hostile device may take over, and it holds passwords. What is
//! left to it then: its pipes, connections to the network, the name service, and the sockets of the
//! SSH agents that the run uses. Three layers, each of which holds without the others:
//!
//! | layer | what it takes away |
//! | --- | --- |
//! | the process's own settings | new privileges, core dumps, debuggers of other processes |
//! | Landlock (Linux 5.13, built in and enabled) | files, TCP ports of its own; signals to others (6.12), UNIX sockets (later) |
//! | seccomp | programs, processes, listening, and what a network client never asks of a kernel |
//!
//! What the kernel does not have is said and does without: a sweep does not fail for it.

// What a worker does, once: all layers, and what came of each.
mod enter;
// Which files and sockets name resolution needs, and nothing else.
mod files;
// Which system calls are refused, and how.
mod calls;

pub use enter::{InForce, enter};
