//! Reading an inventory file.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use netsweep_shared::job::Transport;
use toml::de::{DeTable, DeValue};

use super::device::{Device, Group, Inventory};
use super::problems::{InventoryErrors, Problems, suggestion};
use super::range::{Pattern, addresses};
use super::values::{Reader, Settings, Value};

const SECTIONS: [&str; 3] = ["defaults", "groups", "devices"];
/// Keys that only a device has.
const DEVICE: [&str; 3] = ["name", "address", "groups"];
/// Keys that only a group has.
const GROUP: [&str; 1] = ["max_sessions"];

impl Inventory {
    /// Reads and checks the file at `path`; `platforms` are the names that it may use.
    ///
    /// # Errors
    /// Everything that is wrong with it, with its places.
    pub fn load(path: &Path, platforms: &[&str]) -> Result<Self, InventoryErrors> {
        let bytes = std::fs::read(path).map_err(|error| cannot_read(path, &error))?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let line = error.as_bytes()[..error.utf8_error().valid_up_to()]
                .iter()
                .filter(|byte| **byte == b'\n')
                .count();
            InventoryErrors::single(format!("{}:{}: not UTF-8 text", path.display(), line + 1))
        })?;
        parse(path, &text, platforms)
    }
}

fn cannot_read(path: &Path, error: &io::Error) -> InventoryErrors {
    let remedy = match error.kind() {
        io::ErrorKind::NotFound => {
            ": name your inventory with -i FILE, or make one; docs/reference.md has its keys"
        }
        _ => "",
    };
    InventoryErrors::single(format!("cannot read the inventory {}: {error}{remedy}", path.display()))
}

fn parse(path: &Path, text: &str, platforms: &[&str]) -> Result<Inventory, InventoryErrors> {
    let mut problems = Problems::new(path, text);
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let at = error.span().unwrap_or(0..0);
        problems.add(&at, error.message().replace('\n', ", "));
    }
    // What stands around a syntax error may have been misunderstood.
    let problems = problems.unless_any()?;
    let mut file = File {
        reader: Reader { problems, platforms },
        defaults: Settings::default(),
        groups: BTreeMap::new(),
        names: HashMap::new(),
        devices: Vec::new(),
    };
    file.read(root.get_ref());
    let File { reader, groups, devices, .. } = file;
    reader.problems.unless_any()?;
    let groups = groups.into_iter().map(|(name, group)| (name, group.own)).collect();
    Ok(Inventory { devices, groups, notices: Vec::new() })
}

struct File<'a> {
    reader: Reader<'a>,
    defaults: Settings,
    groups: BTreeMap<Arc<str>, GroupSection>,
    /// Where each device was first named.
    names: HashMap<Arc<str>, usize>,
    devices: Vec<Device>,
}

struct GroupSection {
    settings: Settings,
    own: Group,
}

impl File<'_> {
    fn read(&mut self, root: &DeTable<'_>) {
        for (key, value) in root {
            let name = key.get_ref().as_ref();
            if !SECTIONS.contains(&name) {
                let nearest = suggestion(name, SECTIONS);
                self.reader.problems.add(&key.span(), format!("unknown section {name:?}: {nearest}"));
            } else if name == "devices" && value.get_ref().as_array().is_none() {
                self.reader
                    .problems
                    .add(&key.span(), "devices must be written [[devices]], once for each entry");
            } else if name != "devices" && value.get_ref().as_table().is_none() {
                self.reader.problems.add(&key.span(), format!("{name} must be a table"));
            }
        }
        // In this order, whatever the file's: what comes later needs what comes first.
        if let Some(defaults) = root.get("defaults").and_then(|value| value.get_ref().as_table()) {
            self.defaults = self.reader.settings("[defaults]", defaults, &[]);
        }
        if let Some(groups) = root.get("groups").and_then(|value| value.get_ref().as_table()) {
            for (name, group) in groups {
                self.group(name.get_ref(), group);
            }
        }
        for device in root.get("devices").and_then(|value| value.get_ref().as_array()).into_iter().flatten() {
            self.entry(device);
        }
    }

    fn group(&mut self, name: &str, value: &Value<'_>) {
        let section = format!("[groups.{name}]");
        let DeValue::Table(table) = value.get_ref() else {
            return self.reader.problems.add(&value.span(), format!("{section} must be a table"));
        };
        let settings = self.reader.settings(&section, table, &GROUP);
        let limit = table.get("max_sessions");
        let max_sessions = limit.and_then(|value| self.reader.number("max_sessions", value, 1..=u32::MAX));
        self.groups.insert(name.into(), GroupSection { settings, own: Group { max_sessions } });
    }

    /// A `[[devices]]` entry: one device, or a range of them.
    fn entry(&mut self, value: &Value<'_>) {
        let DeValue::Table(table) = value.get_ref() else {
            return self.reader.problems.add(&value.span(), "each of devices must be a table");
        };
        let own = self.reader.settings("[[devices]]", table, &DEVICE);
        let groups = self.groups_of(table);
        let Some(name) = table.get("name") else {
            return self.reader.problems.add(&value.span(), "a [[devices]] entry without a name");
        };
        let Some(text) = self.reader.line("name", name) else { return };
        if text.is_empty() || text.contains(char::is_whitespace) {
            return self.reader.problems.add(&name.span(), "name must be one word");
        }
        let pattern = match text.parse::<Pattern>() {
            Ok(pattern) => pattern,
            Err(why) => return self.reader.problems.add(&name.span(), format!("name: {why}")),
        };
        let addresses = match table.get("address") {
            None => None,
            Some(address) => {
                let Some(text) = self.reader.line("address", address) else { return };
                match addresses(&text, pattern.count()) {
                    Ok(addresses) if addresses.iter().all(|address| !address.is_empty()) => Some(addresses),
                    Ok(_) => return self.reader.problems.add(&address.span(), "address must not be empty"),
                    Err(why) => return self.reader.problems.add(&address.span(), format!("address: {why}")),
                }
            }
        };
        let model = self.resolve(&own, groups, &value.span());
        for (number, device_name) in pattern.expand().enumerate() {
            let device_name: Arc<str> = device_name.into();
            let is_new = self.register(&device_name, &name.span());
            if let Some(model) = model.as_ref().filter(|_| is_new) {
                let address = addresses
                    .as_ref()
                    .map_or_else(|| Arc::clone(&device_name), |all| all[number].as_str().into());
                self.devices.push(Device { name: device_name, address, ..model.clone() });
            }
        }
    }

    /// Whether there is no other device of that name.
    fn register(&mut self, name: &Arc<str>, at: &Range<usize>) -> bool {
        match self.names.entry(Arc::clone(name)) {
            Entry::Vacant(entry) => {
                entry.insert(at.start);
                true
            }
            Entry::Occupied(first) => {
                let first = self.reader.problems.place(*first.get());
                self.reader.problems.add(at, format!("a second device {name:?}; the first is at {first}"));
                false
            }
        }
    }

    fn groups_of(&mut self, table: &DeTable<'_>) -> Vec<Arc<str>> {
        let Some(value) = table.get("groups") else { return Vec::new() };
        let names = self.reader.lines("groups", value).unwrap_or_default();
        let mut known = Vec::new();
        for name in names {
            match self.groups.get_key_value(name.as_str()) {
                Some((name, _)) if known.contains(name) => {
                    self.reader.problems.add(&value.span(), format!("group {name:?} is named twice"));
                }
                Some((name, _)) => known.push(Arc::clone(name)),
                None => {
                    let nearest = suggestion(&name, self.groups.keys().map(AsRef::as_ref));
                    self.reader.problems.add(&value.span(), format!("unknown group {name:?}: {nearest}"));
                }
            }
        }
        known
    }

    /// The device's own value wins, then its groups' in order, then the defaults. Without name and
    /// address.
    fn resolve(&mut self, own: &Settings, groups: Vec<Arc<str>>, at: &Range<usize>) -> Option<Device> {
        let levels: Vec<&Settings> = std::iter::once(own)
            .chain(groups.iter().map(|name| &self.groups[name].settings))
            .chain([&self.defaults])
            .collect();
        macro_rules! first {
            ($key:ident) => {
                levels.iter().find_map(|level| level.$key.clone())
            };
        }
        let mut vars = BTreeMap::new();
        for level in levels.iter().rev() {
            vars.extend(level.vars.iter().map(|(key, value)| (key.clone(), value.clone())));
        }
        let transport = first!(transport).unwrap_or(Transport::Ssh);
        let model = Device {
            name: "".into(),
            address: "".into(),
            port: first!(port).unwrap_or_else(|| transport.default_port()),
            transport,
            platform: first!(platform).unwrap_or_else(|| "".into()),
            username: first!(username).unwrap_or_else(|| "".into()),
            password: first!(password),
            enable_password: first!(enable_password),
            ssh_legacy: first!(ssh_legacy).unwrap_or(false),
            connect_timeout: first!(connect_timeout),
            command_timeout: first!(command_timeout),
            commands: first!(commands).unwrap_or_default(),
            unsupported: first!(unsupported),
            vars: Arc::new(vars),
            groups: groups.into(),
        };
        if model.platform.is_empty() {
            let message =
                "no platform: set it for the device, a group or in [defaults] (\"generic\" fits many)";
            self.reader.problems.add(at, message);
            return None;
        }
        if model.username.is_empty() && transport == Transport::Ssh {
            self.reader
                .problems
                .add(at, "no username: SSH needs one; set it for the device, a group or in [defaults]");
            return None;
        }
        Some(model)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLATFORMS: [&str; 2] = ["cisco_ios", "juniper_junos"];

    fn load(text: &str) -> Result<Inventory, String> {
        parse(Path::new("devices.toml"), text, &PLATFORMS).map_err(|errors| errors.to_string())
    }

    #[test]
    fn the_nearest_value_wins() {
        let inventory = load(
            r#"
            [defaults]
            platform = "cisco_ios"
            username = "default"
            port = 1
            vars = { a = "default", b = "default", c = 3 }
            [groups.first]
            username = "first"
            port = 2
            vars = { a = "first", b = "first" }
            max_sessions = 7
            [groups.second]
            username = "second"
            transport = "telnet"
            [[devices]]
            name = "both"
            groups = ["first", "second"]
            port = 3
            vars = { a = "own" }
            [[devices]]
            name = "none"
            address = "192.0.2.1"
            "#,
        )
        .expect("it is good");
        let both = &inventory.devices[0];
        assert_eq!((&*both.username, both.port, both.transport), ("first", 3, Transport::Telnet));
        assert_eq!(&*both.address, "both");
        let vars: Vec<_> = both.vars.iter().map(|(key, value)| format!("{key}={value}")).collect();
        assert_eq!(vars, ["a=own", "b=first", "c=3"]);
        let none = &inventory.devices[1];
        assert_eq!((&*none.username, none.port, none.transport), ("default", 1, Transport::Ssh));
        assert_eq!(inventory.groups["first"].max_sessions, Some(7));
    }

    #[test]
    fn an_entry_may_stand_for_many() {
        let inventory = load(
            "[defaults]\nplatform = \"cisco_ios\"\nusername = \"a\"\n[[devices]]\nname = \"leaf-[01-48]\"\naddress = \"10.0.0.0/24\"\n",
        )
        .expect("it is good");
        assert_eq!(inventory.devices.len(), 48);
        assert_eq!(&*inventory.devices[47].name, "leaf-48");
        assert_eq!(&*inventory.devices[47].address, "10.0.0.48");
        assert_eq!(inventory.devices[47].port, 22);
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once_with_its_place() {
        let errors = load(
            r#"[default]
[defaults]
platform = "cisco_io"
username = "a"
connect_timeout = "soon"
[groups.core]
max_sesions = 3
[[devices]]
name = "core-1"
port = 70000
groups = ["cor"]
[[devices]]
name = "core-1"
transport = "tellnet"
password = { evn = "X" }
[[devices]]
address = "192.0.2.1"
[[devices]]
name = "x[2-1]"
[[devices]]
name = "y"
commands = ["show\nreload"]
"#,
        )
        .expect_err("it is bad");
        insta::assert_snapshot!(errors, @r#"
        devices.toml:1:2: unknown section "default": did you mean "defaults"?
        devices.toml:3:12: unknown platform "cisco_io": did you mean "cisco_ios"?
        devices.toml:5:19: connect_timeout must be a time, such as "30s" or "2m"
        devices.toml:7:1: unknown key "max_sesions" in [groups.core]: did you mean "max_sessions"?
        devices.toml:10:8: port must be a whole number from 1 to 65535
        devices.toml:11:10: unknown group "cor": did you mean "core"?
        devices.toml:13:8: a second device "core-1"; the first is at devices.toml:9
        devices.toml:14:13: unknown transport "tellnet": did you mean "telnet"?
        devices.toml:15:12: password must be text in quotes, { env = "…" }, { file = "…" }, { command = ["…"] } or { prompt = true }
        devices.toml:16:1: a [[devices]] entry without a name
        devices.toml:19:8: name: [2-1] is no range: 2 is more than 1
        devices.toml:22:13: each of commands must be one line without control characters
        12 errors; nothing was started
        "#);
    }

    #[test]
    fn broken_toml_has_its_place() {
        let errors = load("[defaults]\nplatform = \n").expect_err("it is broken");
        assert!(errors.starts_with("devices.toml:2:"), "{errors}");
    }
}
