//! Paging off, wide lines; in a shell, a prompt of our own.

use netsweep_shared::outcome::{Failure, Stage};

use super::state::{LONGEST_QUESTION, Overheard, Session};
use super::wait::Limit;
use crate::channel::echo::Echo;
use crate::channel::preamble::Preamble;
use crate::channel::record::Record;
use crate::channel::verbatim::Verbatim;
use crate::platform::CompiledShell;

/// Most of the answer to the silent command that is looked at. An echo is shorter.
const LONGEST_PREAMBLE: u64 = 4096;

impl Session<'_> {
    /// Makes the session ready for commands. What the device answers is dropped, a refusal
    /// included: a platform's definition covers versions that know one command or the other.
    pub(crate) fn prepare(&mut self, limit: Limit) -> Result<(), Failure> {
        let platform = self.platform;
        if let Some(shell) = &platform.shell {
            self.set_prompt(shell, limit)?;
        }
        for command in &platform.prepare {
            if self.may_go_ahead(command) {
                self.ahead.push(command);
                continue;
            }
            let wait = self.begin(Stage::Prepare, limit, "prompt", Some(command));
            let mut nowhere = |_| {};
            self.ask(command, &wait, &mut Record::new(0, &platform.errors, &mut nowhere))?;
        }
        Ok(())
    }

    /// Whether `command` may go out together with the job's first one, of which only its echo tells where its
    /// answer begins.
    fn may_go_ahead(&self, command: &str) -> bool {
        let first = self.job.commands.first();
        self.platform.type_ahead
            && self.echoes
            && self.job.read_only
            && first.is_some_and(|first| Echo::tells_apart(first, command))
    }

    /// Sets the prompt, and learns what this terminal puts before every output. A shell that
    /// does not take the prompt is left with the one it has.
    fn set_prompt(&mut self, shell: &CompiledShell, limit: Limit) -> Result<(), Failure> {
        let wait = self.begin(Stage::Prepare, limit, "prompt of our own", None);
        self.screen.clear();
        self.send_line(&shell.set_prompt.replace("{nonce}", &self.nonce), &wait)?;
        let mut overheard = Overheard::default();
        loop {
            match self.read(&wait) {
                Ok(bytes) => self.screen.feed(&bytes, &mut overheard),
                Err(failure) => return Err(self.without_prompt(failure, self.screen.current())),
            }
            let line = self.screen.current();
            if line.is_empty() || line.len() > LONGEST_QUESTION {
                continue;
            }
            let ours = shell.prompt_in(line, &self.nonce).is_some();
            // Behind the echo, the same prompt again is the answer: no shell of that family.
            let theirs = overheard.lines > 0 && line.trim_ascii_end() == self.prompt.text;
            if !(ours || theirs) || self.transport.is_readable() {
                continue;
            }
            return if ours { self.learn_preamble(&shell.silent, limit) } else { Ok(()) };
        }
    }

    fn learn_preamble(&mut self, silent: &str, limit: Limit) -> Result<(), Failure> {
        let wait = self.begin(Stage::Prepare, limit, "prompt", Some(silent));
        self.verbatim = Some((Verbatim::default(), Preamble::default()));
        let mut answer = vec![];
        let mut keep = |bytes: Vec<u8>| answer.extend(bytes);
        self.ask(silent, &wait, &mut Record::new(LONGEST_PREAMBLE, &self.platform.errors, &mut keep))?;
        self.verbatim = Some((Verbatim::default(), Preamble::learn(silent, &answer)));
        Ok(())
    }
}
