//! What an experiment does to a worker: nothing, in an ordinary run.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The conditions that a worker works under. The default is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conditions {
    /// One lock for the whole process, held while a session's thread computes and given up while it waits,
    /// as in CPython; a thread that wants it asks for it after this long, CPython's switch interval.
    pub gil: Option<Duration>,
    /// CPU time that a session's thread spends behind each command: it stands for what is done with the
    /// output.
    pub cpu_per_command: Duration,
    /// The only cores that the process may use, by the kernel's numbers; none where it may use any.
    pub cores: Vec<u32>,
}
