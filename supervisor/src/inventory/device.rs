//! What is known of a device when its own values, its groups' and the defaults are joined.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use netsweep_shared::job::Transport;

use crate::secrets::SecretSource;

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
    /// TCP port.
    pub port: u16,
    /// How to reach it.
    pub transport: Transport,
    /// Name of a known platform.
    pub platform: Arc<str>,
    /// Who logs in; empty where the device asks for nobody.
    pub username: Arc<str>,
    /// Where the password is.
    pub password: Option<Arc<SecretSource>>,
    /// Where the password that raises privileges is.
    pub enable_password: Option<Arc<SecretSource>>,
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
    /// A key that the contract knows and this version does not support.
    pub unsupported: Option<&'static str>,
}
