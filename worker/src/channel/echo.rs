//! The echo: what the device repeats of the command before it answers.
//!
//! Most devices repeat a command to the letter and some do not repeat it at all. Between the
//! two there are prompts printed once more before it, lines wrapped at the device's own width,
//! messages that happen to come first, and passwords shown as stars.

/// Most that is held back while an echo is awaited.
const LONGEST_WAIT: usize = 8 * 1024;

/// A command from this length on may be wrapped or scrolled beyond recognition on a terminal
/// whose width the device did not hear of.
const LONG_COMMAND: usize = 60;

/// How much of the end of such a command shows that it is one.
const TAIL: usize = 16;

/// Awaits the echo of one command.
#[derive(Debug)]
pub(crate) struct Echo {
    /// What was typed, without blanks: where a line is wrapped, blanks come and go.
    typed: Vec<u8>,
    /// The prompt behind which it was typed.
    prompt: Vec<u8>,
    /// The device is known to repeat what is typed.
    expected: bool,
    /// Commands before this one whose echo has not come yet.
    overdue: Vec<Vec<u8>>,
    /// Others went out in one piece before it: its echo is behind a prompt that nobody has seen yet.
    behind_others: bool,
    /// What the lines so far have of the command.
    joined: Vec<u8>,
    held: Vec<u8>,
}

/// What a line at the beginning of an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Not clear yet; it is held.
    Held,
    /// The end of the echo: this line and those held are no output.
    Echo,
    /// There is no echo: those held and this line are output.
    Output,
}

impl Echo {
    /// Awaits `command`, typed behind `prompt`. `expected` says that the device is known to
    /// repeat what is typed, `overdue` what it could have yet to repeat.
    pub(crate) fn new(command: &str, prompt: &[u8], expected: bool, overdue: Vec<Vec<u8>>) -> Self {
        Self {
            typed: squeezed(command.as_bytes()),
            prompt: prompt.to_vec(),
            expected,
            overdue,
            behind_others: false,
            joined: vec![],
            held: vec![],
        }
    }

    /// The same where other commands go out in one piece before it, or do not.
    pub(crate) fn behind_others(self, behind_others: bool) -> Self {
        Self { behind_others, ..self }
    }

    /// Whether the echo of `command` is certain to be told from that of `other` before it, and from none.
    pub(crate) fn tells_apart(command: &str, other: &str) -> bool {
        let (typed, other) = (squeezed(command.as_bytes()), squeezed(other.as_bytes()));
        let echo = Self::new(command, b"", true, vec![]);
        !echo.may_be_absent() && !typed.starts_with(&other) && !resembles(&other, &typed)
    }

    /// The command as it is compared, for a later `overdue`.
    pub(crate) fn into_typed(self) -> Vec<u8> {
        self.typed
    }

    /// The prompt was another one.
    pub(crate) fn set_prompt(&mut self, prompt: &[u8]) {
        self.prompt = prompt.to_vec();
    }

    /// Whether a prompt now would be that behind the answer, rather than one printed again.
    pub(crate) fn may_be_absent(&self) -> bool {
        !self.expected || self.typed.len() >= LONG_COMMAND || self.typed.is_empty()
    }

    /// Lines held back, each with its line end, but for the empty one that a device which does
    /// not echo answers the return key with.
    pub(crate) fn held(&self) -> &[u8] {
        self.held.strip_prefix(b"\n").unwrap_or(&self.held)
    }

    /// Whether what is held back so far is nothing but the beginning of the echo.
    pub(crate) fn has_begun(&self) -> bool {
        !self.joined.is_empty()
    }

    /// Judges the next line of the answer.
    pub(crate) fn judge(&mut self, line: &[u8]) -> Verdict {
        let verdict = self.compare(line);
        if verdict == Verdict::Held {
            self.held.extend_from_slice(line);
            self.held.push(b'\n');
            if self.held.len() > LONGEST_WAIT {
                // Not held by the caller any more, and not to be output twice.
                self.held.truncate(self.held.len() - line.len() - 1);
                return Verdict::Output;
            }
        }
        verdict
    }

    fn compare(&mut self, line: &[u8]) -> Verdict {
        let text = squeezed(self.without_prompt(line));
        if text.is_empty() {
            return if self.typed.is_empty() { Verdict::Echo } else { Verdict::Held };
        }
        self.joined.extend_from_slice(&text);
        if self.joined == self.typed
            || text == self.typed
            || self.behind_others && text.ends_with(&self.typed)
        {
            return Verdict::Echo;
        }
        if self.typed.starts_with(&self.joined) {
            return Verdict::Held;
        }
        if self.typed.len() >= LONG_COMMAND && text.ends_with(&self.typed[self.typed.len() - TAIL..]) {
            return Verdict::Echo;
        }
        if self.expected && resembles(&text, &self.typed) {
            return Verdict::Echo;
        }
        self.joined.clear();
        if !self.expected && self.overdue.contains(&text) {
            // The prompt that was taken for the end of that command was not: it was printed
            // twice. So this device does echo, and is one prompt behind.
            self.expected = true;
            self.held.clear();
        }
        if self.expected { Verdict::Held } else { Verdict::Output }
    }

    fn without_prompt<'a>(&self, line: &'a [u8]) -> &'a [u8] {
        let mut line = line.trim_ascii_start();
        while !self.prompt.is_empty()
            && let Some(rest) = line.strip_prefix(self.prompt.as_slice())
        {
            line = rest.trim_ascii_start();
        }
        line
    }
}

/// Whether enough of the beginning is the same: some devices show part of a command as stars.
fn resembles(text: &[u8], typed: &[u8]) -> bool {
    let same = text.iter().zip(typed).take_while(|(a, b)| a == b).count();
    same >= 3 && same * 2 >= typed.len()
}

fn squeezed(text: &[u8]) -> Vec<u8> {
    text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect()
}

#[cfg(test)]
mod tests {
    use super::Verdict::{Echo as Seen, Held, Output};
    use super::*;

    const LONG: &str = "show interfaces GigabitEthernet0/0/1 switchport | include Administrative Mode:";

    #[test]
    fn echoes_are_told_from_output() {
        type Case = (&'static str, bool, &'static [(&'static str, Verdict)]);
        let cases: [Case; 12] = [
            ("show version", true, &[("show version", Seen)]),
            ("show version", false, &[("show version", Seen)]),
            ("show version", true, &[("core-1#show version ", Seen)]),
            ("show version", true, &[("core-1# core-1# show version", Seen)]),
            ("show version", true, &[("show ver", Held), ("sion", Seen)]),
            ("show version", false, &[("", Held), ("Cisco IOS", Output)]),
            ("show version", false, &[("Cisco IOS", Output)]),
            (
                "show version",
                true,
                &[("%LINK-3-UPDOWN: up", Held), ("core-1#", Held), ("show version", Seen)],
            ),
            ("username x password secret", true, &[("username x password ******", Seen)]),
            (LONG, true, &[("$0/0/1 switchport | include Administrative Mode:", Seen)]),
            ("", true, &[("", Seen)]),
            // The echo of a command before this one: there is one prompt too many.
            ("show clock", false, &[("terminal length 0", Held), ("core-1#show clock", Seen)]),
        ];
        for (command, expected, lines) in cases {
            let mut echo = Echo::new(command, b"core-1#", expected, vec![squeezed(b"terminal length 0")]);
            for (line, verdict) in lines {
                assert_eq!(echo.judge(line.as_bytes()), *verdict, "{line:?} after {command:?}");
            }
        }
    }

    #[test]
    fn behind_others_it_comes_after_a_prompt_that_nobody_has_seen() {
        let mut echo = Echo::new("show clock", b"core-1 12:00:00#", true, vec![]).behind_others(true);
        for (line, verdict) in [
            ("terminal width 511", Held),
            ("Width set to 511 columns.", Held),
            ("core-1 12:00:01#show clock", Seen),
        ] {
            assert_eq!(echo.judge(line.as_bytes()), verdict, "{line:?}");
        }
    }

    #[test]
    fn commands_that_look_alike_are_not_told_apart() {
        for (command, other, apart) in [
            ("show version", "terminal width 511", true),
            ("terminal monitor", "terminal width 511", false),
            ("terminal width 511", "terminal width 511", false),
            ("te", "terminal width 511", true),
            ("terminal width 511 | x", "terminal width 511", false),
            (LONG, "terminal width 511", false),
            ("", "terminal width 511", false),
        ] {
            assert_eq!(Echo::tells_apart(command, other), apart, "{command:?} behind {other:?}");
        }
    }

    #[test]
    fn what_was_held_is_not_lost() {
        let mut echo = Echo::new("show version", b"core-1#", false, vec![]);
        assert_eq!(echo.judge(b"show"), Held);
        assert_eq!(echo.judge(b"nothing"), Output);
        assert_eq!(echo.held(), b"show\n");
    }

    #[test]
    fn an_echo_is_not_awaited_for_ever() {
        let mut echo = Echo::new("show version", b"core-1#", true, vec![]);
        let line = [b'x'; 100];
        let held = (0..1000).take_while(|_| echo.judge(&line) == Held).count();
        assert_eq!(held, LONGEST_WAIT / 101);
        assert_eq!(echo.held().len(), held * 101);
    }
}
