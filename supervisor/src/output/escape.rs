//! What a device says is not trusted with the user's terminal.
//!
//! Escape sequences can retitle a window, write to the clipboard or forge what was printed
//! before; bidirectional controls can make a line read as another. They are shown as what
//! they are.

use std::borrow::Cow;

/// `text` as part of one line: no line breaks and tabs either.
pub(crate) fn line(text: &str) -> Cow<'_, str> {
    escape(text, |c| c == '\t' || acts(c))
}

/// `output` as lines for a terminal; what is not UTF-8 becomes U+FFFD.
pub(crate) fn lines(output: &[u8]) -> String {
    escape(&String::from_utf8_lossy(output), |c| c != '\t' && c != '\n' && acts(c)).into_owned()
}

/// A line of JSON in which those characters, all of them inside strings, are escaped the way
/// JSON escapes (RFC 8259, section 7, only asks for those below U+0020).
pub(crate) fn json(text: &str) -> Cow<'_, str> {
    // The encoder has escaped the controls below; outputs are megabytes of nothing else.
    if text.is_ascii() && !text.contains('\u{7f}') {
        return text.into();
    }
    replace(text, acts, |c| format!("\\u{:04x}", u32::from(c)))
}

/// Whether a terminal takes `c` for an instruction.
fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn escape(text: &str, which: impl Fn(char) -> bool) -> Cow<'_, str> {
    replace(text, which, |c| match c {
        '\t' => " ".into(),
        '\n' => "\\n".into(),
        '\r' => "\\r".into(),
        c if c.is_ascii() => format!("\\x{:02x}", u32::from(c)),
        c => format!("\\u{{{:x}}}", u32::from(c)),
    })
}

fn replace(text: &str, which: impl Fn(char) -> bool, with: impl Fn(char) -> String) -> Cow<'_, str> {
    if !text.contains(&which) {
        return text.into();
    }
    let mut replaced = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if which(c) { replaced.push_str(&with(c)) } else { replaced.push(c) }
    }
    replaced.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_one_line_and_says_what_was_in_it() {
        assert_eq!(line("core-1"), "core-1");
        assert_eq!(line("a\nb\tc\r\u{1b}]0;x\u{7}"), r"a\nb c\r\x1b]0;x\x07");
        assert_eq!(line("\u{9b}31m \u{202e}txt"), r"\u{9b}31m \u{202e}txt");
    }

    #[test]
    fn lines_keep_what_lays_text_out() {
        assert_eq!(lines(b"a\n\tb \x1b[2J \xff"), "a\n\tb \\x1b[2J \u{fffd}");
        assert_eq!(lines("Zürich 北京".as_bytes()), "Zürich 北京");
    }

    #[test]
    fn json_stays_json() {
        let text = "del \u{7f} csi \u{9b} rtl \u{202e}";
        let escaped = json(&serde_json::to_string(text).expect("a string")).into_owned();
        assert_eq!(escaped, r#""del \u007f csi \u009b rtl \u202e""#);
        assert_eq!(serde_json::from_str::<String>(&escaped).expect("JSON"), text);
    }
}
