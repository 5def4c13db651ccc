//! Reading an inventory file.

use std::borrow::Cow;
use std::collections::hash_map::Entry as Place;
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use netsweep_shared::job::{Mode, Transport};
use toml::de::{DeTable, DeValue};

use super::complete::{Draft, complete};
use super::device::{Device, Group, Inventory};
use super::entry::Entry;
use super::inherited::Inherited;
use super::jumps::{Author, Jump};
use super::pieces;
use super::problems::{InventoryErrors, Lines, Problems, suggestion};
use super::settings::Settings;
use super::values::{Reader, Value};
use crate::ssh_config::SshConfig;

const SECTIONS: [&str; 3] = ["defaults", "groups", "devices"];
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
    let lines = Lines::new(path, text);
    let platforms: Vec<Arc<str>> = platforms.iter().map(|name| Arc::from(*name)).collect();
    let file = match File::read_in_pieces(text, &platforms, &lines) {
        Some(file) => file,
        None => File::read(text, &platforms, &lines)?,
    };
    let File { reader: Reader { mut problems, .. }, groups, drafts, .. } = file;
    let devices = complete(drafts, ssh, &mut problems);
    problems.unless_any(&lines)?;
    let groups = groups.into_iter().map(|(name, group)| (name, group.own)).collect();
    let notices = ssh.map(|ssh| ssh.notices.clone()).unwrap_or_default();
    Ok(Inventory { devices, groups, notices })
}

struct File<'a> {
    lines: &'a Lines<'a>,
    reader: Reader<'a>,
    defaults: Settings,
    groups: BTreeMap<Arc<str>, GroupSection>,
    /// By the names of the groups.
    inherited: HashMap<Arc<[Arc<str>]>, Inherited>,
    /// Where each device was first named.
    names: HashMap<Arc<str>, usize>,
    drafts: Vec<Draft>,
}

struct GroupSection {
    settings: Settings,
    own: Group,
}

impl<'a> File<'a> {
    fn new(platforms: &'a [Arc<str>], lines: &'a Lines<'a>) -> Self {
        Self {
            lines,
            reader: Reader::new(Problems::default(), platforms),
            defaults: Settings::default(),
            groups: BTreeMap::new(),
            inherited: HashMap::new(),
            names: HashMap::new(),
            drafts: Vec::new(),
        }
    }

    /// # Errors
    /// Where the text is no TOML.
    fn read(text: &str, platforms: &'a [Arc<str>], lines: &'a Lines<'a>) -> Result<Self, InventoryErrors> {
        let mut file = Self::new(platforms, lines);
        let (root, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            let at = error.span().unwrap_or(0..0);
            file.reader.problems.add(&at, error.message().replace('\n', ", "));
        }
        // What stands around a syntax error may have been misunderstood.
        file.reader.problems = file.reader.problems.unless_any(lines)?;
        let root = root.get_ref();
        file.sections(root);
        for value in root.get("devices").and_then(|value| value.get_ref().as_array()).into_iter().flatten() {
            if let Some(entry) = file.reader.entry(value) {
                file.entry(&entry);
            }
        }
        Ok(file)
    }

    /// The same of a long text, or nothing where it cannot be read in pieces: it has entries before other
    /// sections, or is no TOML.
    fn read_in_pieces(text: &str, platforms: &'a [Arc<str>], lines: &'a Lines<'a>) -> Option<Self> {
        let (head, pieces) = pieces::cut(text)?;
        let mut file = Self::new(platforms, lines);
        let (root, errors) = DeTable::parse_recoverable(head);
        if !errors.is_empty() || root.get_ref().contains_key("devices") {
            return None;
        }
        file.sections(root.get_ref());
        let read = |piece: &Range<usize>| {
            let mut reader = Reader::new(Problems::of_piece(piece.start), platforms);
            let entries = pieces::entries(&text[piece.clone()], |entry| reader.entry(entry))?;
            Some((entries, reader.problems))
        };
        let mut all_can = true;
        pieces::in_order(&pieces, read, |read| {
            match read {
                Some((entries, problems)) => {
                    entries.iter().for_each(|entry| file.entry(entry));
                    file.reader.problems.append(problems);
                }
                None => all_can = false,
            }
            all_can
        });
        all_can.then_some(file)
    }

    /// All but the entries.
    fn sections(&mut self, root: &DeTable<'_>) {
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

    fn entry(&mut self, entry: &Entry<'_>) {
        let groups = self.known(&entry.groups, entry.groups_at);
        if entry.devices.is_empty() {
            return;
        }
        let mut model = self.model(entry, groups);
        let last = entry.devices.len() - 1;
        for (at, (name, address)) in entry.devices.iter().enumerate() {
            let is_new = self.register(name, entry.name_at);
            // Most entries are of one device.
            let draft = if at == last { model.take() } else { model.clone() };
            if let Some(draft) = draft.filter(|_| is_new) {
                let Draft { device, ssh_port_said, jump, at } = draft;
                let device = Device { name: Arc::clone(name), address: Arc::clone(address), ..device };
                self.drafts.push(Draft { device, ssh_port_said, jump, at });
            }
        }
    }

    /// Whether there is no other device of that name.
    fn register(&mut self, name: &Arc<str>, at: usize) -> bool {
        match self.names.entry(Arc::clone(name)) {
            Place::Vacant(place) => {
                place.insert(at);
                true
            }
            Place::Occupied(first) => {
                let first = self.lines.place(*first.get());
                self.problem(at, format!("a second device {name:?}; the first is at {first}"));
                false
            }
        }
    }

    fn problem(&mut self, at: usize, message: impl Into<String>) {
        self.reader.problems.add(&(at..at), message);
    }

    /// Those of the groups `names` that there are.
    fn known(&mut self, names: &[Cow<'_, str>], at: usize) -> Vec<Arc<str>> {
        let mut known = Vec::with_capacity(names.len());
        for name in names {
            match self.groups.get_key_value(&**name) {
                Some((name, _)) if known.contains(name) => {
                    self.problem(at, format!("group {name:?} is named twice"));
                }
                Some((name, _)) => known.push(Arc::clone(name)),
                None => {
                    let nearest = suggestion(name, self.groups.keys().map(AsRef::as_ref));
                    self.problem(at, format!("unknown group {name:?}: {nearest}"));
                }
            }
        }
        known
    }

    /// What each device of the entry is, but for its name and address.
    fn model(&mut self, entry: &Entry<'_>, groups: Vec<Arc<str>>) -> Option<Draft> {
        if !self.inherited.contains_key(&*groups) {
            let groups: Arc<[Arc<str>]> = groups.as_slice().into();
            let levels = groups.iter().map(|name| &self.groups[name].settings).chain([&self.defaults]);
            let inherited = Inherited::new(Arc::clone(&groups), levels);
            self.inherited.insert(groups, inherited);
        }
        let (device, settings) = self.inherited[&*groups].device(&entry.own);
        if device.mode == Mode::Exec && device.routes.iter().any(|route| route.transport == Transport::Telnet)
        {
            self.problem(entry.at, "mode exec goes over SSH alone, and transport names telnet");
        }
        if device.platform.is_empty() {
            let message =
                "no platform: set it for the device, a group or in [defaults] (\"generic\" fits many)";
            self.problem(entry.at, message);
            return None;
        }
        let ssh_port_said = settings.says_ssh_port();
        let jump = settings.jump.map(|hops| Jump { hops, author: Author::Inventory });
        Some(Draft { device, ssh_port_said, jump, at: entry.at })
    }
}
