//! The job's commands without a shell: each on a channel of its own, one after the other.
//!
//! There is no prompt to recognise and no echo to take away: outputs are kept to the byte, and the
//! exit status tells how a command ended.

use std::time::Instant;

use netsweep_shared::job::Job;
use netsweep_shared::outcome::{CommandEnd, ErrorKind, Failure, Stage};

use super::converse::Deadlines;
use super::observer::Observer;
use super::state::quoted_line;
use super::wait::{Limit, Wait, quoted};
use crate::channel::record::Record;
use crate::platform::CompiledPlatform;
use crate::transport::TransportError;
use crate::transport::ssh::{Connection, Exec, Exit};

/// Runs the job's commands on `connection`, each by a request of its own. Of the output of each
/// command `output_limit` bytes are kept.
///
/// # Errors
/// As with [`converse`](super::converse()): a command that failed does not end it, but makes it fail
/// in the end, with kind `command`. A server that runs no commands this way is `prompt`.
pub fn execute(
    connection: &mut Connection,
    platform: &CompiledPlatform,
    job: &Job,
    deadlines: Deadlines,
    output_limit: u64,
    observer: &mut dyn Observer,
) -> Result<(), Failure> {
    observer.logged_in();
    let device = Limit { at: deadlines.device, of: job.timeouts.device };
    let mut failures = vec![];
    for (index, command) in (0u32..).zip(&job.commands) {
        let mut exec = open(connection, index, job, deadlines)?;
        if index == 0 {
            observer.commands_begin();
        }
        let begun = Instant::now();
        let step = Limit { at: begun + job.timeouts.command, of: job.timeouts.command };
        let expected = "end of the output";
        let wait = Wait { stage: Stage::Commands, expected, after: Some(command), step, device };
        exec.set_deadline(wait.deadline());
        let mut hand_on = |bytes| observer.output(index, bytes);
        let mut record = Record::new(output_limit, &platform.errors, &mut hand_on);
        let result = run(exec, command, &mut record);
        record.finish();
        let truncated = record.truncated();
        let words = record.refusal().map(|words| quoted_line(&job.login, words));
        let problem = match &result {
            Ok(Some(exit)) => problem(exit, words),
            Ok(None) | Err(_) => None,
        };
        let ok = matches!(result, Ok(Some(_))) && problem.is_none();
        observer.command_ended(index, CommandEnd { ok, elapsed: begun.elapsed(), truncated });
        match result {
            Ok(Some(_)) => failures.extend(problem.map(|problem| (command, problem))),
            Ok(None) => return Err(not_started(index)),
            Err(error) => return Err(wait.failed(error)),
        }
    }
    match failures.as_slice() {
        [] => Ok(()),
        [(command, problem)] => Err(failed(format!("{} failed with {problem}", quoted(command)))),
        [(command, problem), ..] => Err(failed(format!(
            "{} of {} commands failed, the first of them {}, with {problem}",
            failures.len(),
            job.commands.len(),
            quoted(command)
        ))),
    }
}

/// Opens the channel of the command with this index.
fn open<'c>(
    connection: &'c mut Connection,
    index: u32,
    job: &Job,
    deadlines: Deadlines,
) -> Result<Exec<'c>, Failure> {
    if index == 0 {
        connection.link.set_deadline(deadlines.login);
        return Exec::open(connection, Stage::Prepare);
    }
    connection.link.set_deadline(deadlines.device.min(Instant::now() + job.timeouts.command));
    Exec::open(connection, Stage::Commands).map_err(|failure| match failure.kind {
        ErrorKind::Disconnected => one_a_connection(failure.kind, &failure.message),
        _ => failure,
    })
}

/// Runs `command` to its end; `None` where the server does not start it.
fn run(mut exec: Exec<'_>, command: &str, record: &mut Record<'_>) -> Result<Option<Exit>, TransportError> {
    if !exec.start(command)? {
        return Ok(None);
    }
    loop {
        let bytes = exec.read()?;
        if bytes.is_empty() {
            return exec.end().map(Some);
        }
        record.bytes(&bytes);
        record.hand_out_old();
    }
}

/// What makes a command a failed one: its exit, or `words` by which its platform refuses.
fn problem(exit: &Exit, words: Option<String>) -> Option<String> {
    let how = match exit {
        Exit::Status(0) => return words.map(|words| format!("the answer {words}")),
        Exit::Status(status) => format!("exit status {status}"),
        Exit::Signal(name) => format!("signal {name}"),
    };
    Some(match words {
        None => how,
        Some(words) => format!("{how} and the answer {words}"),
    })
}

fn not_started(index: u32) -> Failure {
    if index > 0 {
        return one_a_connection(ErrorKind::Prompt, "the device refused to run a command");
    }
    let message = "the device runs no command without a shell: use mode = \"shell\"";
    Failure::new(ErrorKind::Prompt, Stage::Prepare, message)
}

/// The first command ran, a later one does not.
fn one_a_connection(kind: ErrorKind, what: &str) -> Failure {
    let message =
        format!("{what}, after another had run: it may take only one a connection; use mode = \"shell\"");
    Failure::new(kind, Stage::Commands, message)
}

fn failed(message: String) -> Failure {
    Failure::new(ErrorKind::Command, Stage::Commands, message)
}
