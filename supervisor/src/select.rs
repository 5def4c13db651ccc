//! `--limit`: which devices of the inventory.

use std::collections::BTreeSet;
use std::fmt;

use globset::{Glob, GlobMatcher};

use crate::inventory::{Device, Inventory, suggestion};

/// A parsed expression: an "or" of "and"s.
#[derive(Clone, Debug)]
pub struct Limit(Vec<Vec<Term>>);

#[derive(Clone, Debug)]
struct Term {
    negated: bool,
    test: Test,
}

#[derive(Clone, Debug)]
enum Test {
    Name(GlobMatcher),
    Group(String),
    Platform(GlobMatcher),
    Transport(String),
    Var(String, GlobMatcher),
}

/// An expression that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitError {
    expression: String,
    /// From 1, in characters.
    place: usize,
    message: String,
}

impl fmt::Display for LimitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "--limit {:?}, at character {}: {}", self.expression, self.place, self.message)
    }
}

impl std::error::Error for LimitError {}

impl Limit {
    /// Parses `text`: name globs, `group:NAME`, `platform:NAME`, `transport:NAME`, `KEY=VALUE`, joined
    /// by `,` (or), `&` (and, binds tighter) and `!` (not). Groups, platforms and variables must be
    /// those of `inventory`: a mistyped one would silently select nothing, or after `!` everything.
    pub fn parse(text: &str, inventory: &Inventory) -> Result<Self, LimitError> {
        let mut place = 0;
        let mut any = Vec::new();
        for alternative in text.split(',') {
            let mut all = Vec::new();
            for term in alternative.split('&') {
                let blanks = term.len() - term.trim_start().len();
                let error = |message| LimitError {
                    expression: text.to_owned(),
                    place: text[..(place + blanks).min(text.len())].chars().count() + 1,
                    message,
                };
                all.push(Term::parse(term.trim(), inventory).map_err(error)?);
                place += term.len() + 1;
            }
            any.push(all);
        }
        Ok(Self(any))
    }

    /// Whether the expression selects `device`.
    pub fn matches(&self, device: &Device) -> bool {
        self.0.iter().any(|all| all.iter().all(|term| term.test.holds(device) != term.negated))
    }
}

impl Term {
    fn parse(text: &str, inventory: &Inventory) -> Result<Self, String> {
        if let Some(rest) = text.strip_prefix('!') {
            let inner = Self::parse(rest.trim_start(), inventory)?;
            return Ok(Self { negated: !inner.negated, ..inner });
        }
        Ok(Self { negated: false, test: Test::parse(text, inventory)? })
    }
}

impl Test {
    fn parse(text: &str, inventory: &Inventory) -> Result<Self, String> {
        if text.is_empty() {
            return Err("a name, group:NAME, platform:NAME or KEY=VALUE is missing here".into());
        }
        if text.starts_with('(') {
            return Err("there are no parentheses: & binds tighter than the comma".into());
        }
        if let Some((key, value)) = text.split_once('=') {
            let key = key.trim();
            let vars = inventory.devices.iter().map(|device| &device.vars);
            if !vars.clone().any(|vars| vars.get(key).is_some()) {
                let keys: BTreeSet<&str> = vars.flat_map(|vars| vars.iter().map(|(key, _)| key)).collect();
                return Err(format!("no device has a variable {key:?}: {}", suggestion(key, keys)));
            }
            return Ok(Self::Var(key.to_owned(), glob(value.trim())?));
        }
        match text.split_once(':') {
            Some(("group", name)) if inventory.groups.contains_key(name) => Ok(Self::Group(name.to_owned())),
            Some(("group", name)) => {
                let nearest = suggestion(name, inventory.groups.keys().map(AsRef::as_ref));
                Err(format!("there is no group {name:?}: {nearest}"))
            }
            Some(("platform", name)) => {
                let platform = glob(name)?;
                let platforms = inventory.devices.iter().map(|device| &*device.platform);
                if !platforms.clone().any(|known| platform.is_match(known)) {
                    let nearest = suggestion(name, platforms.collect::<BTreeSet<_>>());
                    return Err(format!("no device has the platform {name:?}: {nearest}"));
                }
                Ok(Self::Platform(platform))
            }
            Some(("transport", name @ ("ssh" | "telnet"))) => Ok(Self::Transport(name.to_owned())),
            Some(("transport", name)) => {
                Err(format!("there is no transport {name:?}: {}", suggestion(name, ["ssh", "telnet"])))
            }
            Some((word @ ("groups" | "grp" | "platforms" | "transports"), _)) => {
                Err(format!("{word:?}: {}", suggestion(word, ["group", "platform", "transport"])))
            }
            _ => Ok(Self::Name(glob(text)?)),
        }
    }

    fn holds(&self, device: &Device) -> bool {
        match self {
            Self::Name(glob) => glob.is_match(&*device.name),
            Self::Group(name) => device.groups.iter().any(|group| **group == **name),
            Self::Platform(glob) => glob.is_match(&*device.platform),
            Self::Transport(name) => device.route().transport.as_str() == name,
            Self::Var(key, glob) => device.vars.get(key).is_some_and(|value| glob.is_match(value)),
        }
    }
}

fn glob(text: &str) -> Result<GlobMatcher, String> {
    Glob::new(text).map(|glob| glob.compile_matcher()).map_err(|error| format!("{text:?}: {}", error.kind()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inventory() -> Inventory {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let text = r#"
            [defaults]
            platform = "cisco_ios"
            username = "a"
            [groups.core]
            vars = { site = "msk" }
            [groups.branch]
            transport = "telnet"
            platform = "juniper_junos"
            [[devices]]
            name = "core-[1-3]"
            groups = ["core"]
            [[devices]]
            name = "branch-[1-2]"
            groups = ["branch"]
            vars = { site = "spb", role = "edge" }
        "#;
        std::fs::write(file.path(), text).expect("written");
        Inventory::load(file.path(), &["cisco_ios", "juniper_junos"], None).expect("it is good")
    }

    #[test]
    fn expressions() {
        let inventory = inventory();
        let select = |text: &str| {
            let limit = Limit::parse(text, &inventory).expect("it parses");
            let names: Vec<_> =
                inventory.devices.iter().filter(|device| limit.matches(device)).map(|d| &*d.name).collect();
            names.join(" ")
        };
        assert_eq!(select("core-1"), "core-1");
        assert_eq!(select("core-[12], branch-2"), "core-1 core-2 branch-2");
        assert_eq!(select("group:core & !core-2"), "core-1 core-3");
        assert_eq!(select("platform:juniper*"), "branch-1 branch-2");
        assert_eq!(select("transport:telnet&*-1"), "branch-1");
        assert_eq!(select("site=msk"), "core-1 core-2 core-3");
        assert_eq!(select("site=*,role=edge"), "core-1 core-2 core-3 branch-1 branch-2");
        assert_eq!(select("!group:core"), "branch-1 branch-2");
        assert_eq!(select("!!core-1"), "core-1");
        assert_eq!(select("edge-*"), "");
    }

    #[test]
    fn what_cannot_be_understood_is_told_with_its_place() {
        let inventory = inventory();
        let error = |text: &str| Limit::parse(text, &inventory).expect_err("it is bad").to_string();
        assert_eq!(
            error("core-1, group:cor"),
            r#"--limit "core-1, group:cor", at character 9: there is no group "cor": did you mean "core"?"#
        );
        assert!(error("core-1 &").contains("at character 9: a name"), "{}", error("core-1 &"));
        assert!(error("").contains("at character 1"));
        assert!(error("transport:shh").contains("did you mean \"ssh\"?"));
        assert!(error("platform:cisco_io").ends_with("did you mean \"cisco_ios\"?"));
        assert!(error("!sites=msk").ends_with("no device has a variable \"sites\": did you mean \"site\"?"));
        assert!(error("(core-1").contains("no parentheses"));
        assert!(error("core-[1").contains("core-[1"));
    }
}
