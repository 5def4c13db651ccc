//! Which of a user's means are shown to a server, in which order, and how often.

use std::time::{Duration, Instant};

use netsweep_shared::host_key::HostKeyCheck;
use netsweep_shared::login::{Login, PrivateKey};
use netsweep_shared::outcome::{ErrorKind, Failure, Stage};
use netsweep_shared::platform::Terminal;
use netsweep_shared::secret::Secret;
use netsweep_worker::transport::Transport;
use netsweep_worker::transport::ssh::SshTransport;
use russh::MethodKind::{KeyboardInteractive, Password, PublicKey};

use crate::agent::{self, Agent, Fault};
use crate::server::{Door, Round, Server, host_key};
use crate::{AMPLE, admin, log_in, nobody, open, refused};

const ED25519: &str = include_str!("keys/ed25519");
const ED25519_PUBLIC: &str = include_str!("keys/ed25519.pub");

fn key(pem: &str, passphrase: Option<&str>) -> PrivateKey {
    PrivateKey { name: "id_test".into(), pem: Secret::new(pem), passphrase: passphrase.map(Secret::new) }
}

/// A user with the key ed25519 and nothing else.
fn with_key() -> Login {
    Login { key: Some(key(ED25519, None)), ..nobody() }
}

fn wrong_password(who: Login) -> Login {
    Login { password: Some(Secret::new("Wrong-Pw1")), ..who }
}

fn with_agent(agent: &Agent) -> Login {
    Login { agent: Some(agent.path().to_str().expect("UTF-8").into()), ..nobody() }
}

/// A door for the key ed25519.
fn key_door(ways: &[&[russh::MethodKind]]) -> Door {
    Door {
        ways: ways.iter().map(|way| way.to_vec()).collect(),
        keys: vec![ED25519_PUBLIC.into()],
        ..Door::default()
    }
}

fn is_auth(failure: &Failure, stage: Stage) {
    assert_eq!((failure.kind, failure.stage), (ErrorKind::Auth, stage), "{failure}");
    for secret in ["Right-Pw1", "Wrong-Pw1", "key-phrase"] {
        assert!(!failure.message.contains(secret), "{failure}");
    }
}

#[test]
fn keys_of_every_kind_open_the_door() {
    for (pem, public, passphrase) in [
        (ED25519, ED25519_PUBLIC, None),
        (include_str!("keys/ed25519_enc"), include_str!("keys/ed25519_enc.pub"), Some("key-phrase")),
        (include_str!("keys/ecdsa"), include_str!("keys/ecdsa.pub"), None),
        (include_str!("keys/ecdsa_p8_enc"), include_str!("keys/ecdsa_p8_enc.pub"), Some("key-phrase")),
    ] {
        let server = Server::start(Door { keys: vec![public.into()], ..Door::with(PublicKey) });
        let who = Login { key: Some(key(pem, passphrase)), ..nobody() };
        let connection = log_in(&server, &who).unwrap_or_else(|failure| panic!("{public}: {failure}"));
        assert!(connection.has_logged_in());
        let algorithm = public.split(' ').next().expect("an algorithm");
        assert_eq!(server.tried(), [format!("offer {algorithm}"), format!("signature {algorithm}")]);
    }
}

#[test]
fn a_key_that_cannot_be_read_is_said_and_nothing_is_sent() {
    for (pem, passphrase) in [
        (include_str!("keys/ed25519_enc"), Some("wrong")),
        (include_str!("keys/ed25519_enc"), None),
        (include_str!("keys/ecdsa_p8_enc"), Some("wrong")),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n", None),
        ("no key\0", None),
        ("", None),
    ] {
        let server = Server::start(key_door(&[&[PublicKey]]));
        let who = Login { key: Some(key(pem, passphrase)), ..nobody() };
        let failure = refused(log_in(&server, &who));
        is_auth(&failure, Stage::Handshake);
        assert!(failure.message.contains("the key id_test cannot be used"), "{failure}");
        assert_eq!(server.tried(), ["none"], "to tell what the server would take");
    }
}

#[test]
fn a_password_alone_costs_no_question() {
    let server = Server::start(Door::with(Password));
    log_in(&server, &admin()).expect("lets us in");
    assert_eq!(server.tried(), ["password Right-Pw1"]);
}

#[test]
fn a_wrong_password_is_sent_once() {
    let way = [KeyboardInteractive];
    let both = Door { ways: vec![vec![Password], way.to_vec()], rounds: vec![ASKED], ..Door::default() };
    for door in [Door::with(Password), both] {
        let server = Server::start(door);
        let failure = refused(log_in(&server, &wrong_password(admin())));
        is_auth(&failure, Stage::Login);
        assert!(failure.message.starts_with("the device refused the password of user admin"), "{failure}");
        assert_eq!(server.tried(), ["password Wrong-Pw1", "none"]);
    }
}

#[test]
fn what_a_server_would_have_taken_is_said() {
    let server = Server::start(Door::with(PublicKey));
    let failure = refused(log_in(&server, &admin()));
    is_auth(&failure, Stage::Login);
    assert_eq!(failure.message, "the device takes no password from user admin, only: publickey");

    let server = Server::start(key_door(&[&[Password], &[PublicKey]]));
    let failure = refused(log_in(&server, &wrong_password(admin())));
    assert_eq!(
        failure.message,
        "the device refused the password of user admin; it would take publickey as well"
    );
}

#[test]
fn the_key_goes_first_and_the_password_follows_where_it_is_refused() {
    let who = Login { key: Some(key(include_str!("keys/ecdsa"), None)), ..admin() };
    let server = Server::start(key_door(&[&[PublicKey], &[Password]]));
    log_in(&server, &who).expect("lets us in");
    assert_eq!(server.tried(), ["none", "offer ecdsa-sha2-nistp256", "password Right-Pw1"]);

    let failure = refused(log_in(&server, &wrong_password(who)));
    is_auth(&failure, Stage::Login);
    assert_eq!(failure.message, "the device refused the key id_test and the password of user admin");
}

#[test]
fn only_what_the_server_takes_is_tried() {
    let who = Login { key: Some(key(ED25519, None)), ..admin() };
    let server = Server::start(Door::with(Password));
    log_in(&server, &who).expect("lets us in");
    assert_eq!(server.tried(), ["none", "password Right-Pw1"]);

    let server = Server::start(Door { rounds: vec![ASKED], ..Door::with(KeyboardInteractive) });
    log_in(&server, &who).expect("lets us in");
    assert_eq!(server.tried(), ["none", "questions", "answers Right-Pw1"]);
}

#[test]
fn a_server_may_want_more_than_one() {
    let who = || Login { key: Some(key(ED25519, None)), ..admin() };
    let server = Server::start(key_door(&[&[PublicKey, Password]]));
    log_in(&server, &who()).expect("lets us in");
    let key_first = ["none", "offer ssh-ed25519", "signature ssh-ed25519", "none"];
    assert_eq!(server.tried(), [&key_first[..], &["password Right-Pw1"]].concat());

    let door = Door { rounds: vec![ASKED], ..key_door(&[&[PublicKey, KeyboardInteractive]]) };
    let server = Server::start(door);
    log_in(&server, &who()).expect("lets us in");
    assert_eq!(server.tried(), [&key_first[..], &["questions", "answers Right-Pw1"]].concat());

    let server = Server::start(key_door(&[&[Password, PublicKey]]));
    log_in(&server, &who()).expect("lets us in");
    assert_eq!(
        server.tried(),
        ["none", "password Right-Pw1", "none", "offer ssh-ed25519", "signature ssh-ed25519"]
    );
}

#[test]
fn what_is_missing_after_a_first_success_is_said() {
    let server = Server::start(key_door(&[&[PublicKey, Password]]));
    let failure = refused(log_in(&server, &with_key()));
    is_auth(&failure, Stage::Handshake);
    assert_eq!(failure.message, "the device took the key id_test of user admin and wants more: password");
    let who = wrong_password(Login { key: Some(key(ED25519, None)), ..admin() });
    let failure = refused(log_in(&server, &who));
    is_auth(&failure, Stage::Login);
    assert!(failure.message.ends_with("; it refused the password"), "{failure}");
}

#[test]
fn a_server_that_closes_after_a_refusal_has_refused() {
    let server = Server::start(Door { patience: Some(1), ..key_door(&[&[PublicKey]]) });
    let who = Login { key: Some(key(include_str!("keys/ecdsa"), None)), ..nobody() };
    let failure = refused(log_in(&server, &who));
    is_auth(&failure, Stage::Handshake);
    assert!(failure.message.contains("refused the key id_test"), "{failure}");
}

const ASKED: Round = &[("Password: ", false, "Right-Pw1")];

#[test]
fn questions_are_answered_in_whatever_form_they_come() {
    for rounds in [
        &[ASKED][..],
        &[&[("login: ", true, "admin")], ASKED],
        &[&[("Username: ", true, "admin"), ("Password: ", true, "Right-Pw1")]],
        &[&[], ASKED, &[]],
    ] {
        let server = Server::start(Door { rounds: rounds.to_vec(), ..Door::with(KeyboardInteractive) });
        log_in(&server, &admin()).unwrap_or_else(|failure| panic!("{rounds:?}: {failure}"));
    }
}

#[test]
fn a_question_without_an_answer_is_named_and_not_answered() {
    for rounds in [
        &[ASKED, &[("Verification code: ", false, "123456")] as Round][..],
        &[&[("Verification code: ", false, "123456")]],
    ] {
        let server = Server::start(Door { rounds: rounds.to_vec(), ..Door::with(KeyboardInteractive) });
        let failure = refused(log_in(&server, &admin()));
        is_auth(&failure, Stage::Login);
        let said = "the device asked user admin what netsweep cannot answer: \"Verification code:\"";
        assert_eq!(failure.message, said);
        let answers = server.tried().iter().filter(|tried| tried.starts_with("answers")).count();
        assert_eq!(answers, rounds.len() - 1, "no empty answer counts as an attempt");
    }
}

#[test]
fn a_server_that_asks_nothing_of_anybody_is_left_to_ask_in_the_terminal() {
    let server = Server::start(Door { open: true, ..Door::default() });
    let connection = log_in(&server, &nobody()).expect("lets us in");
    assert!(!connection.has_logged_in());
    let mut shell = SshTransport::open(connection, &Terminal::default()).expect("a shell");
    assert!(!shell.has_logged_in());
    let mut seen = vec![];
    while !seen.ends_with(b"login: ") {
        let bytes = shell.read().expect("reads");
        assert!(!bytes.is_empty(), "{seen:?}");
        seen.extend(bytes);
    }
}

#[test]
fn who_has_nothing_is_told_what_the_server_takes() {
    let server = Server::start(Door::with(Password));
    let failure = refused(log_in(&server, &nobody()));
    is_auth(&failure, Stage::Handshake);
    assert!(failure.message.contains("without key or password, and none is given"), "{failure}");
    assert!(failure.message.ends_with("it takes: password"), "{failure}");
}

#[test]
fn the_agents_keys_are_tried_in_turn_but_not_too_many() {
    let server = Server::start(Door {
        keys: vec![host_key(5).public_key().to_openssh().expect("encodes")],
        ..Door::with(PublicKey)
    });
    let keys = |numbers: std::ops::Range<u8>| numbers.map(host_key).collect();
    let agent = Agent::start(keys(3..7), Fault::Nothing);
    log_in(&server, &with_agent(&agent)).expect("lets us in");
    let offer = "offer ssh-ed25519";
    assert_eq!(server.tried(), [offer, offer, offer, "signature ssh-ed25519"]);

    let agent = Agent::start(keys(10..30), Fault::Nothing);
    let failure = refused(log_in(&server, &with_agent(&agent)));
    is_auth(&failure, Stage::Handshake);
    assert!(failure.message.contains("refused 5 keys of the agent's"), "{failure}");
    assert!(failure.message.contains("no more than 5 of the agent's 20 keys"), "{failure}");
    assert_eq!(server.tried(), [[offer; 5].as_slice(), &["none"]].concat());

    // With a key of the user's own before them, one fewer.
    let who = Login { key: Some(key(ED25519, None)), ..with_agent(&agent) };
    let failure = refused(log_in(&server, &who));
    assert!(failure.message.contains("the key id_test and 4 keys of the agent's"), "{failure}");
}

#[test]
fn a_shut_in_worker_reaches_the_agent() {
    let key = host_key(5);
    let server = Server::start(Door {
        keys: vec![key.public_key().to_openssh().expect("encodes")],
        ..Door::with(PublicKey)
    });
    let agent = Agent::start(vec![key], Fault::Nothing);
    let inside = || {
        netsweep_worker::sandbox::enter(&[agent.path().display().to_string()]);
        log_in(&server, &with_agent(&agent)).map(drop)
    };
    std::thread::scope(|scope| scope.spawn(inside).join()).expect("ends").expect("lets us in");
}

#[test]
fn an_agent_that_is_not_there_leaves_the_password() {
    let server = Server::start(key_door(&[&[PublicKey], &[Password]]));
    let nowhere = Some(agent::nowhere().to_str().expect("UTF-8").to_owned());
    log_in(&server, &Login { agent: nowhere.clone(), ..admin() }).expect("lets us in");
    let failure = refused(log_in(&server, &Login { agent: nowhere, ..nobody() }));
    is_auth(&failure, Stage::Handshake);
    assert!(failure.message.contains("/nonexistent/agent"), "{failure}");
    assert!(failure.message.contains("no such file"), "{failure}");
    let empty = Agent::start(vec![], Fault::Nothing);
    let failure = refused(log_in(&server, &with_agent(&empty)));
    assert!(failure.message.contains("has no keys"), "{failure}");
}

#[test]
fn an_agent_that_hangs_does_not_outlast_the_deadline() {
    const SHORT: Duration = Duration::from_millis(1500);
    let key = host_key(5);
    let server = Server::start(Door {
        keys: vec![key.public_key().to_openssh().expect("encodes")],
        ..Door::with(PublicKey)
    });
    for fault in [Fault::Silent, Fault::NeverSigns] {
        let agent = Agent::start(vec![key.clone()], fault);
        let began = Instant::now();
        let failure = refused(open(&server, &with_agent(&agent), HostKeyCheck::Off, &mut |_| {}, SHORT));
        assert!(began.elapsed() < AMPLE / 2, "{fault:?}: {:?}", began.elapsed());
        assert_eq!((failure.kind, failure.stage), (ErrorKind::Timeout, Stage::Handshake), "{failure}");
    }
}
