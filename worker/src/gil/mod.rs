//! A model of CPython's global interpreter lock, for experiments: what a worker written in Python would
//! do to itself.
//!
//! A session's thread holds its process's one lock while it computes, and gives it up around every wait.
//! It is asked for the lock by those who want it ([`lock`]), and hears that at its check points, which
//! stand where CPython looks between two of its instructions. A call of libssh2 or of a regular expression
//! has none, as a C extension has none.
//!
//! What the model leaves out: threads that are no session's (the pipe's two ends, jump hosts' connections,
//! name look-ups) compute without the lock; and CPython gives it up around some calls that compute, of
//! OpenSSL among others.

// The lock, and a thread's side of it.
mod lock;
mod thread;

pub(crate) use self::lock::Gil;
pub(crate) use self::thread::{check_point, compute, join, while_waiting};
