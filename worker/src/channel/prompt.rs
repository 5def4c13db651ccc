//! The prompt, learned at login.

use regex::bytes::Regex;

/// What a session's prompts look like: the platform's pattern, and the part that does not
/// change while it lasts.
#[derive(Debug)]
pub struct Prompt<'a> {
    pattern: &'a Regex,
    /// What the group `host` captured; `None` where the pattern has no such group.
    host: Option<Vec<u8>>,
}

impl<'a> Prompt<'a> {
    /// Learns from `line`, if `pattern` takes it for a prompt.
    pub fn learn(pattern: &'a Regex, line: &[u8]) -> Option<Self> {
        let captures = pattern.captures(line)?;
        Some(Self { pattern, host: captures.name("host").map(|host| host.as_bytes().to_vec()) })
    }

    /// Where in `line` the prompt begins, if it ends with one.
    pub fn find(&self, line: &[u8]) -> Option<usize> {
        let captures = self.pattern.captures(line)?;
        let group = |name| captures.name(name).map(|group| group.as_bytes());
        let same = match (&self.host, group("view")) {
            (Some(host), Some(view)) => view.starts_with(host),
            (host, _) => group("host") == host.as_deref(),
        };
        same.then(|| captures.get(0).map_or(0, |prompt| prompt.start()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mode_may_change_and_the_host_may_not() {
        let pattern = Regex::new(r"^(?P<host>[\w.-]+)(\([^)]*\))?[>#]\s*$").expect("a pattern");
        assert!(Prompt::learn(&pattern, b"Welcome to core-1").is_none());
        let prompt = Prompt::learn(&pattern, b"core-1>").expect("a prompt");
        for same in ["core-1>", "core-1#", "core-1(config-if)# "] {
            assert_eq!(prompt.find(same.as_bytes()), Some(0), "{same}");
        }
        for other in ["core-2#", "core-1# show run", "x core-1#", ""] {
            assert_eq!(prompt.find(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn a_view_begins_with_the_host() {
        let pattern = Regex::new(r"^(<(?P<host>\S+)>|\[[*~]?(?P<view>\S+)\])$").expect("a pattern");
        let prompt = Prompt::learn(&pattern, b"<SW-1>").expect("a prompt");
        for same in ["<SW-1>", "[SW-1]", "[*SW-1-GE0/0/1]"] {
            assert_eq!(prompt.find(same.as_bytes()), Some(0), "{same}");
        }
        for other in ["<SW-2>", "[SW-2]"] {
            assert_eq!(prompt.find(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn a_prompt_may_stand_behind_output_without_a_line_end() {
        let pattern = Regex::new(r"netsweep\$ $").expect("a pattern");
        let prompt = Prompt::learn(&pattern, b"netsweep$ ").expect("a prompt");
        assert_eq!(prompt.find(b"abcnetsweep$ "), Some(3));
    }
}
