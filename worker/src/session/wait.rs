//! What a step waits for and how long, and what it is when that does not come.

use std::time::{Duration, Instant};

use humantime::format_duration;
use netsweep_shared::outcome::{ErrorKind, Failure, Stage};

use crate::transport::TransportError;

/// Longest part of a command that is quoted in a message.
const LONGEST_QUOTE: usize = 80;

/// A point in time, and the allowance that it is the end of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    pub(crate) at: Instant,
    pub(crate) of: Duration,
}

/// What a step waits for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wait<'a> {
    pub(crate) stage: Stage,
    /// What has to come, as in "no … within 30s".
    pub(crate) expected: &'a str,
    /// The command that it answers.
    pub(crate) after: Option<&'a str>,
    /// The limit of this step or of the steps that it belongs to.
    pub(crate) step: Limit,
    /// The limit of the device as a whole.
    pub(crate) device: Limit,
}

impl Limit {
    /// The same allowance where `time` of it does not count.
    pub(crate) fn later_by(self, time: Duration) -> Self {
        Self { at: self.at + time, ..self }
    }
}

impl Wait<'_> {
    /// Whichever limit comes first.
    pub(crate) fn deadline(&self) -> Instant {
        self.step.at.min(self.device.at)
    }

    /// What `error` means here.
    pub(crate) fn failed(&self, error: TransportError) -> Failure {
        let Self { expected, step, device, .. } = self;
        match error {
            TransportError::Deadline => {
                let message = if device.at < step.at {
                    format!(
                        "the device's time of {} is up while {}",
                        format_duration(device.of),
                        self.doing()
                    )
                } else {
                    format!("no {expected} within {}{}", format_duration(step.of), self.after())
                };
                Failure::new(ErrorKind::Timeout, self.stage, message)
            }
            other => other.at(self.stage, &self.doing()),
        }
    }

    /// The device has ended the session.
    pub(crate) fn closed(&self) -> Failure {
        let message = format!("the device closed the connection while {}", self.doing());
        Failure::new(ErrorKind::Disconnected, self.stage, message)
    }

    fn doing(&self) -> String {
        format!("waiting for the {}{}", self.expected, self.after())
    }

    fn after(&self) -> String {
        self.after.map(|command| format!(" after {}", quoted(command))).unwrap_or_default()
    }
}

/// A command as a message shows it.
pub(crate) fn quoted(command: &str) -> String {
    match command.char_indices().nth(LONGEST_QUOTE) {
        None => format!("{command:?}"),
        Some((end, _)) => format!("{:?}", format!("{}…", &command[..end])),
    }
}
