//! One command and its answer.

use netsweep_shared::outcome::{ErrorKind, Failure, Stage};

use super::state::{LONGEST_QUESTION, Session};
use super::wait::Wait;
use crate::channel::answer::{ScreenAnswer, VerbatimAnswer};
use crate::channel::echo::Echo;
use crate::channel::preamble::Preamble;
use crate::channel::record::Record;
use crate::channel::verbatim::Verbatim;
use crate::platform::CompiledShell;

impl<'a> Session<'a> {
    /// Sends `command` and records what comes before the prompt. What has come when it fails is
    /// recorded as well.
    pub(crate) fn ask(
        &mut self,
        command: &str,
        wait: &Wait<'_>,
        record: &mut Record<'_>,
    ) -> Result<(), Failure> {
        // Taken out for the time of the question: it is fed while the session reads.
        let result = match (self.verbatim.take(), &self.platform.shell) {
            (Some((mut verbatim, preamble)), Some(shell)) => {
                let result = self.ask_shell(command, wait, record, shell, &mut verbatim, &preamble);
                self.verbatim = Some((verbatim, preamble));
                result
            }
            _ => self.ask_on_screen(command, wait, record),
        };
        record.finish();
        result
    }

    fn ask_on_screen(
        &mut self,
        command: &str,
        wait: &Wait<'_>,
        record: &mut Record<'_>,
    ) -> Result<(), Failure> {
        let mut answer = self.answer_to(command, record);
        self.screen.clear();
        self.send_line(command, wait)?;
        loop {
            let failure = match self.read(wait) {
                Ok(bytes) => {
                    self.screen.feed(&bytes, &mut answer);
                    None
                }
                Err(failure) => Some(failure),
            };
            if self.is_answered(&mut answer, failure.as_ref()) {
                self.learn_echo(answer.end());
                return Ok(());
            }
            if let Some(failure) = failure {
                answer.cut(self.screen.rest());
                return Err(match failure.stage {
                    Stage::Commands => failure,
                    _ => self.without_prompt(failure, self.screen.current()),
                });
            }
            self.answer_pager(wait)?;
            answer.record().hand_out_old();
        }
    }

    /// The answer to `command`, of which nothing has come yet.
    pub(crate) fn answer_to<'m, 'r>(
        &mut self,
        command: &str,
        record: &'m mut Record<'r>,
    ) -> ScreenAnswer<'m, 'r>
    where
        'a: 'm,
    {
        let echo = Echo::new(command, &self.prompt.text, self.echoes, std::mem::take(&mut self.overdue))
            .behind_others(!self.ahead.is_empty());
        let platform = self.platform;
        ScreenAnswer::new(echo, &platform.prompt_lead, record)
    }

    /// Whether the unfinished line is the prompt behind `answer`. `failure` is that of the last
    /// attempt to read.
    pub(crate) fn is_answered(
        &mut self,
        answer: &mut ScreenAnswer<'_, '_>,
        failure: Option<&Failure>,
    ) -> bool {
        let prompts = &self.platform.prompts;
        let same = self.prompt.is(self.screen.current());
        let other = if same { None } else { prompts.read_again(&self.prompt, self.screen.current()) };
        if same || other.is_some() {
            if !answer.may_end() || !self.has_fallen_silent(failure) {
                return false;
            }
            if let Some(prompt) = other {
                self.prompt = prompt;
            }
            self.confirmed = true;
            return true;
        }
        // What was taken for the prompt was a line of the banner, and this is the prompt, with
        // the answer still to come.
        if !self.confirmed
            && let Some(echo) = answer.missing_echo()
            && let Some(prompt) = prompts.read(self.screen.current())
            && self.has_fallen_silent(failure)
        {
            echo.set_prompt(&prompt.text);
            self.prompt = prompt;
        }
        false
    }

    /// Whether nothing follows what was read, for all that can be known now.
    fn has_fallen_silent(&mut self, failure: Option<&Failure>) -> bool {
        match failure {
            None => !self.transport.is_readable(),
            Some(failure) => failure.kind == ErrorKind::Disconnected,
        }
    }

    /// Remembers whether the device repeated what was typed; `missing` is an echo that did not
    /// come.
    pub(crate) fn learn_echo(&mut self, missing: Option<Echo>) {
        match missing {
            None => self.echoes = true,
            Some(echo) if !self.echoes => {
                let typed = echo.into_typed();
                if !typed.is_empty() {
                    self.overdue.push(typed);
                }
            }
            Some(_) => {}
        }
    }

    fn answer_pager(&mut self, wait: &Wait<'_>) -> Result<(), Failure> {
        let platform = self.platform;
        let line = self.screen.current();
        if line.len() > LONGEST_QUESTION || line.is_empty() {
            return Ok(());
        }
        let question =
            platform.pager.iter().find_map(|pager| Some((pager.pattern.find(line)?.start(), pager)));
        let Some((at, pager)) = question else { return Ok(()) };
        if self.transport.is_readable() {
            return Ok(());
        }
        self.screen.cut(at);
        self.send_keys(&pager.answer, wait)
    }

    fn ask_shell(
        &mut self,
        command: &str,
        wait: &Wait<'_>,
        record: &mut Record<'_>,
        shell: &CompiledShell,
        verbatim: &mut Verbatim,
        preamble: &Preamble,
    ) -> Result<(), Failure> {
        let mut answer = VerbatimAnswer::new(preamble.expect(command), record);
        verbatim.clear();
        self.send_line(command, wait)?;
        loop {
            let failure = match self.read(wait) {
                Ok(bytes) => {
                    verbatim.feed(&bytes, &mut answer);
                    None
                }
                Err(failure) => Some(failure),
            };
            let line = verbatim.current();
            let tail = &line[line.len().saturating_sub(LONGEST_QUESTION)..];
            if answer.may_end()
                && let Some(prompt) = shell.prompt_in(tail, &self.nonce)
                && self.has_fallen_silent(failure.as_ref())
            {
                answer.end(&line[..line.len() - tail.len() + prompt]);
                return Ok(());
            }
            if let Some(failure) = failure {
                answer.cut(line);
                return Err(failure);
            }
            answer.record().hand_out_old();
        }
    }
}
