//! What a platform asks besides name and password, while it lets in.

use netsweep_shared::login::Login;
use netsweep_shared::outcome::{ErrorKind, Stage};
use netsweep_shared::platform::Platform;
use netsweep_shared::secret::Secret;
use netsweep_worker::platform::CompiledPlatform;
use russh::MethodKind::{KeyboardInteractive, Password};

use crate::server::{Door, Round, Server};
use crate::{admin, log_in, log_in_to, refused};

const STATEMENT: Round = &[("Do you accept and acknowledge the statement above ? (yes/no) : ", true, "yes")];
const ASKED: Round = &[("Password: ", false, "Right-Pw1")];

fn compiled(text: &str) -> CompiledPlatform {
    let platform: Platform = toml::from_str(text).expect("a platform");
    CompiledPlatform::compile(&platform).expect("compiles")
}

fn panos() -> CompiledPlatform {
    compiled(include_str!("../../../platforms/paloalto_panos.toml"))
}

/// A server that takes passwords either way.
fn firewall(rounds: &[Round]) -> Server {
    Server::start(Door {
        ways: vec![vec![Password], vec![KeyboardInteractive]],
        rounds: rounds.to_vec(),
        ..Door::default()
    })
}

#[test]
fn a_statement_is_acknowledged_before_the_password_or_behind_it() {
    const TOGETHER: Round = &[STATEMENT[0], ASKED[0]];
    const UNSEEN: Round =
        &[("Do you accept and acknowledge the statement above ? (yes/no) : ", false, "yes")];
    for (rounds, answers) in [
        (&[STATEMENT, ASKED][..], &["yes", "Right-Pw1"][..]),
        (&[ASKED, STATEMENT], &["Right-Pw1", "yes"]),
        (&[UNSEEN, ASKED], &["yes", "Right-Pw1"]),
        (&[TOGETHER], &["yes Right-Pw1"]),
        // The feature is off.
        (&[ASKED], &["Right-Pw1"]),
    ] {
        let server = firewall(rounds);
        let connection = log_in_to(&panos(), &server, &admin());
        connection.unwrap_or_else(|failure| panic!("{rounds:?}: {failure}"));
        let answers = answers.iter().map(|answer| format!("answers {answer}"));
        let tried: Vec<_> = ["none", "questions"].map(String::from).into_iter().chain(answers).collect();
        assert_eq!(server.tried(), tried, "the password by no other way");
    }
}

#[test]
fn a_wrong_password_behind_a_statement_is_sent_once() {
    let server = firewall(&[STATEMENT, ASKED]);
    let who = Login { password: Some(Secret::new("Wrong-Pw1")), ..admin() };
    let failure = refused(log_in_to(&panos(), &server, &who));
    assert_eq!((failure.kind, failure.stage), (ErrorKind::Auth, Stage::Login), "{failure}");
    assert_eq!(failure.message, "the device refused the password of user admin");
    assert_eq!(server.tried(), ["none", "questions", "answers yes", "answers Wrong-Pw1", "none"]);
}

#[test]
fn a_platform_that_asks_takes_the_password_by_itself_where_it_cannot_ask() {
    let server = Server::start(Door::with(Password));
    log_in_to(&panos(), &server, &admin()).expect("lets us in");
    assert_eq!(server.tried(), ["none", "password Right-Pw1"]);
}

/// Their patterns say what they answer; the order in which methods are tried is none of their business.
#[test]
fn the_questions_of_any_platform_are_answered() {
    const PRESS: Round = &[("Press any key to go on\r\n", true, "")];
    const LEAVE: Round = &[("Change now? [Y/N]: ", true, "N")];
    let platform = compiled(
        r#"
        description = "asks"
        modes = [{ name = "shell", prompt = "[#$] " }]
        [login]
        questions = [
            { pattern = "Press any key[a-z ]*", answer = "\r" },
            { pattern = '\[Y/N\]: ?', answer = "N\r\n" },
            { pattern = "new password> ?", answer = "\u0003" },
        ]
        "#,
    );
    let door = |rounds: &[Round]| Door { rounds: rounds.to_vec(), ..Door::with(KeyboardInteractive) };
    let server = Server::start(door(&[PRESS, ASKED, LEAVE]));
    log_in_to(&platform, &server, &admin()).expect("lets us in");
    assert_eq!(
        server.tried(),
        ["password Right-Pw1", "none", "questions", "answers ", "answers Right-Pw1", "answers N"]
    );

    // Nobody's question on a platform that does not have it; and Ctrl-C is no line.
    for (round, said) in [(STATEMENT, "acknowledge"), (&[("new password> ", true, "")], "new password>")] {
        let server = Server::start(door(&[ASKED, round]));
        for failure in [refused(log_in_to(&platform, &server, &admin())), refused(log_in(&server, &admin()))]
        {
            assert_eq!(failure.kind, ErrorKind::Auth, "{failure}");
            assert!(failure.message.contains("cannot answer") && failure.message.contains(said), "{failure}");
        }
    }
}
