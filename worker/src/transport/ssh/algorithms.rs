//! Which algorithms are offered, and in which order.
//!
//! The cheapest modern ones come first, since a sweep pays for thousands of handshakes: a
//! curve25519 exchange costs 0.2 ms, group 14 4 ms, group 16 26 ms. What libssh2 was built
//! without is left out.

use std::sync::OnceLock;

use ssh2::{Error, MethodType, Session};

// Hybrid post-quantum exchanges are not offered: they cost more than all the rest of a session.
const KEX: &[&str] = &[
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
    "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384",
    "ecdh-sha2-nistp521",
    "diffie-hellman-group14-sha256",
    "diffie-hellman-group16-sha512",
    "diffie-hellman-group-exchange-sha256",
    "diffie-hellman-group18-sha512",
];
// No group exchange here: libssh2 asks for at least 2048 bits, which some old equipment answers
// by closing the connection.
const OLD_KEX: &[&str] = &[
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
    "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384",
    "ecdh-sha2-nistp521",
    "diffie-hellman-group14-sha256",
    "diffie-hellman-group16-sha512",
    "diffie-hellman-group18-sha512",
    "diffie-hellman-group14-sha1",
    "diffie-hellman-group1-sha1",
];
const HOST_KEY: &[&str] = &[
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
];
const OLD_HOST_KEY: &[&str] = &["ssh-rsa", "ssh-dss"];
// libssh2 has ChaCha20 in portable C; AES comes from OpenSSL and the processor.
const CIPHER: &[&str] = &[
    "aes128-gcm@openssh.com",
    "aes256-gcm@openssh.com",
    "aes128-ctr",
    "aes192-ctr",
    "aes256-ctr",
    "chacha20-poly1305@openssh.com",
];
const OLD_CIPHER: &[&str] =
    &["aes128-cbc", "aes192-cbc", "aes256-cbc", "rijndael-cbc@lysator.liu.se", "3des-cbc"];
const MAC: &[&str] =
    &["hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com", "hmac-sha2-256", "hmac-sha2-512"];
const OLD_MAC: &[&str] =
    &["hmac-sha1-etm@openssh.com", "hmac-sha1", "hmac-sha1-96", "hmac-md5", "hmac-md5-96"];

/// What a session offers: comma-separated name lists (RFC 4253, 7.1), best first.
#[derive(Debug)]
pub(super) struct Offer {
    pub(super) kex: String,
    pub(super) host_key: String,
    pub(super) cipher: String,
    pub(super) mac: String,
}

/// The offer to modern equipment, or the one that has the old algorithms as well.
pub(super) fn offer(session: &Session, legacy: bool) -> &'static Offer {
    static MODERN: OnceLock<Offer> = OnceLock::new();
    static LEGACY: OnceLock<Offer> = OnceLock::new();
    let place = if legacy { &LEGACY } else { &MODERN };
    place.get_or_init(|| {
        let choose = |method: MethodType, wanted: &[&str], old: &[&str]| {
            let supported = session.supported_algs(method).unwrap_or_default();
            let old = if legacy { old } else { &[] };
            let chosen: Vec<_> =
                wanted.iter().chain(old).copied().filter(|name| supported.contains(name)).collect();
            chosen.join(",")
        };
        Offer {
            kex: choose(MethodType::Kex, if legacy { OLD_KEX } else { KEX }, &[]),
            host_key: choose(MethodType::HostKey, HOST_KEY, OLD_HOST_KEY),
            cipher: choose(MethodType::CryptCs, CIPHER, OLD_CIPHER),
            mac: choose(MethodType::MacCs, MAC, OLD_MAC),
        }
    })
}

impl Offer {
    /// Has `session` offer this. libssh2 adds strict key exchange and extension negotiation
    /// by itself; compression stays off, its default.
    pub(super) fn apply(&self, session: &Session) -> Result<(), Error> {
        for (method, names) in [
            (MethodType::Kex, &self.kex),
            (MethodType::HostKey, &self.host_key),
            (MethodType::CryptCs, &self.cipher),
            (MethodType::CryptSc, &self.cipher),
            (MethodType::MacCs, &self.mac),
            (MethodType::MacSc, &self.mac),
        ] {
            session.method_pref(method, names)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offers(legacy: bool) -> &'static Offer {
        offer(&Session::new().expect("libssh2 starts"), legacy)
    }

    #[test]
    fn modern_equipment_is_offered_the_cheapest_first_and_nothing_old() {
        let offer = offers(false);
        assert!(offer.kex.starts_with("curve25519-sha256,"), "{}", offer.kex);
        assert!(offer.cipher.starts_with("aes128-gcm@openssh.com,"), "{}", offer.cipher);
        let all = [&offer.kex, &offer.host_key, &offer.cipher, &offer.mac];
        for name in all.iter().flat_map(|names| names.split(',')) {
            assert!(
                !name.ends_with("sha1")
                    && !name.contains("cbc")
                    && !name.contains("mlkem")
                    && name != "ssh-rsa",
                "{name}"
            );
        }
    }

    #[test]
    fn old_algorithms_are_compiled_in_and_come_last() {
        let offer = offers(true);
        assert!(
            offer.kex.ends_with("diffie-hellman-group14-sha1,diffie-hellman-group1-sha1"),
            "{}",
            offer.kex
        );
        assert!(!offer.kex.contains("group-exchange"), "{}", offer.kex);
        assert!(offer.host_key.contains(",ssh-rsa"), "{}", offer.host_key);
        assert!(offer.cipher.ends_with(",3des-cbc"), "{}", offer.cipher);
        assert!(offer.mac.contains(",hmac-sha1,") && offer.mac.contains("hmac-md5"), "{}", offer.mac);
        assert!(offer.kex.starts_with(&offers(false).kex[..40]), "modern ones stay preferred");
    }

    #[test]
    fn libssh2_takes_both() {
        for legacy in [false, true] {
            let session = Session::new().expect("libssh2 starts");
            offer(&session, legacy).apply(&session).expect("applies");
        }
    }
}
