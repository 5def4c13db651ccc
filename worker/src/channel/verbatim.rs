//! Lines to the byte, as a program printed them: only the CR goes that a terminal puts before
//! each LF (`ONLCR`, POSIX termios).

use memchr::memchr_iter;

use super::cleaner::{LONGEST_LINE, LineSink};

/// What stays of an endless line when its beginning goes out: room for any prompt.
const KEPT: usize = 1024;

/// The unfinished line.
#[derive(Debug, Default)]
pub(super) struct Verbatim {
    line: Vec<u8>,
}

impl Verbatim {
    pub(super) fn feed(&mut self, bytes: &[u8], sink: &mut dyn LineSink) {
        let mut from = 0;
        for end in memchr_iter(b'\n', bytes) {
            self.line.extend_from_slice(&bytes[from..end]);
            from = end + 1;
            if self.line.last() == Some(&b'\r') {
                self.line.pop();
            }
            self.line.push(b'\n');
            sink.line(&self.line);
            self.line.clear();
        }
        self.line.extend_from_slice(&bytes[from..]);
        if self.line.len() >= LONGEST_LINE {
            let ahead = self.line.len() - KEPT;
            sink.line(&self.line[..ahead]);
            self.line.drain(..ahead);
        }
    }

    pub(super) fn unfinished(&self) -> &[u8] {
        &self.line
    }

    pub(super) fn clear(&mut self) {
        self.line.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(sent: &[u8], size: usize) -> Vec<u8> {
        let mut verbatim = Verbatim::default();
        let mut text = Vec::new();
        for piece in sent.chunks(size) {
            verbatim.feed(piece, &mut |line: &[u8]| text.extend_from_slice(line));
            assert!(verbatim.unfinished().len() <= LONGEST_LINE);
        }
        [&text, verbatim.unfinished()].concat()
    }

    #[test]
    fn one_cr_before_each_lf_goes_and_nothing_else() {
        for (sent, expected) in [
            ("a\r\nb\r\n", "a\nb\n"),
            ("a\r\r\n", "a\r\n"),
            ("\r\n\r\n", "\n\n"),
            ("a\rb\x1b[31m\x08\0\x07\tc\r", "a\rb\x1b[31m\x08\0\x07\tc\r"),
            ("a\nb", "a\nb"),
        ] {
            for size in [1, 2, 3, 100] {
                assert_eq!(
                    printed(sent.as_bytes(), size),
                    expected.as_bytes(),
                    "{sent:?} in pieces of {size}"
                );
            }
        }
    }

    #[test]
    fn an_endless_line_goes_out_in_pieces() {
        let mut sent = vec![b'x'; 5 * LONGEST_LINE];
        sent.extend(b"\r\nend");
        assert_eq!(printed(&sent, 1000).len(), 5 * LONGEST_LINE + "\nend".len());
    }
}
