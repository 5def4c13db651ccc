//! What is known of a device when its own values, its groups' and the defaults are joined.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use encoding_rs::Encoding;
use netsweep_shared::job::{Mode, Route, Transport};

use crate::secrets::Credentials;

/// A whole inventory, checked.
#[derive(Clone, Debug)]
pub struct Inventory {
    /// In the order of the file, ranges expanded.
    pub devices: Vec<Device>,
    /// By name.
    pub groups: BTreeMap<Arc<str>, Group>,
    /// What a person should know of it, though it is no error.
    pub notices: Vec<String>,
}

/// What a group says of itself and not of its devices.
#[derive(Clone, Debug, Default)]
pub struct Group {
    /// At most so many sessions at once, over all workers.
    pub max_sessions: Option<u32>,
}

/// One device. Text that many devices share is stored once.
#[derive(Clone, Debug)]
pub struct Device {
    /// Unique.
    pub name: Arc<str>,
    /// IP address or host name.
    pub address: Arc<str>,
    /// How to reach it: never none, each transport once; the later ones only where the earlier could
    /// not be connected to.
    pub routes: Arc<[Route]>,
    /// SSH servers on the way, the first of them reached from here.
    pub jumps: Arc<[Hop]>,
    /// Name of a known platform.
    pub platform: Arc<str>,
    /// Who logs in.
    pub credentials: Credentials,
    /// Offer old SSH algorithms as well.
    pub ssh_legacy: bool,
    /// Time for name look-up and connection.
    pub connect_timeout: Option<Duration>,
    /// Time for each command.
    pub command_timeout: Option<Duration>,
    /// Run where the command line names none.
    pub commands: Arc<[String]>,
    /// In the order of precedence.
    pub groups: Arc<[Arc<str>]>,
    /// For selection and for simulation.
    pub vars: Arc<BTreeMap<String, String>>,
    /// How commands are run.
    pub mode: Mode,
    /// How long a session may be silent before something is said.
    pub keepalive: Option<Duration>,
    /// In which encoding it speaks, where that is not UTF-8.
    pub encoding: Option<&'static Encoding>,
}

/// An SSH server on the way to a device.
#[derive(Clone, Debug)]
pub struct Hop {
    /// IP address or host name.
    pub address: Arc<str>,
    /// TCP port.
    pub port: u16,
    /// Who logs in there.
    pub credentials: Credentials,
    /// Offer old SSH algorithms as well.
    pub ssh_legacy: bool,
}

impl Device {
    /// The first way to reach it: the one that is meant where there is talk of one.
    pub fn route(&self) -> Route {
        self.routes[0]
    }

    /// Whether SSH may carry the session.
    pub fn speaks_ssh(&self) -> bool {
        self.routes.iter().any(|route| route.transport == Transport::Ssh)
    }
}
