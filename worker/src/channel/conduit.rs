//! A device's terminal as lines: reads, cleans, and knows when the device has fallen silent.

use std::time::{Duration, Instant};

use super::cleaner::{Cleaner, LineSink};
use super::verbatim::Verbatim;
use crate::transport::{Transport, TransportError};

const READ: usize = 16 * 1024;

/// How bytes become lines.
enum Lines {
    /// As a terminal would show them.
    Seen(Cleaner),
    /// As they were printed.
    Verbatim(Verbatim),
}

/// A transport and what it has said.
pub struct Channel<'t> {
    transport: &'t mut dyn Transport,
    lines: Lines,
    buffer: Box<[u8]>,
    heard_at: Option<Instant>,
}

impl<'t> Channel<'t> {
    /// Talks over `transport`.
    pub fn new(transport: &'t mut dyn Transport) -> Self {
        Self {
            transport,
            lines: Lines::Seen(Cleaner::default()),
            buffer: vec![0; READ].into(),
            heard_at: None,
        }
    }

    /// From here on lines are taken to the byte.
    pub fn take_verbatim(&mut self) {
        self.lines = Lines::Verbatim(Verbatim::default());
    }

    /// From here on everything must be over by `deadline`.
    pub fn set_deadline(&mut self, deadline: Instant) {
        self.transport.set_deadline(deadline);
    }

    /// Waits for bytes and takes them in; lines that they finish go to `sink`.
    pub fn receive(&mut self, sink: &mut dyn LineSink) -> Result<(), TransportError> {
        let length = self.transport.read(&mut self.buffer)?;
        if length == 0 {
            return Err(TransportError::Closed("the session was ended".into()));
        }
        self.heard_at = Some(Instant::now());
        match &mut self.lines {
            Lines::Seen(cleaner) => cleaner.feed(&self.buffer[..length], sink),
            Lines::Verbatim(verbatim) => verbatim.feed(&self.buffer[..length], sink),
        }
        Ok(())
    }

    /// The unfinished line. It means something only when nothing more has arrived
    /// ([`Self::is_at_rest`]).
    pub fn unfinished(&self) -> &[u8] {
        match &self.lines {
            Lines::Seen(cleaner) => cleaner.unfinished(),
            Lines::Verbatim(verbatim) => verbatim.unfinished(),
        }
    }

    /// Whether everything that has arrived was taken in.
    pub fn is_at_rest(&mut self) -> bool {
        !self.transport.is_readable()
    }

    /// Sends `bytes`; what stood on the unfinished line (a prompt, a question) is done with.
    pub fn send(&mut self, bytes: &[u8]) -> Result<(), TransportError> {
        match &mut self.lines {
            Lines::Seen(cleaner) => cleaner.clear(),
            Lines::Verbatim(verbatim) => verbatim.clear(),
        }
        self.transport.write_all(bytes)
    }

    /// How long the device has said nothing, if it has ever said anything.
    pub fn quiet_for(&self) -> Option<Duration> {
        self.heard_at.map(|at| at.elapsed())
    }
}
