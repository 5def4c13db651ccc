//! What a `[[devices]]` entry says: of one device, or of a range of them.

use std::borrow::Cow;
use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use super::range::{Pattern, addresses};
use super::settings::Settings;
use super::values::{Reader, Value};

/// Keys that only a device has.
const DEVICE: [&str; 3] = ["name", "address", "groups"];

/// An entry as it was read. Places are counted from the beginning of the file.
pub(super) struct Entry<'t> {
    pub(super) own: Settings,
    pub(super) groups: Vec<Cow<'t, str>>,
    pub(super) groups_at: usize,
    /// Name and address of each of its devices; none where there is something wrong with them.
    pub(super) devices: Vec<(Arc<str>, Arc<str>)>,
    pub(super) name_at: usize,
    pub(super) at: usize,
}

impl Reader<'_> {
    pub(super) fn entry<'t>(&mut self, value: &Value<'t>) -> Option<Entry<'t>> {
        let DeValue::Table(table) = value.get_ref() else {
            self.problems.add(&value.span(), "each of devices must be a table");
            return None;
        };
        let at = self.problems.place(&value.span());
        let mut entry = Entry {
            own: self.settings("[[devices]]", table, &DEVICE),
            groups: Vec::new(),
            groups_at: at,
            devices: Vec::new(),
            name_at: at,
            at,
        };
        if let Some(groups) = table.get("groups") {
            entry.groups_at = self.problems.place(&groups.span());
            let names = self.lines("groups", "each of groups", groups).unwrap_or_default();
            entry.groups = names.into_iter().cloned().collect();
        }
        match table.get("name") {
            Some(name) => {
                entry.name_at = self.problems.place(&name.span());
                entry.devices = self.names_and_addresses(name, table).unwrap_or_default();
            }
            None => self.problems.add(&value.span(), "a [[devices]] entry without a name"),
        }
        Some(entry)
    }

    fn names_and_addresses(
        &mut self,
        name: &Value<'_>,
        table: &DeTable<'_>,
    ) -> Option<Vec<(Arc<str>, Arc<str>)>> {
        let text = self.line("name", name)?;
        if text.is_empty() || text.contains(char::is_whitespace) {
            self.problems.add(&name.span(), "name must be one word");
            return None;
        }
        let pattern = Pattern::parse(text);
        let pattern = pattern.map_err(|why| self.problems.add(&name.span(), format!("name: {why}"))).ok()?;
        let names = pattern.expand();
        let Some(address) = table.get("address") else {
            return Some(names.map(|name| (Arc::clone(&name), name)).collect());
        };
        let text = self.line("address", address)?;
        match addresses(text, pattern.count()) {
            Ok(addresses) if addresses.iter().all(|address| !address.is_empty()) => {
                Some(names.zip(addresses).collect())
            }
            Ok(_) => {
                self.problems.add(&address.span(), "address must not be empty");
                None
            }
            Err(why) => {
                self.problems.add(&address.span(), format!("address: {why}"));
                None
            }
        }
    }
}
