//! The Telnet protocol without a socket: bytes in, text and answers out.

use netsweep_shared::platform::Terminal;
use telnet::{Event, Telnet, TelnetOption};

use super::guard::{UNIT, Wire, escaped};
use super::options::Options;

/// How often the terminal's name is told. Servers ask twice or three times, until a name comes
/// again (RFC 1091).
const NAMES: u8 = 16;

// RFC 1091.
const IS: u8 = 0;
const SEND: u8 = 1;

/// One connection's state.
pub(super) struct Conversation {
    telnet: Telnet,
    wire: Wire,
    options: Options,
    terminal: Terminal,
    names_told: u8,
    after_return: bool,
}

impl Conversation {
    /// Begins with all options off, and says nothing.
    pub(super) fn new(terminal: &Terminal) -> Self {
        let wire = Wire::default();
        Self {
            telnet: Telnet::from_stream(Box::new(wire.clone()), UNIT),
            wire,
            options: Options::new(),
            terminal: terminal.clone(),
            names_told: 0,
            after_return: false,
        }
    }

    /// Takes what the device sent, in pieces of any size; the text in it goes to the end of
    /// `text`, never more bytes than were sent, and what it has to be answered to `answers`.
    pub(super) fn hear(&mut self, bytes: &[u8], text: &mut Vec<u8>, answers: &mut Vec<u8>) {
        if self.wire.is_within_text() && memchr::memchr(255, bytes).is_none() {
            // The crate, which goes through text byte by byte, has nothing to find in it.
            return self.hear_text(bytes, text);
        }
        self.wire.receive(bytes);
        // Ends with `NoData`: each call takes at least a byte off the wire.
        while let Ok(event) = self.telnet.read_nonblocking() {
            match event {
                Event::NoData => break,
                Event::Data(data) => self.hear_text(&data, text),
                // The only command that the guard lets through: an escaped 255.
                Event::UnknownIAC(_) => self.hear_text(&[255], text),
                Event::Negotiation(action, option) => self.negotiate(action, option),
                Event::Subnegotiation(TelnetOption::TTYPE, parameters) if *parameters == [SEND] => {
                    self.tell_name()
                }
                Event::Subnegotiation(..) | Event::TimedOut | Event::Error(_) => {}
            }
        }
        self.wire.take_outgoing(answers);
    }

    /// A carriage return without a line feed comes as CR NUL (RFC 854, "NVT Printer"), except in
    /// binary (RFC 856).
    fn hear_text(&mut self, data: &[u8], text: &mut Vec<u8>) {
        if self.options.theirs(TelnetOption::TransmitBinary) {
            self.after_return = false;
            text.extend_from_slice(data);
            return;
        }
        let mut rest = data;
        while let Some(at) = memchr::memchr(0, rest) {
            let before = &rest[..at];
            text.extend_from_slice(before);
            if !before.last().map_or(self.after_return, |last| *last == b'\r') {
                text.push(0);
            }
            self.after_return = false;
            rest = &rest[at + 1..];
        }
        text.extend_from_slice(rest);
        if let Some(last) = rest.last() {
            self.after_return = *last == b'\r';
        }
    }

    fn negotiate(&mut self, action: telnet::Action, option: TelnetOption) {
        let Some(answer) = self.options.receive(action, option) else { return };
        // Writing to the wire does not fail.
        let _ = self.telnet.negotiate(&answer, option);
        if option == TelnetOption::NAWS && self.options.ours(option) {
            let size = [self.terminal.width.to_be_bytes(), self.terminal.height.to_be_bytes()].concat();
            // The crate does not escape these.
            let _ = self.telnet.subnegotiate(option, &escaped(&size));
        }
    }

    fn tell_name(&mut self) {
        if self.options.ours(TelnetOption::TTYPE) && self.names_told < NAMES {
            self.names_told += 1;
            let name = [&[IS], self.terminal.kind.as_bytes()].concat();
            let _ = self.telnet.subnegotiate(TelnetOption::TTYPE, &escaped(&name));
        }
    }

    /// Appends what sends `text` to `outgoing`. A carriage return that no line feed follows in
    /// the same call is sent as CR NUL.
    pub(super) fn say(&mut self, text: &[u8], outgoing: &mut Vec<u8>) {
        let binary = self.options.ours(TelnetOption::TransmitBinary);
        let mut rest = text;
        while !rest.is_empty() {
            let line = if binary { rest.len() } else { lone_return(rest).map_or(rest.len(), |at| at + 1) };
            // Escapes every 255.
            let _ = self.telnet.write(&rest[..line]);
            if !binary && lone_return(&rest[line - 1..]) == Some(0) {
                let _ = self.telnet.write(&[0]);
            }
            rest = &rest[line..];
        }
        self.wire.take_outgoing(outgoing);
    }
}

/// Where the first carriage return is that no line feed follows.
fn lone_return(text: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'\r', text).find(|at| text.get(at + 1) != Some(&b'\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conversation() -> Conversation {
        Conversation::new(&Terminal { kind: "vt100".into(), width: 511, height: 0 })
    }

    /// Text and answers to `bytes`, heard in pieces of the sizes given, the last one repeated.
    fn hear_in(pieces: &[usize], bytes: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let (mut conversation, mut text, mut answers) = (conversation(), vec![], vec![]);
        let (mut rest, mut sizes) = (bytes, pieces.iter().copied().peekable());
        while !rest.is_empty() {
            let size = sizes.next_if(|_| true).or(pieces.last().copied()).unwrap_or(1).clamp(1, rest.len());
            conversation.hear(&rest[..size], &mut text, &mut answers);
            rest = &rest[size..];
        }
        (text, answers)
    }

    fn say(text: &[u8]) -> Vec<u8> {
        let mut outgoing = vec![];
        conversation().say(text, &mut outgoing);
        outgoing
    }

    /// What a router says up to its login prompt, with everything in it that can be cut.
    const LOGIN: &[u8] =
        b"\xff\xfb\x01\xff\xfb\x03\xff\xfd\x18\xff\xfd\x1f\xff\xfd\x20\xff\xfa\x18\x01\xff\xf0\
        \r\nUser Access\r\0 \xff\xff\xff\xf1Verification\xff\xff\r\n\r\nUsername: ";
    const TEXT: &[u8] = b"\r\nUser Access\r \xffVerification\xff\r\n\r\nUsername: ";
    const ANSWERS: &[u8] = b"\xff\xfd\x01\xff\xfd\x03\xff\xfb\x18\xff\xfb\x1f\
        \xff\xfa\x1f\x01\xff\xff\x00\x00\xff\xf0\xff\xfc\x20\xff\xfa\x18\x00vt100\xff\xf0";

    #[test]
    fn a_login_split_at_any_byte_reads_the_same() {
        for size in 1..=LOGIN.len() {
            assert_eq!(hear_in(&[size], LOGIN), (TEXT.to_vec(), ANSWERS.to_vec()), "in pieces of {size}");
            assert_eq!(hear_in(&[size, 1000], LOGIN), (TEXT.to_vec(), ANSWERS.to_vec()), "cut at {size}");
        }
    }

    #[test]
    fn a_lone_return_is_told_apart_on_the_way_out() {
        assert_eq!(say(b"show version\r"), b"show version\r\0");
        assert_eq!(say(b"a\r\nb\r\rc\n"), b"a\r\nb\r\0\r\0c\n");
        assert_eq!(say(b"\xff"), b"\xff\xff");
        assert_eq!(say(b""), b"");
    }

    #[test]
    fn binary_goes_both_ways_untouched() {
        let (mut conversation, mut text, mut out) = (conversation(), vec![], vec![]);
        conversation.hear(b"\xff\xfd\x00\xff\xfb\x00\r\0", &mut text, &mut out);
        assert_eq!(
            (text.as_slice(), out.as_slice()),
            (b"\r\0".as_slice(), b"\xff\xfb\x00\xff\xfd\x00".as_slice())
        );
        out.clear();
        conversation.say(b"\r", &mut out);
        assert_eq!(out, b"\r");
    }

    #[test]
    fn the_terminal_is_described_only_where_it_was_asked_for() {
        assert_eq!(hear_in(&[100], b"\xff\xfa\x18\x01\xff\xf0").1, b"");
        assert_eq!(hear_in(&[100], b"\xff\xfd\x18\xff\xfa\x18\x00x\xff\xf0").1, b"\xff\xfb\x18");
    }

    #[test]
    fn storms_are_answered_within_bounds() {
        let (mut conversation, mut text, mut answers) = (conversation(), vec![], vec![]);
        for _ in 0..2000 {
            for option in 0..=255 {
                for action in 251..=254 {
                    conversation.hear(&[255, action, option], &mut text, &mut answers);
                }
            }
            conversation.hear(b"\xff\xfd\x18\xff\xfa\x18\x01\xff\xf0", &mut text, &mut answers);
        }
        assert!(text.is_empty());
        assert!(answers.len() < 16 * 1024, "{} bytes of answers", answers.len());
    }

    /// A small generator, so that a failure comes again: xorshift64*.
    struct Seeded(u64);

    impl Seeded {
        fn next(&mut self, below: usize) -> usize {
            self.0 ^= self.0 >> 12;
            self.0 ^= self.0 << 25;
            self.0 ^= self.0 >> 27;
            (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % below
        }
    }

    #[test]
    fn any_bytes_in_any_pieces_read_the_same_within_bounds() {
        // Commands are rare in random bytes, so most are drawn from those that make them.
        let telling = [255, 255, 255, 250, 240, 251, 252, 253, 254, 241, 0, 1, 3, 24, 31, b'\r', b'\n', b'x'];
        let mut seeded = Seeded(0x6e65_7473_7765_6570);
        for round in 0..20_000 {
            let length = 1 + seeded.next(if round % 100 == 0 { 5_000 } else { 80 });
            let bytes: Vec<u8> = (0..length)
                .map(|_| match seeded.next(4) {
                    0 => seeded.next(256) as u8,
                    _ => telling[seeded.next(telling.len())],
                })
                .collect();
            let whole = hear_in(&[length], &bytes);
            assert!(whole.0.len() <= length, "more text than was sent, round {round}");
            let pieces: Vec<_> = (0..length).map(|_| 1 + seeded.next(9)).collect();
            assert_eq!(hear_in(&pieces, &bytes), whole, "round {round}: {bytes:?} in {pieces:?}");
            assert_eq!(hear_in(&[1], &bytes), whole, "round {round}: {bytes:?} byte by byte");
        }
    }
}
