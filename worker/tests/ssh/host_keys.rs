//! Known, new, changed and revoked host keys.

use netsweep_shared::host_key::{HostKeyCheck, KnownKey};
use netsweep_shared::outcome::{ErrorKind, Stage};
use russh::MethodKind;
use russh::keys::{HashAlg, PrivateKey};

use crate::server::{Door, Server, host_key};
use crate::{AMPLE, admin, open, refused};

fn known(key: &PrivateKey, line: u32) -> KnownKey {
    let key = key.public_key();
    KnownKey {
        algorithm: key.algorithm().to_string(),
        blob: key.to_bytes().expect("encodes"),
        fingerprint: key.fingerprint(HashAlg::Sha256).to_string(),
        place: format!("/home/me/.ssh/known_hosts:{line}"),
        revoked: false,
    }
}

#[test]
fn the_known_key_lets_the_login_begin() {
    let server = Server::start(Door::with(MethodKind::Password));
    let known = vec![known(&host_key(1), 1), known(&host_key(7), 2)];
    for check in [HostKeyCheck::Strict { known: known.clone() }, HostKeyCheck::AcceptNew { known }] {
        let mut news = 0;
        open(&server, &admin(), check, &mut |_| news += 1, AMPLE).expect("lets us in");
        assert_eq!(news, 0, "a known key is no news");
    }
}

#[test]
fn a_new_key_is_told_before_the_login() {
    let server = Server::start(Door::with(MethodKind::Password));
    let mut told = vec![];
    let mut new_key = |key: &[u8]| told.push((key.to_vec(), server.tried()));
    let check = HostKeyCheck::AcceptNew { known: vec![] };
    open(&server, &admin(), check, &mut new_key, AMPLE).expect("lets us in");
    assert_eq!(told, [(server.host_key.clone(), vec![])]);
    assert_eq!(server.tried(), ["password Right-Pw1"]);
}

#[test]
fn every_other_key_is_refused_before_the_login() {
    let server = Server::start(Door::with(MethodKind::Password));
    let (shown, other) = (known(&host_key(7), 4), known(&host_key(1), 3));
    let revoked = KnownKey { revoked: true, ..shown.clone() };
    let said = [shown.fingerprint.clone(), other.fingerprint.clone(), other.place.clone()];
    for (check, words) in [
        (HostKeyCheck::Strict { known: vec![other.clone()] }, &said[..]),
        (HostKeyCheck::AcceptNew { known: vec![other] }, &said[..]),
        (HostKeyCheck::AcceptNew { known: vec![revoked] }, &[shown.place, "revoked".into()][..]),
        (HostKeyCheck::Strict { known: vec![] }, &[shown.fingerprint, "--host-keys accept-new".into()]),
    ] {
        let mut news = 0;
        let failure = refused(open(&server, &admin(), check, &mut |_| news += 1, AMPLE));
        assert_eq!((failure.kind, failure.stage), (ErrorKind::HostKey, Stage::Handshake), "{failure}");
        assert!(!failure.may_pass(), "{failure}");
        for word in words {
            assert!(failure.message.contains(word), "{word:?} is missing in: {failure}");
        }
        assert_eq!(news, 0);
        assert!(server.tried().is_empty(), "nothing was sent that is not for everyone");
    }
}
