//! Answers to what a server asks by `keyboard-interactive` (RFC 4256): any number of requests, each
//! with any number of questions.

use netsweep_shared::login::Login;
use netsweep_shared::secret::Secret;
use ssh2::{KeyboardInteractivePrompt, Prompt};

use super::super::overheard::printable;
use crate::link::Link;
use crate::platform::CompiledLogin;

/// Requests that are answered; PAM's longest dialogues have four or five.
const MOST_REQUESTS: u32 = 20;

/// Answers what asks for the user's name or password, or is one of the platform's questions.
pub(super) struct Answers<'a> {
    link: &'a Link,
    username: &'a str,
    password: &'a Secret,
    platform: Option<&'a CompiledLogin>,
    requests: u32,
    /// The question that the password was given to.
    given: Option<String>,
    problem: Option<Problem>,
}

/// Why the dialogue was broken off.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// The password is asked for again, with the same words: the first one was not taken.
    AskedAgain(String),
    /// Nothing that we have is an answer to this.
    NoAnswer(String),
}

/// What a question asks for.
enum Asked {
    Username,
    Password,
    Other,
}

impl<'a> Answers<'a> {
    /// `link` is shut down where there is no answer: libssh2 sends whatever is returned, and an
    /// empty answer counts as an attempt.
    pub(super) fn new(
        link: &'a Link,
        login: &'a Login,
        password: &'a Secret,
        platform: Option<&'a CompiledLogin>,
    ) -> Self {
        let username = &login.username;
        Self { link, username, password, platform, requests: 0, given: None, problem: None }
    }

    /// Whether the password went out.
    pub(super) fn has_given_password(&self) -> bool {
        self.given.is_some()
    }

    /// Why the dialogue was broken off, if it was.
    pub(super) fn into_problem(self) -> Option<Problem> {
        self.problem
    }

    fn answer(&mut self, question: &Prompt<'_>) -> Result<String, Problem> {
        // Before the others, as in the terminal: it may be a question about passwords.
        if let Some(line) = self.platform.and_then(|platform| platform.line_for(&question.text)) {
            return Ok(line.to_owned());
        }
        let said = || format!("{:?}", printable(question.text.trim()));
        match asked(question) {
            Asked::Username if !self.username.is_empty() => Ok(self.username.to_owned()),
            Asked::Password => match &self.given {
                None => {
                    self.given = Some(question.text.trim().to_owned());
                    Ok(self.password.expose().to_owned())
                }
                Some(first) if first == question.text.trim() => Err(Problem::AskedAgain(said())),
                Some(_) => Err(Problem::NoAnswer(said())),
            },
            Asked::Username | Asked::Other => Err(Problem::NoAnswer(said())),
        }
    }
}

impl KeyboardInteractivePrompt for Answers<'_> {
    fn prompt<'p>(&mut self, _user: &str, instructions: &str, questions: &[Prompt<'p>]) -> Vec<String> {
        self.requests += 1;
        let answers: Result<Vec<_>, _> = if self.requests > MOST_REQUESTS {
            Err(Problem::NoAnswer(format!("{:?}", printable(instructions))))
        } else {
            questions.iter().map(|question| self.answer(question)).collect()
        };
        answers.unwrap_or_else(|problem| {
            self.problem.get_or_insert(problem);
            self.link.shut_down();
            vec![]
        })
    }
}

/// What `question` asks for, by its words, which nobody has standardised. What is to be typed
/// unseen is the password, unless it says that it is something else.
fn asked(question: &Prompt<'_>) -> Asked {
    const OTHER: [&str; 8] =
        ["new ", "retype", "re-enter", "confirm", "verification", "one-time", "otp", "token"];
    const PASSWORD: [&str; 3] = ["password", "passcode", "passwort"];
    const USERNAME: [&str; 5] = ["username", "user name", "login", "user id", "user:"];
    let text = question.text.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if has(&OTHER) {
        Asked::Other
    } else if has(&PASSWORD) {
        Asked::Password
    } else if has(&USERNAME) {
        Asked::Username
    } else if question.echo {
        Asked::Other
    } else {
        Asked::Password
    }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};
    use std::time::{Duration, Instant};

    use super::*;
    use crate::watchdog::Watchdog;

    /// What is answered to these requests, until the dialogue is broken off, and why it was.
    fn dialogue(requests: &[&[(&str, bool)]]) -> (Vec<Vec<String>>, Option<Problem>) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("listens");
        let socket = TcpStream::connect(listener.local_addr().expect("address")).expect("connects");
        socket.set_nonblocking(true).expect("sets");
        let watchdog = Watchdog::start(1).expect("starts");
        let deadline = Instant::now() + Duration::from_secs(60);
        let link = Link::new(socket, &watchdog.slot(0), deadline).expect("watches");
        let login = Login::with_password("admin", Secret::new("right"));
        let password = Secret::new("right");
        let mut answers = Answers::new(&link, &login, &password, None);
        let mut answered = vec![];
        for request in requests {
            let questions: Vec<_> =
                request.iter().map(|(text, echo)| Prompt { text: (*text).into(), echo: *echo }).collect();
            let answer = answers.prompt("", "", &questions);
            if answers.problem.is_some() {
                assert!(answer.is_empty(), "nothing is sent to what has no answer");
                break;
            }
            answered.push(answer);
        }
        assert_eq!(link.is_ended(), answers.problem.is_some(), "the link is shut down to break off");
        (answered, answers.into_problem())
    }

    #[test]
    fn name_and_password_are_answered_however_they_are_asked_for() {
        for requests in [
            &[&[("Password: ", false)][..]][..],
            &[&[("Password:", true)]],
            &[&[("admin's password:", false)]],
            &[&[("Password for user admin:", false)]],
            &[&[("Enter PASSCODE: ", false)]],
            &[&[("? ", false)]],
            &[&[("User name: ", true)], &[("Password: ", false)]],
            &[&[("login: ", true), ("Password: ", false)]],
            &[&[("Username:", false), ("Password:", true)]],
            &[&[], &[("Password: ", false)], &[]],
        ] {
            let (answered, problem) = dialogue(requests);
            assert_eq!(problem, None, "{requests:?}");
            let answered: Vec<_> = answered.concat();
            let names = requests.concat().len() - 1;
            assert_eq!(answered.last().map(String::as_str), Some("right"), "{requests:?}");
            assert!(answered[..names].iter().all(|name| name == "admin"), "{requests:?}");
        }
    }

    #[test]
    fn what_has_no_answer_is_named_and_nothing_is_sent() {
        let no_answer = |question: &str| Some(Problem::NoAnswer(format!("{question:?}")));
        for (requests, question) in [
            (&[&[("Verification code: ", false)][..]][..], "Verification code:"),
            (&[&[("Your\x1b favourite colour: ", true)]], "Your  favourite colour:"),
            (&[&[("Password: ", false), ("Token: ", false)]], "Token:"),
            (&[&[("Password: ", false)], &[("New password: ", false)]], "New password:"),
            (&[&[("Password: ", false)], &[("Current password: ", false)]], "Current password:"),
        ] {
            assert_eq!(dialogue(requests).1, no_answer(question), "{requests:?}");
        }
    }

    #[test]
    fn a_password_is_given_once() {
        let (answered, problem) = dialogue(&[&[("Password: ", false)], &[("Password: ", false)]]);
        assert_eq!(answered, [["right"]]);
        assert_eq!(problem, Some(Problem::AskedAgain("\"Password:\"".into())));
    }

    #[test]
    fn a_dialogue_without_end_is_ended() {
        let requests = vec![&[][..]; 1000];
        let (answered, problem) = dialogue(&requests);
        assert_eq!(answered.len(), MOST_REQUESTS as usize);
        assert!(problem.is_some());
    }
}
