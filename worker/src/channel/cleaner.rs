//! Undoes what a device does to a terminal: a terminal of one line.
//!
//! Escape sequences, carriage returns, backspaces and what they overwrite are applied to the
//! unfinished line as they stream in, so that what is left is what a person would have seen.
//! Every byte is looked at once.

/// Longest line that is kept in one piece, in bytes.
pub(super) const LONGEST_LINE: usize = 64 * 1024;
/// An escape sequence that is longer is none: it must not swallow a whole output.
const LONGEST_ESCAPE: usize = 4096;
/// Most that one sequence can move the cursor.
const WIDEST_MOVE: usize = 1024;

const BACKSPACE: u8 = 0x08;
const CANCEL: u8 = 0x18;
const SUBSTITUTE: u8 = 0x1a;
const ESCAPE: u8 = 0x1b;
const BELL: u8 = 0x07;

/// Receives what is finished.
pub trait LineSink {
    /// A line with its `\n`; or, of a line that is too long for one piece, a piece without.
    fn line(&mut self, line: &[u8]);
}

impl<F: FnMut(&[u8])> LineSink for F {
    fn line(&mut self, line: &[u8]) {
        self(line);
    }
}

/// See the module's documentation.
#[derive(Debug, Default)]
pub struct Cleaner {
    line: Vec<u8>,
    column: usize,
    /// Something was overwritten, so blanks at the line's end may be what is left of it.
    rewritten: bool,
    state: State,
}

/// Where in an escape sequence (ECMA-48) the stream is.
#[derive(Debug, Default)]
enum State {
    #[default]
    Text,
    Escape,
    /// Behind `ESC (` and its like: one more byte.
    Intermediate,
    /// `ESC [`: parameters up to a final byte.
    Control(Vec<u8>),
    /// `ESC ]`, `ESC P` and others: text up to BEL or `ESC \`.
    Quoted {
        length: usize,
        escape: bool,
    },
}

impl Cleaner {
    /// Takes in `bytes`; lines that they finish go to `sink`.
    pub fn feed(&mut self, mut bytes: &[u8], sink: &mut dyn LineSink) {
        while !bytes.is_empty() {
            if matches!(self.state, State::Text) {
                let plain = bytes.iter().position(|byte| is_special(*byte)).unwrap_or(bytes.len());
                if plain > 0 {
                    self.print(&bytes[..plain], sink);
                    bytes = &bytes[plain..];
                    continue;
                }
            }
            self.special(bytes[0], sink);
            bytes = &bytes[1..];
        }
    }

    /// The unfinished line, without the blanks that overwriting left behind.
    pub fn unfinished(&self) -> &[u8] {
        if self.rewritten { self.line.trim_ascii_end() } else { &self.line }
    }

    /// Forgets the unfinished line.
    pub fn clear(&mut self) {
        self.line.clear();
        self.column = 0;
        self.rewritten = false;
    }

    fn print(&mut self, text: &[u8], sink: &mut dyn LineSink) {
        if self.column > self.line.len() {
            self.line.resize(self.column, b' ');
        }
        let over = text.len().min(self.line.len() - self.column);
        if over > 0 {
            self.line[self.column..self.column + over].copy_from_slice(&text[..over]);
            self.rewritten = true;
        }
        self.column += over;
        for piece in text[over..].chunks(LONGEST_LINE) {
            self.line.extend_from_slice(piece);
            self.column = self.line.len();
            if self.line.len() >= LONGEST_LINE {
                sink.line(&self.line);
                self.clear();
            }
        }
    }

    fn special(&mut self, byte: u8, sink: &mut dyn LineSink) {
        match &mut self.state {
            State::Text => match byte {
                b'\n' => {
                    if self.rewritten {
                        self.line.truncate(self.line.trim_ascii_end().len());
                    }
                    self.line.push(b'\n');
                    sink.line(&self.line);
                    self.clear();
                }
                b'\r' => self.column = 0,
                BACKSPACE => self.back_one(),
                ESCAPE => self.state = State::Escape,
                // NUL, BEL and others that print nothing.
                _ => {}
            },
            State::Escape => {
                self.state = match byte {
                    b'[' => State::Control(Vec::new()),
                    b']' | b'P' | b'^' | b'_' | b'X' => State::Quoted { length: 0, escape: false },
                    b' '..=b'/' => State::Intermediate,
                    ESCAPE => State::Escape,
                    _ => State::Text,
                }
            }
            State::Intermediate => self.state = State::Text,
            State::Control(parameters) => match byte {
                b'@'..=b'~' => {
                    let parameters = std::mem::take(parameters);
                    self.state = State::Text;
                    self.control(&parameters, byte);
                }
                ESCAPE => self.state = State::Escape,
                CANCEL | SUBSTITUTE => self.state = State::Text,
                _ if parameters.len() >= LONGEST_ESCAPE => self.state = State::Text,
                _ => parameters.push(byte),
            },
            State::Quoted { length, escape } => {
                *length += 1;
                let ended = byte == BELL
                    || matches!(byte, CANCEL | SUBSTITUTE)
                    || (*escape && byte == b'\\')
                    || *length > LONGEST_ESCAPE;
                *escape = byte == ESCAPE;
                if ended {
                    self.state = State::Text;
                }
            }
        }
    }

    /// Moves back one character, which may be several bytes of UTF-8.
    fn back_one(&mut self) {
        self.column = self.column.saturating_sub(1);
        while self.column > 0 && self.line.get(self.column).is_some_and(|byte| byte & 0xc0 == 0x80) {
            self.column -= 1;
        }
    }

    /// A control sequence that changes the line; all others only change how it looks.
    fn control(&mut self, parameters: &[u8], last: u8) {
        let number = std::str::from_utf8(parameters).ok().and_then(|text| text.parse::<usize>().ok());
        let count = number.unwrap_or(1).clamp(1, WIDEST_MOVE);
        match last {
            b'C' => self.column = (self.column + count).min(LONGEST_LINE),
            b'D' => self.column = self.column.saturating_sub(count),
            b'G' => self.column = count - 1,
            b'K' | b'J' => match number.unwrap_or(0) {
                0 => {
                    self.rewritten |= self.column < self.line.len();
                    self.line.truncate(self.column);
                }
                1 => {
                    let end = self.column.min(self.line.len());
                    self.line[..end].fill(b' ');
                    self.rewritten = true;
                }
                _ => self.line.clear(),
            },
            b'P' => {
                let start = self.column.min(self.line.len());
                let end = (start + count).min(self.line.len());
                self.line.drain(start..end);
            }
            _ => {}
        }
    }
}

/// Bytes that are not simply printed. Tab, vertical tab and form feed are text.
fn is_special(byte: u8) -> bool {
    matches!(byte, 0..=8 | b'\n' | b'\r' | 0x0e..=0x1f | 0x7f)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a person would see of `bytes`, fed in pieces of `size`.
    fn seen(bytes: &[u8], size: usize) -> String {
        let mut cleaner = Cleaner::default();
        let mut text = Vec::new();
        for piece in bytes.chunks(size) {
            cleaner.feed(piece, &mut |line: &[u8]| text.extend_from_slice(line));
        }
        text.extend_from_slice(cleaner.unfinished());
        String::from_utf8_lossy(&text).into_owned()
    }

    #[test]
    fn a_terminals_doings_are_undone() {
        let cases: [(&str, &str); 22] = [
            ("one\r\ntwo\r\n", "one\ntwo\n"),
            ("one\r\r\ntwo\n\rthree", "one\ntwo\nthree"),
            ("one\r\0\ntwo\0", "one\ntwo"),
            ("tabs\tand\x0cfeeds stay", "tabs\tand\x0cfeeds stay"),
            ("\x1b[1;31mred\x1b[0m\x1b[K", "red"),
            ("\x1b[?2004hrouter> ", "router> "),
            ("\x1b]0;user@host: ~\x07$ ", "$ "),
            ("\x1b]0;title\x1b\\$ ", "$ "),
            ("\x1bP1$r0m\x1b\\x", "x"),
            ("\x1b(B\x1b)0\x1b=\x1b7text", "text"),
            ("progress 10%\rprogress 99%\n", "progress 99%\n"),
            ("abc\x08\x08X", "aXc"),
            ("Grüße\x08\x08\x08ß", "Grßße"),
            (
                " --More-- \x08\x08\x08\x08\x08\x08\x08\x08\x08\x08          \x08\x08\x08\x08\x08\x08\x08\x08\x08\x08eth0\n",
                "eth0\n",
            ),
            (" --More-- \r          \reth0 up\n", "eth0 up\n"),
            ("---- More ----\x1b[16D                \x1b[16Dvlan 1\n", "vlan 1\n"),
            ("--More--\x1b[2K\r\x1b[Klo0\n", "lo0\n"),
            ("keeps trailing blanks  \r\n", "keeps trailing blanks  \n"),
            ("ab\x1b[3Cc", "ab   c"),
            ("abcdef\x1b[4D\x1b[2P!", "ab!f"),
            ("\x1b[18;5Hx", "x"),
            ("bell\x07 and \x7fdelete", "bell and delete"),
        ];
        for (bytes, expected) in cases {
            for size in [1, 2, 3, 7, 1000] {
                assert_eq!(seen(bytes.as_bytes(), size), expected, "{bytes:?} in pieces of {size}");
            }
        }
    }

    #[test]
    fn a_sequence_without_end_does_not_swallow_the_output() {
        let mut bytes = b"\x1b]0;".to_vec();
        bytes.extend([b'x'; LONGEST_ESCAPE + 10]);
        bytes.extend(b"\r\nroute\r\n");
        assert!(seen(&bytes, 100).ends_with("\nroute\n"));
    }

    #[test]
    fn an_endless_line_goes_out_in_pieces() {
        let mut cleaner = Cleaner::default();
        let mut pieces = 0;
        let mut length = 0;
        for _ in 0..100 {
            cleaner.feed(&[b'x'; 10_000], &mut |piece: &[u8]| {
                pieces += 1;
                length += piece.len();
                assert!(piece.len() <= 2 * LONGEST_LINE);
            });
            assert!(cleaner.unfinished().len() <= LONGEST_LINE);
        }
        assert!(pieces >= 10);
        assert_eq!(length + cleaner.unfinished().len(), 1_000_000, "no byte is lost");
    }

    #[test]
    fn any_bytes_are_survived() {
        let mut seed = 7_u64;
        for _ in 0..2_000 {
            let mut next = || {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (seed >> 33) as u32
            };
            // Mostly what a terminal acts on.
            let alphabet = b"\x1b\x1b\x1b[[]]P0123;9KJDCGP@mh\r\n\x08\x08 \x07\\ab\xc3\xbc\xff";
            let bytes: Vec<u8> =
                (0..next() % 400).map(|_| alphabet[next() as usize % alphabet.len()]).collect();
            let size = 1 + next() as usize % 9;
            assert_eq!(seen(&bytes, size), seen(&bytes, bytes.len().max(1)), "{bytes:?} in pieces of {size}");
        }
    }
}
