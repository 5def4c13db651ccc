//! What the supervisor hands to a worker: one device and its commands.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::secret::Secret;

/// A job's number within its run: its place in the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct JobId(pub u32);

impl JobId {
    /// As an index into the plan.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The protocol that carries a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// RFC 4251 and its family, through libssh2.
    Ssh,
    /// RFC 854.
    Telnet,
}

impl Transport {
    /// The port assigned to the protocol.
    pub fn default_port(self) -> u16 {
        match self {
            Self::Ssh => 22,
            Self::Telnet => 23,
        }
    }

    /// The word of the inventory and of the records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ssh => "ssh",
            Self::Telnet => "telnet",
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One device and its commands, complete: a worker looks nothing up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Which job.
    pub id: JobId,
    /// Which try of it, from 1.
    pub attempt: u32,
    /// The device's name, for messages.
    pub device: String,
    /// IP address or host name.
    pub address: String,
    /// TCP port.
    pub port: u16,
    /// How to reach it.
    pub transport: Transport,
    /// Name of a platform of the worker's setup.
    pub platform: String,
    /// Who logs in.
    pub login: Login,
    /// Sent in this order, in one session.
    pub commands: Vec<String>,
    /// How long each step may take.
    pub timeouts: Timeouts,
    /// Offer old key exchanges, ciphers and host keys as well.
    pub ssh_legacy: bool,
}

/// Who logs in, and with what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Login {
    /// The user's name; empty where the device asks for none.
    pub username: String,
    /// The user's password.
    pub password: Option<Secret>,
    /// The password that raises privileges.
    pub enable_password: Option<Secret>,
}

/// Absolute limits: the time runs out however busily the device talks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeouts {
    /// Name look-up and TCP connection.
    pub connect: Duration,
    /// From the open connection to the prompt that takes the first command.
    pub login: Duration,
    /// Each command, from its first byte sent to the prompt behind its output.
    pub command: Duration,
    /// This attempt as a whole.
    pub device: Duration,
}
