//! What stands between the wire and the `telnet` crate.
//!
//! The crate (0.2.5) keeps no state between two reads: a command that is cut by the end of a
//! read is taken for text, an escaped 255 at the end waits for more and then overruns a buffer,
//! and an empty read makes it spin. So the guard hands over one whole unit a read, either text
//! without a 255 in it or one complete command, and tells it that there is nothing rather than
//! handing over nothing. Units that the crate or we have no use for are left out here.

use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

// RFC 854.
const IAC: u8 = 255;
const DONT: u8 = 254;
const WILL: u8 = 251;
const SB: u8 = 250;
const SE: u8 = 240;

/// Longest subnegotiation that is handed over, unescaped; none that we answer is longer than
/// two bytes. Longer ones are dropped whole.
const LONGEST: usize = 256;

/// A unit never needs more: a subnegotiation with every byte escaped, or a piece of text.
pub(super) const UNIT: usize = 4 * LONGEST;

/// The command that the crate is shown instead of an escaped 255, which it would hold back. No
/// device can send it: undefined commands are left out.
pub(super) const ESCAPED: u8 = 0;

/// Both ends of a wire that only exists in memory: whoever holds the wire moves the bytes.
#[derive(Clone, Debug, Default)]
pub(super) struct Wire(Arc<Mutex<Ends>>);

#[derive(Debug, Default)]
struct Ends {
    /// From the device, not looked at up to `seen`.
    incoming: Vec<u8>,
    seen: usize,
    state: State,
    /// The subnegotiation being received: option and parameters, unescaped.
    subnegotiation: Vec<u8>,
    /// To the device.
    outgoing: Vec<u8>,
}

/// Where in a command the device is.
#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Text,
    Command,
    Option(u8),
    Subnegotiation,
    CommandInSubnegotiation,
}

impl Wire {
    /// Bytes have come from the device.
    pub(super) fn receive(&self, bytes: &[u8]) {
        let mut ends = self.ends();
        let seen = std::mem::take(&mut ends.seen);
        ends.incoming.drain(..seen);
        ends.incoming.extend_from_slice(bytes);
    }

    /// Whether no command is under way and all that came was read.
    pub(super) fn is_within_text(&self) -> bool {
        let ends = self.ends();
        matches!(ends.state, State::Text) && ends.seen == ends.incoming.len()
    }

    /// Moves what is to be sent to the end of `to`.
    pub(super) fn take_outgoing(&self, to: &mut Vec<u8>) {
        to.append(&mut self.ends().outgoing);
    }

    fn ends(&self) -> MutexGuard<'_, Ends> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl telnet::Stream for Wire {
    fn set_nonblocking(&self, _: bool) -> io::Result<()> {
        Ok(())
    }

    fn set_read_timeout(&self, _: Option<Duration>) -> io::Result<()> {
        Ok(())
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.ends().outgoing.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for Wire {
    /// The next whole unit, never an empty one; `WouldBlock` where there is none.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.ends().next_unit(buffer) {
            0 => Err(io::ErrorKind::WouldBlock.into()),
            n => Ok(n),
        }
    }
}

impl Ends {
    /// Writes the next unit into `buffer`; its length, or 0 where there is none.
    fn next_unit(&mut self, buffer: &mut [u8]) -> usize {
        while self.seen < self.incoming.len() {
            if let State::Text = self.state {
                let rest = &self.incoming[self.seen..];
                let text = memchr::memchr(IAC, rest).unwrap_or(rest.len()).min(buffer.len());
                if text > 0 {
                    buffer[..text].copy_from_slice(&rest[..text]);
                    self.seen += text;
                    return text;
                }
            }
            let byte = self.incoming[self.seen];
            self.seen += 1;
            let unit = self.step(byte, buffer);
            if unit > 0 {
                return unit;
            }
        }
        0
    }

    /// Takes one byte of a command; the length of the unit that it completes, else 0.
    fn step(&mut self, byte: u8, buffer: &mut [u8]) -> usize {
        match (self.state, byte) {
            // Text does not come here.
            (State::Text, _) => self.state = State::Command,
            (State::Command, IAC) => {
                self.state = State::Text;
                return put(&[IAC, ESCAPED], buffer);
            }
            (State::Command, WILL..=DONT) => self.state = State::Option(byte),
            (State::Command, SB) => {
                self.subnegotiation.clear();
                self.state = State::Subnegotiation;
            }
            // NOP, GA, DM and the like mean nothing to a client (RFC 854), undefined ones to
            // nobody.
            (State::Command, _) => self.state = State::Text,
            (State::Option(action), _) => {
                self.state = State::Text;
                return put(&[IAC, action, byte], buffer);
            }
            (State::Subnegotiation, IAC) => self.state = State::CommandInSubnegotiation,
            (State::Subnegotiation, _) => self.collect(byte),
            (State::CommandInSubnegotiation, IAC) => {
                self.state = State::Subnegotiation;
                self.collect(IAC);
            }
            (State::CommandInSubnegotiation, SE) => {
                self.state = State::Text;
                return self.put_subnegotiation(buffer);
            }
            // Not allowed (RFC 855): what was begun is broken off, and this is a new command.
            (State::CommandInSubnegotiation, _) => {
                self.state = State::Command;
                return self.step(byte, buffer);
            }
        }
        0
    }

    fn collect(&mut self, byte: u8) {
        // One more than is handed over marks it as too long.
        if self.subnegotiation.len() <= LONGEST {
            self.subnegotiation.push(byte);
        }
    }

    fn put_subnegotiation(&self, buffer: &mut [u8]) -> usize {
        match self.subnegotiation.as_slice() {
            // The crate takes no option 255 here, and without an option it loses its way.
            [] | [IAC, ..] => 0,
            whole if whole.len() > LONGEST => 0,
            [option, parameters @ ..] => {
                put(&[&[IAC, SB, *option], escaped(parameters).as_slice(), &[IAC, SE]].concat(), buffer)
            }
        }
    }
}

/// A unit that does not fit is left out; with a buffer of [`UNIT`] bytes there is none.
fn put(unit: &[u8], buffer: &mut [u8]) -> usize {
    match buffer.get_mut(..unit.len()) {
        Some(place) => {
            place.copy_from_slice(unit);
            unit.len()
        }
        None => 0,
    }
}

/// Doubles every 255 (RFC 855).
pub(super) fn escaped(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for byte in bytes {
        out.push(*byte);
        if *byte == IAC {
            out.push(IAC);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(wire: &mut Wire) -> Vec<Vec<u8>> {
        let mut buffer = [0; UNIT];
        std::iter::from_fn(|| wire.read(&mut buffer).ok().map(|n| buffer[..n].to_vec())).collect()
    }

    #[test]
    fn only_whole_commands_are_handed_over() {
        let mut wire = Wire::default();
        wire.receive(b"ab\xff");
        assert_eq!(units(&mut wire), [b"ab".to_vec()]);
        wire.receive(b"\xfd");
        assert!(units(&mut wire).is_empty());
        wire.receive(b"\x18cd");
        assert_eq!(units(&mut wire), [b"\xff\xfd\x18".to_vec(), b"cd".to_vec()]);
    }

    #[test]
    fn a_subnegotiation_comes_in_one_piece_or_not_at_all() {
        let mut wire = Wire::default();
        wire.receive(b"\xff\xfa\x18\x01\xff");
        assert!(units(&mut wire).is_empty());
        wire.receive(b"\xf0");
        assert_eq!(units(&mut wire), [b"\xff\xfa\x18\x01\xff\xf0".to_vec()]);
        for useless in [b"\xff\xfa\xff\xf0".as_slice(), b"\xff\xfa\xff\xff\x01\xff\xf0"] {
            wire.receive(useless);
            assert!(units(&mut wire).is_empty());
        }
        wire.receive(b"\xff\xfa\x18\x01\xff\xfb\x01x");
        assert_eq!(units(&mut wire), [b"\xff\xfb\x01".to_vec(), b"x".to_vec()]);
    }

    #[test]
    fn a_huge_subnegotiation_takes_no_room_and_is_dropped() {
        let mut wire = Wire::default();
        wire.receive(b"\xff\xfa\x18");
        for _ in 0..1000 {
            wire.receive(&[0xff; 1000]);
            assert!(units(&mut wire).is_empty());
        }
        assert!(wire.ends().subnegotiation.len() <= LONGEST + 1);
        assert!(wire.ends().incoming.len() <= 1000);
        wire.receive(b"\xff\xf0ok");
        assert_eq!(units(&mut wire), [b"ok".to_vec()]);
    }

    #[test]
    fn the_longest_subnegotiation_fits_escaped() {
        let mut wire = Wire::default();
        wire.receive(&[b"\xff\xfa\x18".as_slice(), &[0xff; 2 * (LONGEST - 1)], b"\xff\xf0"].concat());
        assert_eq!(units(&mut wire).concat().len(), 3 + 2 * (LONGEST - 1) + 2);
    }
}
