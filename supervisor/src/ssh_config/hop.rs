//! `[user@]host[:port]`: a jump host as OpenSSH's `-J` and `ProxyJump` write it.

use std::sync::Arc;

/// One jump host by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HopName {
    /// As it was written.
    pub text: Arc<str>,
    /// Who logs in, where that is said.
    pub user: Option<Arc<str>>,
    /// IP address, host name or alias.
    pub host: Arc<str>,
    /// TCP port, where that is said.
    pub port: Option<u16>,
}

impl HopName {
    /// Parses a list, joined by commas; none where `text` is empty or `none`.
    ///
    /// # Errors
    /// What is wrong with it, for a person.
    pub fn parse_list(text: &str) -> Result<Arc<[Self]>, String> {
        match text.trim() {
            "" => Ok(Arc::new([])),
            none if none.eq_ignore_ascii_case("none") => Ok(Arc::new([])),
            list => list.split(',').map(|hop| Self::parse(hop.trim())).collect(),
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| format!("{text:?} is no [user@]host[:port]: {why}");
        if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(wrong("it has blanks"));
        }
        let rest = text.strip_prefix("ssh://").map_or(text, |uri| uri.trim_end_matches('/'));
        let (user, rest) = rest.rsplit_once('@').map_or((None, rest), |(user, rest)| (Some(user), rest));
        let (host, port) = match rest.strip_prefix('[') {
            Some(rest) => match rest.split_once(']') {
                Some((host, "")) => (host, None),
                Some((host, rest)) => {
                    (host, Some(rest.strip_prefix(':').ok_or_else(|| wrong("a : is missing behind the ]"))?))
                }
                None => return Err(wrong("a ] is missing")),
            },
            // More than one colon: an IPv6 address without brackets.
            None => match rest.split_once(':') {
                Some((host, port)) if !port.contains(':') => (host, Some(port)),
                _ => (rest, None),
            },
        };
        if host.is_empty() || user == Some("") {
            return Err(wrong("a name is missing"));
        }
        let port = port.map(|port| {
            let number = port.parse().ok().filter(|port| *port != 0);
            number.ok_or_else(|| wrong("the port must be a number from 1 to 65535"))
        });
        Ok(Self { text: text.into(), user: user.map(Arc::from), host: host.into(), port: port.transpose()? })
    }
}

#[cfg(test)]
mod tests {
    use super::HopName;

    fn parsed(text: &str) -> Vec<(Option<String>, String, Option<u16>)> {
        let hops = HopName::parse_list(text).expect(text);
        hops.iter()
            .map(|hop| (hop.user.as_deref().map(str::to_owned), hop.host.to_string(), hop.port))
            .collect()
    }

    #[test]
    fn hops() {
        let host = |host: &str| (None, host.to_owned(), None);
        assert_eq!(parsed("bastion"), [host("bastion")]);
        assert_eq!(parsed("me@bastion:2222"), [(Some("me".into()), "bastion".into(), Some(2222))]);
        assert_eq!(parsed("me@realm@bastion"), [(Some("me@realm".into()), "bastion".into(), None)]);
        assert_eq!(parsed("2001:db8::1"), [host("2001:db8::1")]);
        assert_eq!(parsed("[2001:db8::1]:22"), [(None, "2001:db8::1".into(), Some(22))]);
        assert_eq!(parsed("ssh://me@bastion:2222/"), parsed("me@bastion:2222"));
        assert_eq!(parsed("first, second"), [host("first"), host("second")]);
        assert_eq!(parsed(""), []);
        assert_eq!(parsed("none"), []);
    }

    #[test]
    fn what_is_no_hop() {
        for bad in ["a,,b", "@a", "a:", "a:0", "a:65536", "a:ssh", "[::1", "[::1]22", "a b", "user@"] {
            assert!(HopName::parse_list(bad).is_err_and(|why| why.contains("[user@]host[:port]")), "{bad}");
        }
    }
}
