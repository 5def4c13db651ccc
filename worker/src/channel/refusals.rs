//! Lines with which a device refuses a command, found in its output.

use memchr::{memchr, memrchr};
use regex::bytes::{Regex, RegexBuilder, RegexSet};
use regex_syntax::hir::Look;

use crate::platform::{anywhere, parse, set};

/// How far into a line a refusal is searched for.
const SEARCHED: usize = 4096;

/// What such lines look like.
#[derive(Debug)]
pub(crate) struct Refusals {
    of_a_line: RegexSet,
    /// Finds in many lines at once whatever `of_a_line` finds in one of them, and perhaps more: most outputs have
    /// none, and are looked through once and not line by line.
    of_lines: Option<Regex>,
}

impl Refusals {
    /// # Errors
    /// Names the pattern that is no regular expression, as an index, and says why.
    pub(crate) fn compile(patterns: &[String]) -> Result<Self, (String, String)> {
        let of_a_line = set("errors", patterns, anywhere)?;
        // Beginning and end of the text would be those of all lines together.
        let is_of_lines = |pattern: &String| {
            parse(pattern, true).is_ok_and(|hir| {
                let looks = hir.properties().look_set();
                !looks.contains(Look::Start) && !looks.contains(Look::End)
            })
        };
        let any: Vec<_> = patterns.iter().map(|pattern| format!("(?:{pattern})")).collect();
        let of_lines = match patterns.iter().all(is_of_lines) {
            // One that would be too large as a whole is none.
            true => RegexBuilder::new(&any.join("|")).unicode(false).multi_line(true).build().ok(),
            false => None,
        };
        Ok(Self { of_a_line, of_lines })
    }

    /// Whether `line` is one.
    pub(crate) fn has(&self, line: &[u8]) -> bool {
        self.of_a_line.is_match(&line[..line.len().min(SEARCHED)])
    }

    fn first_in<'t>(&self, lines: &'t [u8]) -> Option<&'t [u8]> {
        if self.of_lines.as_ref().is_some_and(|of_lines| !of_lines.is_match(lines)) {
            return None;
        }
        lines.split(|byte| *byte == b'\n').find(|line| self.has(line))
    }
}

/// The search through one output.
pub(crate) struct Search<'a> {
    refusals: &'a Refusals,
    /// Of the line that has not ended yet.
    beginning: Vec<u8>,
    found: Option<Vec<u8>>,
}

impl<'a> Search<'a> {
    pub(crate) fn new(refusals: &'a Refusals) -> Self {
        Self { refusals, beginning: vec![], found: None }
    }

    /// The first refusal so far, as far as it was looked at.
    pub(crate) fn found(&self) -> Option<&[u8]> {
        self.found.as_deref()
    }

    /// Searches the next part of the output.
    pub(crate) fn take(&mut self, mut text: &[u8]) {
        if self.found.is_some() || self.refusals.of_a_line.is_empty() {
            return;
        }
        if !self.beginning.is_empty()
            && let Some(end) = memchr(b'\n', text)
        {
            self.begin(&text[..end]);
            self.end();
            text = &text[end + 1..];
        }
        if let Some(end) = memrchr(b'\n', text) {
            self.note(self.refusals.first_in(&text[..end]));
            text = &text[end + 1..];
        }
        self.begin(text);
    }

    /// The output has ended.
    pub(crate) fn end(&mut self) {
        let line = std::mem::take(&mut self.beginning);
        if !line.is_empty() && self.refusals.has(&line) {
            self.note(Some(&line));
        }
    }

    fn begin(&mut self, piece: &[u8]) {
        let room = SEARCHED - self.beginning.len();
        self.beginning.extend_from_slice(&piece[..piece.len().min(room)]);
    }

    fn note(&mut self, line: Option<&[u8]>) {
        if self.found.is_none() {
            self.found = line.map(|line| line[..line.len().min(SEARCHED)].to_vec());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(patterns: &[&str], pieces: &[&str]) -> Option<String> {
        let patterns: Vec<_> = patterns.iter().map(|&pattern| pattern.to_owned()).collect();
        let refusals = Refusals::compile(&patterns).expect("compiles");
        let mut search = Search::new(&refusals);
        pieces.iter().for_each(|piece| search.take(piece.as_bytes()));
        search.end();
        search.found().map(|line| String::from_utf8_lossy(line).into_owned())
    }

    #[test]
    fn the_first_line_that_refuses_is_found_however_the_output_comes() {
        let output = "ok\n\n% Invalid input\n  x\n% Ambiguous\nlast";
        for size in 1..=output.len() {
            let pieces: Vec<_> = output
                .as_bytes()
                .chunks(size)
                .map(|piece| std::str::from_utf8(piece).expect("ASCII"))
                .collect();
            for (pattern, line) in [
                ("^% ?(?:Invalid|Ambiguous)", Some("% Invalid input")),
                (r"^ +x$", Some("  x")),
                (r"\A% Amb", Some("% Ambiguous")),
                (r"st\z", Some("last")),
                ("^last$", Some("last")),
                (r"k\s*%", None),
                ("% Invalid input.*x", None),
            ] {
                assert_eq!(found(&[pattern], &pieces).as_deref(), line, "{pattern} in pieces of {size}");
            }
            assert_eq!(found(&["^last", "^% A"], &pieces).as_deref(), Some("% Ambiguous"));
        }
    }

    #[test]
    fn only_the_beginning_of_a_line_is_searched() {
        let long = "x".repeat(SEARCHED);
        assert_eq!(found(&["yes"], &[&long, "yes\n"]), None);
        assert_eq!(found(&["yes"], &[&format!("{long}yes\n")]), None);
        assert_eq!(found(&["yes"], &[&long[3..], "yes\n"]).map(|line| line.len()), Some(SEARCHED));
    }
}
