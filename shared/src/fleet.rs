//! The messages between the supervisor and the simulated fleet's process.
//!
//! The supervisor sends one [`FleetSpec`], the fleet answers with one [`FleetReady`] when every
//! device listens, serves until its input ends, and then says goodbye with a [`FleetReport`].

use std::fmt;
use std::net::SocketAddrV4;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::job::Transport;

/// The fleet to simulate. The same spec gives the same fleet, output and faults included.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FleetSpec {
    /// Its devices; the answer has an endpoint for each, in this order.
    pub devices: Vec<SimulatedDevice>,
    /// How slow they are.
    pub latency: Latencies,
    /// What all their logins have to pass; `None` where each device decides for itself.
    pub login_server: Option<LoginServer>,
    /// Bytes that a show command prints, roughly; `None` for what the platform's would be.
    pub output_bytes: Option<u64>,
    /// Source of everything that varies.
    pub seed: u64,
}

/// One device of the fleet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimulatedDevice {
    /// Its host name and what its output is made from.
    pub name: String,
    /// Platform whose manners it has.
    pub platform: String,
    /// What it speaks.
    pub transport: Transport,
    /// What is wrong with it.
    pub fault: Option<Fault>,
}

/// When a device makes one wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Latencies {
    /// Before it says its first byte.
    pub connect: Latency,
    /// Before it answers the password.
    pub login: Latency,
    /// Before it answers each command.
    pub command: Latency,
}

/// A server behind all devices' logins, such as one for AAA, that serves one login at a time in the order
/// of their arrival. It bounds a sweep's rate whatever the number of sessions.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoginServer {
    /// Time that it takes for a login, after the device's own.
    pub service: Duration,
    /// Logins that may be at it at once, the one that it serves included, before it suffers.
    pub comfortable: u32,
    /// For each login beyond these, the fraction by which a service takes longer.
    pub strain: f64,
}

impl LoginServer {
    /// Time for a login that finds `others` waiting or served.
    pub fn service_among(&self, others: u32) -> Duration {
        let beyond = others.saturating_add(1).saturating_sub(self.comfortable);
        let longer = self.service.as_secs_f64() * (1.0 + self.strain.max(0.0) * f64::from(beyond));
        Duration::try_from_secs_f64(longer).unwrap_or(self.service)
    }
}

/// How a waiting time is distributed. Written `300ms` (always), `100ms..500ms` (uniform) or
/// `300ms~2s` (log-normal with that median and 99th percentile, the shape of real equipment).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Latency {
    /// Always this.
    Fixed(Duration),
    /// Anything between the two, evenly.
    Uniform(Duration, Duration),
    /// Median and 99th percentile.
    LogNormal(Duration, Duration),
}

impl Default for Latency {
    fn default() -> Self {
        Self::Fixed(Duration::ZERO)
    }
}

/// What can be wrong with a simulated device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Fault {
    /// Refuses the connection.
    Refuse,
    /// Accepts and never speaks.
    Silent,
    /// Sends its first words at one byte a second, for ever.
    Trickle,
    /// Stops for ever in the middle of the key exchange (SSH) or of the login (Telnet).
    StallLogin,
    /// Rejects every password.
    Reject,
    /// Sends data without end before the login.
    Flood,
    /// Closes the connection in the middle of an output.
    Cut,
    /// Stops for ever in the middle of an output.
    StallOutput,
    /// Never ends the output of a command.
    Endless,
    /// Prints lines that look like prompts: the device is healthy.
    Lookalike,
}

impl Fault {
    /// All faults, with their names.
    pub const ALL: [(&'static str, Fault); 10] = [
        ("refuse", Self::Refuse),
        ("silent", Self::Silent),
        ("trickle", Self::Trickle),
        ("stall-login", Self::StallLogin),
        ("reject", Self::Reject),
        ("flood", Self::Flood),
        ("cut", Self::Cut),
        ("stall-output", Self::StallOutput),
        ("endless", Self::Endless),
        ("lookalike", Self::Lookalike),
    ];
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.iter().find(|(name, _)| *name == text).map(|(_, fault)| *fault).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|(name, _)| *name).collect();
            format!("no fault is called {text:?}; there are {}", names.join(", "))
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::ALL.iter().find(|(_, fault)| fault == self).map_or("?", |(name, _)| name);
        f.write_str(name)
    }
}

/// Every device listens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FleetReady {
    /// Where each device of the spec is reached, always on loopback.
    pub endpoints: Vec<SocketAddrV4>,
}

/// What the fleet saw and what it cost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FleetReport {
    /// Connections accepted.
    pub connections: u64,
    /// Logins let in.
    pub logins: u64,
    /// Logins turned away.
    pub rejected: u64,
    /// Commands answered.
    pub commands: u64,
    /// CPU time of the fleet's process, user and system.
    pub cpu: Duration,
    /// Latencies that were dealt out, summed over all connections. Of the login server only the bare service
    /// counts, and neither the queue before it nor its strain: a better order of the sessions could save these.
    pub waited: Duration,
    /// The greatest sum of them within one connection.
    pub longest: Duration,
    /// Time that the login server took, its strain not counted. No sweep can be shorter than this,
    /// than `longest`, or than `waited` divided by the sessions at once.
    pub served: Duration,
}
