//! A device that does what an input says.

use std::time::Instant;

use super::cleaning::READ;
use super::input::Event;
use crate::transport::{Transport, TransportError};

/// Most of a line of ours that is repeated.
const LONGEST_ECHO: usize = 4096;

/// A session whose prompt came just before the end notices with the next line that it sends.
const MOST_ENDS: usize = 2;

/// Digits of the number in the prompt that a session sets.
const NONCE: usize = 8;

/// What a device does when it has nothing more to send.
#[derive(Clone, Copy, Debug)]
pub(super) enum End {
    Closes,
    FallsSilent,
    BreaksTheProtocol,
}

/// Plays `events`, then `end`.
pub(super) struct Device {
    events: std::vec::IntoIter<Event>,
    end: End,
    in_band: bool,
    /// Being sent, from `sent` on.
    sending: Vec<u8>,
    sent: usize,
    /// How often it is sent again.
    again: usize,
    chunk: usize,
    /// In the middle of a pause.
    silent: bool,
    /// How often we waited for more after the end.
    ended: usize,
    heard: Vec<u8>,
    nonce: [u8; NONCE],
    has_deadline: bool,
}

impl Device {
    pub(super) fn new(events: Vec<Event>, in_band: bool, end: End) -> Self {
        Self {
            events: events.into_iter(),
            end,
            in_band,
            sending: vec![],
            sent: 0,
            again: 0,
            chunk: usize::MAX,
            silent: false,
            ended: 0,
            heard: Vec::with_capacity(LONGEST_ECHO),
            nonce: *b"00000000",
            has_deadline: false,
        }
    }

    /// Comes to what is to be sent next, over pauses where `waiting`; whether there is any.
    fn has_more(&mut self, waiting: bool) -> bool {
        while self.sent == self.sending.len() {
            if self.silent && !waiting {
                return false;
            }
            self.silent = false;
            self.sent = 0;
            if self.again > 0 {
                self.again -= 1;
                continue;
            }
            match self.events.next() {
                None => {
                    self.sending.clear();
                    return false;
                }
                Some(Event::Bytes(bytes)) => self.sending = bytes,
                #[cfg(test)]
                Some(Event::Flood(bytes, times)) => (self.sending, self.again) = (bytes, times - 1),
                Some(Event::Echo) => self.sending.clone_from(&self.heard),
                Some(Event::Nonce) => self.sending = self.nonce.to_vec(),
                Some(event) => {
                    self.sending.clear();
                    match event {
                        Event::Pause => self.silent = true,
                        Event::Chunk(0) => self.chunk = usize::MAX,
                        Event::Chunk(size) => self.chunk = size,
                        _ => {}
                    }
                }
            }
        }
        true
    }
}

impl Transport for Device {
    fn has_logged_in(&self) -> bool {
        !self.in_band
    }

    fn set_deadline(&mut self, _: Instant) {
        self.has_deadline = true;
    }

    fn read(&mut self) -> Result<Vec<u8>, TransportError> {
        assert!(self.has_deadline, "a wait without a deadline");
        if !self.has_more(true) {
            self.ended += 1;
            assert!(self.ended <= MOST_ENDS, "waits again and again for a device that is gone");
            return match self.end {
                End::Closes => Ok(vec![]),
                End::FallsSilent => Err(TransportError::Deadline),
                End::BreaksTheProtocol => Err(TransportError::Protocol("nonsense".into())),
            };
        }
        let rest = &self.sending[self.sent..];
        let bytes = rest[..rest.len().min(self.chunk).min(READ)].to_vec();
        self.sent += bytes.len();
        Ok(bytes)
    }

    fn is_readable(&mut self) -> bool {
        self.has_more(false) || (!self.silent && matches!(self.end, End::Closes))
    }

    fn write_all(&mut self, bytes: &[u8]) -> Result<(), TransportError> {
        self.silent = false;
        let line = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        self.heard.clear();
        self.heard.extend_from_slice(&line[..line.len().min(LONGEST_ECHO)]);
        let digits = |window: &&[u8]| window.iter().all(|byte| byte.is_ascii_hexdigit());
        if let Some(digits) = line.windows(NONCE).find(digits) {
            self.nonce.copy_from_slice(digits);
        }
        Ok(())
    }
}
