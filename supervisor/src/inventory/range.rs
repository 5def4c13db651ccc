//! One entry for many devices: `leaf-[01-48]`, `10.0.[1-4].[1-250]`, `10.1.0.0/21`.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

/// Most devices of one entry.
const MOST: usize = 1_000_000;

/// Text with brackets, for each of which a list of alternatives stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pattern<'t> {
    /// Text before each bracket, and the bracket's alternatives.
    parts: Vec<(&'t str, Vec<String>)>,
    /// Text behind the last bracket.
    tail: &'t str,
}

impl<'t> Pattern<'t> {
    /// # Errors
    /// Why `text` is none, for a person.
    pub(super) fn parse(text: &'t str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        let mut count = 1_usize;
        while let Some((before, behind)) = rest.split_once('[') {
            let (inside, behind) =
                behind.split_once(']').ok_or_else(|| format!("{text:?} has a [ without its ]"))?;
            let alternatives =
                alternatives(inside).map_err(|why| format!("[{inside}] is no range: {why}"))?;
            count = count.saturating_mul(alternatives.len());
            if count > MOST {
                return Err(format!("{text:?} stands for more than {MOST} devices"));
            }
            parts.push((before, alternatives));
            rest = behind;
        }
        if rest.contains(']') {
            return Err(format!("{text:?} has a ] without its ["));
        }
        Ok(Self { parts, tail: rest })
    }

    /// How many texts it stands for.
    pub(super) fn count(&self) -> usize {
        self.parts.iter().map(|(_, alternatives)| alternatives.len()).product()
    }

    /// All of them, the last bracket changing fastest.
    pub(super) fn expand(&self) -> impl Iterator<Item = Arc<str>> {
        let mut text = String::new();
        let count = self.count();
        (0..count).map(move |number| {
            text.clear();
            let mut each = count;
            for (before, alternatives) in &self.parts {
                each /= alternatives.len();
                text.push_str(before);
                text.push_str(&alternatives[number / each % alternatives.len()]);
            }
            text.push_str(self.tail);
            Arc::from(&*text)
        })
    }
}

/// `1-4,7`: a list of numbers and ranges of numbers. Leading zeros are kept.
fn alternatives(inside: &str) -> Result<Vec<String>, String> {
    let mut all = Vec::new();
    for item in inside.split(',') {
        let (first, last) = item.split_once('-').unwrap_or((item, item));
        let number = |text: &str| -> Result<u64, String> {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|_| digits).ok_or_else(|| format!("{text:?} is no number"))
        };
        let (from, to) = (number(first)?, number(last)?);
        if from > to {
            return Err(format!("{from} is more than {to}"));
        }
        if to - from >= MOST as u64 {
            return Err(format!("that is more than {MOST}"));
        }
        let width = if first.starts_with('0') { first.len() } else { 0 };
        all.extend((from..=to).map(|number| format!("{number:0width$}")));
    }
    Ok(all)
}

/// The addresses of an entry of `count` devices.
pub(super) fn addresses(text: &str, count: usize) -> Result<Vec<Arc<str>>, String> {
    if count == 1 && !text.contains(['[', ']', '/']) {
        return Ok(vec![text.into()]);
    }
    if text.contains('/')
        && let Ok(net) = text.parse::<IpNet>()
    {
        let hosts: Vec<Arc<str>> =
            net.hosts().take(count).map(|host: IpAddr| host.to_string().into()).collect();
        if hosts.len() < count {
            return Err(format!("{net} has only {} host addresses, for {count} names", hosts.len()));
        }
        return Ok(hosts);
    }
    let pattern = Pattern::parse(text)?;
    match pattern.count() {
        addresses if addresses == count => Ok(pattern.expand().collect()),
        addresses => Err(format!("{addresses} addresses for {count} names: there must be one for each")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expand(text: &str) -> Result<Vec<String>, String> {
        Ok(Pattern::parse(text)?.expand().map(|it| it.to_string()).collect())
    }

    fn addresses(text: &str, count: usize) -> Result<Vec<String>, String> {
        Ok(super::addresses(text, count)?.iter().map(|it| it.to_string()).collect())
    }

    #[test]
    fn patterns() {
        assert_eq!(expand("core-1").expect("one"), ["core-1"]);
        assert_eq!(expand("leaf-[08-11]").expect("four"), ["leaf-08", "leaf-09", "leaf-10", "leaf-11"]);
        assert_eq!(expand("r[1-2,7]x").expect("three"), ["r1x", "r2x", "r7x"]);
        assert_eq!(expand("a[1-2]b[1-2]").expect("four"), ["a1b1", "a1b2", "a2b1", "a2b2"]);
    }

    #[test]
    fn what_is_no_pattern() {
        for bad in
            ["a[1-2", "a1]", "a[2-1]", "a[x]", "a[]", "a[1-]", "a[1-9999999]", "a[1-1000][1-1001]", "a[+1]"]
        {
            assert!(expand(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn addresses_of_names() {
        assert_eq!(addresses("10.0.0.0/30", 2).expect("two"), ["10.0.0.1", "10.0.0.2"]);
        assert_eq!(addresses("10.0.0.[1-2]", 2).expect("two"), ["10.0.0.1", "10.0.0.2"]);
        assert_eq!(addresses("2001:db8::1", 1).expect("one"), ["2001:db8::1"]);
        assert!(addresses("10.0.0.0/30", 3).is_err_and(|why| why.contains("only 2")));
        assert!(addresses("10.0.0.[1-3]", 2).is_err_and(|why| why.contains("3 addresses for 2 names")));
    }
}
