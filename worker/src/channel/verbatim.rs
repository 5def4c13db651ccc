//! Lines to the byte: nothing is taken out but the CR that a terminal puts before each LF.
//!
//! That is `ONLCR` (POSIX, termios), which a pseudo-terminal does to what a program prints.

use memchr::memchr_iter;

use super::line::{LONGEST_LINE, LineSink};

/// What is kept of an endless line when the rest goes ahead: room for any prompt.
const KEPT: usize = 512;

/// The unfinished line.
#[derive(Debug, Default)]
pub(crate) struct Verbatim {
    line: Vec<u8>,
}

impl Verbatim {
    /// Takes in what the device has sent; finished lines go to `sink`.
    pub(crate) fn feed(&mut self, bytes: &[u8], sink: &mut impl LineSink) {
        let mut from = 0;
        for end in memchr_iter(b'\n', bytes) {
            let text = &bytes[from..end];
            from = end + 1;
            if self.line.is_empty() {
                sink.line(text.strip_suffix(b"\r").unwrap_or(text), true);
            } else {
                self.line.extend_from_slice(text);
                sink.line(self.line.strip_suffix(b"\r").unwrap_or(&self.line), true);
                self.line.clear();
            }
        }
        self.line.extend_from_slice(&bytes[from..]);
        if self.line.len() > LONGEST_LINE {
            let ahead = self.line.len() - KEPT;
            sink.line(&self.line[..ahead], false);
            self.line.drain(..ahead);
        }
    }

    /// The unfinished line, or the end of it where its beginning went ahead.
    pub(crate) fn current(&self) -> &[u8] {
        &self.line
    }

    /// Begins a new line here.
    pub(crate) fn clear(&mut self) {
        self.line.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::super::line::Lines;
    use super::*;

    fn all(sent: &[u8], chunk: usize) -> Vec<u8> {
        let (mut verbatim, mut lines) = (Verbatim::default(), Lines::default());
        sent.chunks(chunk).for_each(|bytes| verbatim.feed(bytes, &mut lines));
        lines.0.extend_from_slice(verbatim.current());
        lines.0
    }

    #[test]
    fn one_cr_before_each_lf_goes() {
        for (sent, printed) in [
            ("a\r\nb\r\n", "a\nb\n"),
            ("a\r\r\n", "a\r\n"),
            ("\r\n\r\n", "\n\n"),
            ("a\rb\x1b[31m\x08\0\x07\tc\r", "a\rb\x1b[31m\x08\0\x07\tc\r"),
            ("a\nb", "a\nb"),
        ] {
            for chunk in [1, 2, 3, 100] {
                assert_eq!(all(sent.as_bytes(), chunk), printed.as_bytes(), "{sent:?} by {chunk}");
            }
        }
    }

    #[test]
    fn an_endless_line_goes_ahead_and_stays_whole() {
        let mut sent = vec![b'x'; 5 * LONGEST_LINE];
        sent.extend_from_slice(b"\r\nend");
        let (mut verbatim, mut lines) = (Verbatim::default(), Lines::default());
        for bytes in sent.chunks(1000) {
            verbatim.feed(bytes, &mut lines);
            assert!(verbatim.current().len() <= LONGEST_LINE);
        }
        assert_eq!(lines.0.len(), 5 * LONGEST_LINE + 1);
        assert_eq!(verbatim.current(), b"end");
    }
}
