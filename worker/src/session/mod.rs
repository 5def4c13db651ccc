//! A conversation with a device: log in, prepare, run the commands.

// Up to the first prompt.
mod login;
// From prompt to prompt.
mod exchange;
// What one command printed.
mod capture;

use std::time::{Duration, Instant};

use netsweep_shared::job::Job;
use netsweep_shared::outcome::{CommandEnd, ErrorKind, Failure, Stage};

use crate::channel::Channel;
use crate::platform::CompiledPlatform;
use crate::transport::Transport;
use capture::Capture;
use exchange::Exchange;

/// When each part of a conversation must be over.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// The prompt that takes the first command.
    pub login: Instant,
    /// Time for each command.
    pub command: Duration,
    /// All of it.
    pub device: Instant,
}

/// Hears of a conversation's progress.
pub trait Observer {
    /// The device has let us in: its first prompt was recognised.
    fn logged_in(&mut self);
    /// The first command is about to be sent.
    fn commands_begin(&mut self);
    /// A piece of the output of command number `command`, cleaned.
    fn output(&mut self, command: u32, bytes: &[u8]);
    /// Command number `command` is over.
    fn command_ended(&mut self, command: u32, end: CommandEnd);
}

/// Logs in to the device at the other end of `transport` and runs the commands of `job`, of whose
/// outputs `output_limit` bytes each are passed on. The connection is closed by its owner.
pub fn converse(
    transport: &mut dyn Transport,
    platform: &CompiledPlatform,
    job: &Job,
    deadlines: Deadlines,
    output_limit: u64,
    observer: &mut dyn Observer,
) -> Result<(), Failure> {
    let mut channel = Channel::new(transport);
    channel.set_deadline(deadlines.login);
    let (first_prompt, line) = login::first_prompt(&mut channel, platform, job)?;
    observer.logged_in();
    let mut exchange = Exchange::new(channel, platform, first_prompt);
    if let Some(password) = &job.login.enable_password {
        exchange.raise_privileges(&line, password)?;
    }
    exchange.prepare()?;

    observer.commands_begin();
    let mut refused = 0;
    for (number, command) in job.commands.iter().enumerate() {
        let began = Instant::now();
        let (deadline, limit) = if began + deadlines.command <= deadlines.device {
            (began + deadlines.command, Limit::Command(deadlines.command))
        } else {
            (deadlines.device, Limit::Device)
        };
        let mut capture = Capture::new(platform, command, output_limit, number as u32, observer);
        let result = exchange.run(command, deadline, limit, &mut capture);
        let told = capture.finish();
        let ok = result.is_ok() && !told.refused;
        refused += usize::from(told.refused);
        let end = CommandEnd { ok, elapsed: began.elapsed(), truncated: told.truncated };
        observer.command_ended(number as u32, end);
        result?;
    }
    exchange.leave();
    if refused > 0 {
        let message = format!("the device refused {refused} of {} commands", job.commands.len());
        return Err(Failure::new(ErrorKind::Command, Stage::Commands, message));
    }
    Ok(())
}

/// A device's line as a message shows it: short, one line, and without our secrets, which the
/// device may have repeated.
fn quoted(line: &[u8], job: &Job) -> String {
    const LONGEST: usize = 120;
    let mut text = String::from_utf8_lossy(line.trim_ascii()).into_owned();
    for secret in [&job.login.password, &job.login.enable_password].into_iter().flatten() {
        if !secret.expose().is_empty() {
            text = text.replace(secret.expose(), "…");
        }
    }
    if let Some((end, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(end);
        text.push('…');
    }
    format!("{text:?}")
}

/// Which of the limits a deadline comes from.
#[derive(Clone, Copy, Debug)]
enum Limit {
    Command(Duration),
    Device,
}

impl Limit {
    fn passed(self, command: &str) -> String {
        match self {
            Self::Command(time) => format!("no prompt within {time:?} after {command:?}"),
            Self::Device => format!("the device's time was up during {command:?}"),
        }
    }
}
