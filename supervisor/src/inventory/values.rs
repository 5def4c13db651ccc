//! Single values of an inventory: what is typed, checked, with the place for messages.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use encoding_rs::Encoding;
use netsweep_shared::job::{Mode, Transport};
use netsweep_shared::secret::Secret;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problems::{Problems, suggestion};
use crate::secrets::{KeySource, SecretSource};

/// A value and where it stands.
pub(super) type Value<'t> = Spanned<DeValue<'t>>;

/// Which transports, with the ports that stand beside them.
pub(super) type Transports = Arc<[(Transport, Option<u16>)]>;

/// What defaults, groups and devices can all say; `None` where it is not said.
#[derive(Clone, Debug, Default)]
pub(super) struct Settings {
    pub(super) platform: Option<Arc<str>>,
    pub(super) transports: Option<Transports>,
    pub(super) port: Option<u16>,
    pub(super) username: Option<Arc<str>>,
    pub(super) password: Option<Arc<SecretSource>>,
    pub(super) enable_password: Option<Arc<SecretSource>>,
    pub(super) private_key: Option<Arc<KeySource>>,
    pub(super) agent: Option<bool>,
    /// As it is written, and where: it may name devices that come later.
    pub(super) jump: Option<(Arc<str>, usize)>,
    pub(super) mode: Option<Mode>,
    pub(super) keepalive: Option<Duration>,
    /// None within is UTF-8.
    pub(super) encoding: Option<Option<&'static Encoding>>,
    pub(super) ssh_legacy: Option<bool>,
    pub(super) connect_timeout: Option<Duration>,
    pub(super) command_timeout: Option<Duration>,
    pub(super) commands: Option<Arc<[String]>>,
    pub(super) vars: BTreeMap<String, String>,
}

/// The keys of [`Settings`].
pub(super) const SETTINGS: [&str; 17] = [
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
    "mode",
    "keepalive",
    "encoding",
];

const SECRET_FORMS: &str =
    "text in quotes, { env = \"…\" }, { file = \"…\" }, { command = [\"…\"] } or { prompt = true }";

/// One of the forms that are tables with one key.
fn secret_form((form, value): (&Spanned<Cow<'_, str>>, &Value<'_>)) -> Option<SecretSource> {
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
}

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
                "transport" => settings.transports = self.transports(value),
                "port" => settings.port = self.port(value),
                "username" => settings.username = self.line(name, value).map(Arc::from),
                "password" => settings.password = self.secret(name, value).map(Arc::new),
                "enable_password" => settings.enable_password = self.secret(name, value).map(Arc::new),
                "ssh_legacy" => settings.ssh_legacy = self.boolean(name, value),
                "connect_timeout" => settings.connect_timeout = self.time(name, value),
                "command_timeout" => settings.command_timeout = self.time(name, value),
                "commands" => settings.commands = self.lines(name, value).map(Arc::from),
                "vars" => settings.vars = self.vars(value),
                "private_key" => settings.private_key = self.private_key(value).map(Arc::new),
                "agent" => settings.agent = self.boolean(name, value),
                "jump" => {
                    settings.jump = self.line(name, value).map(|jump| (jump.into(), value.span().start));
                }
                "mode" => settings.mode = self.mode(value),
                "keepalive" => settings.keepalive = self.time(name, value),
                "encoding" => settings.encoding = self.encoding(value),
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

    /// `"ssh"`, `"telnet:2323"`, or a list of those.
    fn transports(&mut self, value: &Value<'_>) -> Option<Transports> {
        let texts = match value.get_ref() {
            DeValue::Array(_) => self.lines("transport", value)?,
            _ => vec![self.line("transport", value)?],
        };
        let mut transports: Vec<(Transport, Option<u16>)> = vec![];
        for text in &texts {
            let (name, port) =
                text.split_once(':').map_or((text.as_str(), None), |(name, port)| (name, Some(port)));
            let known = [Transport::Ssh, Transport::Telnet].into_iter().find(|known| known.as_str() == name);
            let Some(transport) = known else {
                let nearest = suggestion(name, ["ssh", "telnet"]);
                self.problems.add(&value.span(), format!("unknown transport {name:?}: {nearest}"));
                continue;
            };
            let port = match port.map(|port| port.parse::<u16>().ok().filter(|port| *port > 0)) {
                Some(None) => {
                    self.problems
                        .add(&value.span(), format!("transport {text:?}: the port must be from 1 to 65535"));
                    continue;
                }
                port => port.flatten(),
            };
            if transports.iter().any(|(other, _)| *other == transport) {
                self.problems.add(&value.span(), format!("transport {name:?} is named twice"));
                continue;
            }
            transports.push((transport, port));
        }
        if texts.is_empty() {
            self.wrong(value.span(), "transport", "\"ssh\", \"telnet\" or a list of them");
        }
        (!transports.is_empty()).then(|| transports.into())
    }

    fn mode(&mut self, value: &Value<'_>) -> Option<Mode> {
        match self.line("mode", value)?.as_str() {
            "shell" => Some(Mode::Shell),
            "exec" => Some(Mode::Exec),
            other => {
                let nearest = suggestion(other, ["shell", "exec"]);
                self.problems.add(&value.span(), format!("unknown mode {other:?}: {nearest}"));
                None
            }
        }
    }

    /// A label of the Encoding Standard, <https://encoding.spec.whatwg.org/#names-and-labels>.
    fn encoding(&mut self, value: &Value<'_>) -> Option<Option<&'static Encoding>> {
        const COMMON: [&str; 11] = [
            "utf-8",
            "latin1",
            "iso-8859-2",
            "windows-1251",
            "windows-1252",
            "koi8-r",
            "gbk",
            "gb18030",
            "big5",
            "shift_jis",
            "euc-kr",
        ];
        let label = self.line("encoding", value)?;
        match Encoding::for_label_no_replacement(label.as_bytes()) {
            Some(encoding) if !encoding.is_ascii_compatible() => {
                self.wrong(
                    value.span(),
                    "encoding",
                    &format!("one that terminals speak, which {label} is not"),
                );
                None
            }
            Some(encoding) => Some(Some(encoding).filter(|encoding| *encoding != encoding_rs::UTF_8)),
            None => {
                let nearest = suggestion(&label.to_lowercase(), COMMON);
                self.problems.add(&value.span(), format!("unknown encoding {label:?}: {nearest}"));
                None
            }
        }
    }

    /// One of the forms that a secret can have.
    fn secret(&mut self, key: &str, value: &Value<'_>) -> Option<SecretSource> {
        let source = match value.get_ref() {
            DeValue::String(text) => Some(SecretSource::Plain(Secret::new(text.as_ref()))),
            DeValue::Table(table) if table.len() == 1 => table.iter().next().and_then(secret_form),
            _ => None,
        };
        if source.is_none() {
            self.wrong(value.span(), key, SECRET_FORMS);
        }
        source
    }

    /// As a secret, with its passphrase beside it.
    fn private_key(&mut self, value: &Value<'_>) -> Option<KeySource> {
        let DeValue::Table(table) = value.get_ref() else {
            return Some(KeySource { pem: self.secret("private_key", value)?, passphrase: None });
        };
        let (passphrases, others): (Vec<_>, Vec<_>) =
            table.iter().partition(|(key, _)| key.get_ref() == "passphrase");
        let passphrase = passphrases.first().and_then(|(_, value)| self.secret("passphrase", value));
        let pem = match others.as_slice() {
            [form] => secret_form(*form),
            _ => None,
        };
        if pem.is_none() {
            self.wrong(value.span(), "private_key", SECRET_FORMS);
        }
        Some(KeySource { pem: pem?, passphrase })
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
