//! What an inventory leaves open and the SSH config fills in.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use netsweep_shared::job::{Route, Transport};

use super::device::{Credentials, Device, Hop};
use super::jumps::{Author, Jump, resolve};
use super::problems::Problems;
use crate::secrets::{KeySource, SecretSource};
use crate::ssh_config::{HopName, HostSays, SshConfig};

/// A device of which everything is read that its entry, its groups and the defaults say.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    /// Without jumps so far.
    pub(super) device: Device,
    /// Somebody chose the port of its SSH server.
    pub(super) ssh_port_said: bool,
    pub(super) jump: Option<Jump>,
    /// Where its entry stands.
    pub(super) at: usize,
}

/// Completes the devices from what `ssh` says of them. Without it this is a rehearsal: nobody logs in
/// and no name is missed.
pub(super) fn complete(
    mut drafts: Vec<Draft>,
    ssh: Option<&SshConfig>,
    problems: &mut Problems,
) -> Vec<Device> {
    let nothing = SshConfig::default();
    let mut filler = Filler::new(ssh.unwrap_or(&nothing));
    let mut nameless = HashSet::new();
    for draft in &mut drafts {
        let Some(port) = draft.device.ssh_port() else { continue };
        filler.fill_in(draft, port);
        if ssh.is_some() && draft.device.credentials.username.is_empty() && nameless.insert(draft.at) {
            let message = "no username: SSH needs one; set it for the device, a group or in [defaults]";
            problems.add(&(draft.at..draft.at), message);
        }
    }
    let jumps = resolve(&drafts, &mut filler, ssh.is_some(), problems);
    drafts.into_iter().zip(jumps).map(|(draft, jumps)| Device { jumps, ..draft.device }).collect()
}

/// Fills in, and makes what many devices share only once.
pub(super) struct Filler<'a> {
    config: &'a SshConfig,
    keys: HashMap<PathBuf, Arc<KeySource>>,
    credentials: HashMap<Variant, Variation>,
}

/// The place of the credentials that it was made of, the user's name, and the key in place of theirs.
type Variant = (usize, Arc<str>, Option<PathBuf>);

struct Variation {
    /// Kept, so that no others take its place.
    _of: Arc<Credentials>,
    made: Arc<Credentials>,
}

impl<'a> Filler<'a> {
    fn new(config: &'a SshConfig) -> Self {
        Self { config, keys: HashMap::new(), credentials: HashMap::new() }
    }

    fn fill_in(&mut self, draft: &mut Draft, ssh_port: u16) {
        let Draft { device, ssh_port_said, jump, .. } = draft;
        let said = self.config.of(&device.address);
        if said == HostSays::default() {
            return;
        }
        let old = Route { transport: Transport::Ssh, port: ssh_port };
        if let Some(port) = said.port.filter(|port| !*ssh_port_said && *port != ssh_port) {
            let new = Route { port, ..old };
            device.routes =
                device.routes.iter().map(|route| if *route == old { new } else { *route }).collect();
        }
        device.credentials = self.credentials(&device.credentials, &said, &device.address, false);
        if jump.is_none() {
            *jump = said.proxy_jump.map(|hops| Jump { hops, author: Author::SshConfig });
        }
        if let Some(host_name) = said.host_name {
            device.address = host_name;
        }
    }

    /// A jump that is no device of the inventory, with what the config says to be jumped over before
    /// it. It is logged in to as to the device behind it, with `base`; but what the config names
    /// itself it also knows better.
    pub(super) fn hop(
        &mut self,
        name: &HopName,
        author: Author,
        base: &Arc<Credentials>,
    ) -> (Hop, Option<Jump>) {
        let mut said = self.config.of(&name.host);
        let config_first = author == Author::SshConfig;
        if name.user.is_some() {
            said.user.clone_from(&name.user);
        } else if !config_first && !base.username.is_empty() {
            said.user = Some(Arc::clone(&base.username));
        }
        let overriding = said.user.clone().filter(|user| *user != base.username);
        let base = match overriding {
            Some(user) => self.variant(base, user, None),
            None => Arc::clone(base),
        };
        let hop = Hop {
            credentials: self.credentials(&base, &said, &name.host, config_first),
            port: name.port.or(said.port).unwrap_or_else(|| Transport::Ssh.default_port()),
            address: said.host_name.unwrap_or_else(|| Arc::clone(&name.host)),
            ssh_legacy: false,
        };
        (hop, said.proxy_jump.map(|hops| Jump { hops, author: Author::SshConfig }))
    }

    /// `base` with the user's name and the key that it lacks; a key of the config's counts more than
    /// what `base` has where `key_first` says so.
    fn credentials(
        &mut self,
        base: &Arc<Credentials>,
        said: &HostSays,
        alias: &str,
        key_first: bool,
    ) -> Arc<Credentials> {
        let named = [Some(&base.username), said.user.as_ref()].into_iter().flatten();
        let user = named.into_iter().find(|user| !user.is_empty()).cloned().unwrap_or_default();
        let wants_key = key_first || !base.has_secret();
        let key = if wants_key { said.identity_file(alias, &user) } else { None };
        if user == base.username && key.is_none() {
            return Arc::clone(base);
        }
        self.variant(base, user, key)
    }

    fn variant(&mut self, base: &Arc<Credentials>, user: Arc<str>, key: Option<PathBuf>) -> Arc<Credentials> {
        let keys = &mut self.keys;
        let variant = (Arc::as_ptr(base).addr(), Arc::clone(&user), key.clone());
        let variation = self.credentials.entry(variant).or_insert_with(|| {
            let key = key.map(|path| {
                let source = || KeySource { pem: SecretSource::File(path.clone()), passphrase: None };
                Arc::clone(keys.entry(path.clone()).or_insert_with(|| Arc::new(source())))
            });
            let private_key = key.or_else(|| base.private_key.clone());
            let made = Credentials { username: user, private_key, ..Credentials::clone(base) };
            Variation { _of: Arc::clone(base), made: Arc::new(made) }
        });
        Arc::clone(&variation.made)
    }
}

impl Credentials {
    /// Whether there is anything to log in with.
    fn has_secret(&self) -> bool {
        self.password.is_some() || self.private_key.is_some() || self.agent
    }
}
