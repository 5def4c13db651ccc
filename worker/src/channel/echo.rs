//! Tells the echo of a command from its output.
//!
//! A terminal sends back what is typed, often redrawn: behind the prompt, broken where the
//! device wraps, with other blanks. So blanks do not count, and the echo may take several lines.

/// Waits for the echo of one command.
#[derive(Debug)]
pub struct Echo {
    /// What is still to come, without blanks; `None` when the echo is over.
    left: Option<Vec<u8>>,
    /// The echo has begun.
    begun: bool,
    /// Empty lines before the echo: output, where no echo comes.
    blank_lines: usize,
    /// A line has ended since the command was sent.
    pub line_ended: bool,
}

/// What a line is.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard {
    /// Part of the echo: not output.
    Echo,
    /// Output, and as many empty lines before it.
    Output(usize),
}

impl Echo {
    /// Of `command`, which was just sent.
    pub fn of(command: &str) -> Self {
        let left = squeezed(command.as_bytes());
        Self { left: (!left.is_empty()).then_some(left), begun: false, blank_lines: 0, line_ended: false }
    }

    /// Judges a finished line.
    pub fn judge(&mut self, line: &[u8]) -> Heard {
        self.line_ended = true;
        let Some(left) = &mut self.left else { return Heard::Output(0) };
        let text = squeezed(line);
        if text.is_empty() && !self.begun {
            self.blank_lines += 1;
            return Heard::Echo;
        }
        if left.starts_with(&text) {
            left.drain(..text.len());
            self.begun = true;
            if left.is_empty() {
                self.left = None;
            }
            return Heard::Echo;
        }
        // The whole of it, behind a prompt.
        if text.ends_with(left) {
            self.left = None;
            return Heard::Echo;
        }
        // Its beginning behind a prompt, wrapped.
        if !self.begun
            && let Some(length) = (4..left.len()).rev().find(|length| text.ends_with(&left[..*length]))
        {
            left.drain(..length);
            self.begun = true;
            return Heard::Echo;
        }
        self.left = None;
        Heard::Output(std::mem::take(&mut self.blank_lines))
    }
}

fn squeezed(text: &[u8]) -> Vec<u8> {
    text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which of `lines` are output, after `command`.
    fn output<'a>(command: &str, lines: &[&'a str]) -> Vec<&'a str> {
        let mut echo = Echo::of(command);
        lines.iter().copied().filter(|line| echo.judge(line.as_bytes()) != Heard::Echo).collect()
    }

    #[test]
    fn the_echo_is_not_output() {
        let cases: [(&str, &[&str], &[&str]); 7] = [
            ("show clock", &["show clock\n", "12:00\n"], &["12:00\n"]),
            ("show clock", &["core-1#show clock\n", "12:00\n"], &["12:00\n"]),
            ("show   clock", &["show clock\n", "12:00\n"], &["12:00\n"]),
            ("show clock", &["\n", "show clock\n", "12:00\n"], &["12:00\n"]),
            ("show ip route vrf all", &["show ip ro\n", "ute vrf all\n", "default\n"], &["default\n"]),
            ("show ip route vrf all", &["sw1#show ip ro\n", "ute vrf all\n", "default\n"], &["default\n"]),
            // Only the first: what comes later and looks the same is output.
            ("show clock", &["show clock\n", "show clock\n"], &["show clock\n"]),
        ];
        for (command, lines, expected) in cases {
            assert_eq!(output(command, lines), expected, "{command}: {lines:?}");
        }
    }

    #[test]
    fn a_device_need_not_echo() {
        assert_eq!(output("show clock", &["12:00\n", "13:00\n"]), ["12:00\n", "13:00\n"]);
        let mut echo = Echo::of("show clock");
        assert_eq!(echo.judge(b"\n"), Heard::Echo);
        assert_eq!(echo.judge(b"12:00\n"), Heard::Output(1), "the empty line was output");
    }
}
