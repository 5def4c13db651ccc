//! What a terminal puts before every output: learned once, then taken off to the byte.

use memchr::{memchr, memmem};

/// Most that is held back while the line of an echo has no end.
const LONGEST_WAIT: usize = 8 * 1024;

/// What came back to a command that prints nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Preamble {
    before: Vec<u8>,
    /// What follows the echo of the command; without it the device does not echo.
    behind: Option<Vec<u8>>,
}

impl Preamble {
    /// Learns from `answer`, all that came between sending `command` and the prompt.
    pub(crate) fn learn(command: &str, answer: &[u8]) -> Self {
        match memmem::find(answer, command.as_bytes()) {
            Some(at) => {
                Self { before: answer[..at].to_vec(), behind: Some(answer[at + command.len()..].to_vec()) }
            }
            None => Self { before: answer.to_vec(), behind: None },
        }
    }

    /// Awaits it before the output of `command`.
    pub(crate) fn expect(&self, command: &str) -> Awaited {
        let mut expected = self.before.clone();
        if let Some(behind) = &self.behind {
            expected.extend_from_slice(command.as_bytes());
            expected.extend_from_slice(behind);
        }
        // Where the echo is not to the letter, its line is still the first.
        let behind_line = self.behind.as_ref().map(|behind| {
            let end = memchr(b'\n', behind).map_or(behind.len(), |end| end + 1);
            behind[end..].to_vec()
        });
        let done = expected.is_empty();
        let echo_end = self.before.len() + command.len();
        Awaited { expected, echo_end, behind_line, taken: vec![], line_dropped: false, done }
    }
}

/// Takes a preamble off one answer.
#[derive(Debug)]
pub(crate) struct Awaited {
    expected: Vec<u8>,
    echo_end: usize,
    behind_line: Option<Vec<u8>>,
    /// What has come and is as expected so far.
    taken: Vec<u8>,
    line_dropped: bool,
    done: bool,
}

impl Awaited {
    /// Whether the echo is over, so that a prompt now is the one behind the output.
    pub(crate) fn has_echo(&self) -> bool {
        self.done || self.behind_line.is_none() || self.line_dropped || self.taken.len() > self.echo_end
    }

    /// Whether all that comes from here on is output.
    pub(crate) fn is_done(&self) -> bool {
        self.done
    }

    /// Takes the next piece of the answer, and gives the part of it that is output to `output`.
    pub(crate) fn take(&mut self, piece: &[u8], output: &mut impl FnMut(&[u8])) {
        if self.done {
            return output(piece);
        }
        self.taken.extend_from_slice(piece);
        loop {
            let same = self.taken.iter().zip(&self.expected).take_while(|(a, b)| a == b).count();
            if same == self.expected.len() {
                self.done = true;
                return output(&std::mem::take(&mut self.taken)[same..]);
            }
            if same == self.taken.len() {
                return;
            }
            match (&mut self.behind_line, self.line_dropped) {
                (Some(behind), false) if self.taken.len() <= LONGEST_WAIT => {
                    let Some(end) = memchr(b'\n', &self.taken) else { return };
                    self.taken.drain(..=end);
                    self.expected = std::mem::take(behind);
                    self.line_dropped = true;
                }
                _ => {
                    self.done = true;
                    return output(&std::mem::take(&mut self.taken));
                }
            }
        }
    }

    /// The answer is over: what was held back of it is output.
    pub(crate) fn end(&mut self, output: &mut impl FnMut(&[u8])) {
        if !std::mem::replace(&mut self.done, true) {
            output(&std::mem::take(&mut self.taken));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_learned_preamble_goes_and_nothing_else() {
        for (silent, answer, output) in [
            ("", "one\n", "one\n"),
            ("", "\none", "\none"),
            ("\n", "\n\none", "\none"),
            (": x\n", "cat\n", ""),
            (": x\n", "cat\ncat\n", "cat\n"),
            (": x\n\x1b[?2004l\r", "cat\n\x1b[?2004l\r\none\n", "\none\n"),
            // The echo is redrawn; what is behind it is as ever.
            (": x\n\x1b[?2004l\r", "c\x08cat\n\x1b[?2004l\rone\n", "one\n"),
            (": x\n", "c\rcat\none\n", "one\n"),
            // The device stops short of what was expected.
            ("\n", "", ""),
            ("\nab", "\na", "\na"),
        ] {
            for chunk in [1, 2, 100] {
                let mut got = vec![];
                let mut awaited = Preamble::learn(": x", silent.as_bytes()).expect("cat");
                for piece in answer.as_bytes().chunks(chunk) {
                    awaited.take(piece, &mut |bytes: &[u8]| got.extend_from_slice(bytes));
                }
                awaited.end(&mut |bytes: &[u8]| got.extend_from_slice(bytes));
                assert_eq!(got, output.as_bytes(), "{answer:?} behind {silent:?} by {chunk}");
            }
        }
    }

    #[test]
    fn with_an_echo_no_prompt_counts_before_it() {
        let mut awaited = Preamble::learn(": x", b": x\n").expect("cat");
        awaited.take(b"ca", &mut |_: &[u8]| panic!("no output yet"));
        assert!(!awaited.has_echo());
        awaited.take(b"t\n", &mut |bytes: &[u8]| assert!(bytes.is_empty()));
        assert!(awaited.has_echo());
    }
}
