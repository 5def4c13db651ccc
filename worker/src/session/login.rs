//! To the first prompt, through whatever the device asks before it.

use std::time::Duration;

use netsweep_shared::outcome::{ErrorKind, Failure, Stage};

use super::state::{LONGEST_QUESTION, Overheard, Session};
use super::wait::Limit;
use crate::channel::line::LineSink;
use crate::channel::prompt::Prompt;
use crate::leave::WAITING;
use crate::platform::CompiledLogin;

/// What the unfinished line asks for.
enum Asked<'p> {
    Username,
    Password,
    Question(&'p str),
    /// Nothing: it is the prompt.
    Command(Prompt),
}

/// How far the dialogue has come.
struct Dialogue<'p> {
    patterns: &'p CompiledLogin,
    username: &'p str,
    overheard: Overheard,
    username_sent: bool,
    /// The device has repeated the name, so a second question is no leftover of the first.
    username_taken: bool,
    password_sent: bool,
    /// A line that says no. It may be a part of the message of the day: what the device does
    /// next decides.
    refusal: Vec<u8>,
}

impl LineSink for Dialogue<'_> {
    fn line(&mut self, piece: &[u8], ended: bool) {
        self.overheard.line(piece, ended);
        if self.username_sent && !self.username_taken {
            self.username_taken = piece.trim_ascii().ends_with(self.username.as_bytes());
        }
        if self.username_sent || self.password_sent {
            let short = &piece[..piece.len().min(1024)];
            if self.patterns.failed.is_match(short) {
                self.refusal = short.to_vec();
            }
        }
    }
}

impl<'a> Session<'a> {
    /// Waits for the first prompt, and answers what the device asks before it. A session over
    /// SSH is authenticated, so there only the platform's other questions count. Returns how long leave to log in
    /// was waited for, which does not count.
    pub(crate) fn log_in(&mut self, limit: Limit) -> Result<Duration, Failure> {
        let (platform, job) = (self.platform, self.job);
        let in_band = !self.transport.has_logged_in();
        let (stage, expected) =
            if in_band { (Stage::Handshake, "login prompt") } else { (Stage::Prepare, "prompt") };
        let mut wait = self.begin(stage, limit, expected, None);
        let mut dialogue = Dialogue {
            patterns: &platform.login,
            username: &job.login.username,
            overheard: Overheard::default(),
            username_sent: false,
            username_taken: false,
            password_sent: false,
            refusal: vec![],
        };
        let mut waited = Duration::ZERO;
        loop {
            match self.read(&wait) {
                Ok(bytes) => self.screen.feed(&bytes, &mut dialogue),
                Err(failure) => return Err(self.not_let_in(failure, &dialogue)),
            }
            let Some(asked) = self.asked(in_band) else { continue };
            if self.transport.is_readable() {
                continue;
            }
            match asked {
                Asked::Command(prompt) => {
                    self.prompt = prompt;
                    return Ok(waited);
                }
                Asked::Question(answer) => self.send_keys(answer, &wait)?,
                Asked::Username if dialogue.password_sent || dialogue.username_taken => {
                    return Err(self.refused(&dialogue));
                }
                // The question was printed twice; its answer is on its way.
                Asked::Username if dialogue.username_sent => {}
                Asked::Username if dialogue.username.is_empty() => {
                    return Err(auth("the device asks for a user name, and the inventory gives none".into()));
                }
                Asked::Username => {
                    // A name alone may count as a login that was begun.
                    waited += self.transport.await_leave().map_err(|error| error.at(wait.stage, WAITING))?;
                    wait = self.begin(wait.stage, limit.later_by(waited), wait.expected, None);
                    self.send_line(dialogue.username, &wait)?;
                    dialogue.username_sent = true;
                    wait.expected = "answer to the user name";
                }
                Asked::Password if dialogue.password_sent => return Err(self.refused(&dialogue)),
                Asked::Password => {
                    let Some(password) = &job.login.password else {
                        return Err(auth(
                            "the device asks for a password, and the inventory gives none".into(),
                        ));
                    };
                    // From here on another attempt could be a second refusal.
                    waited += self.transport.commit().map_err(|error| error.at(wait.stage, WAITING))?;
                    wait = self.begin(Stage::Login, limit.later_by(waited), wait.expected, None);
                    self.send_secret(password, &wait)?;
                    dialogue.password_sent = true;
                    dialogue.overheard.last.clear();
                    wait.expected = "prompt after the password";
                }
            }
            self.screen.clear();
        }
    }

    /// What the unfinished line asks for, if it asks.
    fn asked(&self, in_band: bool) -> Option<Asked<'a>> {
        let (platform, line) = (self.platform, self.screen.current());
        if line.len() > LONGEST_QUESTION || line.trim_ascii().is_empty() {
            return None;
        }
        let login = &platform.login;
        // Before the others: "The password has to be changed. Change now? [Y/N]:".
        let mut questions = login.questions.iter().chain(&platform.pager);
        if let Some(question) = questions.find(|question| question.pattern.is_match(line)) {
            return Some(Asked::Question(&question.answer));
        }
        let asked = match in_band {
            true if login.password.is_match(line) => Some(Asked::Password),
            true if login.username.is_match(line) => Some(Asked::Username),
            _ => None,
        };
        if asked.is_some() && !login.ignore.is_match(line) {
            return asked;
        }
        platform.prompts.read(line).map(Asked::Command)
    }

    fn refused(&self, dialogue: &Dialogue<'_>) -> Failure {
        let who = if dialogue.username_sent {
            format!("the device refused the login of user {:?}", dialogue.username)
        } else {
            "the device refused the password".to_owned()
        };
        auth(match dialogue.refusal.as_slice() {
            [] => match self.screen.current() {
                [] => who,
                question => format!("{who}: it asked again, {}", self.quoted(question)),
            },
            words => format!("{who}: it said {}", self.quoted(words)),
        })
    }

    /// The device ended or outlasted the dialogue.
    fn not_let_in(&self, failure: Failure, dialogue: &Dialogue<'_>) -> Failure {
        let over = matches!(failure.kind, ErrorKind::Timeout | ErrorKind::Disconnected);
        if over && dialogue.password_sent && !dialogue.refusal.is_empty() {
            return self.refused(dialogue);
        }
        let last = match self.screen.current().trim_ascii() {
            [] => &dialogue.overheard.last,
            line => line,
        };
        if failure.stage == Stage::Prepare || dialogue.password_sent {
            return self.without_prompt(failure, last);
        }
        failure
    }
}

fn auth(message: String) -> Failure {
    Failure::new(ErrorKind::Auth, Stage::Login, message)
}
