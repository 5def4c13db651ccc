//! A command on a channel of its own (RFC 4254, 6.5), without terminal.

use std::time::{Duration, Instant};

use netsweep_shared::outcome::{Failure, Stage};
use ssh2::Channel;

use super::connection::Connection;
use super::drive::{Broken, awaited, drive, meaning, must_wait};
use super::shell::{granted, open_channel, unless_closed};
use super::wire;
use crate::link::Link;
use crate::transport::TransportError;

/// How long a server whose output has ended may take to tell how the command ended. Most tell it
/// before, in the same packet or the next.
const PATIENCE: Duration = Duration::from_secs(5);

/// A channel for one command. What it prints on either of its outputs comes in the order of arrival.
///
/// Dropping it waits for nothing.
pub(crate) struct Exec<'c> {
    connection: &'c mut Connection,
    channel: Channel,
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// With this status; 0 also where the server tells none, as some equipment does not.
    Status(i32),
    /// By this signal, named as in RFC 4254, 6.10.
    Signal(String),
}

impl<'c> Exec<'c> {
    /// Opens the channel.
    ///
    /// # Errors
    /// `disconnected` at `stage` where the server gives no channel; `timeout` and `interrupted`.
    pub(crate) fn open(connection: &'c mut Connection, stage: Stage) -> Result<Self, Failure> {
        if let Some(why) = connection.take_wreck() {
            return Err(why.at(stage, "opening a session"));
        }
        let channel = open_channel(&connection.session, &connection.link, stage)?;
        Ok(Self { connection, channel })
    }

    /// From here on every call must be over by `deadline`.
    pub(crate) fn set_deadline(&mut self, deadline: Instant) {
        self.connection.link.set_deadline(deadline);
    }

    /// Has the server run `command`, with nothing to read on its input; false where it refuses.
    pub(crate) fn start(&mut self, command: &str) -> Result<bool, TransportError> {
        let Self { connection, channel } = self;
        let mut request = channel.clone();
        let answer =
            drive(&connection.session, &connection.link, || unless_closed(channel, request.exec(command)));
        let started = granted(answer).map_err(|broken| said(broken, &connection.link))?;
        if started {
            // Else a command that reads would wait for ever.
            let answer = drive(&connection.session, &connection.link, || channel.send_eof());
            answer.map_err(|broken| said(broken, &connection.link))?;
        }
        Ok(started)
    }

    /// Reads what the command prints, at least one byte; nothing at its end.
    pub(crate) fn read(&mut self) -> Result<Vec<u8>, TransportError> {
        self.connection.link.check()?;
        loop {
            if let Some(bytes) = self.connection.try_read(&mut self.channel)? {
                return Ok(bytes);
            }
            self.connection.wait()?;
        }
    }

    /// How the command ended, once its output has.
    ///
    /// The status may come before the end of the output, behind it, or not at all; it has come when
    /// the server closes the channel, and a server that leaves that to us is not waited for long.
    pub(crate) fn end(mut self) -> Result<Exit, TransportError> {
        let Connection { session, link, .. } = &*self.connection;
        let until = Instant::now() + PATIENCE;
        loop {
            match self.channel.wait_close() {
                Err(error) if must_wait(&error) && !link.is_ended() => {
                    let left = until.saturating_duration_since(Instant::now());
                    if !wire::wait_at_most(link, awaited(session), left)? {
                        break;
                    }
                }
                // Equipment that hangs up when all is said: the next command will meet it.
                Ok(()) | Err(_) => break link.ended_by_us().map_or(Ok(()), Err)?,
            }
        }
        let signal = self.channel.exit_signal().ok().and_then(|end| end.exit_signal);
        let status = self.channel.exit_status().unwrap_or_default();
        // Our side of the closing; the server's answer is not waited for.
        let _ = self.channel.close();
        Ok(signal.map_or(Exit::Status(status), Exit::Signal))
    }
}

fn said(broken: Broken, link: &Link) -> TransportError {
    match broken {
        Broken::Link(error) => error,
        Broken::Ssh(error) => meaning(&error, link),
    }
}
