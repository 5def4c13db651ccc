//! What the sections say of one host.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::hop::HopName;
use crate::home;

/// A configuration, read once. The default says nothing of any host.
#[derive(Clone, Debug, Default)]
pub struct SshConfig {
    /// In the order of the file.
    pub(super) sections: Vec<Section>,
    /// What a person should know of it, though it is no error.
    pub notices: Vec<String>,
}

/// What is said of a host; nothing of what is `None` or empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostSays {
    /// `HostName`: where it really is.
    pub host_name: Option<Arc<str>>,
    /// `User`.
    pub user: Option<Arc<str>>,
    /// `Port`.
    pub port: Option<u16>,
    /// `IdentityFile`s, with `~` and tokens as they were written.
    pub identity_files: Vec<Arc<str>>,
    /// `ProxyJump`; empty where it is `none`.
    pub proxy_jump: Option<Arc<[HopName]>>,
}

/// Lines that hold for the hosts on which all of `scope` agree.
#[derive(Clone, Debug)]
pub(super) struct Section {
    pub(super) scope: Vec<Condition>,
    pub(super) says: HostSays,
}

#[derive(Clone, Debug)]
pub(super) enum Condition {
    /// The name by which the host was asked for.
    Alias(Vec<Pattern>),
    /// Its `HostName` as far as it is known.
    Host(Vec<Pattern>),
    /// Something that is not known here.
    Never,
}

/// `*` and `?` stand for any text and any character (ssh_config(5), PATTERNS).
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    pub(super) negated: bool,
    pub(super) glob: String,
}

impl SshConfig {
    /// What is said of the host that is asked for as `alias`. Of everything but identity files the
    /// first value counts.
    pub fn of(&self, alias: &str) -> HostSays {
        let mut found = HostSays::default();
        for section in &self.sections {
            let host = found.host_name.as_deref().unwrap_or(alias);
            if section.scope.iter().all(|condition| condition.holds(alias, host)) {
                let host_name =
                    || Some(with_tokens(section.says.host_name.as_deref()?, &[('h', alias)]).into());
                found.host_name = found.host_name.take().or_else(host_name);
                found.add(&section.says);
            }
        }
        found
    }
}

impl HostSays {
    fn add(&mut self, other: &Self) {
        self.user = self.user.take().or_else(|| other.user.clone());
        self.port = self.port.or(other.port);
        self.identity_files.extend(other.identity_files.iter().cloned());
        self.proxy_jump = self.proxy_jump.take().or_else(|| other.proxy_jump.clone());
    }

    /// The first of the identity files that is there, for `user` on the host `alias`. As OpenSSH
    /// does it, those that are missing are passed over.
    pub fn identity_file(&self, alias: &str, user: &str) -> Option<PathBuf> {
        let host = self.host_name.as_deref().unwrap_or(alias);
        let home = home::home().unwrap_or_default();
        let tokens = [('d', &*home.to_string_lossy()), ('h', host), ('n', alias), ('r', user)];
        let mut files = self.identity_files.iter().filter(|file| !file.eq_ignore_ascii_case("none"));
        files.find_map(|file| {
            let path = home::expand(Path::new(&with_tokens(file, &tokens)));
            std::path::absolute(path).ok().filter(|path| path.is_file())
        })
    }
}

/// `text` with `%` and a letter replaced by what it stands for. Unknown ones are left.
fn with_tokens(text: &str, tokens: &[(char, &str)]) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c != '%' {
            result.push(c);
            continue;
        }
        match rest.next() {
            Some('%') => result.push('%'),
            Some(letter) => match tokens.iter().find(|(token, _)| *token == letter) {
                Some((_, value)) => result.push_str(value),
                None => result.extend(['%', letter]),
            },
            None => result.push('%'),
        }
    }
    result
}

impl Condition {
    fn holds(&self, alias: &str, host: &str) -> bool {
        match self {
            Self::Alias(patterns) => any(patterns, alias),
            Self::Host(patterns) => any(patterns, host),
            Self::Never => false,
        }
    }
}

/// Whether one of `patterns` matches `name` and none of the negated ones.
fn any(patterns: &[Pattern], name: &str) -> bool {
    let matches = |negated: bool| {
        patterns.iter().any(|pattern| pattern.negated == negated && glob_matches(&pattern.glob, name))
    };
    matches(false) && !matches(true)
}

/// Linear in `text` for each `*`: on a mismatch the last `*` takes one character more.
pub(super) fn glob_matches(glob: &str, text: &str) -> bool {
    let (glob, text) = (glob.as_bytes(), text.as_bytes());
    let (mut at, mut seen) = (0, 0);
    let mut star = None;
    while seen < text.len() {
        match glob.get(at) {
            Some(b'*') => {
                star = Some((at, seen));
                at += 1;
            }
            Some(byte) if *byte == b'?' || *byte == text[seen] => {
                at += 1;
                seen += 1;
            }
            _ => match star {
                Some((star_at, taken)) => {
                    star = Some((star_at, taken + 1));
                    at = star_at + 1;
                    seen = taken + 1;
                }
                None => return false,
            },
        }
    }
    glob[at..].iter().all(|byte| *byte == b'*')
}
