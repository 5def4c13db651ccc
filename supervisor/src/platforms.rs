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
        let cases: &[(&str, &[&str], &[&str])] = &[
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
            (
                "cisco_xe",
                &["show version", "sh run | sec bgp", "show sdwan bfd sessions | tab"],
                &["show run | redirect flash:x", "show sdwan running-config | save x", "write memory"],
            ),
            (
                "cisco_asa",
                &["show run | grep nat", "terminal pager 0"],
                &["show tech | redirect disk0:x", "show tech | append disk0:x", "changeto context x"],
            ),
            (
                "mikrotik_routeros",
                &["/ip/address/print detail", "ip route print where active", "/export terse"],
                &[
                    "/export file=x",
                    "/ip address print file=x",
                    "/ip address print; /system reboot",
                    "/ip address print where name=[/system reboot]",
                    "/ip address remove 0",
                ],
            ),
            (
                "nokia_sros",
                &["show router bgp summary | match pe-2", "//show version", "admin display-config"],
                &["show version > cf3:x", "info | file x", "admin save", "admin reboot"],
            ),
            (
                "dell_os10",
                &["show version | no-more", "show run | grep ntp"],
                &["show run | save x", "system \"ls\"", "write memory"],
            ),
            (
                "extreme_exos",
                &["show ports no-refresh", "show configuration | include vlan"],
                &["show configuration > x", "save configuration", "reboot"],
            ),
            (
                "fortinet_fortios",
                &["get system status | grep Version", "show system interface", "diag ip arp list"],
                &["diagnose sys session clear", "execute reboot", "config system global"],
            ),
            (
                "paloalto_panos",
                &["show system info | match hostname", "set cli config-output-format set"],
                &["set deviceconfig system hostname x", "request restart system", "debug dataplane reset"],
            ),
            (
                "vyos",
                &["show configuration commands | match 'ntp server' | no-more", "run show version"],
                &["show version > x", "show version | tee x", "show $(reboot)", "show version; reboot"],
            ),
        ];
        for (platform, reads, others) in cases {
            let read_only = Platforms::builtin().read_only(platform);
            for command in *reads {
                assert!(read_only.allows(command), "{platform}: {command}");
            }
            for command in *others {
                assert!(!read_only.allows(command), "{platform}: {command}");
            }
        }
    }
}
