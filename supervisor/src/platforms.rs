//! The platforms that are built in: the files of `platforms/`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use netsweep_shared::platform::Platform;
use regex::RegexSet;

/// Name and text of each file.
const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/platforms.rs"));

/// Definitions by name.
#[derive(Debug)]
pub struct Platforms(BTreeMap<String, Platform>);

static BUILT_IN: LazyLock<Platforms> = LazyLock::new(|| {
    let read = |(name, text): &(&str, &str)| {
        let mut platform: Platform =
            toml::from_str(text).unwrap_or_else(|error| panic!("platforms/{name}.toml: {error}"));
        platform.name = (*name).to_owned();
        ((*name).to_owned(), platform)
    };
    Platforms(FILES.iter().map(read).collect())
});

impl Platforms {
    /// Those of this build. The tests see to it that all of them can be read.
    pub fn builtin() -> &'static Self {
        &BUILT_IN
    }

    /// All names, sorted.
    pub fn names(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }

    /// The definition of that name.
    pub fn get(&self, name: &str) -> Option<&Platform> {
        self.0.get(name)
    }

    /// What tells the read-only commands of a platform.
    pub fn read_only(&self, name: &str) -> ReadOnly {
        let patterns = self.get(name).map(|platform| platform.read_only.as_slice()).unwrap_or_default();
        let patterns = patterns.iter().map(|pattern| format!("^(?:{pattern})$"));
        // A pattern that does not compile allows nothing; the worker refuses the platform anyway.
        ReadOnly(RegexSet::new(patterns).unwrap_or_default())
    }
}

/// Knows which commands only read.
#[derive(Debug)]
pub struct ReadOnly(RegexSet);

impl ReadOnly {
    /// Whether `command` is known to change nothing on the device.
    pub fn allows(&self, command: &str) -> bool {
        self.0.is_match(command.trim())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_platform_can_be_read() {
        let platforms = Platforms::builtin();
        assert!(platforms.names().len() >= 6, "{:?}", platforms.names());
        for name in platforms.names() {
            let platform = platforms.get(name).expect("it is named");
            assert_eq!(platform.name, name);
            assert!(!platform.description.is_empty(), "{name}");
            RegexSet::new(&platform.read_only).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }

    #[test]
    fn commands_that_only_read() {
        let cases: [(&str, &[&str], &[&str]); 5] = [
            (
                "cisco_ios",
                &["show version", "sh ip route | include 10.0", "ping 192.0.2.1", "show run | i ntp | e key"],
                &[
                    "show run | redirect flash:x",
                    "show run | tee x",
                    "reload",
                    "configure terminal",
                    "showreload",
                ],
            ),
            (
                "arista_eos",
                &["show version | json", "show run | grep ntp"],
                &["show run > flash:x", "bash rm -rf /"],
            ),
            (
                "juniper_junos",
                &["show version | display xml | no-more"],
                &["show log | save x", "request system reboot"],
            ),
            (
                "huawei_vrp",
                &["display version", "dis cur | include ntp"],
                &["display cur > x", "reboot", "save"],
            ),
            ("linux", &["uptime", "uname -a"], &["ls", "uptime; reboot", "show version"]),
        ];
        for (platform, reads, others) in cases {
            let read_only = Platforms::builtin().read_only(platform);
            for command in reads {
                assert!(read_only.allows(command), "{platform}: {command}");
            }
            for command in others {
                assert!(!read_only.allows(command), "{platform}: {command}");
            }
        }
    }
}
