//! The logins of all devices and jump hosts.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use netsweep_shared::login::{Login, PrivateKey};
use netsweep_shared::secret::Secret;

use super::source::SecretSource;
use crate::inventory::Credentials;

/// Where an SSH agent is found (ssh-agent(1)).
const AGENT: &str = "SSH_AUTH_SOCK";

/// Reads logins, each secret once; those of the same credential share one.
#[derive(Debug)]
pub struct LoginReader<'a> {
    folder: &'a Path,
    passwords: HashMap<usize, Outcome<Secret>>,
    keys: HashMap<usize, Outcome<PrivateKey>>,
    agent: Option<Outcome<String>>,
    logins: HashMap<Credential, Arc<Login>>,
}

/// What tells credentials apart: secrets by where the inventory names them.
type Credential = (Arc<str>, [Option<usize>; 3], bool);

#[derive(Debug)]
enum Outcome<T> {
    Read(T),
    Unreadable { why: anyhow::Error, key: &'static str, first: String, others: usize },
}

impl<'a> LoginReader<'a> {
    /// For the inventory at `path`, from whose folder relative paths are counted.
    pub fn new(path: &'a Path) -> Self {
        let folder = path.parent().unwrap_or(Path::new(""));
        Self { folder, passwords: HashMap::new(), keys: HashMap::new(), agent: None, logins: HashMap::new() }
    }

    /// The login with `credentials`, without keys where it is not for SSH; `who` needs it, for
    /// messages. What cannot be read is left out and told by [`finish`](Self::finish).
    pub fn login(&mut self, credentials: &Credentials, ssh: bool, who: &str) -> Arc<Login> {
        let Credentials { username, password, enable_password, private_key, agent } = credentials;
        let (private_key, agent) = (private_key.as_ref().filter(|_| ssh), *agent && ssh);
        let (folder, passwords) = (self.folder, &mut self.passwords);
        let mut password_of = |source: &Option<Arc<SecretSource>>, key: &'static str| {
            let source = source.as_ref()?;
            let outcome = passwords.entry(place(source));
            outcome.or_insert_with(|| Outcome::of(source.read(folder, &key.replace('_', " ")), key)).get(who)
        };
        let password_read = password_of(password, "password");
        let enable_password_read = password_of(enable_password, "enable_password");
        let key_read = private_key.and_then(|source| {
            let outcome = self.keys.entry(place(source));
            outcome.or_insert_with(|| Outcome::of(source.read(folder), "private_key")).get(who)
        });
        let socket = agent.then(|| {
            let outcome = self.agent.get_or_insert_with(|| Outcome::of(agent_socket(), "agent"));
            outcome.get(who)
        });
        let places =
            [password.as_ref().map(place), enable_password.as_ref().map(place), private_key.map(place)];
        let login = self.logins.entry((Arc::clone(username), places, agent)).or_insert_with(|| {
            Arc::new(Login {
                username: username.to_string(),
                key: key_read,
                agent: socket.flatten(),
                password: password_read,
                enable_password: enable_password_read,
            })
        });
        Arc::clone(login)
    }

    /// # Errors
    /// All secrets that could not be read, with the devices that need them.
    pub fn finish(self) -> Result<()> {
        let mut lines: Vec<String> = self.passwords.into_values().filter_map(Outcome::told).collect();
        lines.extend(self.keys.into_values().filter_map(Outcome::told));
        lines.extend(self.agent.and_then(Outcome::told));
        lines.sort();
        ensure!(lines.is_empty(), "{}", lines.join("\n"));
        Ok(())
    }
}

fn place<T>(source: &Arc<T>) -> usize {
    Arc::as_ptr(source).addr()
}

fn agent_socket() -> Result<String> {
    let socket = std::env::var(AGENT).ok().filter(|socket| !socket.is_empty());
    socket.with_context(|| {
        format!("the environment variable {AGENT} is not set: start an agent with ssh-agent and add keys with ssh-add")
    })
}

impl<T: Clone> Outcome<T> {
    fn of(read: Result<T>, key: &'static str) -> Self {
        match read {
            Ok(secret) => Self::Read(secret),
            Err(why) => Self::Unreadable { why, key, first: String::new(), others: 0 },
        }
    }

    /// What was read, for `who`.
    fn get(&mut self, who: &str) -> Option<T> {
        match self {
            Self::Read(secret) => Some(secret.clone()),
            Self::Unreadable { first, .. } if first.is_empty() => {
                who.clone_into(first);
                None
            }
            Self::Unreadable { others, .. } => {
                *others += 1;
                None
            }
        }
    }

    fn told(self) -> Option<String> {
        match self {
            Self::Read(_) => None,
            Self::Unreadable { why, key, first, others: 0 } => Some(format!("{key} of {first}: {why:#}")),
            Self::Unreadable { why, key, first, others } => {
                Some(format!("{key} of {first} and {others} more: {why:#}"))
            }
        }
    }
}
