//! What netsweep's processes agree on, in the order in which a job flows.
//!
//! Types only, and the one codec that carries them: nothing here opens a file, a socket or a
//! process. Wire types are encoded with bincode, which is not self-describing, so none of them
//! uses serde's `flatten`, `untagged` or `skip_serializing_if`.

pub mod secret;
// How a kind of device logs in, prompts, pages and fails.
pub mod platform;
// Who logs in, and by which key a server is known.
pub mod host_key;
pub mod login;
// What the supervisor hands down, and what comes of it.
pub mod job;
pub mod outcome;
// What an experiment changes about it.
pub mod experiment;
// How both travel: messages, then bytes.
pub mod frame;
pub mod protocol;
// The simulated fleet, which is a process of its own.
pub mod fleet;
