//! Platforms: those that are built in, the files of `platforms/`, and the user's own.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use anyhow::{Context, Result, ensure};
use netsweep_shared::platform::Platform;
use netsweep_worker::platform::CompiledPlatform;
use regex::bytes::{RegexSet, RegexSetBuilder};

use crate::home::home;

/// Name and text of each file that is built in.
const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/platforms.rs"));

/// Definitions by name.
#[derive(Clone, Debug)]
pub struct Platforms(BTreeMap<String, Defined>);

/// A platform and where it is from.
#[derive(Clone, Debug)]
pub struct Defined {
    /// What it says.
    pub platform: Platform,
    /// The file's text.
    pub text: Cow<'static, str>,
    /// The file; none where it is built in.
    pub file: Option<PathBuf>,
    /// Others of the same name that it stands in for.
    pub overrides: usize,
}

static BUILT_IN: LazyLock<Platforms> = LazyLock::new(|| {
    let read = |(name, text): &(&str, &'static str)| {
        let platform = parse(name, text).unwrap_or_else(|error| panic!("platforms/{name}.toml: {error}"));
        let defined = Defined { platform, text: Cow::Borrowed(text), file: None, overrides: 0 };
        ((*name).to_owned(), defined)
    };
    Platforms(FILES.iter().map(read).collect())
});

fn parse(name: &str, text: &str) -> Result<Platform, toml::de::Error> {
    let platform: Platform = toml::from_str(text)?;
    Ok(Platform { name: name.to_owned(), ..platform })
}

impl Platforms {
    /// Those of this build. The tests see to it that all of them can be read.
    pub fn builtin() -> &'static Self {
        &BUILT_IN
    }

    /// Those of this build, with those in the user's configuration directory
    /// (`$XDG_CONFIG_HOME/netsweep/platforms`, by default under `~/.config`), and before both those in
    /// `directory`. One of the same name stands in for the other.
    ///
    /// # Errors
    /// Everything that is wrong with the files, with their places.
    pub fn load(directory: Option<&Path>) -> Result<Self> {
        let mut platforms = Self::builtin().clone();
        let mut wrong = vec![];
        if let Some(own) = own_directory().filter(|own| own.is_dir()) {
            platforms.add_all(&own, &mut wrong)?;
        }
        if let Some(directory) = directory {
            platforms.add_all(directory, &mut wrong)?;
        }
        ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
        Ok(platforms)
    }

    fn add_all(&mut self, directory: &Path, wrong: &mut Vec<String>) -> Result<()> {
        let unreadable = || format!("cannot read the platforms in {}", directory.display());
        let entries = fs::read_dir(directory).with_context(unreadable)?;
        let mut files =
            entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>().with_context(unreadable)?;
        files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
        files.sort();
        for file in files {
            if let Err(why) = self.add(&file) {
                wrong.push(why);
            }
        }
        Ok(())
    }

    fn add(&mut self, file: &Path) -> Result<(), String> {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let place = file.display();
        let text = match fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::InvalidData => {
                return Err(format!("{place}: not UTF-8 text"));
            }
            Err(error) => return Err(format!("{place}: {error}")),
        };
        let platform = parse(&name, &text).map_err(|error| {
            let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
            format!("{place}:{line}: {}", error.message().replace('\n', ", "))
        })?;
        // Found out now, and not by every worker.
        CompiledPlatform::compile(&platform).map_err(|error| {
            let reason: Vec<_> = error.reason.split_whitespace().collect();
            format!("{place}: {}: {}", error.key, reason.join(" "))
        })?;
        let overrides = self.0.get(&name).map_or(0, |other| other.overrides + 1);
        let defined = Defined { platform, text: text.into(), file: Some(file.to_owned()), overrides };
        self.0.insert(name, defined);
        Ok(())
    }

    /// All names, sorted.
    pub fn names(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }

    /// The definition of that name.
    pub fn get(&self, name: &str) -> Option<&Platform> {
        self.0.get(name).map(|defined| &defined.platform)
    }

    /// All of them with where they are from, by name.
    pub fn all(&self) -> &BTreeMap<String, Defined> {
        &self.0
    }

    /// What tells the read-only commands of a platform.
    pub fn read_only(&self, name: &str) -> ReadOnly {
        let patterns = self.get(name).map(|platform| platform.read_only.as_slice()).unwrap_or_default();
        let patterns: Vec<_> = patterns.iter().map(|pattern| format!("^(?:{pattern})$")).collect();
        let compile = |unicode| RegexSetBuilder::new(&patterns).unicode(unicode).build();
        // Without Unicode's tables, which hardly a pattern needs, in a fraction of the time. One that does not compile
        // either way allows nothing; the worker refuses the platform anyway.
        ReadOnly(compile(false).or_else(|_| compile(true)).unwrap_or_default())
    }
}

/// Where the user keeps platforms.
fn own_directory() -> Option<PathBuf> {
    let configuration =
        std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    Some(configuration.or_else(|| Some(home()?.join(".config")))?.join("netsweep/platforms"))
}

/// Knows which commands only read.
#[derive(Debug)]
pub struct ReadOnly(RegexSet);

impl ReadOnly {
    /// Whether `command` is known to change nothing on the device.
    pub fn allows(&self, command: &str) -> bool {
        self.0.is_match(command.trim().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(files: &[(&str, &str)]) -> Result<Platforms, String> {
        let folder = tempfile::tempdir().expect("a directory");
        for (name, text) in files {
            fs::write(folder.path().join(name), text).expect("written");
        }
        Platforms::load(Some(folder.path()))
            .map_err(|error| format!("{error:#}").replace(&format!("{}/", folder.path().display()), ""))
    }

    #[test]
    fn a_directory_adds_and_stands_in() {
        let own = "description = \"mine\"\nmodes = [{ name = \"only\", prompt = \"> \" }]\n";
        let platforms =
            load(&[("cisco_ios.toml", own), ("northwind.toml", own), ("README", "")]).expect("good");
        assert_eq!(platforms.get("northwind").map(|platform| &*platform.description), Some("mine"));
        let ios = &platforms.all()["cisco_ios"];
        assert_eq!((&*ios.platform.description, &*ios.text, ios.overrides), ("mine", own, 1));
        assert!(platforms.get("juniper_junos").is_some());
    }

    #[test]
    fn everything_that_is_wrong_is_told_with_its_place() {
        let errors = load(&[
            ("a.toml", "description = \"a\"\npromt = \"x\"\n"),
            ("b.toml", "description = \"b\"\nmodes = []\n"),
            ("c.toml", "description = \"c\"\nmodes = [{ name = \"m\", prompt = \"(\" }]\n"),
        ])
        .expect_err("bad");
        let lines: Vec<_> = errors.lines().collect();
        assert_eq!(lines.len(), 3, "{errors}");
        assert!(lines[0].starts_with("a.toml:2: ") && lines[0].contains("promt"), "{errors}");
        assert!(lines[1].starts_with("b.toml: modes: "), "{errors}");
        assert!(lines[2].starts_with("c.toml: modes[0].prompt: "), "{errors}");
        assert!(
            Platforms::load(Some(Path::new("/no/such")))
                .is_err_and(|error| error.to_string().contains("/no/such"))
        );
    }

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
