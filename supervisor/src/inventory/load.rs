//! Reading an inventory file.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use netsweep_shared::job::{Mode, Route, Transport};
use toml::de::{DeTable, DeValue};

use super::device::{Device, Group, Inventory};
use super::jumps::{self, Said};
use super::problems::{InventoryErrors, Problems, suggestion};
use super::range::{Pattern, addresses};
use super::values::{Reader, Settings, Value};
use crate::secrets::Credentials;
use crate::ssh_config::SshConfig;

const SECTIONS: [&str; 3] = ["defaults", "groups", "devices"];
/// Keys that only a device has.
const DEVICE: [&str; 3] = ["name", "address", "groups"];
/// Keys that only a group has.
const GROUP: [&str; 1] = ["max_sessions"];

impl Inventory {
    /// Reads and checks the file at `path`; `platforms` are the names that it may use. What it does not
    /// say of hosts that are reached by SSH, `config` may.
    ///
    /// # Errors
    /// Everything that is wrong with it, with its places.
    pub fn load(path: &Path, platforms: &[&str], config: &SshConfig) -> Result<Self, InventoryErrors> {
        let bytes = std::fs::read(path).map_err(|error| cannot_read(path, &error))?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let line = error.as_bytes()[..error.utf8_error().valid_up_to()]
                .iter()
                .filter(|byte| **byte == b'\n')
                .count();
            InventoryErrors::single(format!("{}:{}: not UTF-8 text", path.display(), line + 1))
        })?;
        parse(path, &text, platforms, config)
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

fn parse(
    path: &Path,
    text: &str,
    platforms: &[&str],
    config: &SshConfig,
) -> Result<Inventory, InventoryErrors> {
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
        config,
        defaults: Settings::default(),
        groups: BTreeMap::new(),
        names: HashMap::new(),
        devices: Vec::new(),
        jumps: Vec::new(),
    };
    file.read(root.get_ref());
    let File { mut reader, groups, mut devices, jumps, .. } = file;
    jumps::resolve(&mut devices, &jumps, config, &mut reader.problems);
    reader.problems.unless_any()?;
    let groups = groups.into_iter().map(|(name, group)| (name, group.own)).collect();
    Ok(Inventory { devices, groups, notices: Vec::new() })
}

struct File<'a> {
    reader: Reader<'a>,
    config: &'a SshConfig,
    defaults: Settings,
    groups: BTreeMap<Arc<str>, GroupSection>,
    /// Where each device was first named.
    names: HashMap<Arc<str>, usize>,
    devices: Vec<Device>,
    /// What each of them says of its jumps.
    jumps: Vec<Said>,
}

/// Devices of one entry, but for what their names decide.
struct Model {
    device: Device,
    jump: Said,
    /// Whether the port of the first route was said.
    port_was_said: bool,
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
                let device = Device { name: device_name, address, ..model.device.clone() };
                if !self.complete(device, model, &value.span()) {
                    break;
                }
            }
        }
    }

    /// Enters `device`, completed by what the SSH configuration says of it. False where it lacks
    /// something, and so will the others of its entry.
    fn complete(&mut self, mut device: Device, model: &Model, at: &Range<usize>) -> bool {
        let mut jump = model.jump.clone();
        if let Some(place) = device.routes.iter().position(|route| route.transport == Transport::Ssh) {
            let said = self.config.host(&device.address);
            if let Some(host_name) = said.host_name {
                device.address = host_name.into();
            }
            if let Some(port) = said.port.filter(|_| place > 0 || !model.port_was_said) {
                let routes = device.routes.iter().enumerate();
                device.routes = routes
                    .map(|(at, route)| if at == place { Route { port, ..*route } } else { *route })
                    .collect();
            }
            if let Some(user) = said.user.filter(|_| device.credentials.username.is_empty()) {
                device.credentials.username = user.into();
            }
            device.credentials.or_key(said.identity);
            jump = jump.or(said.proxy_jump.map(|jump| (jump.into(), at.start)));
        }
        let complete = !(device.credentials.username.is_empty() && device.speaks_ssh());
        if complete {
            self.devices.push(device);
            self.jumps.push(jump);
        } else {
            self.reader
                .problems
                .add(at, "no username: SSH needs one; set it for the device, a group or in [defaults]");
        }
        complete
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
    fn resolve(&mut self, own: &Settings, groups: Vec<Arc<str>>, at: &Range<usize>) -> Option<Model> {
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
        let transports = first!(transports);
        let transports = transports.as_deref().unwrap_or(&[(Transport::Ssh, None)]);
        let port = first!(port);
        let routes = transports.iter().enumerate().map(|(place, (transport, own))| Route {
            transport: *transport,
            port: own.or(port.filter(|_| place == 0)).unwrap_or_else(|| transport.default_port()),
        });
        let device = Device {
            name: "".into(),
            address: "".into(),
            routes: routes.collect(),
            jumps: Arc::new([]),
            platform: first!(platform).unwrap_or_else(|| "".into()),
            credentials: Credentials {
                username: first!(username).unwrap_or_else(|| "".into()),
                password: first!(password),
                enable_password: first!(enable_password),
                private_key: first!(private_key),
                agent: first!(agent).unwrap_or(false),
            },
            ssh_legacy: first!(ssh_legacy).unwrap_or(false),
            mode: first!(mode).unwrap_or_default(),
            keepalive: first!(keepalive),
            encoding: first!(encoding).flatten(),
            connect_timeout: first!(connect_timeout),
            command_timeout: first!(command_timeout),
            commands: first!(commands).unwrap_or_default(),
            vars: Arc::new(vars),
            groups: groups.into(),
        };
        if device.platform.is_empty() {
            let message =
                "no platform: set it for the device, a group or in [defaults] (\"generic\" fits many)";
            self.reader.problems.add(at, message);
            return None;
        }
        if device.mode == Mode::Exec && device.routes.iter().any(|route| route.transport != Transport::Ssh) {
            self.reader.problems.add(at, "mode \"exec\" is a matter of SSH: leave telnet out, or the mode");
            return None;
        }
        Some(Model { device, jump: first!(jump), port_was_said: port.is_some() || transports[0].1.is_some() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLATFORMS: [&str; 2] = ["cisco_ios", "juniper_junos"];

    fn load(text: &str) -> Result<Inventory, String> {
        load_with(text, &SshConfig::none())
    }

    fn load_with(text: &str, config: &SshConfig) -> Result<Inventory, String> {
        parse(Path::new("devices.toml"), text, &PLATFORMS, config).map_err(|errors| errors.to_string())
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
        assert_eq!(both.routes[..], [Route { transport: Transport::Telnet, port: 3 }]);
        assert_eq!(&*both.credentials.username, "first");
        assert_eq!(&*both.address, "both");
        let vars: Vec<_> = both.vars.iter().map(|(key, value)| format!("{key}={value}")).collect();
        assert_eq!(vars, ["a=own", "b=first", "c=3"]);
        let none = &inventory.devices[1];
        assert_eq!(none.routes[..], [Route { transport: Transport::Ssh, port: 1 }]);
        assert_eq!(&*none.credentials.username, "default");
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
        assert_eq!(inventory.devices[47].route().port, 22);
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

    const DEFAULTS: &str = "[defaults]\nplatform = \"cisco_ios\"\nusername = \"a\"\npassword = \"p\"\n";

    fn device(name: &str, keys: &str) -> String {
        format!("[[devices]]\nname = \"{name}\"\n{keys}\n")
    }

    fn ways(inventory: &Inventory) -> Vec<String> {
        let way = |device: &Device| {
            let hops = device.jumps.iter();
            let hops =
                hops.map(|hop| format!("{}@{}:{} → ", hop.credentials.username, hop.address, hop.port));
            let routes = device.routes.iter().map(|route| format!("{}:{}", route.transport, route.port));
            format!("{}{} {}", hops.collect::<String>(), device.address, routes.collect::<Vec<_>>().join(" "))
        };
        inventory.devices.iter().map(way).collect()
    }

    #[test]
    fn a_device_may_have_several_routes() {
        let text = [
            DEFAULTS,
            &device("a", "transport = [\"ssh\", \"telnet\"]\nport = 2022"),
            &device("b", "transport = [\"telnet:2323\", \"ssh\"]\nport = 1"),
            &device("c", "transport = \"telnet:2323\""),
        ];
        let inventory = load(&text.concat()).expect("it is good");
        assert_eq!(ways(&inventory), ["a ssh:2022 telnet:23", "b telnet:2323 ssh:22", "c telnet:2323"]);
    }

    #[test]
    fn jumps_are_devices_or_other_hosts() {
        let text = [
            DEFAULTS,
            "[groups.dc]\njump = \"bastion\"\n",
            &device("bastion", "address = \"192.0.2.1\"\nport = 2222\nusername = \"ops\"\ngroups = [\"dc\"]"),
            &device("core", "groups = [\"dc\"]"),
            &device("inner", "jump = \"core\""),
            &device("odd", "jump = \"x@[2001:db8::1]:22, y:2022\""),
            &device("near", "groups = [\"dc\"]\njump = \"none\""),
        ];
        let inventory = load(&text.concat()).expect("it is good");
        assert_eq!(
            ways(&inventory),
            [
                "192.0.2.1 ssh:2222",
                "ops@192.0.2.1:2222 → core ssh:22",
                "ops@192.0.2.1:2222 → a@core:22 → inner ssh:22",
                "x@2001:db8::1:22 → a@y:2022 → odd ssh:22",
                "near ssh:22",
            ]
        );
    }

    #[test]
    fn the_ssh_configuration_fills_in_what_is_not_said() {
        let folder = tempfile::tempdir().expect("a directory");
        let path = folder.path().join("config");
        let text = "Host core-*\n HostName 192.0.2.9\n Port 2022\n User eve\n ProxyJump gate\n\
                    Host gate\n HostName 192.0.2.1\n User guard\n";
        std::fs::write(&path, text).expect("written");
        let config = SshConfig::load(Some(&path)).expect("it is good");
        let text = [
            "[defaults]\nplatform = \"cisco_ios\"\n",
            &device("core-1", ""),
            &device("core-2", "username = \"adam\"\nport = 22\njump = \"\""),
            &device("core-3", "transport = \"telnet\""),
        ];
        let inventory = load_with(&text.concat(), &config).expect("it is good");
        assert_eq!(
            ways(&inventory),
            ["guard@192.0.2.1:22 → 192.0.2.9 ssh:2022", "192.0.2.9 ssh:22", "core-3 telnet:23"]
        );
        let names: Vec<_> = inventory.devices.iter().map(|device| &*device.credentials.username).collect();
        assert_eq!(names, ["eve", "adam", ""]);
    }

    #[test]
    fn what_is_wrong_with_ways_keys_and_encodings_is_told() {
        let text = [
            DEFAULTS,
            &device("a", "transport = [\"ssh\", \"ssh\"]"),
            &device("b", "transport = [\"telnet:0\"]"),
            &device("c", "mode = \"exe\""),
            &device("d", "mode = \"exec\"\ntransport = \"telnet\""),
            &device("e", "encoding = \"latin-1x\""),
            &device("f", "encoding = \"utf-16le\""),
            &device("g", "private_key = { file = \"k\", passphrase = 3 }"),
            &device("h", "private_key = { passphrase = \"x\" }"),
            &device("i", "jump = \"j\""),
            &device("j", "jump = \"i\""),
            &device("k", "jump = \"@x\""),
            &device("l", "jump = \"m\""),
            &device("m", "transport = \"telnet\""),
        ];
        let errors = load(&text.concat()).expect_err("it is bad");
        insta::assert_snapshot!(errors, @r#"
        devices.toml:7:13: transport "ssh" is named twice
        devices.toml:10:13: transport "telnet:0": the port must be from 1 to 65535
        devices.toml:13:8: unknown mode "exe": did you mean "exec"?
        devices.toml:14:1: mode "exec" is a matter of SSH: leave telnet out, or the mode
        devices.toml:20:12: unknown encoding "latin-1x": did you mean "latin1"?
        devices.toml:23:12: encoding must be one that terminals speak, which utf-16le is not
        devices.toml:26:42: passphrase must be text in quotes, { env = "…" }, { file = "…" }, { command = ["…"] } or { prompt = true }
        devices.toml:29:15: private_key must be text in quotes, { env = "…" }, { file = "…" }, { command = ["…"] } or { prompt = true }
        devices.toml:32:8: jump: i → j → i go round in a circle
        devices.toml:38:8: jump "@x" is neither a device nor [user@]host[:port]
        devices.toml:41:8: jump "m" is reached by telnet, and so is no jump host
        11 errors; nothing was started
        "#);
    }

    #[test]
    fn broken_toml_has_its_place() {
        let errors = load("[defaults]\nplatform = \n").expect_err("it is broken");
        assert!(errors.starts_with("devices.toml:2:"), "{errors}");
    }
}
