//! What the SSH servers of a fleet offer: version, key, algorithms.

use std::borrow::Cow;
use std::time::Duration;

use russh::keys::ssh_key::private::Ed25519Keypair;
use russh::keys::{Algorithm, PrivateKey};
use russh::server::Config;
use russh::{MethodKind, MethodSet, Preferred, SshId, cipher, compression, kex, mac};

use crate::device::Device;
use crate::dice::Dice;

/// Lines that a server may send before its version (RFC 4253, 4.2).
pub(crate) const CHATTER: &[u8] = b"debug: the cryptographic module is not ready, please wait\r\n";

/// The only algorithms on offer: the cheapest that every client has. The client's order decides
/// (RFC 4253, 7.1), so what is dear must not be there at all.
const PREFERRED: Preferred = Preferred {
    kex: Cow::Borrowed(&[kex::CURVE25519, kex::CURVE25519_PRE_RFC_8731]),
    key: Cow::Borrowed(&[Algorithm::Ed25519]),
    cipher: Cow::Borrowed(&[
        cipher::AES_128_GCM,
        cipher::AES_256_GCM,
        cipher::AES_128_CTR,
        cipher::AES_256_CTR,
    ]),
    mac: Cow::Borrowed(&[mac::HMAC_SHA256_ETM, mac::HMAC_SHA256]),
    compression: Cow::Borrowed(&[compression::NONE]),
    ..Preferred::DEFAULT
};

/// What the SSH servers of a fleet are configured with. They share one host key.
pub(crate) struct Hosts {
    key: PrivateKey,
}

impl Hosts {
    /// The key of the fleet with this `seed`.
    pub(crate) fn new(seed: u64) -> Self {
        let seed = Dice::new(seed, &["host key"]).bytes();
        Self { key: PrivateKey::from(Ed25519Keypair::from_seed(&seed)) }
    }

    /// How this `device` is to be served.
    pub(crate) fn config(&self, device: &Device) -> Config {
        Config {
            server_id: SshId::Standard(Cow::Borrowed(device.manners.server_id)),
            methods: methods(),
            keys: vec![self.key.clone()],
            preferred: PREFERRED,
            // Latencies are the device's own business, and idle sessions cost no timer.
            auth_rejection_time: Duration::ZERO,
            auth_rejection_time_initial: Some(Duration::ZERO),
            inactivity_timeout: None,
            keepalive_interval: None,
            max_auth_attempts: 6,
            ..Config::default()
        }
    }
}

/// How users may prove who they are.
pub(crate) fn methods() -> MethodSet {
    MethodSet::from(&[MethodKind::Password, MethodKind::KeyboardInteractive, MethodKind::PublicKey][..])
}

/// What a server says before the keys are exchanged: its version and its KEXINIT (RFC 4253, 7.1).
pub(crate) fn first_words(device: &Device) -> Vec<u8> {
    const KEXINIT: u8 = 20;
    let mut payload = vec![KEXINIT];
    payload.extend_from_slice(&device.dice(&["kexinit cookie"]).bytes::<16>());
    let Preferred { kex, key, cipher, mac, compression, .. } = PREFERRED;
    let key: Vec<String> = key.iter().map(ToString::to_string).collect();
    let (kex, cipher, mac, compression) = (list(&kex), list(&cipher), list(&mac), list(&compression));
    let (key, none) = (list(&key), String::new());
    for list in [&kex, &key, &cipher, &cipher, &mac, &mac, &compression, &compression, &none, &none] {
        payload.extend_from_slice(&(list.len() as u32).to_be_bytes());
        payload.extend_from_slice(list.as_bytes());
    }
    payload.extend_from_slice(&[0; 5]); // no guessed packet follows, reserved
    // Length, padding's length, payload and padding are a multiple of 8; the padding is 4 or more
    // (RFC 4253, 6).
    let padding = 4 + (8 - (payload.len() + 9) % 8) % 8;
    let mut words = format!("{}\r\n", device.manners.server_id).into_bytes();
    words.extend_from_slice(&((1 + payload.len() + padding) as u32).to_be_bytes());
    words.push(padding as u8);
    words.extend_from_slice(&payload);
    words.resize(words.len() + padding, 0);
    words
}

/// A name-list (RFC 4251, 5).
fn list(names: &[impl AsRef<str>]) -> String {
    names.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(",")
}
