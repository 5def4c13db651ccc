//! One line of `known_hosts`.

use std::sync::Arc;

use base64ct::{Base64, Base64Unpadded, Encoding};
use netsweep_shared::host_key::KnownKey;
use sha2::{Digest, Sha256};

use super::pattern::Hosts;

/// A key and whose it is.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) hosts: Hosts,
    pub(super) key: Arc<Key>,
}

/// A key that is known. What follows from the key itself is made when somebody is told of it: most of a
/// large file's keys nobody asks for.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) blob: Vec<u8>,
    /// `file:line`, or the file alone.
    pub(super) place: Arc<str>,
    pub(super) revoked: bool,
}

impl Key {
    /// All of it, for a worker.
    pub(super) fn told(&self) -> KnownKey {
        KnownKey {
            algorithm: algorithm(&self.blob).unwrap_or_default().into(),
            fingerprint: fingerprint(&self.blob),
            blob: self.blob.clone(),
            place: String::from(&*self.place),
            revoked: self.revoked,
        }
    }
}

/// What a line can be.
#[derive(Debug)]
pub(super) enum Parsed {
    Key(Line),
    /// Empty, a comment, or of a kind that is of no use here: libssh2 takes no certificates, so
    /// `@cert-authority` says nothing of the keys that it shows.
    Nothing,
    Malformed,
}

pub(super) fn parse(text: &str, place: impl FnOnce() -> String) -> Parsed {
    let text = text.trim();
    if text.is_empty() || text.starts_with('#') {
        return Parsed::Nothing;
    }
    let mut fields = text.split_ascii_whitespace().peekable();
    let marker = fields.next_if(|field| field.starts_with('@'));
    let revoked = match marker {
        None => false,
        Some("@revoked") => true,
        Some("@cert-authority") => return Parsed::Nothing,
        Some(_) => return Parsed::Malformed,
    };
    let (Some(hosts), Some(algorithm), Some(key)) = (fields.next(), fields.next(), fields.next()) else {
        return Parsed::Malformed;
    };
    let (Some(hosts), Ok(blob)) = (Hosts::parse(hosts), Base64::decode_vec(key)) else {
        return Parsed::Malformed;
    };
    if self::algorithm(&blob) != Some(algorithm) {
        return Parsed::Malformed;
    }
    let key = Key { blob, place: place().into(), revoked };
    Parsed::Key(Line { hosts, key: Arc::new(key) })
}

/// The line of `known_hosts` that says that `hosts` has the key `blob`.
pub(super) fn write(hosts: &str, blob: &[u8]) -> Option<String> {
    Some([hosts, " ", algorithm(blob)?, " ", &Base64::encode_string(blob), "\n"].concat())
}

/// Name of its algorithm, with which every key begins (RFC 4253, 6.6).
pub(super) fn algorithm(blob: &[u8]) -> Option<&str> {
    let (length, rest) = blob.split_first_chunk()?;
    let name = rest.get(..usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    let name = std::str::from_utf8(name).ok()?;
    // It goes into a file and to a terminal.
    (!name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic())).then_some(name)
}

/// `SHA256:…`, as OpenSSH shows a key.
pub fn fingerprint(blob: &[u8]) -> String {
    format!("SHA256:{}", Base64Unpadded::encode_string(&Sha256::digest(blob)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "AAAAC3NzaC1lZDI1NTE5AAAAIB9dG4kjRhQTtWTVzd2t27+t0DEHBPW7iOD23TUiYLio";

    fn parsed(text: &str) -> Parsed {
        parse(text, || "known_hosts:7".into())
    }

    #[test]
    fn a_key_is_read_with_its_place() {
        let Parsed::Key(line) = parsed(&format!("core-1 ssh-ed25519 {KEY} admin@home")) else { panic!() };
        let told = line.key.told();
        assert_eq!((&*told.algorithm, &*told.place, told.revoked), ("ssh-ed25519", "known_hosts:7", false));
        assert!(told.fingerprint.starts_with("SHA256:") && told.fingerprint.len() == 50);
        let Parsed::Key(line) = parsed(&format!("@revoked * ssh-ed25519 {KEY}")) else { panic!() };
        assert!(line.key.revoked);
        assert_eq!(write("core-1", &line.key.blob), Some(format!("core-1 ssh-ed25519 {KEY}\n")));
    }

    #[test]
    fn what_is_no_key_is_told_apart() {
        for nothing in ["", "  ", "# comment", &format!("@cert-authority * ssh-ed25519 {KEY}")] {
            assert!(matches!(parsed(nothing), Parsed::Nothing), "{nothing:?}");
        }
        for malformed in [
            "core-1",
            "core-1 ssh-ed25519",
            "core-1 ssh-ed25519 !!!",
            "@odd a b c",
            &format!("a ssh-rsa {KEY}"),
        ] {
            assert!(matches!(parsed(malformed), Parsed::Malformed), "{malformed:?}");
        }
    }

    #[test]
    fn an_algorithm_is_a_word() {
        for blob in [&b""[..], b"\0\0\0\0", b"\0\0\0\x09x", b"\0\0\0\x03a\nb", b"\xff\xff\xff\xffx"] {
            assert_eq!(algorithm(blob), None, "{blob:?}");
        }
    }
}
