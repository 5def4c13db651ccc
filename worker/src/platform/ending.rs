//! Patterns that have to reach the end of a line.

use regex::bytes::{Captures, Match, Regex};
use regex_syntax::hir::literal::{ExtractKind, Extractor};
use regex_syntax::hir::{Hir, HirKind};

use super::{parse, regex};

/// A pattern whose matches end where the text does.
///
/// A session asks a dozen of them whenever a line has not ended, and most of the time the line's last letter is none that
/// the pattern could end with: that is looked at first, because it costs a hundredth of a search.
#[derive(Debug)]
pub(crate) struct Ending {
    regex: Regex,
    /// The bytes that a match may end with; `None` where any may, or a match may be empty.
    last: Option<Box<[u8]>>,
    /// Blanks may follow these.
    blanks_follow: bool,
}

impl Ending {
    /// # Errors
    /// What the `regex` crate says of `pattern`, which has to end in `\z`.
    pub(crate) fn compile(pattern: &str) -> Result<Self, String> {
        let (hir, regex) = (parse(pattern, false)?, regex(pattern)?);
        let before_blanks =
            before_blanks(&hir).and_then(|hir| last_bytes(&hir)).filter(|last| !last.contains(&b' '));
        let blanks_follow = before_blanks.is_some();
        Ok(Self { regex, last: before_blanks.or_else(|| last_bytes(&hir)), blanks_follow })
    }

    /// Whether `text` ends as a match may; of an empty match, whatever `text` ends with.
    pub(crate) fn may_match(&self, text: &[u8]) -> bool {
        let Some(last) = &self.last else { return true };
        let is_blank = |byte: &u8| *byte == b' ' && self.blanks_follow;
        let byte = text.iter().rev().find(|byte| !is_blank(byte));
        byte.is_some_and(|byte| last.contains(byte))
    }

    pub(crate) fn is_match(&self, text: &[u8]) -> bool {
        self.may_match(text) && self.regex.is_match(text)
    }

    pub(crate) fn find<'t>(&self, text: &'t [u8]) -> Option<Match<'t>> {
        if self.may_match(text) { self.regex.find(text) } else { None }
    }

    pub(crate) fn captures<'t>(&self, text: &'t [u8]) -> Option<Captures<'t>> {
        if self.may_match(text) { self.regex.captures(text) } else { None }
    }
}

/// What comes before the blanks that `pattern`, which reaches to the end of the text, may end with.
fn before_blanks(pattern: &Hir) -> Option<Hir> {
    let HirKind::Concat(parts) = pattern.kind() else { return None };
    let [before @ .., blanks, _end] = parts.as_slice() else { return None };
    let HirKind::Repetition(blanks) = blanks.kind() else { return None };
    let HirKind::Literal(blank) = blanks.sub.kind() else { return None };
    (&*blank.0 == b" ").then(|| Hir::concat(before.to_vec()))
}

fn last_bytes(pattern: &Hir) -> Option<Box<[u8]>> {
    let suffixes = Extractor::new().kind(ExtractKind::Suffix).extract(pattern);
    let last = suffixes.literals()?.iter().map(|suffix| suffix.as_bytes().last().copied());
    let mut last: Vec<u8> = last.collect::<Option<_>>()?;
    last.sort_unstable();
    last.dedup();
    Some(last.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last(pattern: &str) -> Option<String> {
        let last = Ending::compile(pattern).expect("compiles").last?;
        Some(String::from_utf8(last.into()).expect("text"))
    }

    #[test]
    fn the_last_bytes_are_those_of_every_match() {
        for (pattern, expected) in [
            (r"\A(?:[\w.-]{1,63}[>#] ?)\z", Some("#>")),
            (r"(?:(?i)password: *)\z", Some(":")),
            (r"(?:--More-- ?|<space>)\z", Some(" ->")),
            (r"(?:x[ :] *)\z", Some(" :")),
            (r"(?:(?i)ok)\z", Some("Kk")),
            // A match may be empty, or end with whatever there is.
            (r"\A(?:)\z", None),
            (r"(?: *)\z", None),
            (r"(?:x? *)\z", None),
            (r"(?:.*)\z", None),
            (r"(?:user\b|)\z", None),
        ] {
            assert_eq!(last(pattern).as_deref(), expected, "{pattern}");
        }
    }

    #[test]
    fn nothing_is_missed() {
        let texts = [
            "",
            " ",
            "core-1#",
            "core-1# ",
            "core-1>",
            "Password:",
            "PASSWORD:  ",
            "x--More--",
            "core-1#show",
        ];
        for pattern in [
            r"\A(?:[\w.-]{1,63}[>#] ?)\z",
            r"(?:(?i)password: *)\z",
            r"(?:--More-- ?)\z",
            r"\A(?:)\z",
            r"(?: *)\z",
            r"(?:x? *)\z",
            r"(?:--\w+-- ?|core-1# *)\z",
            r"(?:core-1#? *)\z",
            r"(?:[#] {1,2})\z",
            r"(?:.*)\z",
            r"(?:w?$)\z",
        ] {
            let (ending, regex) =
                (Ending::compile(pattern).expect("compiles"), regex(pattern).expect("compiles"));
            for text in texts.map(str::as_bytes) {
                assert_eq!(ending.is_match(text), regex.is_match(text), "{pattern} {text:?}");
                assert_eq!(ending.find(text), regex.find(text), "{pattern} {text:?}");
            }
        }
    }
}
