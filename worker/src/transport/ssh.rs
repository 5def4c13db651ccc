//! SSH through libssh2 in its non-blocking mode: every wait goes through the session's [`Link`](crate::link::Link).
//!
//! What libssh2 does not bound by itself:
//! - **Time in one call.** A call returns when there is nothing left to read. A device that
//!   sends faster than it is read (banner lines, ignored packets) keeps it until the watchdog
//!   shuts the socket down.
//! - **Memory for what nobody asked for.** Packets of types that it does not know wait in a
//!   list for a reader who never comes; only the deadline ends that. Output is bounded, by the
//!   window that is opened for it.
//! - **A parting word.** Closing a channel waits for the device. So the socket is always shut
//!   down first, and what is freed afterwards finds it dead. (A session whose last packet was
//!   stuck half-way out of a full socket is not freed at all: some 100 kB each.)
//!
//! What it bounds unasked: an answer that comes in pieces over more than 60 s is given up,
//! which counts as a timeout.

// To a connection, in the order of the steps.
mod algorithms;
mod connection;
mod handshake;
mod host_key;
mod login;
mod overheard;
// What runs on it.
mod exec;
mod shell;
// libssh2's calls, and what it calls.
mod drive;
mod wire;

use std::io::{self, Write};
use std::time::Instant;

use netsweep_shared::outcome::Failure;
use netsweep_shared::platform::Terminal;
use ssh2::Channel;

pub use self::connection::Connection;
use self::drive::awaited;
pub(crate) use self::exec::{Exec, Exit};
#[cfg(any(test, fuzzing))]
pub use self::overheard::fuzz::overheard;
use super::{Transport, TransportError};

/// A shell on a device.
///
/// Dropping it closes the connection at once and waits for nothing.
pub struct SshTransport {
    // In the order in which they are dropped: a channel needs its session.
    channel: Option<Channel>,
    connection: Box<Connection>,
    has_terminal: bool,
    /// Read by `is_readable` and not handed out yet.
    ahead: Option<Result<Vec<u8>, TransportError>>,
    seen: Seen,
}

/// What is known of what is there, without another look.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// Nothing is known.
    Unknown,
    /// The last look emptied socket and libssh2: what comes next comes through the socket.
    Empty,
    /// That was just now.
    EmptyNow,
}

impl SshTransport {
    /// Starts a shell on `connection`, on the terminal that is asked for where the device has one.
    ///
    /// # Errors
    /// `prompt` at `Stage::Prepare` where the device gives no shell; `timeout`, `disconnected` and
    /// `interrupted`.
    pub fn open(connection: Box<Connection>, terminal: &Terminal) -> Result<Self, Failure> {
        let shell = shell::start_shell(&connection.session, &connection.link, terminal)?;
        Ok(Self {
            channel: Some(shell.channel),
            connection,
            has_terminal: shell.has_terminal,
            ahead: None,
            seen: Seen::Unknown,
        })
    }

    /// Whether the device granted a terminal. Without one nothing is echoed, a Unix shell shows
    /// no prompt, and a carriage return ends no line.
    pub fn has_terminal(&self) -> bool {
        self.has_terminal
    }

    /// Reads what is there; `None` where nothing is, no bytes at the end of the session.
    fn try_read(&mut self) -> Result<Option<Vec<u8>>, TransportError> {
        let Some(channel) = &mut self.channel else { return Ok(Some(vec![])) };
        let read = self.connection.try_read(channel)?;
        self.seen = if is_drained(channel) { Seen::EmptyNow } else { Seen::Unknown };
        Ok(read)
    }
}

/// Whether libssh2 has nothing more for `channel`. It takes all that the socket has before it reads or writes.
fn is_drained(channel: &Channel) -> bool {
    channel.read_window().available == 0 && !channel.eof()
}

impl Transport for SshTransport {
    fn has_logged_in(&self) -> bool {
        self.connection.has_logged_in()
    }

    fn set_deadline(&mut self, deadline: Instant) {
        self.connection.link.set_deadline(deadline);
    }

    fn read(&mut self) -> Result<Vec<u8>, TransportError> {
        self.connection.link.check()?;
        if let Some(ahead) = self.ahead.take() {
            return ahead;
        }
        if self.seen != Seen::Unknown {
            self.connection.wait()?;
        }
        loop {
            if let Some(bytes) = self.try_read()? {
                return Ok(bytes);
            }
            self.connection.wait()?;
        }
    }

    fn is_readable(&mut self) -> bool {
        if self.ahead.is_none() && self.seen == Seen::EmptyNow {
            self.seen = Seen::Empty;
            return false;
        }
        if self.ahead.is_none() {
            wire::look_again(&self.connection.link);
            self.ahead = self.try_read().transpose();
        }
        self.ahead.is_some()
    }

    fn write_all(&mut self, mut bytes: &[u8]) -> Result<(), TransportError> {
        let Some(channel) = &mut self.channel else {
            return Err(self.connection.link.broken("the session is closed"));
        };
        while !bytes.is_empty() {
            self.connection.link.check()?;
            match channel.write(bytes) {
                Ok(n) => {
                    bytes = &bytes[n..];
                    self.seen = if is_drained(channel) { Seen::Empty } else { Seen::Unknown };
                }
                // The same bytes must be offered again: libssh2 may have sent half of a packet.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    wire::wait(&self.connection.link, awaited(&self.connection.session))?;
                }
                Err(error) => return Err(self.connection.why(error)),
            }
        }
        wire::flush(&self.connection.link);
        Ok(())
    }
}

impl Drop for SshTransport {
    fn drop(&mut self) {
        self.connection.shut_down();
    }
}
