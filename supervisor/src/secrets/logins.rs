//! The logins of all devices and jump hosts.

use std::collections::HashMap;
use std::fmt;
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
    pub fn login(&mut self, credentials: &Credentials, ssh: bool, who: fmt::Arguments<'_>) -> Arc<Login> {
        let Credentials { username, password, enable_password, private_key, agent } = credentials;
        let (private_key, agent) = (private_key.as_ref().filter(|_| ssh), *agent && ssh);
        let places =
            [password.as_ref().map(place), enable_password.as_ref().map(place), private_key.map(place)];
        let credential = (Arc::clone(username), places, agent);
        if let Some(login) = self.logins.get(&credential) {
            return Arc::clone(login);
        }
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
        let socket = socket.flatten();
        // Of what cannot be read, all who need it are counted.
        let read = [password_read.is_some(), enable_password_read.is_some(), key_read.is_some()];
        let is_whole = read == places.map(|place| place.is_some()) && socket.is_some() == agent;
        let login = Arc::new(Login {
            username: username.to_string(),
            key: key_read,
            agent: socket,
            password: password_read,
            enable_password: enable_password_read,
        });
        if is_whole {
            self.logins.insert(credential, Arc::clone(&login));
        }
        login
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
    fn get(&mut self, who: fmt::Arguments<'_>) -> Option<T> {
        match self {
            Self::Read(secret) => Some(secret.clone()),
            Self::Unreadable { first, .. } if first.is_empty() => {
                *first = who.to_string();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_read_is_shared_and_what_cannot_is_told_with_all_who_need_it() {
        let folder = tempfile::tempdir().expect("a directory");
        std::fs::write(folder.path().join("good"), "secret\n").expect("written");
        let inventory = folder.path().join("devices.toml");
        let mut reader = LoginReader::new(&inventory);
        let credentials = |file: &str| {
            let password = Some(Arc::new(SecretSource::File(file.into())));
            Credentials { username: "admin".into(), password, ..Credentials::default() }
        };
        let (good, missing) = (credentials("good"), credentials("missing"));
        let [first, second] =
            ["a", "b"].map(|name| reader.login(&good, true, format_args!("device {name:?}")));
        assert!(first.password.is_some() && Arc::ptr_eq(&first, &second));
        for name in ["c", "d", "e"] {
            assert!(reader.login(&missing, true, format_args!("device {name:?}")).password.is_none());
        }
        let error = reader.finish().expect_err("one is missing").to_string();
        assert!(error.starts_with("password of device \"c\" and 2 more: "), "{error}");
    }
}
