//! From prompt to prompt.

use std::time::Instant;

use netsweep_shared::outcome::{ErrorKind, Failure, Stage};
use netsweep_shared::secret::Secret;
use regex::bytes::Regex;

use super::Limit;
use super::capture::Capture;
use crate::channel::{Channel, LineSink, Prompt};
use crate::platform::CompiledPlatform;
use crate::transport::TransportError;

/// A session at its prompt.
pub(super) struct Exchange<'t, 'p> {
    channel: Channel<'t>,
    platform: &'p CompiledPlatform,
    prompt: Prompt<'p>,
}

/// Where an answer ended.
enum Rest {
    /// At the prompt, which begins there on the last line; the line as a whole.
    Prompt(usize, Vec<u8>),
    /// At the question that was expected.
    Question,
}

impl<'t, 'p> Exchange<'t, 'p> {
    pub(super) fn new(channel: Channel<'t>, platform: &'p CompiledPlatform, prompt: Prompt<'p>) -> Self {
        Self { channel, platform, prompt }
    }

    /// From user mode to privileged mode, where `line`, the prompt, says that it is needed.
    pub(super) fn raise_privileges(&mut self, line: &[u8], password: &Secret) -> Result<(), Failure> {
        let platform = self.platform;
        let (Some(enable), Some(definition)) = (&platform.enable, &platform.definition.enable) else {
            return Ok(());
        };
        if !enable.needed.is_match(line) {
            return Ok(());
        }
        let doing = "raising privileges";
        let failed = |error: TransportError| error.at(Stage::Prepare, doing);
        self.type_line(&definition.command).map_err(failed)?;
        let mut rest = self.until_rest(&mut Ignored, Some(&enable.password)).map_err(failed)?;
        if matches!(rest, Rest::Question) {
            self.type_line(password.expose()).map_err(failed)?;
            rest = self.until_rest(&mut Ignored, Some(&enable.password)).map_err(failed)?;
        }
        match rest {
            Rest::Prompt(_, line) if !enable.needed.is_match(&line) => Ok(()),
            _ => Err(Failure::new(ErrorKind::Auth, Stage::Prepare, "the device refused the enable password")),
        }
    }

    /// Sends what the platform prepares a session with; what comes back is dropped.
    pub(super) fn prepare(&mut self) -> Result<(), Failure> {
        let platform = self.platform;
        let mut commands = platform.definition.prepare.iter().peekable();
        while let Some(command) = commands.next() {
            // The last one may have changed the prompt.
            let changed = platform.prepared_prompt.as_ref().filter(|_| commands.peek().is_none());
            let failed = |error: TransportError| error.at(Stage::Prepare, "preparing the session");
            self.type_line(command).map_err(failed)?;
            match changed {
                None => {
                    self.until_rest(&mut Ignored, None).map_err(failed)?;
                }
                Some(pattern) => self.learn_again(pattern).map_err(failed)?,
            }
        }
        Ok(())
    }

    fn learn_again(&mut self, pattern: &'p Regex) -> Result<(), TransportError> {
        loop {
            self.channel.receive(&mut Ignored)?;
            if let Some(prompt) = Prompt::learn(pattern, self.channel.unfinished())
                && self.channel.is_at_rest()
            {
                self.prompt = prompt;
                self.channel.take_verbatim();
                return Ok(());
            }
        }
    }

    /// Runs one command. What it prints goes to `capture`, also where it does not end well.
    pub(super) fn run(
        &mut self,
        command: &str,
        deadline: Instant,
        limit: Limit,
        capture: &mut Capture<'_>,
    ) -> Result<(), Failure> {
        self.channel.set_deadline(deadline);
        let rest = self.type_line(command).and_then(|()| self.until_rest(capture, None));
        match rest {
            Ok(Rest::Prompt(start, line)) => {
                capture.last(&line[..start]);
                Ok(())
            }
            Ok(Rest::Question) => unreachable!("none was expected"),
            Err(error) => {
                capture.cut(self.channel.unfinished());
                Err(match error {
                    TransportError::Deadline => {
                        Failure::new(ErrorKind::Timeout, Stage::Commands, limit.passed(command))
                    }
                    other => other.at(Stage::Commands, &format!("running {command:?}")),
                })
            }
        }
    }

    /// Says goodbye where the platform has a word for it; the answer is not waited for.
    pub(super) fn leave(&mut self) {
        if let Some(word) = &self.platform.definition.leave {
            // The work is done: nothing is lost if this is.
            let _ = self.type_line(word);
        }
    }

    fn type_line(&mut self, line: &str) -> Result<(), TransportError> {
        self.channel.send(format!("{line}{}", self.platform.definition.line_end).as_bytes())
    }

    /// Takes in an answer to its end: the prompt, or `question` where one is expected. Pagers are
    /// answered on the way.
    fn until_rest(
        &mut self,
        sink: &mut dyn Answered,
        question: Option<&Regex>,
    ) -> Result<Rest, TransportError> {
        loop {
            self.channel.receive(&mut |line: &[u8]| sink.line(line))?;
            let line = self.channel.unfinished();
            if line.is_empty() {
                continue;
            }
            if let Some(start) = self.prompt.find(line).filter(|_| sink.may_end()) {
                let line = line.to_vec();
                if self.channel.is_at_rest() {
                    return Ok(Rest::Prompt(start, line));
                }
            } else if question.is_some_and(|question| question.is_match(line)) {
                if self.channel.is_at_rest() {
                    return Ok(Rest::Question);
                }
            } else if let Some(pager) = self.platform.pagers.iter().find(|pager| pager.pattern.is_match(line))
                && self.channel.is_at_rest()
            {
                self.channel.send(&pager.answer)?;
            }
        }
    }
}

/// Takes the lines of an answer.
pub(super) trait Answered {
    fn line(&mut self, line: &[u8]);

    /// Whether a prompt now would be the answer's end: one that came before the command was even
    /// echoed would not be.
    fn may_end(&self) -> bool;
}

/// An answer that nobody wants to know.
struct Ignored;

impl Answered for Ignored {
    fn line(&mut self, _: &[u8]) {}

    fn may_end(&self) -> bool {
        true
    }
}

impl LineSink for Ignored {
    fn line(&mut self, _: &[u8]) {}
}
