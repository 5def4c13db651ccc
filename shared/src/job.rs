//! What the supervisor hands to a worker: one device and its commands.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::host_key::HostKeyCheck;
use crate::login::Login;

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

/// One device and its commands, complete: a worker looks nothing up and opens no file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Which job.
    pub id: JobId,
    /// Which try of it, from 1.
    pub attempt: u32,
    /// The device's name, for messages.
    pub device: String,
    /// Where it is.
    pub address: String,
    /// How to reach it: never none, each transport once. The next one is tried only where the one
    /// before could not be connected to.
    pub routes: Vec<Route>,
    /// SSH servers on the way, the first of them reached from here and the device from the last.
    pub jumps: Vec<Jump>,
    /// Name of a platform of the worker's setup.
    pub platform: String,
    /// Who logs in.
    pub login: Login,
    /// Nothing good is known of that login yet: the worker asks before it is used, by
    /// [`AsksToLogIn`](crate::protocol::FromWorker::AsksToLogIn).
    pub asks_first: bool,
    /// What SSH is to do; without meaning over Telnet.
    pub ssh: SshSettings,
    /// How commands are run.
    pub mode: Mode,
    /// Say something that means nothing where nothing was said for so long.
    pub keepalive: Option<Duration>,
    /// How the device encodes what it says, by its name in the Encoding Standard; none is UTF-8.
    pub encoding: Option<String>,
    /// Sent in this order, in one session.
    pub commands: Vec<String>,
    /// None of them changes the device: the job may be run again, whatever became of it.
    pub read_only: bool,
    /// How long each step may take.
    pub timeouts: Timeouts,
}

/// A protocol and its port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Route {
    /// What carries the session.
    pub transport: Transport,
    /// TCP port.
    pub port: u16,
}

/// An SSH server through which other hosts are reached (RFC 4254, 7.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jump {
    /// IP address or host name, looked up where the connection to it begins.
    pub address: String,
    /// TCP port.
    pub port: u16,
    /// Who logs in.
    pub login: Login,
    /// How.
    pub ssh: SshSettings,
}

/// How a session over SSH is made safe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SshSettings {
    /// Which host keys are the right ones.
    pub host_key: HostKeyCheck,
    /// Offer old key exchanges, ciphers and host keys as well.
    pub legacy: bool,
}

/// How commands are run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Mode {
    /// Typed into the shell of one session, on a terminal.
    #[default]
    Shell,
    /// Each by a request of its own (RFC 4254, 6.5, `exec`), without terminal or prompt. Only over
    /// SSH.
    Exec,
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
