//! By which keys SSH servers are known: OpenSSH's `known_hosts`.
//!
//! Only the supervisor reads and writes these files; a worker is handed what is known of the servers
//! of each job.

// One line of a file, and which hosts it is about.
mod line;
mod pattern;
// The files as a whole: looking up, and adding what is new.
mod store;

pub use line::fingerprint;
pub use store::{HostKeys, Learned, Policy};
