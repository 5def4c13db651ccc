//! The keys that defaults, groups and devices have in common.

use std::sync::Arc;
use std::time::Duration;

use encoding_rs::Encoding;
use netsweep_shared::job::{Mode, Transport};
use toml::de::DeTable;

use super::device::Vars;
use super::problems::suggestion;
use super::values::{Reader, Value};
use crate::secrets::{KeySource, SecretSource};
use crate::ssh_config::HopName;

/// What a section says; `None` where it does not.
#[derive(Clone, Debug, Default)]
pub(super) struct Settings {
    pub(super) platform: Option<Arc<str>>,
    pub(super) transport: Option<Arc<[TransportEntry]>>,
    pub(super) port: Option<u16>,
    pub(super) username: Option<Arc<str>>,
    pub(super) password: Option<Arc<SecretSource>>,
    pub(super) enable_password: Option<Arc<SecretSource>>,
    pub(super) private_key: Option<Arc<KeySource>>,
    pub(super) agent: Option<bool>,
    pub(super) jump: Option<Arc<[HopName]>>,
    pub(super) ssh_legacy: Option<bool>,
    pub(super) mode: Option<Mode>,
    pub(super) keepalive: Option<Duration>,
    pub(super) encoding: Option<&'static Encoding>,
    pub(super) connect_timeout: Option<Duration>,
    pub(super) command_timeout: Option<Duration>,
    pub(super) commands: Option<Arc<[String]>>,
    pub(super) vars: Vars,
}

/// One transport of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TransportEntry {
    pub(super) transport: Transport,
    /// Where it is said with the transport.
    pub(super) port: Option<u16>,
}

/// The keys of [`Settings`].
const SETTINGS: [&str; 17] = [
    "platform",
    "transport",
    "port",
    "username",
    "password",
    "enable_password",
    "private_key",
    "agent",
    "jump",
    "ssh_legacy",
    "mode",
    "keepalive",
    "encoding",
    "connect_timeout",
    "command_timeout",
    "commands",
    "vars",
];

/// Names of encodings, for whoever mistyped one. Every label of the Encoding Standard is taken.
const ENCODINGS: [&str; 44] = [
    "utf-8",
    "ascii",
    "latin1",
    "iso-8859-1",
    "iso-8859-2",
    "iso-8859-3",
    "iso-8859-4",
    "iso-8859-5",
    "iso-8859-6",
    "iso-8859-7",
    "iso-8859-8",
    "iso-8859-9",
    "iso-8859-10",
    "iso-8859-13",
    "iso-8859-14",
    "iso-8859-15",
    "iso-8859-16",
    "windows-874",
    "windows-1250",
    "windows-1251",
    "windows-1252",
    "windows-1253",
    "windows-1254",
    "windows-1255",
    "windows-1256",
    "windows-1257",
    "windows-1258",
    "cp1250",
    "cp1251",
    "cp1252",
    "cp866",
    "ibm866",
    "koi8-r",
    "koi8-u",
    "macintosh",
    "x-mac-cyrillic",
    "gbk",
    "gb2312",
    "gb18030",
    "big5",
    "euc-jp",
    "shift_jis",
    "sjis",
    "euc-kr",
];

impl Reader<'_> {
    /// Reads the settings of a section. A key that is neither a setting nor one of `own`, which
    /// the caller reads, is unknown.
    pub(super) fn settings(&mut self, section: &str, table: &DeTable<'_>, own: &[&str]) -> Settings {
        let mut settings = Settings::default();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            match name {
                "platform" => settings.platform = self.platform(value),
                "transport" => settings.transport = self.transport(value),
                "port" => settings.port = self.port(value),
                "username" => settings.username = self.line(name, value).map(|user| self.shared(user)),
                "password" => settings.password = self.secret(name, value).map(Arc::new),
                "enable_password" => settings.enable_password = self.secret(name, value).map(Arc::new),
                "private_key" => settings.private_key = self.private_key(value).map(Arc::new),
                "agent" => settings.agent = self.boolean(name, value),
                "jump" => settings.jump = self.jump(value),
                "ssh_legacy" => settings.ssh_legacy = self.boolean(name, value),
                "mode" => settings.mode = self.mode(value),
                "keepalive" => settings.keepalive = self.time(name, value),
                "encoding" => settings.encoding = self.encoding(value),
                "connect_timeout" => settings.connect_timeout = self.time(name, value),
                "command_timeout" => settings.command_timeout = self.time(name, value),
                "commands" => {
                    let commands = self.lines(name, "each of commands", value);
                    settings.commands =
                        commands.map(|all| all.into_iter().map(|command| command.to_string()).collect());
                }
                "vars" => settings.vars = self.vars(value),
                _ if own.contains(&name) => {}
                _ => {
                    let nearest = suggestion(name, SETTINGS.iter().chain(own).copied());
                    self.problems.add(&key.span(), format!("unknown key {name:?} in {section}: {nearest}"));
                }
            }
        }
        let first = settings.transport.as_deref().and_then(|entries| entries.first()?.port);
        if let (Some(port), Some(first), Some(place)) = (settings.port, first, table.get("port"))
            && port != first
        {
            let message = format!("port is {port}, and {first} with the first transport: say it once");
            self.problems.add(&place.span(), message);
        }
        settings
    }

    fn platform(&mut self, value: &Value<'_>) -> Option<Arc<str>> {
        let name = self.line("platform", value)?;
        if let Some(known) = self.platforms.iter().find(|known| ***known == **name) {
            return Some(Arc::clone(known));
        }
        let nearest = suggestion(name, self.platforms.iter().map(AsRef::as_ref));
        self.problems.add(&value.span(), format!("unknown platform {name:?}: {nearest}"));
        Some(self.shared(name))
    }

    /// One transport, or several of which each later one is the fallback of those before.
    fn transport(&mut self, value: &Value<'_>) -> Option<Arc<[TransportEntry]>> {
        let one = std::slice::from_ref(value);
        let items = value.get_ref().as_array().map_or(one, |items| items);
        if items.is_empty() {
            self.wrong(value.span(), "transport", "\"ssh\", \"telnet\" or a list of them, and not empty");
        }
        let mut entries: Vec<TransportEntry> = Vec::new();
        for item in items {
            let Some(entry) = self.transport_entry(item) else { continue };
            if entries.iter().any(|earlier| earlier.transport == entry.transport) {
                let message = format!("transport {} is named twice", entry.transport);
                self.problems.add(&item.span(), message);
            }
            entries.push(entry);
        }
        (!entries.is_empty()).then(|| entries.into())
    }

    fn transport_entry(&mut self, value: &Value<'_>) -> Option<TransportEntry> {
        let text = self.line("transport", value)?;
        let (name, port) = text.split_once(':').map_or((&**text, None), |(name, port)| (name, Some(port)));
        let transport = [Transport::Ssh, Transport::Telnet].into_iter().find(|known| known.as_str() == name);
        let Some(transport) = transport else {
            let nearest = suggestion(name, ["ssh", "telnet"]);
            self.problems.add(&value.span(), format!("unknown transport {name:?}: {nearest}"));
            return None;
        };
        let number = port.map(|port| port.parse().ok().filter(|port| *port != 0));
        if number == Some(None) {
            self.wrong(value.span(), &format!("the port in {text:?}"), "a whole number from 1 to 65535");
        }
        Some(TransportEntry { transport, port: number.flatten() })
    }

    fn mode(&mut self, value: &Value<'_>) -> Option<Mode> {
        let name = self.line("mode", value)?;
        match &**name {
            "shell" => Some(Mode::Shell),
            "exec" => Some(Mode::Exec),
            _ => {
                let nearest = suggestion(name, ["shell", "exec"]);
                self.problems.add(&value.span(), format!("unknown mode {name:?}: {nearest}"));
                None
            }
        }
    }

    fn jump(&mut self, value: &Value<'_>) -> Option<Arc<[HopName]>> {
        let text = self.line("jump", value)?;
        let hops = HopName::parse_list(text);
        hops.map_err(|why| self.problems.add(&value.span(), format!("jump: {why}"))).ok()
    }

    fn encoding(&mut self, value: &Value<'_>) -> Option<&'static Encoding> {
        let label = self.line("encoding", value)?;
        let Some(encoding) = Encoding::for_label(label.as_bytes()) else {
            let nearest = suggestion(&label.to_ascii_lowercase(), ENCODINGS);
            self.problems.add(&value.span(), format!("unknown encoding {label:?}: {nearest}"));
            return None;
        };
        if !encoding.is_ascii_compatible() {
            let message = format!(
                "encoding {label:?} cannot be a terminal's: there the bytes of ASCII mean ASCII, and in this one \
                 they do not"
            );
            self.problems.add(&value.span(), message);
            return None;
        }
        Some(encoding)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_that_is_suggested_is_taken() {
        for name in ENCODINGS {
            let encoding = Encoding::for_label(name.as_bytes()).expect(name);
            assert!(encoding.is_ascii_compatible(), "{name}");
        }
    }
}
