//! Prompts: what they look like, and which one is this device's.

use memchr::memmem;

use crate::platform::{Ending, parse, whole};

/// Longest line that is looked at: no prompt is longer.
const LONGEST_PROMPT: usize = 512;

/// A host's name can be cut off behind so many letters: Cisco IOS shows 20 of it in its
/// configuration modes.
const SHORTEST_CUT: usize = 16;

/// A platform's prompts, mode by mode.
#[derive(Debug)]
pub(crate) struct Prompts(pub(crate) Vec<PromptPattern>);

impl Prompts {
    /// The prompt that `line` is, of whatever device.
    pub(crate) fn read(&self, line: &[u8]) -> Option<Prompt> {
        self.0.iter().enumerate().find_map(|(mode, pattern)| Some(Prompt { mode, ..pattern.read(line)? }))
    }

    /// The prompt that `line` is, if it is one of the device that `known` is a prompt of.
    pub(crate) fn read_again(&self, known: &Prompt, line: &[u8]) -> Option<Prompt> {
        let mode = match &known.host {
            Some(host) => self.0.iter().position(|pattern| pattern.is_of(host, line))?,
            None if line.trim_ascii_end() == known.text => known.mode,
            None => return None,
        };
        Some(Prompt { text: line.trim_ascii_end().to_vec(), host: known.host.clone(), mode })
    }
}

/// The prompt of one mode.
#[derive(Debug)]
pub(crate) struct PromptPattern {
    whole: Ending,
    /// The parts of the pattern before and behind the group `host`. With the host known they
    /// leave one way to read a line, where the whole pattern may take a mode for a part of the
    /// name (`[core-1-GigabitEthernet0/0/1]`).
    around_host: Option<(Ending, Ending)>,
}

/// The prompt on which a device waits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Prompt {
    /// The line, without blanks at its end.
    pub(crate) text: Vec<u8>,
    host: Option<Vec<u8>>,
    /// Index into [`Prompts`].
    pub(crate) mode: usize,
}

impl Prompt {
    /// Whether `line` is this very prompt.
    pub(crate) fn is(&self, line: &[u8]) -> bool {
        !self.text.is_empty() && line.trim_ascii_end() == self.text
    }
}

impl PromptPattern {
    /// # Errors
    /// Says what is wrong with the pattern.
    pub(crate) fn compile(pattern: &str) -> Result<Self, String> {
        parse(pattern, false)?;
        let around_host = match ["(?P<host>", "(?<host>"].iter().find_map(|group| pattern.find(group)) {
            None => None,
            Some(start) => {
                // The shortest piece that is a pattern by itself is the group.
                let end = (start..pattern.len())
                    .filter(|end| pattern.as_bytes()[*end] == b')')
                    .find(|end| parse(&pattern[start..=*end], false).is_ok())
                    .ok_or("the group `host` has no end")?;
                let part = |text: &str| {
                    parse(text, false)
                        .and_then(|_| Ending::compile(&whole(text)))
                        .map_err(|_| "the group `host` is not at the top level of the pattern".to_owned())
                };
                Some((part(&pattern[..start])?, part(&pattern[end + 1..])?))
            }
        };
        Ok(Self { whole: Ending::compile(&whole(pattern))?, around_host })
    }

    fn read(&self, line: &[u8]) -> Option<Prompt> {
        if line.is_empty() || line.len() > LONGEST_PROMPT {
            return None;
        }
        let prompt = |host| Prompt { text: line.trim_ascii_end().to_vec(), host, mode: 0 };
        if self.around_host.is_none() {
            return self.whole.is_match(line).then(|| prompt(None));
        }
        let captures = self.whole.captures(line)?;
        Some(prompt(captures.name("host").map(|host| host.as_bytes().to_vec())))
    }

    fn is_of(&self, host: &[u8], line: &[u8]) -> bool {
        let Some((before, behind)) = &self.around_host else { return false };
        if line.is_empty() || line.len() > LONGEST_PROMPT || !behind.may_match(line) {
            return false;
        }
        let certain = host.len().min(SHORTEST_CUT);
        memmem::find_iter(line, &host[..certain]).any(|at| {
            let shown = host.iter().zip(&line[at..]).take_while(|(a, b)| a == b).count();
            before.is_match(&line[..at]) && behind.is_match(&line[at + shown..])
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(pattern: &str) -> Prompts {
        modes(&[pattern])
    }

    fn modes(patterns: &[&str]) -> Prompts {
        let compile = |pattern: &&str| PromptPattern::compile(pattern).expect("compiles");
        Prompts(patterns.iter().map(compile).collect())
    }

    fn mode(prompts: &Prompts, first: &str, line: &str) -> Option<usize> {
        let first = prompts.read(first.as_bytes()).expect("is a prompt");
        prompts.read_again(&first, line.as_bytes()).map(|prompt| prompt.mode)
    }

    fn of(prompts: &Prompts, first: &str, line: &str) -> bool {
        mode(prompts, first, line).is_some()
    }

    #[test]
    fn the_prompt_tells_the_mode() {
        let prompts = modes(&[r"(?P<host>[\w-]+)>", r"(?P<host>[\w-]+)#", r"(?P<host>[\w-]+)\(.*\)#", "> "]);
        assert_eq!(mode(&prompts, "core-1>", "core-1#"), Some(1));
        assert_eq!(mode(&prompts, "core-1#", "core-1>"), Some(0));
        assert_eq!(mode(&prompts, "core-1>", "core-1(config)#"), Some(2));
        assert_eq!(mode(&prompts, "core-1>", "core-2#"), None);
        assert_eq!(mode(&prompts, "> ", ">"), Some(3));
        assert_eq!(mode(&prompts, "> ", "core-1>"), None);
    }

    #[test]
    fn the_mode_may_change_and_the_host_may_not() {
        let pattern = pattern(r"(?P<host>[\w-]+)(\([\w-]+\))?[>#]");
        for (line, same) in [
            ("core-1>", true),
            ("core-1#", true),
            ("core-1(config-if)#", true),
            ("core-2#", false),
            ("core-11#", false),
            ("a-core-1#", false),
            ("core-1#show run", false),
            ("core-1", false),
            ("x core-1#", false),
            ("", false),
        ] {
            assert_eq!(of(&pattern, "core-1>", line), same, "{line:?}");
        }
    }

    #[test]
    fn a_long_name_may_be_cut() {
        let pattern = pattern(r"(?P<host>[\w-]+)(\([\w-]+\))?[>#]");
        for (line, same) in [
            ("moscow-branch-17-access-switch-2#", true),
            ("moscow-branch-17-acc(config)#", true),
            ("moscow-branch-17-access-switch-3#", false),
            ("moscow-branch-1(config)#", false),
        ] {
            assert_eq!(of(&pattern, "moscow-branch-17-access-switch-2>", line), same, "{line:?}");
        }
    }

    #[test]
    fn a_known_host_is_told_from_the_view_behind_it() {
        let pattern = pattern(r"[<\[](?P<host>[^<>\[\]]+)(?:>|(?:-[^<>\[\]]+)?\])");
        for (line, same) in [
            ("<core-1>", true),
            ("[core-1]", true),
            ("[core-1-GigabitEthernet0/0/1]", true),
            ("<core-1-b>", false),
            ("[core-2-GigabitEthernet0/0/1]", false),
        ] {
            assert_eq!(of(&pattern, "<core-1>", line), same, "{line:?}");
        }
    }

    #[test]
    fn without_a_host_every_letter_counts() {
        let pattern = pattern(r".*[$#>] ?");
        assert!(of(&pattern, "root@box:~# ", "root@box:~#"));
        assert!(!of(&pattern, "root@box:~# ", "root@box:/tmp# "));
    }

    #[test]
    fn a_bracket_within_the_group_does_not_end_it() {
        let pattern = pattern(r"(?P<host>[^)\s]+(?:\.[a-z)]+)*)#");
        assert!(of(&pattern, "core.net#", "core.net#"));
    }

    #[test]
    fn bad_patterns_are_refused() {
        for (pattern, word) in [
            ("(?P<host>x", "unclosed"),
            ("(a(?P<host>x)b)#", "top level"),
            ("[z-a]", "range"),
            ("é[é]", "Unicode"),
        ] {
            let error = PromptPattern::compile(pattern).expect_err(pattern);
            assert!(error.contains(word), "{pattern}: {error}");
        }
    }
}
