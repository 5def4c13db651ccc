//! The forms that passwords and keys can have.

use netsweep_shared::secret::Secret;
use toml::de::{DeTable, DeValue};

use super::values::{Reader, Value};
use crate::secrets::{KeySource, SecretSource};

const KEY_FORMS: &str = "text in quotes, { file = \"…\" }, { env = \"…\" } or { command = [\"…\"] }, with passphrase = … \
                         beside it where it has one";
const FORMS: &str =
    "text in quotes, { env = \"…\" }, { file = \"…\" }, { command = [\"…\"] } or { prompt = true }";

impl Reader<'_> {
    pub(super) fn secret(&mut self, key: &str, value: &Value<'_>) -> Option<SecretSource> {
        let source = match value.get_ref() {
            DeValue::String(text) => Some(SecretSource::Plain(Secret::new(text.as_ref()))),
            DeValue::Table(table) if table.len() == 1 => form(table),
            _ => None,
        };
        if source.is_none() {
            self.wrong(value.span(), key, FORMS);
        }
        source
    }

    /// A key takes more than a line to type: there is no prompt for it.
    pub(super) fn private_key(&mut self, value: &Value<'_>) -> Option<KeySource> {
        let (pem, passphrase) = match value.get_ref() {
            DeValue::String(text) => (Some(SecretSource::Plain(Secret::new(text.as_ref()))), None),
            DeValue::Table(table) => {
                let passphrase = table.get("passphrase");
                let others = table.len() - usize::from(passphrase.is_some());
                (if others == 1 { form(table) } else { None }, passphrase)
            }
            _ => (None, None),
        };
        let pem = pem.filter(|source| *source != SecretSource::Prompt);
        if pem.is_none() {
            self.wrong(value.span(), "private_key", KEY_FORMS);
        }
        let passphrase = passphrase.map(|value| self.secret("passphrase", value));
        Some(KeySource { pem: pem?, passphrase: passphrase.flatten() })
    }
}

/// The form that `table` names.
fn form(table: &DeTable<'_>) -> Option<SecretSource> {
    table.iter().find_map(|(form, value)| match (form.get_ref().as_ref(), value.get_ref()) {
        ("env", DeValue::String(name)) => Some(SecretSource::Env(name.to_string())),
        ("file", DeValue::String(path)) => Some(SecretSource::File(path.as_ref().into())),
        ("command", DeValue::Array(words)) if !words.is_empty() => {
            let word = |word: &Value<'_>| word.get_ref().as_str().map(str::to_owned);
            words.iter().map(word).collect::<Option<Vec<_>>>().map(SecretSource::Command)
        }
        ("prompt", DeValue::Boolean(true)) => Some(SecretSource::Prompt),
        _ => None,
    })
}
