//! Who logs in, and with what.

use serde::{Deserialize, Serialize};

use crate::secret::Secret;

/// Everything that a device may ask for. Over SSH the key is tried first, then the agent's keys, then
/// the password, each only where the device takes that method.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Login {
    /// The user's name; empty where the device asks for none.
    pub username: String,
    /// A key of the user's.
    pub key: Option<PrivateKey>,
    /// Path of the socket of an SSH agent, whose keys may be tried.
    pub agent: Option<String>,
    /// The user's password.
    pub password: Option<Secret>,
    /// The password that raises privileges.
    pub enable_password: Option<Secret>,
}

impl Login {
    /// A user with a password and nothing else.
    pub fn with_password(username: impl Into<String>, password: Secret) -> Self {
        Self {
            username: username.into(),
            key: None,
            agent: None,
            password: Some(password),
            enable_password: None,
        }
    }
}

/// A private key, as it stood in its file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrivateKey {
    /// How to call it in messages: the name of its file, most often.
    pub name: String,
    /// The key in PEM, in OpenSSH's form or one of OpenSSL's.
    pub pem: Secret,
    /// What decrypts it, where it is encrypted. Keys in OpenSSH's form are decrypted by the
    /// supervisor: that takes a tenth of a second, which nobody wants to pay for each session.
    pub passphrase: Option<Secret>,
}
