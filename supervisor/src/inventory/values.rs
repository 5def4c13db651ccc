//! Single values of an inventory: what is typed, checked, with the place for messages.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use netsweep_shared::job::Transport;
use netsweep_shared::secret::Secret;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problems::{Problems, suggestion};
use crate::secrets::SecretSource;

/// A value and where it stands.
pub(super) type Value<'t> = Spanned<DeValue<'t>>;

/// What defaults, groups and devices can all say; `None` where it is not said.
#[derive(Clone, Debug, Default)]
pub(super) struct Settings {
    pub(super) platform: Option<Arc<str>>,
    pub(super) transport: Option<Transport>,
    pub(super) port: Option<u16>,
    pub(super) username: Option<Arc<str>>,
    pub(super) password: Option<Arc<SecretSource>>,
    pub(super) enable_password: Option<Arc<SecretSource>>,
    pub(super) ssh_legacy: Option<bool>,
    pub(super) connect_timeout: Option<Duration>,
    pub(super) command_timeout: Option<Duration>,
    pub(super) commands: Option<Arc<[String]>>,
    pub(super) vars: BTreeMap<String, String>,
    pub(super) unsupported: Option<&'static str>,
}

/// The keys of [`Settings`].
pub(super) const SETTINGS: [&str; 15] = [
    "platform",
    "transport",
    "port",
    "username",
    "password",
    "enable_password",
    "ssh_legacy",
    "connect_timeout",
    "command_timeout",
    "commands",
    "vars",
    "private_key",
    "agent",
    "jump",
    "encoding",
];

/// Reads values, noting what is wrong with them.
pub(super) struct Reader<'a> {
    pub(super) problems: Problems,
    pub(super) platforms: &'a [&'a str],
}

impl Reader<'_> {
    /// Reads the settings of a section. A key that is neither a setting nor one of `own`, which
    /// the caller reads, is unknown.
    pub(super) fn settings(&mut self, section: &str, table: &DeTable<'_>, own: &[&str]) -> Settings {
        let mut settings = Settings::default();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            match name {
                "platform" => settings.platform = self.platform(value),
                "transport" => self.transport(value, &mut settings),
                "port" => settings.port = self.port(value),
                "username" => settings.username = self.line(name, value).map(Arc::from),
                "password" => settings.password = self.secret(name, value).map(Arc::new),
                "enable_password" => settings.enable_password = self.secret(name, value).map(Arc::new),
                "ssh_legacy" => settings.ssh_legacy = self.boolean(name, value),
                "connect_timeout" => settings.connect_timeout = self.time(name, value),
                "command_timeout" => settings.command_timeout = self.time(name, value),
                "commands" => settings.commands = self.lines(name, value).map(Arc::from),
                "vars" => settings.vars = self.vars(value),
                "private_key" => {
                    self.secret(name, value);
                    settings.unsupported = Some("private_key");
                }
                "agent" => {
                    if self.boolean(name, value) == Some(true) {
                        settings.unsupported = Some("agent");
                    }
                }
                "jump" => {
                    self.line(name, value);
                    settings.unsupported = Some("jump");
                }
                "encoding" => {
                    let utf8 = |name: String| matches!(name.to_ascii_lowercase().as_str(), "utf-8" | "utf8");
                    if self.line(name, value).is_some_and(|name| !utf8(name)) {
                        settings.unsupported = Some("encoding");
                    }
                }
                _ if own.contains(&name) => {}
                _ => {
                    let nearest = suggestion(name, SETTINGS.iter().chain(own).copied());
                    self.problems.add(&key.span(), format!("unknown key {name:?} in {section}: {nearest}"));
                }
            }
        }
        settings
    }

    fn wrong(&mut self, at: Range<usize>, key: &str, wanted: &str) {
        self.problems.add(&at, format!("{key} must be {wanted}"));
    }

    /// Text of one line: what is typed into a terminal must have no control characters.
    pub(super) fn line(&mut self, key: &str, value: &Value<'_>) -> Option<String> {
        let DeValue::String(text) = value.get_ref() else {
            self.wrong(value.span(), key, "text in quotes");
            return None;
        };
        if text.chars().any(char::is_control) {
            self.wrong(value.span(), key, "one line without control characters");
            return None;
        }
        Some(text.to_string())
    }

    pub(super) fn lines(&mut self, key: &str, value: &Value<'_>) -> Option<Vec<String>> {
        let DeValue::Array(items) = value.get_ref() else {
            self.wrong(value.span(), key, "a list of texts, such as [\"…\"]");
            return None;
        };
        let lines: Vec<_> =
            items.iter().filter_map(|item| self.line(&format!("each of {key}"), item)).collect();
        if let Some(item) =
            items.iter().zip(&lines).find_map(|(item, line)| line.trim().is_empty().then_some(item))
        {
            self.wrong(item.span(), &format!("each of {key}"), "more than blanks");
        }
        Some(lines)
    }

    fn boolean(&mut self, key: &str, value: &Value<'_>) -> Option<bool> {
        let boolean = value.get_ref().as_bool();
        if boolean.is_none() {
            self.wrong(value.span(), key, "true or false");
        }
        boolean
    }

    /// A whole number in `range`.
    pub(super) fn number(
        &mut self,
        key: &str,
        value: &Value<'_>,
        range: std::ops::RangeInclusive<u32>,
    ) -> Option<u32> {
        let number =
            value.get_ref().as_integer().and_then(|it| u32::from_str_radix(it.as_str(), it.radix()).ok());
        let number = number.filter(|number| range.contains(number));
        if number.is_none() {
            self.wrong(
                value.span(),
                key,
                &format!("a whole number from {} to {}", range.start(), range.end()),
            );
        }
        number
    }

    fn port(&mut self, value: &Value<'_>) -> Option<u16> {
        self.number("port", value, 1..=65_535).and_then(|port| u16::try_from(port).ok())
    }

    fn time(&mut self, key: &str, value: &Value<'_>) -> Option<Duration> {
        let text = self.line(key, value)?;
        match humantime::parse_duration(&text) {
            Ok(time) if !time.is_zero() => Some(time),
            _ => {
                self.wrong(value.span(), key, "a time, such as \"30s\" or \"2m\"");
                None
            }
        }
    }

    fn platform(&mut self, value: &Value<'_>) -> Option<Arc<str>> {
        let name = self.line("platform", value)?;
        if !self.platforms.contains(&name.as_str()) {
            let nearest = suggestion(&name, self.platforms.iter().copied());
            self.problems.add(&value.span(), format!("unknown platform {name:?}: {nearest}"));
        }
        Some(name.into())
    }

    fn transport(&mut self, value: &Value<'_>, settings: &mut Settings) {
        let names = match value.get_ref() {
            // Fallback: tried in this order.
            DeValue::Array(_) => {
                settings.unsupported = Some("a list of transports");
                self.lines("transport", value).unwrap_or_default()
            }
            _ => self.line("transport", value).into_iter().collect(),
        };
        for name in names {
            match [Transport::Ssh, Transport::Telnet].into_iter().find(|transport| transport.as_str() == name)
            {
                Some(transport) => {
                    settings.transport.get_or_insert(transport);
                }
                None => {
                    let nearest = suggestion(&name, ["ssh", "telnet"]);
                    self.problems.add(&value.span(), format!("unknown transport {name:?}: {nearest}"));
                }
            }
        }
    }

    /// One of the forms that a secret can have.
    fn secret(&mut self, key: &str, value: &Value<'_>) -> Option<SecretSource> {
        const FORMS: &str =
            "text in quotes, { env = \"…\" }, { file = \"…\" }, { command = [\"…\"] } or { prompt = true }";
        let source =
            match value.get_ref() {
                DeValue::String(text) => Some(SecretSource::Plain(Secret::new(text.as_ref()))),
                DeValue::Table(table) if table.len() == 1 => table.iter().next().and_then(|(form, value)| {
                    match (form.get_ref().as_ref(), value.get_ref()) {
                        ("env", DeValue::String(name)) => Some(SecretSource::Env(name.to_string())),
                        ("file", DeValue::String(path)) => Some(SecretSource::File(path.as_ref().into())),
                        ("command", DeValue::Array(words)) if !words.is_empty() => {
                            let word = |word: &Value<'_>| word.get_ref().as_str().map(str::to_owned);
                            words.iter().map(word).collect::<Option<Vec<_>>>().map(SecretSource::Command)
                        }
                        ("prompt", DeValue::Boolean(true)) => Some(SecretSource::Prompt),
                        _ => None,
                    }
                }),
                _ => None,
            };
        if source.is_none() {
            self.wrong(value.span(), key, FORMS);
        }
        source
    }

    fn vars(&mut self, value: &Value<'_>) -> BTreeMap<String, String> {
        let DeValue::Table(table) = value.get_ref() else {
            self.wrong(value.span(), "vars", "a table, such as { site = \"msk\" }");
            return BTreeMap::new();
        };
        let mut vars = BTreeMap::new();
        for (key, value) in table {
            let text = match value.get_ref() {
                DeValue::String(text) => text.to_string(),
                DeValue::Integer(number) => number.to_string(),
                DeValue::Float(number) => number.to_string(),
                DeValue::Boolean(boolean) => boolean.to_string(),
                _ => {
                    self.wrong(value.span(), "each of vars", "text, a number, true or false");
                    continue;
                }
            };
            vars.insert(key.get_ref().to_string(), text);
        }
        vars
    }
}
