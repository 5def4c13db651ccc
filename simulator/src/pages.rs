//! An output on its way to the terminal: in one go, or page by page.

use std::time::Duration;

use crate::script::Script;

/// How long a look-alike stands alone at the end of what was sent.
const LOOKALIKE_STANDS: Duration = Duration::from_millis(30);

/// The output of a command.
#[derive(Debug, Default)]
pub(crate) struct Output {
    /// Lines, each ended by LF.
    text: String,
    /// Places in `text` at which the device pauses.
    pauses: Vec<usize>,
    /// What was sent of it.
    sent: usize,
    /// Lines of it that were sent in pages.
    lines: u32,
}

impl Output {
    /// An output without pauses. Its last line is ended, if it was not.
    pub(crate) fn new(mut text: String) -> Self {
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        Self { text, ..Self::default() }
    }

    /// Its text.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Makes it about `bytes` long, in whole lines: its lines again and again, or fewer of them,
    /// but one at least.
    pub(crate) fn scale(&mut self, bytes: u64) {
        /// No output that is held in memory is longer.
        const LARGEST: u64 = 64 * 1024 * 1024;
        let bytes = bytes.min(LARGEST) as usize;
        if self.text.trim().is_empty() {
            return;
        }
        let own = self.text.len();
        while self.text.len() < bytes {
            self.text.extend_from_within(..own.min(self.text.len()));
        }
        // The first line that starts at or behind the mark is the first left out.
        let mark = bytes.max(1) - 1;
        if let Some(end) = self.text.as_bytes()[mark..].iter().position(|&byte| byte == b'\n') {
            self.text.truncate(mark + end + 1);
        }
    }

    /// Puts lines between its own that could be taken for the end of the output: `prompts` of
    /// other devices and questions of a login, each left standing at the end of a write for a
    /// while; and `own` prompt where more text follows.
    pub(crate) fn disguise(&mut self, own: &str, prompts: &[String]) {
        let own = own.trim_end();
        let mut standing = prompts.iter().map(String::as_str).chain(["Enter password: ", "switch login: "]);
        let lines: Vec<&str> = self.text.split_inclusive('\n').collect();
        let every = (lines.len() / (prompts.len() + 3)).max(1);
        let mut text = String::with_capacity(self.text.len() + 512);
        let mut insert = |text: &mut String| {
            if let Some(lookalike) = standing.next() {
                text.push_str(lookalike);
                self.pauses.push(text.len());
                text.push('\n');
            }
        };
        for (n, line) in lines.iter().enumerate() {
            if n == 0 {
                text.push_str(&format!("remark: at the prompt {own} enter the command\n"));
                text.push_str(&format!("{own} is the prompt of this device\n"));
            } else if n % every == 0 {
                insert(&mut text);
            }
            text.push_str(line);
        }
        for _ in 0..prompts.len() + 2 {
            insert(&mut text); // what a short output had no room for
        }
        text.push_str("end of the output\n");
        self.text = text;
    }

    /// Sends the next `lines`, all where there is no number. Says whether anything is left.
    pub(crate) fn turn(&mut self, lines: Option<u32>, script: &mut Script) -> bool {
        let rest = &self.text[self.sent..];
        let end = match lines {
            None => rest.len(),
            Some(lines) => {
                let page = rest.split_inclusive('\n').take(lines as usize);
                page.inspect(|_| self.lines += 1).map(str::len).sum()
            }
        };
        self.send_to(self.sent + end, script);
        !self.is_sent()
    }

    /// Whether nothing is left.
    pub(crate) fn is_sent(&self) -> bool {
        self.sent == self.text.len()
    }

    /// Lines that were sent in pages.
    pub(crate) fn lines(&self) -> u32 {
        self.lines
    }

    /// Sends the first half, which ends inside a line.
    pub(crate) fn half(&mut self, script: &mut Script) {
        let mut middle = self.text.len() / 2;
        while !self.text.is_char_boundary(middle) || self.text[..middle].ends_with('\n') {
            middle = middle.saturating_sub(1);
        }
        self.send_to(middle, script);
    }

    fn send_to(&mut self, end: usize, script: &mut Script) {
        let start = self.sent;
        self.sent = end;
        let mut from = start;
        for &pause in self.pauses.iter().filter(|&&pause| pause > start && pause <= end) {
            script.send_lines(&self.text[from..pause]);
            script.pause(LOOKALIKE_STANDS);
            from = pause;
        }
        script.send_lines(&self.text[from..end]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::Step;

    fn bytes(script: Script) -> Vec<u8> {
        let sends = script.into_steps().filter_map(|step| match step {
            Step::Send(bytes) => Some(bytes),
            _ => None,
        });
        sends.collect::<Vec<_>>().concat()
    }

    #[test]
    fn pages_add_up_to_the_whole() {
        let text = "a\nb\nc\nd\ne\n";
        let mut output = Output::new(text.to_owned());
        let (mut script, mut turns) = (Script::new("\r\n"), 1);
        while output.turn(Some(2), &mut script) {
            turns += 1;
        }
        assert_eq!(turns, 3);
        assert_eq!((output.lines(), output.is_sent()), (5, true));
        assert_eq!(bytes(script), text.replace('\n', "\r\n").as_bytes());
    }

    #[test]
    fn scaling_keeps_whole_lines() {
        let original = "first line\nsecond\nthe third line\n";
        for size in [1, 5, 10, 11, 12, 34, 35, 100, 10_000] {
            let mut output = Output::new(original.to_owned());
            output.scale(size);
            let text = output.text();
            assert!(text.ends_with('\n'));
            assert!(text.len() as u64 >= size && (text.len() as u64) < size + 15, "{size}: {}", text.len());
            assert!(text.lines().all(|line| original.lines().any(|own| own == line)));
        }
    }

    #[test]
    fn a_disguised_output_has_pauses_behind_lookalikes_and_keeps_its_lines() {
        let original = "one\ntwo\nthree\n";
        let mut output = Output::new(original.to_owned());
        output.disguise("r1# ", &["r2#".to_owned(), "r3>".to_owned()]);
        let mut script = Script::new("\r\n");
        assert!(!output.turn(None, &mut script));
        let steps: Vec<_> = script.into_steps().collect();
        let before_pauses: Vec<_> = steps
            .windows(2)
            .filter_map(|pair| match pair {
                [Step::Send(bytes), Step::Pause(_)] => Some(String::from_utf8_lossy(bytes).into_owned()),
                _ => None,
            })
            .collect();
        assert_eq!(before_pauses.len(), 4);
        assert!(before_pauses[0].ends_with("r2#") && before_pauses[1].ends_with("r3>"));
        assert!(before_pauses[2].ends_with("password: ") && before_pauses[3].ends_with("login: "));
        assert!(output.text().contains("prompt r1# enter"));
        assert!(original.lines().all(|line| output.text().lines().any(|kept| kept == line)));
    }

    #[test]
    fn half_an_output_ends_inside_a_line() {
        for text in ["one\ntwo\n", "a\nb\n", "lone\n"] {
            let mut script = Script::new("\r\n");
            Output::new(text.to_owned()).half(&mut script);
            assert!(!bytes(script).ends_with(b"\n"), "{text:?}");
        }
    }
}
