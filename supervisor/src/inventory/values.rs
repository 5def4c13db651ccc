//! Single values of an inventory: what is typed, checked, with the place for messages.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use toml::Spanned;
use toml::de::DeValue;

use super::device::Vars;
use super::problems::Problems;

/// A value and where it stands.
pub(super) type Value<'t> = Spanned<DeValue<'t>>;

/// Reads values, noting what is wrong with them.
pub(super) struct Reader<'a> {
    pub(super) problems: Problems,
    pub(super) platforms: &'a [Arc<str>],
    texts: HashSet<Arc<str>>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(problems: Problems, platforms: &'a [Arc<str>]) -> Self {
        Self { problems, platforms, texts: HashSet::new() }
    }

    /// `text`, stored once for all who say the same.
    pub(super) fn shared(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.texts.get(text) {
            return Arc::clone(known);
        }
        let text = Arc::from(text);
        self.texts.insert(Arc::clone(&text));
        text
    }

    pub(super) fn wrong(&mut self, at: Range<usize>, key: &str, wanted: &str) {
        self.problems.add(&at, format!("{key} must be {wanted}"));
    }

    /// Text of one line: what is typed into a terminal must have no control characters.
    pub(super) fn line<'v, 't>(&mut self, key: &str, value: &'v Value<'t>) -> Option<&'v Cow<'t, str>> {
        let DeValue::String(text) = value.get_ref() else {
            self.wrong(value.span(), key, "text in quotes");
            return None;
        };
        if text.chars().any(char::is_control) {
            self.wrong(value.span(), key, "one line without control characters");
            return None;
        }
        Some(text)
    }

    /// A list of such texts; `each` is what messages call one of them.
    pub(super) fn lines<'v, 't>(
        &mut self,
        key: &str,
        each: &str,
        value: &'v Value<'t>,
    ) -> Option<Vec<&'v Cow<'t, str>>> {
        let DeValue::Array(items) = value.get_ref() else {
            self.wrong(value.span(), key, "a list of texts, such as [\"…\"]");
            return None;
        };
        let lines: Vec<_> = items.iter().filter_map(|item| self.line(each, item)).collect();
        if let Some(item) =
            items.iter().zip(&lines).find_map(|(item, line)| line.trim().is_empty().then_some(item))
        {
            self.wrong(item.span(), each, "more than blanks");
        }
        Some(lines)
    }

    pub(super) fn boolean(&mut self, key: &str, value: &Value<'_>) -> Option<bool> {
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

    pub(super) fn port(&mut self, value: &Value<'_>) -> Option<u16> {
        self.number("port", value, 1..=65_535).and_then(|port| u16::try_from(port).ok())
    }

    pub(super) fn time(&mut self, key: &str, value: &Value<'_>) -> Option<Duration> {
        let text = self.line(key, value)?;
        match humantime::parse_duration(text) {
            Ok(time) if !time.is_zero() => Some(time),
            _ => {
                self.wrong(value.span(), key, "a time, such as \"30s\" or \"2m\"");
                None
            }
        }
    }

    pub(super) fn vars(&mut self, value: &Value<'_>) -> Vars {
        let DeValue::Table(table) = value.get_ref() else {
            self.wrong(value.span(), "vars", "a table, such as { site = \"msk\" }");
            return Vars::default();
        };
        let vars = table.iter().filter_map(|(key, value)| {
            let text = match value.get_ref() {
                DeValue::String(text) => Cow::Borrowed(&**text),
                DeValue::Integer(number) => number.to_string().into(),
                DeValue::Float(number) => number.to_string().into(),
                DeValue::Boolean(boolean) => boolean.to_string().into(),
                _ => {
                    self.wrong(value.span(), "each of vars", "text, a number, true or false");
                    return None;
                }
            };
            Some((self.shared(key.get_ref()), self.shared(&text)))
        });
        vars.collect()
    }
}
