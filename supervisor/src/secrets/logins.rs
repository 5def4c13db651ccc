//! What each device logs in with.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, anyhow, ensure};
use netsweep_shared::login::{Login, PrivateKey};
use netsweep_shared::secret::Secret;

use super::key::KeySource;
use super::source::SecretSource;

/// A user and where there is what proves who it is.
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    /// Who logs in; empty where the device asks for nobody.
    pub username: Arc<str>,
    /// Where the password is.
    pub password: Option<Arc<SecretSource>>,
    /// Where the password that raises privileges is.
    pub enable_password: Option<Arc<SecretSource>>,
    /// Where the private key is.
    pub private_key: Option<Arc<KeySource>>,
    /// Whether the user's SSH agent may be asked.
    pub agent: bool,
}

/// Credentials are told apart by where the inventory names their parts.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    username: Arc<str>,
    parts: [usize; 3],
    agent: bool,
}

impl Credentials {
    /// Takes `key` where there is nothing else to log in with.
    pub(crate) fn or_key(&mut self, key: Option<Arc<KeySource>>) {
        if self.password.is_none() && self.private_key.is_none() && !self.agent {
            self.private_key = key;
        }
    }

    fn key(&self) -> Key {
        let places = [
            place(self.password.as_ref()),
            place(self.enable_password.as_ref()),
            place(self.private_key.as_ref()),
        ];
        Key { username: Arc::clone(&self.username), parts: places, agent: self.agent }
    }
}

fn place<T>(part: Option<&Arc<T>>) -> usize {
    part.map_or(0, |part| Arc::as_ptr(part).addr())
}

/// Reads logins; each secret once, and all that cannot be read told at once.
#[derive(Debug)]
pub struct LoginReader {
    /// What relative paths are relative to.
    folder: PathBuf,
    agent: Option<String>,
    logins: HashMap<Key, Arc<Login>>,
    secrets: HashMap<usize, Result<Secret, usize>>,
    keys: HashMap<usize, Result<PrivateKey, usize>>,
    unreadable: Vec<Unreadable>,
}

#[derive(Debug)]
struct Unreadable {
    why: anyhow::Error,
    key: &'static str,
    first: String,
    devices: usize,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.username)
    }
}

impl LoginReader {
    /// For the inventory at this path.
    pub fn new(inventory: &Path) -> Self {
        Self {
            folder: inventory.parent().unwrap_or(Path::new("")).to_owned(),
            agent: std::env::var("SSH_AUTH_SOCK").ok().filter(|path| !path.is_empty()),
            logins: HashMap::new(),
            secrets: HashMap::new(),
            keys: HashMap::new(),
            unreadable: vec![],
        }
    }

    /// What `device` logs in with; the same credentials give the same login.
    pub fn read(&mut self, credentials: &Credentials, device: &str) -> Arc<Login> {
        let key = credentials.key();
        if let Some(login) = self.logins.get(&key) {
            let login = Arc::clone(login);
            // Counts the device where a part could not be read.
            self.count(credentials);
            return login;
        }
        let login = Arc::new(Login {
            username: credentials.username.to_string(),
            password: self.secret(credentials.password.as_ref(), "password", device),
            enable_password: self.secret(credentials.enable_password.as_ref(), "enable_password", device),
            key: self.private_key(credentials.private_key.as_ref(), device),
            agent: if credentials.agent { self.agent(device) } else { None },
        });
        self.logins.insert(key, Arc::clone(&login));
        login
    }

    /// # Errors
    /// All secrets that could not be read, with the devices that need them.
    pub fn told(self) -> Result<()> {
        let mut lines: Vec<String> = self
            .unreadable
            .into_iter()
            .map(|Unreadable { why, key, first, devices }| match devices {
                1 => format!("{key} of device {first:?}: {why:#}"),
                _ => format!("{key} of device {first:?} and {} more: {why:#}", devices - 1),
            })
            .collect();
        lines.sort();
        ensure!(lines.is_empty(), "{}", lines.join("\n"));
        Ok(())
    }

    fn secret(
        &mut self,
        source: Option<&Arc<SecretSource>>,
        key: &'static str,
        device: &str,
    ) -> Option<Secret> {
        let source = source?;
        let place = Arc::as_ptr(source).addr();
        if !self.secrets.contains_key(&place) {
            let read = source.read(&self.folder, key);
            let read = read.map_err(|why| self.note(why, key, device));
            self.secrets.insert(place, read);
        } else if let Some(Err(failure)) = self.secrets.get(&place) {
            self.unreadable[*failure].devices += 1;
        }
        self.secrets.get(&place)?.as_ref().ok().cloned()
    }

    fn private_key(&mut self, source: Option<&Arc<KeySource>>, device: &str) -> Option<PrivateKey> {
        let source = source?;
        let place = Arc::as_ptr(source).addr();
        if !self.keys.contains_key(&place) {
            let read = source.read(&self.folder);
            let read = read.map_err(|why| self.note(why, "private_key", device));
            self.keys.insert(place, read);
        } else if let Some(Err(failure)) = self.keys.get(&place) {
            self.unreadable[*failure].devices += 1;
        }
        self.keys.get(&place)?.as_ref().ok().cloned()
    }

    fn agent(&mut self, device: &str) -> Option<String> {
        if self.agent.is_none() {
            let why =
                "the environment variable SSH_AUTH_SOCK does not name one: start ssh-agent and add your key";
            self.note(anyhow!(why), "agent", device);
        }
        self.agent.clone()
    }

    fn note(&mut self, why: anyhow::Error, key: &'static str, device: &str) -> usize {
        self.unreadable.push(Unreadable { why, key, first: device.to_owned(), devices: 1 });
        self.unreadable.len() - 1
    }

    fn count(&mut self, credentials: &Credentials) {
        let parts = [place(credentials.password.as_ref()), place(credentials.enable_password.as_ref())];
        let secrets = parts.iter().filter_map(|place| self.secrets.get(place)?.as_ref().err());
        let keys = self.keys.get(&place(credentials.private_key.as_ref())).and_then(|key| key.as_ref().err());
        for failure in secrets.chain(keys).copied().collect::<Vec<_>>() {
            self.unreadable[failure].devices += 1;
        }
    }
}
