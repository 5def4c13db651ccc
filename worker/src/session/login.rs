//! Up to the first prompt.

use std::time::Duration;

use netsweep_shared::job::{Job, Transport};
use netsweep_shared::outcome::{ErrorKind, Failure, Stage};

use crate::channel::{Channel, Prompt};
use crate::platform::CompiledPlatform;
use crate::transport::TransportError;

/// A device that has been quiet for so long at the deadline has said what it had to say.
const QUIET: Duration = Duration::from_secs(2);
/// Most questions that are answered on the way to the prompt.
const MOST_QUESTIONS: u32 = 20;

/// Answers what the device asks until it prompts; returns the prompt, learned, and its line.
///
/// Over SSH the user has been authenticated before, so nothing in a banner is taken for a question
/// after a name or a password.
pub(super) fn first_prompt<'p>(
    channel: &mut Channel<'_>,
    platform: &'p CompiledPlatform,
    job: &Job,
) -> Result<(Prompt<'p>, Vec<u8>), Failure> {
    let mut dialogue = Dialogue {
        platform,
        job,
        in_band: job.transport == Transport::Telnet,
        name_sent: false,
        password_sent: false,
        questions: 0,
    };
    loop {
        let mut refusal = None;
        let received = channel.receive(&mut |line: &[u8]| {
            if refusal.is_none() && dialogue.says_refused(line) {
                refusal = Some(super::quoted(line, job));
            }
        });
        if let Some(said) = refusal {
            return Err(auth(format!("the device refused the login: {said}")));
        }
        received.map_err(|error| dialogue.gave_up(channel, error))?;
        let line = channel.unfinished();
        if line.is_empty() {
            continue;
        }
        if let Some(prompt) = Prompt::learn(&platform.prompt, line) {
            let line = line.to_vec();
            if channel.is_at_rest() {
                return Ok((prompt, line));
            }
        } else if let Some(answer) = dialogue.answer(line)?
            && channel.is_at_rest()
        {
            dialogue.note(&answer)?;
            let line_end = platform.definition.line_end.as_bytes();
            channel
                .send(&[answer.bytes(job), if answer.is_typed() { line_end } else { b"" }].concat())
                .map_err(|error| error.at(dialogue.stage(), "logging in"))?;
        }
    }
}

struct Dialogue<'a> {
    platform: &'a CompiledPlatform,
    job: &'a Job,
    /// The device itself asks who is there.
    in_band: bool,
    name_sent: bool,
    password_sent: bool,
    questions: u32,
}

/// What is to be typed.
enum Answer<'a> {
    Name,
    Password,
    Other(&'a [u8]),
}

impl<'a> Answer<'a> {
    fn bytes(&self, job: &'a Job) -> &'a [u8] {
        match self {
            Self::Name => job.login.username.as_bytes(),
            Self::Password => {
                job.login.password.as_ref().map_or(b"", |password| password.expose().as_bytes())
            }
            Self::Other(bytes) => bytes,
        }
    }

    /// A line, and not a key.
    fn is_typed(&self) -> bool {
        !matches!(self, Self::Other(_))
    }
}

impl<'a> Dialogue<'a> {
    fn says_refused(&self, line: &[u8]) -> bool {
        self.in_band && (self.name_sent || self.password_sent) && self.platform.login_failed.is_match(line)
    }

    /// What the unfinished line asks for.
    fn answer(&self, line: &[u8]) -> Result<Option<Answer<'a>>, Failure> {
        let platform = self.platform;
        if let Some(question) =
            platform.login_questions.iter().find(|question| question.pattern.is_match(line))
        {
            return Ok(Some(Answer::Other(&question.answer)));
        }
        if !self.in_band {
            return Ok(None);
        }
        if platform.password.is_match(line) {
            return match &self.job.login.password {
                _ if self.password_sent => Err(auth("the device asked for the password again".into())),
                None => Err(auth("the device asks for a password, and the inventory has none for it".into())),
                Some(_) => Ok(Some(Answer::Password)),
            };
        }
        if platform.username.is_match(line) {
            return match self.job.login.username.as_str() {
                _ if self.password_sent => Err(auth("the device asked for the user's name again".into())),
                _ if self.name_sent => Err(auth("the device did not take the user's name".into())),
                "" => {
                    Err(auth("the device asks for a user's name, and the inventory has none for it".into()))
                }
                _ => Ok(Some(Answer::Name)),
            };
        }
        Ok(None)
    }

    fn note(&mut self, answer: &Answer<'_>) -> Result<(), Failure> {
        match answer {
            Answer::Name => self.name_sent = true,
            Answer::Password => self.password_sent = true,
            Answer::Other(_) => {}
        }
        self.questions += 1;
        if self.questions > MOST_QUESTIONS {
            let message = format!("the device asked {MOST_QUESTIONS} questions and gave no prompt");
            return Err(Failure::new(ErrorKind::Prompt, Stage::Login, message));
        }
        Ok(())
    }

    fn gave_up(&self, channel: &Channel<'_>, error: TransportError) -> Failure {
        let TransportError::Deadline = error else {
            return error.at(self.stage(), "waiting for the first prompt");
        };
        let last = super::quoted(channel.unfinished(), self.job);
        let inside = !self.in_band || self.password_sent;
        match channel.quiet_for() {
            Some(quiet) if inside && quiet >= QUIET => Failure::new(
                ErrorKind::Prompt,
                Stage::Prepare,
                format!(
                    "no prompt of platform {} was recognised; the last line was {last}",
                    self.platform.definition.name
                ),
            ),
            Some(_) if !channel.unfinished().trim_ascii().is_empty() => self
                .timeout(format!("timed out while waiting for the first prompt; the last line was {last}")),
            Some(_) => self.timeout("timed out while waiting for the first prompt".into()),
            None => self.timeout("timed out: the device said nothing".into()),
        }
    }

    fn timeout(&self, message: String) -> Failure {
        Failure::new(ErrorKind::Timeout, self.stage(), message)
    }

    /// How far the login has come: SSH let us in before it began.
    fn stage(&self) -> Stage {
        match (self.in_band, self.password_sent) {
            (false, _) => Stage::Prepare,
            (true, true) => Stage::Login,
            (true, false) => Stage::Handshake,
        }
    }
}

fn auth(message: String) -> Failure {
    Failure::new(ErrorKind::Auth, Stage::Login, message)
}
