//! By which key an SSH server is known (RFC 4251, 4.1).

use serde::{Deserialize, Serialize};

/// What to do about a server's key. A key that contradicts what is known is always refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HostKeyCheck {
    /// Take whatever comes.
    Off,
    /// Take a key of `known` and no other.
    Strict {
        /// Everything that is known of this server.
        known: Vec<KnownKey>,
    },
    /// Take a key of `known`; where that is empty, take whatever comes and tell of it.
    AcceptNew {
        /// Everything that is known of this server.
        known: Vec<KnownKey>,
    },
}

/// A key that the supervisor's `known_hosts` has for a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownKey {
    /// Its algorithm's name (RFC 4253, 6.6), such as `ssh-ed25519`.
    pub algorithm: String,
    /// The public key as it travels in the key exchange (RFC 4253, 6.6).
    #[serde(with = "serde_bytes")]
    pub blob: Vec<u8>,
    /// `SHA256:…`, as OpenSSH shows it.
    pub fingerprint: String,
    /// Where it stands, `file:line`, for messages.
    pub place: String,
    /// The key is known to be stolen: a server that shows it is refused.
    pub revoked: bool,
}
