//! Which hosts a line of `known_hosts` is about (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT").

use base64ct::{Base64, Encoding};
use globset::{GlobBuilder, GlobMatcher};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

/// What a hashed name begins with.
const HASHED: &str = "|1|";

/// The first field of a line.
#[derive(Debug)]
pub(super) enum Hosts {
    /// Names as they stand, in lower case.
    Names(Vec<String>),
    /// Patterns with `*`, `?` and `!`.
    Patterns(Vec<(bool, GlobMatcher)>),
    /// A name that only shows whether another is the same.
    Hashed { salt: Vec<u8>, hash: Vec<u8> },
}

impl Hosts {
    /// Reads the field; `None` where it is malformed.
    pub(super) fn parse(field: &str) -> Option<Self> {
        if let Some(hashed) = field.strip_prefix(HASHED) {
            let (salt, hash) = hashed.split_once('|')?;
            let (salt, hash) = (Base64::decode_vec(salt).ok()?, Base64::decode_vec(hash).ok()?);
            return (hash.len() == 20).then_some(Self::Hashed { salt, hash });
        }
        let names = field.split(',').filter(|name| !name.is_empty()).map(str::to_lowercase);
        let names: Vec<String> = names.collect();
        if names.is_empty() {
            return None;
        }
        if !names.iter().any(|name| name.starts_with('!') || name.contains(['*', '?'])) {
            return Some(Self::Names(names));
        }
        let patterns = names.iter().map(|name| {
            let negated = name.starts_with('!');
            // Brackets stand for themselves: `[host]:port`.
            let pattern = name.trim_start_matches('!').replace('[', "[[]");
            let glob = GlobBuilder::new(&pattern).literal_separator(false).backslash_escape(false).build();
            Some((negated, glob.ok()?.compile_matcher()))
        });
        patterns.collect::<Option<_>>().map(Self::Patterns)
    }

    /// Whether the line is about `name`, which is in lower case.
    pub(super) fn has(&self, name: &str) -> bool {
        match self {
            Self::Names(names) => names.iter().any(|known| known == name),
            Self::Patterns(patterns) => {
                let is_in =
                    |negated| patterns.iter().any(|(not, glob)| *not == negated && glob.is_match(name));
                is_in(false) && !is_in(true)
            }
            Self::Hashed { salt, hash } => digest(salt, name).is_some_and(|digest| digest == *hash),
        }
    }
}

/// `name` as a hashed field, with this salt.
pub(super) fn hashed(name: &str, salt: &[u8; 20]) -> Option<String> {
    let hash = digest(salt, name)?;
    Some(format!("{HASHED}{}|{}", Base64::encode_string(salt), Base64::encode_string(&hash)))
}

fn digest(salt: &[u8], name: &str) -> Option<Vec<u8>> {
    let mut hmac = Hmac::<Sha1>::new_from_slice(salt).ok()?;
    hmac.update(name.as_bytes());
    Some(hmac.finalize().into_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(field: &str, name: &str) -> bool {
        Hosts::parse(field).expect("it can be read").has(name)
    }

    #[test]
    fn names_patterns_and_exceptions() {
        for (field, name, expected) in [
            ("core-1,192.0.2.1", "192.0.2.1", true),
            ("Core-1", "core-1", true),
            ("core-1", "core-11", false),
            ("*.example.net", "core-1.example.net", true),
            ("*.example.net,!core-1.example.net", "core-1.example.net", false),
            ("192.0.2.?", "192.0.2.7", true),
            ("192.0.2.?", "192.0.2.77", false),
            ("[core-1]:2222", "[core-1]:2222", true),
            ("[core-*]:2222", "[core-1]:2222", true),
            ("[core-*]:2222", "[core-1]:22", false),
            ("!core-1", "core-2", false),
        ] {
            assert_eq!(has(field, name), expected, "{field} {name}");
        }
    }

    #[test]
    fn hashed_names_are_openssh_s() {
        // Made by `ssh-keygen -H` of 127.0.0.1.
        let field = hashed("127.0.0.1", &[7; 20]).expect("hashes");
        assert!(has(&field, "127.0.0.1"));
        assert!(!has(&field, "127.0.0.2"));
    }

    #[test]
    fn what_is_malformed_is_told() {
        for field in ["", ",", "|1|x", "|1|!!|!!", "|1|AAAA|AAAA"] {
            assert!(Hosts::parse(field).is_none(), "{field:?}");
        }
    }
}
