//! Telnet (RFC 854) over the `telnet` crate, which gets to see nothing that could hurt it.
//!
//! What the device asks for is answered, and nothing is asked of it: a raw port that is no
//! Telnet server at all sees only what is typed.

mod conversation;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod guard;
mod options;

use std::time::{Duration, Instant};

use netsweep_shared::platform::Terminal;

use self::conversation::Conversation;
use super::{Transport, TransportError};
use crate::link::{Interest, Link};

/// IAC NOP: a command that means nothing (RFC 854).
const NOP: [u8; 2] = [255, 241];

/// Read from the socket at once, and so the most that is held in memory.
const CHUNK: usize = 4096;

/// A terminal session on a device, before any login.
///
/// Dropping it closes the connection at once.
pub struct TelnetTransport {
    link: Link,
    /// Boxed: its room on the stack would lie above an SSH session's key exchange.
    conversation: Box<Conversation>,
    /// What was read last.
    chunk: Vec<u8>,
    /// Text that was not handed out yet.
    text: Vec<u8>,
    /// What there was no room for in the socket yet.
    outgoing: Vec<u8>,
    /// Met by `is_readable` and not reported yet.
    failed: Option<TransportError>,
    ended: bool,
    /// The last read emptied the socket, just now.
    emptied: bool,
    keepalive: Option<Duration>,
}

impl TelnetTransport {
    /// Begins a session on a fresh connection. Nothing is sent before the device asks.
    pub fn open(link: Link, terminal: &Terminal) -> Self {
        // The mark of RFC 854's Synch would be missing from its command otherwise. Where the
        // system refuses, a device that uses it is misread by a byte.
        let _ = socket2::SockRef::from(link.socket()).set_out_of_band_inline(true);
        link.set_blocking();
        Self {
            link,
            conversation: Box::new(Conversation::new(terminal)),
            chunk: Vec::with_capacity(CHUNK),
            text: vec![],
            outgoing: vec![],
            failed: None,
            ended: false,
            emptied: false,
            keepalive: None,
        }
    }

    /// Has a command that means nothing sent whenever the device has said nothing for `every` while
    /// it is waited for, at the most once a second. A raw port that is no Telnet server would take
    /// it for something typed.
    pub fn set_keepalive(&mut self, every: Option<Duration>) {
        self.keepalive = every.map(|every| every.max(Duration::from_secs(1)));
    }

    /// Waits for what the device says next, and takes it in.
    fn listen(&mut self) -> Result<(), TransportError> {
        if self.keepalive.is_some() || !self.outgoing.is_empty() {
            return if self.pump()? { Ok(()) } else { self.wait() };
        }
        self.chunk.clear();
        self.link.fill(&mut self.chunk)?;
        self.hear()
    }

    /// Waits for the device, or for room where something is to be sent.
    fn wait(&mut self) -> Result<(), TransportError> {
        let interest = if self.outgoing.is_empty() { Interest::Read } else { Interest::Both };
        match self.keepalive {
            None => self.link.wait(interest),
            Some(every) => {
                let ready = self.link.wait_at_most(interest, every)?;
                if !ready && self.outgoing.is_empty() {
                    self.outgoing.extend(NOP);
                }
                Ok(())
            }
        }
    }

    /// Takes in what has come, and sends what has to be answered and finds room; whether there
    /// is now something to hand out.
    fn pump(&mut self) -> Result<bool, TransportError> {
        while self.text.is_empty() && !self.ended {
            if std::mem::take(&mut self.emptied) {
                return Ok(false);
            }
            self.chunk.clear();
            if self.link.try_fill(&mut self.chunk)?.is_none() {
                self.flush()?;
                return Ok(false);
            }
            self.hear()?;
        }
        Ok(true)
    }

    /// Takes in what has been read, and sends what has to be answered and finds room; no bytes are the end.
    fn hear(&mut self) -> Result<(), TransportError> {
        if self.chunk.is_empty() {
            self.ended = true;
            return Ok(());
        }
        self.emptied = self.chunk.len() < self.chunk.capacity();
        self.conversation.hear(&self.chunk, &mut self.text, &mut self.outgoing);
        self.flush()?;
        // Commands alone make no text, and can come for ever.
        self.link.check()?;
        Ok(())
    }

    /// Sends what there is room for.
    fn flush(&mut self) -> Result<(), TransportError> {
        while !self.outgoing.is_empty() {
            match self.link.try_write(&self.outgoing)? {
                Some(n) => _ = self.outgoing.drain(..n),
                None => break,
            }
        }
        Ok(())
    }
}

impl Transport for TelnetTransport {
    fn await_leave(&mut self) -> Result<Duration, TransportError> {
        self.link.await_leave()
    }

    fn commit(&mut self) -> Result<Duration, TransportError> {
        self.link.commit()
    }

    fn has_logged_in(&self) -> bool {
        false
    }

    fn set_deadline(&mut self, deadline: Instant) {
        self.link.set_deadline(deadline);
    }

    fn read(&mut self) -> Result<Vec<u8>, TransportError> {
        self.link.check()?;
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        while self.text.is_empty() && !self.ended {
            self.listen()?;
        }
        Ok(std::mem::take(&mut self.text))
    }

    fn is_readable(&mut self) -> bool {
        self.failed.is_some()
            || self.pump().unwrap_or_else(|error| {
                self.failed = Some(error);
                true
            })
    }

    fn write_all(&mut self, bytes: &[u8]) -> Result<(), TransportError> {
        self.link.check()?;
        self.conversation.say(bytes, &mut self.outgoing);
        loop {
            self.flush()?;
            if self.outgoing.is_empty() {
                return Ok(());
            }
            self.link.wait(Interest::Write)?;
        }
    }
}
