//! What is known of a device when its own values, its groups' and the defaults are joined.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use encoding_rs::Encoding;
use netsweep_shared::job::{Mode, Route, Transport};

use crate::secrets::{KeySource, SecretSource};

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
    /// How to reach it: never none, each transport once, a later one only where those before could
    /// not be connected to.
    pub routes: Arc<[Route]>,
    /// SSH servers on the way, the first of them reached from here.
    pub jumps: Arc<[Hop]>,
    /// Name of a known platform.
    pub platform: Arc<str>,
    /// Who logs in.
    pub credentials: Arc<Credentials>,
    /// Offer old SSH algorithms as well.
    pub ssh_legacy: bool,
    /// How commands are run.
    pub mode: Mode,
    /// Say something that means nothing where nothing was said for so long.
    pub keepalive: Option<Duration>,
    /// How the device's text is encoded, where that is not UTF-8. Bytes of ASCII mean ASCII in it.
    pub encoding: Option<&'static Encoding>,
    /// Time for name look-up and connection.
    pub connect_timeout: Option<Duration>,
    /// Time for each command.
    pub command_timeout: Option<Duration>,
    /// Run where the command line names none.
    pub commands: Arc<[String]>,
    /// In the order of precedence.
    pub groups: Arc<[Arc<str>]>,
    /// For selection and for simulation.
    pub vars: Vars,
}

impl Device {
    /// The route that is tried first.
    pub fn route(&self) -> Route {
        self.routes[0]
    }

    /// The port of its SSH server, where it is reached over SSH.
    pub fn ssh_port(&self) -> Option<u16> {
        self.routes.iter().find(|route| route.transport == Transport::Ssh).map(|route| route.port)
    }
}

/// Variables with their values, in the order of their names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vars(Arc<[(Arc<str>, Arc<str>)]>);

impl Vars {
    /// The value of the variable called `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        let place = self.0.binary_search_by(|(known, _)| (**known).cmp(name)).ok()?;
        Some(&self.0[place].1)
    }

    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// These, and those of `others` that have other names.
    pub(super) fn over(&self, others: &Self) -> Self {
        match (&*self.0, &*others.0) {
            ([], _) => others.clone(),
            (_, []) => self.clone(),
            (own, others) => {
                let others = others.iter().filter(|(name, _)| self.get(name).is_none());
                own.iter().chain(others).cloned().collect()
            }
        }
    }
}

impl FromIterator<(Arc<str>, Arc<str>)> for Vars {
    fn from_iter<T: IntoIterator<Item = (Arc<str>, Arc<str>)>>(vars: T) -> Self {
        let mut vars: Vec<_> = vars.into_iter().collect();
        vars.sort_unstable();
        Self(vars.into())
    }
}

/// Who logs in, and where what is needed for that is found.
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    /// The user's name; empty where the device asks for nobody.
    pub username: Arc<str>,
    /// Where the password is.
    pub password: Option<Arc<SecretSource>>,
    /// Where the password that raises privileges is.
    pub enable_password: Option<Arc<SecretSource>>,
    /// Where the private key is.
    pub private_key: Option<Arc<KeySource>>,
    /// Let an SSH agent's keys be tried.
    pub agent: bool,
}

/// An SSH server through which devices are reached.
#[derive(Clone, Debug)]
pub struct Hop {
    /// IP address or host name.
    pub address: Arc<str>,
    /// TCP port.
    pub port: u16,
    /// Who logs in there.
    pub credentials: Arc<Credentials>,
    /// Offer old SSH algorithms as well.
    pub ssh_legacy: bool,
}
