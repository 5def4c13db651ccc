//! From user mode to privileged mode.

use netsweep_shared::outcome::{ErrorKind, Failure, Stage};

use super::state::{LONGEST_QUESTION, Session};
use super::wait::Limit;
use crate::channel::record::Record;

impl Session<'_> {
    /// Raises the privileges where the inventory gives a password for that and the prompt says
    /// that they are not raised yet.
    pub(crate) fn raise_privileges(&mut self, limit: Limit) -> Result<(), Failure> {
        let (platform, job) = (self.platform, self.job);
        let Some(password) = &job.login.enable_password else { return Ok(()) };
        let Some(way) = platform.ways.iter().find(|way| way.from == self.prompt.mode) else { return Ok(()) };
        let wait = self.begin(Stage::Prepare, limit, "prompt", Some(&way.command));
        let mut nowhere = |_| {};
        let mut record = Record::new(0, &platform.errors, &mut nowhere);
        let mut answer = self.answer_to(&way.command, &mut record);
        self.screen.clear();
        self.send_line(&way.command, &wait)?;
        let mut password_sent = false;
        loop {
            match self.read(&wait) {
                Ok(bytes) => self.screen.feed(&bytes, &mut answer),
                Err(failure) => return Err(self.without_prompt(failure, self.screen.current())),
            }
            let line = self.screen.current();
            if line.len() <= LONGEST_QUESTION && way.password.is_match(line) {
                if self.transport.is_readable() {
                    continue;
                }
                if password_sent {
                    return Err(self.not_raised(answer.record()));
                }
                self.send_secret(password, &wait)?;
                password_sent = true;
                self.screen.clear();
            } else if self.is_answered(&mut answer, None) {
                if self.prompt.mode == way.from {
                    return Err(self.not_raised(answer.record()));
                }
                self.learn_echo(answer.end());
                return Ok(());
            }
        }
    }

    fn not_raised(&self, record: &Record<'_>) -> Failure {
        let mut message = "the device refused the enable password".to_owned();
        if let Some(words) = record.refusal() {
            message = format!("{message}: it said {}", self.quoted(words));
        }
        Failure::new(ErrorKind::Auth, Stage::Prepare, message)
    }
}
