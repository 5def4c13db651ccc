//! The job's commands, one after the other.

use std::time::Instant;

use netsweep_shared::outcome::{CommandEnd, ErrorKind, Failure, Stage};

use super::observer::Observer;
use super::state::Session;
use super::wait::{Limit, quoted};
use crate::channel::record::Record;

impl Session<'_> {
    /// Runs the job's commands and takes leave. A command that the device refuses does not stop
    /// those after it.
    pub(crate) fn run_commands(
        &mut self,
        output_limit: u64,
        observer: &mut dyn Observer,
    ) -> Result<(), Failure> {
        let (platform, job) = (self.platform, self.job);
        let mut refusals = vec![];
        for (index, command) in (0u32..).zip(&job.commands) {
            debug_assert!(!command.contains(['\r', '\n']), "a command is one line");
            if index == 0 {
                observer.commands_begin();
            }
            let begun = Instant::now();
            let limit = Limit { at: begun + job.timeouts.command, of: job.timeouts.command };
            let wait = self.begin(Stage::Commands, limit, "prompt", Some(command));
            let mut hand_on = |bytes| observer.output(index, bytes);
            let mut record = Record::new(output_limit, &platform.errors, &mut hand_on);
            let result = self.ask(command, &wait, &mut record);
            let truncated = record.truncated();
            let refusal = record.refusal().map(|words| self.quoted(words));
            let ok = result.is_ok() && refusal.is_none();
            observer.command_ended(index, CommandEnd { ok, elapsed: begun.elapsed(), truncated });
            result?;
            refusals.extend(refusal.map(|words| (command, words)));
        }
        self.leave();
        match refusals.as_slice() {
            [] => Ok(()),
            [(command, words)] => {
                Err(refused(format!("the device answered {} with {words}", quoted(command))))
            }
            [(command, words), ..] => Err(refused(format!(
                "the device refused {} of {} commands, the first of them {}, with {words}",
                refusals.len(),
                job.commands.len(),
                quoted(command)
            ))),
        }
    }

    /// Says goodbye where the device let us in within the conversation: a console keeps its login when a
    /// connection to it ends, an SSH server does not. Whether the device hears it is not waited for.
    fn leave(&mut self) {
        let platform = self.platform;
        if let Some(leave) = &platform.leave
            && !self.transport.has_logged_in()
        {
            let _ = self.transport.write_all(format!("{leave}{}", platform.line_end).as_bytes());
        }
    }
}

fn refused(message: String) -> Failure {
    Failure::new(ErrorKind::Command, Stage::Commands, message)
}
