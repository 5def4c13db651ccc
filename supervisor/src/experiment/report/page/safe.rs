//! Text and data that stay text and data, whatever is in them.

use base64ct::{Base64, Encoding};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::output::escape;

/// `text` as part of an element's text or of a quoted attribute. Controls, and what turns the direction of
/// writing, are shown as what they are.
pub(super) fn text(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in escape::line(text).chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

/// `data` as JSON within a `script` element. What could end the element, or begin a comment in it, is in
/// strings alone, where JSON can escape it (HTML, "Restrictions for contents of script elements").
pub(super) fn json(data: &impl Serialize) -> serde_json::Result<String> {
    let json = serde_json::to_string(data)?;
    Ok(escape::json(&json).replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026"))
}

/// The name by which a Content-Security-Policy allows a script (CSP 3, "Hash source"): whatever else is in
/// the page does not run.
pub(super) fn hash(script: &str) -> String {
    format!("'sha256-{}'", Base64::encode_string(&Sha256::digest(script)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_breaks_out_of_an_element_or_an_attribute() {
        assert_eq!(
            text("<b title='x' a=\"y\">&\u{1b}\u{202e}"),
            "&lt;b title=&#39;x&#39; a=&quot;y&quot;&gt;&amp;\\x1b\\u{202e}"
        );
    }

    #[test]
    fn data_are_the_same_and_cannot_end_their_element() {
        let data = "</script><!--<script>&\u{2028}\u{202e}\u{1b}";
        let safe = json(&data).expect("JSON");
        assert!(!safe.contains(['<', '>', '&', '\u{2028}', '\u{202e}']), "{safe}");
        assert_eq!(serde_json::from_str::<String>(&safe).expect("JSON"), data);
    }

    #[test]
    fn a_hash_is_as_a_browser_computes_it() {
        // The specification's own example.
        assert_eq!(hash("alert('Hello, world.');"), "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='");
    }
}
