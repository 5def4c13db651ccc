//! Whether the server is the one that is known (RFC 4251, 4.1; RFC 4253, 8).

use base64ct::{Base64Unpadded, Encoding};
use netsweep_shared::host_key::{HostKeyCheck, KnownKey};
use netsweep_shared::outcome::{ErrorKind, Failure, Stage};
use ssh2::{HashType, Session};

use super::algorithms::Offer;
use super::overheard::printable;

/// The keys by which the server may be known.
pub(super) fn known(check: &HostKeyCheck) -> &[KnownKey] {
    match check {
        HostKeyCheck::Off => &[],
        HostKeyCheck::Strict { known } | HostKeyCheck::AcceptNew { known } => known,
    }
}

/// Their algorithms: the ones to ask for.
pub(super) fn known_algorithms(check: &HostKeyCheck) -> impl Iterator<Item = &str> + Clone {
    known(check).iter().filter(|key| !key.revoked).map(|key| key.algorithm.as_str())
}

/// Compares the key that the server has shown with what is known; tells `new_key` of one that is
/// taken although nothing was.
///
/// # Errors
/// `host_key`, with the fingerprints and what to do.
// As `handshake::shake_hands`.
#[inline(never)]
pub(super) fn check(
    session: &Session,
    check: &HostKeyCheck,
    offer: &Offer,
    new_key: &mut dyn FnMut(&[u8]),
) -> Result<(), Failure> {
    if *check == HostKeyCheck::Off {
        return Ok(());
    }
    let shown = session.host_key().zip(session.host_key_hash(HashType::Sha256));
    let Some(((blob, _), hash)) = shown else {
        return Err(refusal("the device showed no host key".into()));
    };
    let shown = Shown { blob, fingerprint: fingerprint(hash) };
    match judge(&shown, check) {
        Verdict::Known => Ok(()),
        Verdict::New => {
            new_key(blob);
            Ok(())
        }
        Verdict::Revoked(key) => Err(refusal(format!(
            "the device shows a host key that is marked as revoked in {}: {shown}; whoever has it may be \
             anybody, so do not log in before the device has a new one",
            key.place
        ))),
        Verdict::Unknown => Err(refusal(format!(
            "the host key of the device is not known: {shown}; compare that with the device's own and add \
             it to known_hosts (ssh-keyscan shows it), or use --host-keys accept-new"
        ))),
        Verdict::Other(known) => Err(refusal(changed(&shown, &known, offer))),
    }
}

/// A host key that a server has shown.
struct Shown<'a> {
    blob: &'a [u8],
    fingerprint: String,
}

impl Shown<'_> {
    /// Name of its algorithm, with which every key begins (RFC 4253, 6.6).
    fn algorithm(&self) -> String {
        let name = self.blob.split_first_chunk().and_then(|(length, rest)| {
            let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
            rest.get(..length)
        });
        printable(name.unwrap_or_default())
    }
}

impl std::fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.algorithm(), self.fingerprint)
    }
}

#[derive(Debug, PartialEq)]
enum Verdict<'k> {
    /// It is one of those that are known.
    Known,
    /// Nothing is known, which will do.
    New,
    /// Nothing is known, which will not do.
    Unknown,
    Revoked(&'k KnownKey),
    /// These are known, and it is none of them.
    Other(Vec<&'k KnownKey>),
}

fn judge<'k>(shown: &Shown<'_>, check: &'k HostKeyCheck) -> Verdict<'k> {
    let known = known(check);
    // First, wherever in the file it stands: a key that was taken once and stolen later.
    if let Some(key) = known.iter().find(|key| key.revoked && key.blob == shown.blob) {
        return Verdict::Revoked(key);
    }
    // Others' revoked keys say nothing of this server.
    let good: Vec<_> = known.iter().filter(|key| !key.revoked).collect();
    match check {
        _ if good.iter().any(|key| key.blob == shown.blob) => Verdict::Known,
        _ if !good.is_empty() => Verdict::Other(good),
        HostKeyCheck::Off | HostKeyCheck::AcceptNew { .. } => Verdict::New,
        HostKeyCheck::Strict { .. } => Verdict::Unknown,
    }
}

fn changed(shown: &Shown<'_>, known: &[&KnownKey], offer: &Offer) -> String {
    let algorithm = shown.algorithm();
    // The one that it replaces is told, where there is one.
    let replaced = known.iter().find(|key| key.algorithm == algorithm).or(known.first());
    let Some(KnownKey { algorithm: known_algorithm, fingerprint, place, .. }) = replaced else {
        return format!("the device shows another host key than the known one: {shown}");
    };
    let others = match known.len() {
        1 => String::new(),
        2 => " and another".into(),
        n => format!(" and {} others", n - 1),
    };
    let mut message = format!(
        "the host key of the device is not the known one: it shows {shown}, known is {known_algorithm} \
         {fingerprint} ({place}){others}"
    );
    let met = known.iter().any(|key| offer.takes_host_key(&key.algorithm));
    message += if met {
        "; somebody may be in between: only if you know that the device has a new key, remove the known one"
    } else if matches!(known_algorithm.as_str(), "ssh-dss") {
        "; a key of that kind is asked for only with ssh_legacy = true for this device"
    } else {
        "; netsweep cannot check keys of that kind: add the one shown once you have compared it with the \
         device's own"
    };
    message
}

/// As OpenSSH shows a key: the SHA-256 of it in Base64 without padding.
fn fingerprint(hash: &[u8]) -> String {
    format!("SHA256:{}", Base64Unpadded::encode_string(hash))
}

fn refusal(message: String) -> Failure {
    Failure::new(ErrorKind::HostKey, Stage::Handshake, message)
}

#[cfg(test)]
mod tests {
    use super::super::algorithms::offer;
    use super::*;

    fn blob(algorithm: &str, number: u8) -> Vec<u8> {
        let mut blob = (algorithm.len() as u32).to_be_bytes().to_vec();
        blob.extend(algorithm.as_bytes());
        blob.push(number);
        blob
    }

    fn key(algorithm: &str, number: u8) -> KnownKey {
        KnownKey {
            algorithm: algorithm.into(),
            blob: blob(algorithm, number),
            fingerprint: format!("SHA256:known{number}"),
            place: format!("known_hosts:{number}"),
            revoked: false,
        }
    }

    fn revoked(algorithm: &str, number: u8) -> KnownKey {
        KnownKey { revoked: true, ..key(algorithm, number) }
    }

    fn shown(blob: &[u8]) -> Shown<'_> {
        Shown { blob, fingerprint: "SHA256:shown".into() }
    }

    #[test]
    fn what_is_known_decides() {
        let blob = blob("ssh-ed25519", 1);
        let shown = shown(&blob);
        let (same, other) = (key("ssh-ed25519", 1), key("ssh-ed25519", 2));
        let (stolen, stolen_elsewhere) = (revoked("ssh-ed25519", 1), revoked("ssh-ed25519", 3));
        type Known<'k> = &'k [&'k KnownKey];
        fn strict(known: Known<'_>) -> HostKeyCheck {
            HostKeyCheck::Strict { known: known.iter().copied().cloned().collect() }
        }
        fn accept(known: Known<'_>) -> HostKeyCheck {
            HostKeyCheck::AcceptNew { known: known.iter().copied().cloned().collect() }
        }

        assert_eq!(judge(&shown, &HostKeyCheck::Off), Verdict::New);
        assert_eq!(judge(&shown, &strict(&[])), Verdict::Unknown);
        assert_eq!(judge(&shown, &accept(&[])), Verdict::New);
        assert_eq!(judge(&shown, &strict(&[&stolen_elsewhere])), Verdict::Unknown);
        assert_eq!(judge(&shown, &accept(&[&stolen_elsewhere])), Verdict::New);
        for check in [strict as fn(Known<'_>) -> HostKeyCheck, accept] {
            assert_eq!(judge(&shown, &check(&[&other, &same])), Verdict::Known);
            assert_eq!(judge(&shown, &check(&[&other])), Verdict::Other(vec![&other]));
            assert_eq!(judge(&shown, &check(&[&same, &stolen])), Verdict::Revoked(&stolen));
        }
    }

    #[test]
    fn a_changed_key_is_told_with_both_fingerprints_and_the_place() {
        let modern = offer(&Session::new().expect("libssh2 starts"), false);
        let (rsa, ed25519, dss) = (key("ssh-rsa", 1), key("ssh-ed25519", 2), key("ssh-dss", 3));
        let blob = blob("ssh-ed25519", 9);
        let shown = shown(&blob);
        let message = changed(&shown, &[&rsa, &ed25519], modern);
        let said = "it shows ssh-ed25519 SHA256:shown, known is ssh-ed25519 SHA256:known2 (known_hosts:2) and another;";
        assert!(message.contains(said), "{message}");
        assert!(message.contains("remove the known one"), "{message}");
        let message = changed(&shown, &[&dss], modern);
        assert!(message.contains("known is ssh-dss SHA256:known3 (known_hosts:3);"), "{message}");
        assert!(message.contains("ssh_legacy = true"), "{message}");
        let message = changed(&shown, &[&key("sk-ssh-ed25519@openssh.com", 4)], modern);
        assert!(message.contains("cannot check keys of that kind"), "{message}");
    }

    #[test]
    fn a_key_that_is_none_has_no_algorithm() {
        for blob in [&[][..], &[0, 0], &[0, 0, 0, 9, b'x'], &[255; 8]] {
            assert_eq!(shown(blob).algorithm(), "");
        }
    }

    #[test]
    fn fingerprints_are_shown_as_openssh_does() {
        assert_eq!(fingerprint(&[0xff; 32]), format!("SHA256:{}8", "/".repeat(42)));
    }
}
