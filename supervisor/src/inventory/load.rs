//! Reading an inventory file.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use netsweep_shared::job::{Mode, Route, Transport};
use toml::de::{DeTable, DeValue};

use super::complete::{Draft, complete};
use super::device::{Credentials, Device, Group, Inventory};
use super::jumps::{Author, Jump};
use super::problems::{InventoryErrors, Problems, suggestion};
use super::range::{Pattern, addresses};
use super::settings::{Entry as TransportEntry, Settings};
use super::values::{Reader, Value};
use crate::ssh_config::SshConfig;

const SECTIONS: [&str; 3] = ["defaults", "groups", "devices"];
/// Keys that only a device has.
const DEVICE: [&str; 3] = ["name", "address", "groups"];
/// Keys that only a group has.
const GROUP: [&str; 1] = ["max_sessions"];

impl Inventory {
    /// Reads and checks the file at `path`; `platforms` are the names that it may use, and `ssh` fills
    /// in what it does not say. Without `ssh` this is a rehearsal: nobody logs in, and a user's name
    /// may be missing.
    ///
    /// # Errors
    /// Everything that is wrong with it, with its places.
    pub fn load(path: &Path, platforms: &[&str], ssh: Option<&SshConfig>) -> Result<Self, InventoryErrors> {
        let bytes = std::fs::read(path).map_err(|error| cannot_read(path, &error))?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let line = error.as_bytes()[..error.utf8_error().valid_up_to()]
                .iter()
                .filter(|byte| **byte == b'\n')
                .count();
            InventoryErrors::single(format!("{}:{}: not UTF-8 text", path.display(), line + 1))
        })?;
        parse(path, &text, platforms, ssh)
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

pub(super) fn parse(
    path: &Path,
    text: &str,
    platforms: &[&str],
    ssh: Option<&SshConfig>,
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
        defaults: Settings::default(),
        groups: BTreeMap::new(),
        names: HashMap::new(),
        drafts: Vec::new(),
    };
    file.read(root.get_ref());
    let File { reader: Reader { mut problems, .. }, groups, drafts, .. } = file;
    let devices = complete(drafts, ssh, &mut problems);
    problems.unless_any()?;
    let groups = groups.into_iter().map(|(name, group)| (name, group.own)).collect();
    let notices = ssh.map(|ssh| ssh.notices.clone()).unwrap_or_default();
    Ok(Inventory { devices, groups, notices })
}

struct File<'a> {
    reader: Reader<'a>,
    defaults: Settings,
    groups: BTreeMap<Arc<str>, GroupSection>,
    /// Where each device was first named.
    names: HashMap<Arc<str>, usize>,
    drafts: Vec<Draft>,
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
                let Draft { device, ssh_port_said, jump, at } = model.clone();
                let device = Device { name: device_name, address, ..device };
                self.drafts.push(Draft { device, ssh_port_said, jump, at });
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
    fn resolve(&mut self, own: &Settings, groups: Vec<Arc<str>>, at: &Range<usize>) -> Option<Draft> {
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
        let routes = routes(&levels);
        let ssh = routes.iter().find(|route| route.transport == Transport::Ssh);
        let device = Device {
            name: "".into(),
            address: "".into(),
            routes: routes.iter().map(TransportEntry::route).collect(),
            jumps: Arc::default(),
            platform: first!(platform).unwrap_or_default(),
            credentials: Arc::new(Credentials {
                username: first!(username).unwrap_or_default(),
                password: first!(password),
                enable_password: first!(enable_password),
                private_key: first!(private_key),
                agent: first!(agent).unwrap_or(false),
            }),
            ssh_legacy: first!(ssh_legacy).unwrap_or(false),
            mode: first!(mode).unwrap_or_default(),
            keepalive: first!(keepalive),
            encoding: first!(encoding).filter(|encoding| *encoding != encoding_rs::UTF_8),
            connect_timeout: first!(connect_timeout),
            command_timeout: first!(command_timeout),
            commands: first!(commands).unwrap_or_default(),
            vars: Arc::new(vars),
            groups: groups.into(),
        };
        if device.mode == Mode::Exec && routes.iter().any(|route| route.transport == Transport::Telnet) {
            self.reader.problems.add(at, "mode exec goes over SSH alone, and transport names telnet");
        }
        if device.platform.is_empty() {
            let message =
                "no platform: set it for the device, a group or in [defaults] (\"generic\" fits many)";
            self.reader.problems.add(at, message);
            return None;
        }
        let jump = first!(jump).map(|hops| Jump { hops, author: Author::Inventory });
        Some(Draft { ssh_port_said: ssh.is_some_and(|ssh| ssh.port.is_some()), device, jump, at: at.start })
    }
}

impl TransportEntry {
    fn route(&self) -> Route {
        let port = self.port.unwrap_or_else(|| self.transport.default_port());
        Route { transport: self.transport, port }
    }
}

/// The transports of the nearest level that names any. `port` is the first one's; where that has a
/// port of its own, what is said nearer wins.
fn routes(levels: &[&Settings]) -> Vec<TransportEntry> {
    let nearest = levels.iter().enumerate().find_map(|(level, it)| Some((level, it.transport.as_deref()?)));
    let ssh = TransportEntry { transport: Transport::Ssh, port: None };
    let (transport_level, mut routes) =
        nearest.map_or((levels.len(), vec![ssh]), |(level, routes)| (level, routes.to_vec()));
    let port = levels.iter().enumerate().find_map(|(level, it)| Some((level, it.port?)));
    if let (Some((level, port)), [first, ..]) = (port, routes.as_mut_slice())
        && (first.port.is_none() || level < transport_level)
    {
        first.port = Some(port);
    }
    routes
}
