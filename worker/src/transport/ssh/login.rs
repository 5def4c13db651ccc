//! User authentication (RFC 4252, RFC 4256): one attempt with one password.
//!
//! A wrong attempt may lock an account, so a password is sent once: by the method `password`,
//! and by `keyboard-interactive` only where the device has said that it does not take the
//! former. No `none` request is sent ahead; it would cost a round trip.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use netsweep_shared::login::Login;
use netsweep_shared::outcome::{ErrorKind, Failure, Stage};
use netsweep_shared::secret::Secret;
use ssh2::{KeyboardInteractivePrompt, Prompt, Session};

use super::drive::{Broken, code, drive};
use super::overheard::printable;
use crate::link::Link;

/// How long a device that has refused a password may take to say which methods it knows.
const PATIENCE: Duration = Duration::from_secs(5);

/// Proves to the device who we are, by the deadline of `link`.
///
/// # Errors
/// `auth` where the device refuses, or no password is given; else what ended the connection.
pub(super) fn log_in(session: &Session, link: &mut Link, login: &Login) -> Result<(), Failure> {
    let Some(password) = &login.password else {
        return Err(refusal("no password is given for this device".into()));
    };
    if login.username.contains('\0') || password.expose().contains('\0') {
        return Err(refusal("the user name or the password contains a NUL character".into()));
    }
    match drive(session, link, || session.userauth_password(&login.username, password.expose())) {
        Ok(()) => Ok(()),
        Err(Broken::Ssh(error)) if code(&error) == libssh2_sys::LIBSSH2_ERROR_AUTHENTICATION_FAILED => {
            after_refusal(session, link, login, password)
        }
        Err(Broken::Ssh(error)) if code(&error) == libssh2_sys::LIBSSH2_ERROR_PASSWORD_EXPIRED => Err(
            refusal(format!("the password of user {} has expired: change it on the device", login.username)),
        ),
        Err(other) => Err(other.at(link, Stage::Login, "checking the password")),
    }
}

fn refusal(message: String) -> Failure {
    Failure::new(ErrorKind::Auth, Stage::Login, message)
}

/// A refusal of the password may mean that the device takes passwords only another way.
fn after_refusal(
    session: &Session,
    link: &mut Link,
    login: &Login,
    password: &Secret,
) -> Result<(), Failure> {
    let refused = || refusal(format!("the device refused the password of user {}", login.username));
    let Some(methods) = methods(session, link, &login.username) else { return Err(refused()) };
    if session.authenticated() {
        return Ok(());
    }
    let knows = |method| methods.split(',').any(|known| known == method);
    if knows("password") {
        Err(refused())
    } else if knows("keyboard-interactive") {
        answer_prompts(session, link, login, password)
    } else {
        let methods = printable(methods.replace(',', ", "));
        Err(refusal(format!("the device takes no password from user {}, only: {methods}", login.username)))
    }
}

/// The methods that the device takes; `None` where it does not say.
fn methods(session: &Session, link: &mut Link, username: &str) -> Option<String> {
    let deadline = link.deadline();
    link.set_deadline(deadline.min(Instant::now() + PATIENCE));
    // libssh2 takes a second banner (RFC 4252, 5.4) for the answer; the answer comes next.
    let found = (0..4).find_map(|_| {
        let answer = drive(session, link, || {
            // ssh2 panics where the answer is not UTF-8.
            catch_unwind(AssertUnwindSafe(|| session.auth_methods(username).map(str::to_owned)))
                .unwrap_or_else(|_| Ok("?".into()))
        });
        match answer {
            Ok(methods) if session.authenticated() || methods.split(',').any(is_method) => {
                Some(Some(methods))
            }
            Ok(_) => None,
            Err(_) => Some(None),
        }
    });
    link.set_deadline(deadline);
    found.flatten()
}

/// Methods of RFC 4252, 4256 and 4462, by which a list of methods is known.
fn is_method(name: &str) -> bool {
    matches!(
        name,
        "password" | "keyboard-interactive" | "publickey" | "hostbased" | "gssapi-with-mic" | "gssapi-keyex"
    )
}

fn answer_prompts(session: &Session, link: &Link, login: &Login, password: &Secret) -> Result<(), Failure> {
    let mut answers = Answers { link, password, given: false, unanswered: None };
    let result =
        drive(session, link, || session.userauth_keyboard_interactive(&login.username, &mut answers));
    let Err(broken) = result else { return Ok(()) };
    if let Some(question) = answers.unanswered {
        return Err(refusal(format!(
            "the device asked user {} what netsweep cannot answer: {question}",
            login.username
        )));
    }
    match broken {
        // libssh2 says the same where the connection broke.
        Broken::Ssh(error)
            if code(&error) == libssh2_sys::LIBSSH2_ERROR_AUTHENTICATION_FAILED
                && (answers.given || !link.is_ended()) =>
        {
            Err(refusal(format!("the device refused the password of user {}", login.username)))
        }
        other => Err(other.at(link, Stage::Login, "checking the password")),
    }
}

/// Answers the one question after the password, once.
struct Answers<'a> {
    link: &'a Link,
    password: &'a Secret,
    given: bool,
    unanswered: Option<String>,
}

impl KeyboardInteractivePrompt for Answers<'_> {
    fn prompt<'p>(&mut self, _user: &str, _instructions: &str, prompts: &[Prompt<'p>]) -> Vec<String> {
        match prompts {
            [] => vec![],
            [only] if !only.echo && !self.given => {
                self.given = true;
                vec![self.password.expose().to_owned()]
            }
            [first, ..] => {
                self.unanswered.get_or_insert_with(|| format!("{:?}", printable(first.text.as_bytes())));
                // libssh2 sends whatever is returned, and an empty answer counts as an attempt.
                self.link.shut_down();
                vec![]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;
    use crate::watchdog::Watchdog;

    #[test]
    fn the_password_is_given_once_and_to_one_hidden_question() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("listens");
        let socket = TcpStream::connect(listener.local_addr().expect("address")).expect("connects");
        socket.set_nonblocking(true).expect("sets");
        let watchdog = Watchdog::start(1).expect("starts");
        let deadline = Instant::now() + Duration::from_secs(60);
        let link = Link::new(socket, &watchdog.slot(0), deadline).expect("watches");
        let password = Secret::new("right");
        let hidden = || Prompt { text: "Password: ".into(), echo: false };
        let shown = || Prompt { text: "Your\x1b name: ".into(), echo: true };
        let new = || Answers { link: &link, password: &password, given: false, unanswered: None };

        let mut answers = new();
        assert!(answers.prompt("", "", &[]).is_empty());
        assert_eq!(answers.prompt("", "", &[hidden()]), ["right"]);
        assert!(!link.is_ended() && answers.unanswered.is_none(), "all was answered");
        assert!(answers.prompt("", "", &[hidden()]).is_empty(), "not a second time");
        assert_eq!(answers.unanswered.as_deref(), Some("\"Password:\""));
        assert!(link.is_ended(), "so that no empty answer counts as an attempt");

        for questions in [vec![shown()], vec![hidden(), hidden()]] {
            let mut answers = new();
            assert!(answers.prompt("", "", &questions).is_empty());
            assert!(answers.unanswered.is_some());
        }
    }

    #[test]
    fn a_list_of_methods_is_told_from_a_banner() {
        assert!("publickey,password".split(',').any(is_method));
        assert!(!"password: never share it, ever".split(',').any(is_method));
    }
}
