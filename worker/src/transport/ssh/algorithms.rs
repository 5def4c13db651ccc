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

// For the user's key, where the server says which signatures it takes (RFC 8308, 3.1). Where it does
// not, libssh2 signs as the key's own name says.
const SIGNATURE: &str = "rsa-sha2-512,rsa-sha2-256";
const OLD_SIGNATURE: &str = "rsa-sha2-512,rsa-sha2-256,ssh-rsa";

/// What a session offers: comma-separated name lists (RFC 4253, 7.1), best first.
#[derive(Debug)]
pub(super) struct Offer {
    pub(super) kex: String,
    pub(super) host_key: String,
    pub(super) cipher: String,
    pub(super) mac: String,
    pub(super) signature: &'static str,
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
            signature: if legacy { OLD_SIGNATURE } else { SIGNATURE },
        }
    })
}

impl Offer {
    /// Has `session` offer this. libssh2 adds strict key exchange and extension negotiation
    /// by itself; compression stays off, its default. A server that has several host keys is asked
    /// for one of the `known` algorithms.
    // As `handshake::shake_hands`.
    #[inline(never)]
    pub(super) fn apply<'k>(
        &self,
        session: &Session,
        known: impl Iterator<Item = &'k str> + Clone,
    ) -> Result<(), Error> {
        let host_key = self.host_key_with_first(known);
        for (method, names) in [
            (MethodType::Kex, &self.kex),
            (MethodType::HostKey, &host_key),
            (MethodType::CryptCs, &self.cipher),
            (MethodType::CryptSc, &self.cipher),
            (MethodType::MacCs, &self.mac),
            (MethodType::MacSc, &self.mac),
        ] {
            session.method_pref(method, names)?;
        }
        session.method_pref(MethodType::SignAlgo, self.signature)
    }

    /// The host key algorithms, those in front with which a key of the `known` algorithms can sign.
    fn host_key_with_first<'k>(&self, known: impl Iterator<Item = &'k str> + Clone) -> String {
        let mut names: Vec<&str> = self.host_key.split(',').collect();
        names.sort_by_key(|name| !known.clone().any(|known| known == key_of(name)));
        names.join(",")
    }

    /// Whether a host key of this algorithm can be met.
    pub(super) fn takes_host_key(&self, algorithm: &str) -> bool {
        self.host_key.split(',').any(|name| key_of(name) == algorithm)
    }
}

/// The algorithm of the key with which `signature` is made: they differ for RSA (RFC 8332, 3).
fn key_of(signature: &str) -> &str {
    if signature.starts_with("rsa-sha2-") { "ssh-rsa" } else { signature }
}

/// Has the user's RSA key sign as `ssh-rsa` alone.
pub(super) fn prefer_old_signature(session: &Session) -> Result<(), Error> {
    session.method_pref(MethodType::SignAlgo, "ssh-rsa")
}

/// Which of the algorithms that were agreed on are old, each once.
pub(super) fn old_in_use(session: &Session) -> Vec<String> {
    let mut old = vec![];
    for (method, is_old) in [
        (MethodType::Kex, (|name| !KEX.contains(&name)) as fn(&str) -> bool),
        (MethodType::HostKey, |name| OLD_HOST_KEY.contains(&name)),
        (MethodType::CryptCs, |name| OLD_CIPHER.contains(&name)),
        (MethodType::CryptSc, |name| OLD_CIPHER.contains(&name)),
        (MethodType::MacCs, |name| OLD_MAC.contains(&name)),
        (MethodType::MacSc, |name| OLD_MAC.contains(&name)),
    ] {
        if let Some(name) = session.methods(method)
            && is_old(name)
            && !old.iter().any(|known| known == name)
        {
            old.push(name.to_owned());
        }
    }
    old
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
            offer(&session, legacy).apply(&session, ["ssh-rsa"].into_iter()).expect("applies");
        }
    }

    #[test]
    fn a_known_host_key_is_asked_for_first() {
        let first = |legacy, known: &[&'static str]| {
            let names = offers(legacy).host_key_with_first(known.iter().copied());
            assert_eq!(names.len(), offers(legacy).host_key.len(), "nothing is lost: {names}");
            names.split(',').take(3).map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(first(false, &[]), ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384"]);
        assert_eq!(first(false, &["ssh-rsa"]), ["rsa-sha2-512", "rsa-sha2-256", "ssh-ed25519"]);
        assert_eq!(first(true, &["ssh-rsa"]), ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"]);
        assert_eq!(
            first(false, &["ecdsa-sha2-nistp521", "ssh-ed25519", "ssh-dss"]),
            ["ssh-ed25519", "ecdsa-sha2-nistp521", "ecdsa-sha2-nistp256"]
        );
    }

    #[test]
    fn a_known_key_of_an_old_kind_is_met_only_where_that_is_offered() {
        assert!(offers(false).takes_host_key("ssh-rsa"));
        assert!(!offers(false).takes_host_key("ssh-dss"));
        assert!(offers(true).takes_host_key("ssh-dss"));
        assert!(!offers(true).takes_host_key("sk-ssh-ed25519@openssh.com"));
    }
}
