//! `~/.ssh/config`: what it says of hosts of which the inventory says less (ssh_config(5)).

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use ssh2_config::ParseRule;

use crate::secrets::{KeySource, SecretSource};

/// The user's settings for SSH.
#[derive(Debug, Default)]
pub struct SshConfig {
    config: Option<ssh2_config::SshConfig>,
    /// One for each file, so that hosts with the same key share it.
    identities: RefCell<HashMap<PathBuf, Arc<KeySource>>>,
}

/// What is said of one host, and means something to netsweep.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostSettings {
    /// Where it really is.
    pub host_name: Option<String>,
    /// Who logs in.
    pub user: Option<String>,
    /// TCP port.
    pub port: Option<u16>,
    /// A private key of the user's; of several the first that is there.
    pub identity: Option<Arc<KeySource>>,
    /// Hosts on the way, the first of them reached from here.
    pub proxy_jump: Option<String>,
}

impl SshConfig {
    /// Says nothing of any host.
    pub fn none() -> Self {
        Self::default()
    }

    /// Reads `file`, by default the user's own, where there is one.
    ///
    /// # Errors
    /// When the file cannot be read or understood.
    pub fn load(file: Option<&Path>) -> Result<Self> {
        let users = || Some(std::env::home_dir()?.join(".ssh/config"));
        let Some(path) = file.map(Path::to_owned).or_else(users) else { return Ok(Self::none()) };
        let reader = match File::open(&path) {
            Ok(reader) => reader,
            Err(error) if error.kind() == ErrorKind::NotFound && file.is_none() => return Ok(Self::none()),
            Err(error) => {
                return Err(error)
                    .with_context(|| format!("cannot read the SSH configuration {}", path.display()));
            }
        };
        // Whatever else OpenSSH knows is none of our business.
        let rules = ParseRule::ALLOW_UNKNOWN_FIELDS | ParseRule::ALLOW_UNSUPPORTED_FIELDS;
        let config = ssh2_config::SshConfig::default().parse(&mut BufReader::new(reader), rules);
        let remedy =
            || format!("the SSH configuration {}: mend it, or use --ssh-config none", path.display());
        Ok(Self { config: Some(config.with_context(remedy)?), ..Self::default() })
    }

    /// What is said of the host that is called `alias`.
    pub fn host(&self, alias: &str) -> HostSettings {
        let Some(config) = &self.config else { return HostSettings::default() };
        let found = config.query(alias);
        let files = found.identity_file.into_iter().flatten();
        HostSettings {
            host_name: found.host_name.map(|name| name.replace("%h", alias).replace("%%", "%")),
            user: found.user,
            port: found.port,
            identity: files.into_iter().find(|file| file.exists()).map(|file| self.identity(file)),
            proxy_jump: found.proxy_jump.map(|hops| hops.join(",")),
        }
    }
}

impl SshConfig {
    fn identity(&self, file: PathBuf) -> Arc<KeySource> {
        // A relative path is relative to the working directory, as it is for OpenSSH.
        let file = std::path::absolute(&file).unwrap_or(file);
        let mut identities = self.identities.borrow_mut();
        let source = |file| Arc::new(KeySource { pem: SecretSource::File(file), passphrase: None });
        Arc::clone(identities.entry(file.clone()).or_insert_with(|| source(file)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> SshConfig {
        let folder = tempfile::tempdir().expect("a directory");
        let path = folder.path().join("config");
        std::fs::write(&path, text).expect("written");
        SshConfig::load(Some(&path)).expect("it is good")
    }

    #[test]
    fn the_first_value_that_is_said_counts() {
        let config = config(
            "# comment\nHost core-* !core-9\n  HostName %h.example.net\n  User ops\n  ProxyJump admin@bastion:2222,inner\n\
             Host *\n  User everybody\n  Port 2022\n  ServerAliveInterval 30\n  SomethingNew yes\n",
        );
        let core = config.host("core-1");
        assert_eq!(core.host_name.as_deref(), Some("core-1.example.net"));
        assert_eq!((core.user.as_deref(), core.port), (Some("ops"), Some(2022)));
        assert_eq!(core.proxy_jump.as_deref(), Some("admin@bastion:2222,inner"));
        let other = config.host("core-9");
        assert_eq!((other.user.as_deref(), other.host_name), (Some("everybody"), None));
    }

    #[test]
    fn a_file_that_was_named_has_to_be_there() {
        let error = SshConfig::load(Some(Path::new("/nonexistent/config"))).expect_err("there is none");
        assert!(format!("{error:#}").contains("/nonexistent/config"), "{error:#}");
        assert_eq!(SshConfig::none().host("core-1"), HostSettings::default());
    }
}
