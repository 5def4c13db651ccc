//! What a device said in clear before the keys were exchanged.
//!
//! libssh2 tells neither which algorithms the device offered nor what a peer that is no SSH
//! server said instead. So the first bytes are looked at on their way in, for error messages
//! only: what is missed costs no more than a poorer message.

#[cfg(any(test, fuzzing))]
pub(super) mod fuzz;

use std::io::ErrorKind;

use ssh2::Session;

use super::algorithms::Offer;
use super::drive::awaited;
use super::wire;
use crate::link::{Interest, Link};

/// Enough for a version line and the longest key exchange offers in use (about 1.5 kB).
const ENOUGH: usize = 8 * 1024;

/// SSH_MSG_KEXINIT (RFC 4253, 12).
const KEXINIT: u8 = 20;

/// The beginning of what the device sent.
#[derive(Debug, Default)]
pub(super) struct Overheard {
    bytes: Vec<u8>,
    done: bool,
    /// The version has begun, or something that may be it.
    versioned: bool,
    /// The line with the version was read, in one piece.
    has_version_line: bool,
    /// What comes next goes on with a line before the version.
    inside_line: bool,
    /// There was a NUL before the version.
    binary: bool,
    /// libssh2 has been called, and so has sent its own version.
    called: bool,
}

impl Overheard {
    /// Looks at what has come and not been read yet; to be called before each read. Whether libssh2
    /// may read now.
    ///
    /// Lines that come before the version (RFC 4253, 4.2) are read here: libssh2 reads them byte by
    /// byte and does not return while they come, so that one device which sends them without end
    /// would take a whole CPU.
    // As `handshake::shake_hands`.
    #[inline(never)]
    pub(super) fn listen(&mut self, session: &Session, link: &Link) -> bool {
        self.catch_up(session);
        let mut has_taken_all = std::mem::replace(&mut self.called, true);
        // Not on the stack: a page of it that was touched once is kept by every session.
        let mut chunk = vec![];
        while !self.done && !self.binary {
            chunk.resize(ENOUGH, 0);
            let n = match link.peek(&mut chunk) {
                Ok(n @ 1..) => n,
                // What comes from here on would be read unheard.
                Err(error) if error.kind() == ErrorKind::WouldBlock && has_taken_all => {
                    if !self.versioned || awaited(session) == Interest::Read {
                        return false;
                    }
                    break;
                }
                _ => break,
            };
            let greeting = self.greeting(&chunk[..n]);
            if greeting == 0 {
                let line = memchr::memchr(b'\n', &chunk[..n]).map_or(0, |end| end + 1);
                if !self.has_version_line && line > 0 && wire::read_ahead(link, &mut chunk[..line]) {
                    self.hear(&chunk[..line]);
                    (self.has_version_line, has_taken_all) = (true, false);
                    continue;
                }
                self.hear(&chunk[..n]);
                break;
            }
            self.hear(&chunk[..greeting]);
            if link.try_read(&mut chunk[..greeting]).is_err() || link.check().is_err() {
                return false;
            }
        }
        true
    }

    /// Takes the version from libssh2, where it came just between a look and the call behind it.
    pub(super) fn catch_up(&mut self, session: &Session) {
        if !self.versioned
            && let Some(version) = session.banner().filter(|line| line.starts_with("SSH-"))
        {
            self.versioned = true;
            self.hear(version.as_bytes());
            self.hear(b"\r\n");
        }
    }

    /// How much of `chunk` comes before the version.
    fn greeting(&mut self, chunk: &[u8]) -> usize {
        const VERSION: &[u8] = b"SSH-";
        let mut length = 0;
        while !self.versioned && length < chunk.len() {
            let rest = &chunk[length..];
            let beginning = &rest[..rest.len().min(VERSION.len())];
            if !self.inside_line && VERSION.starts_with(beginning) {
                self.versioned = true;
                break;
            }
            let end = memchr::memchr(b'\n', rest);
            self.inside_line = end.is_none();
            length += end.map_or(rest.len(), |end| end + 1);
        }
        self.binary |= memchr::memchr(0, &chunk[..length]).is_some();
        length
    }

    /// Whether all that is of interest was heard.
    pub(super) fn is_done(&self) -> bool {
        self.done
    }

    /// Whether what came before the version cannot have been text.
    pub(super) fn is_binary(&self) -> bool {
        self.binary
    }

    fn hear(&mut self, chunk: &[u8]) {
        self.bytes.extend_from_slice(&chunk[..chunk.len().min(ENOUGH - self.bytes.len())]);
        self.done = self.versioned && (self.bytes.len() == ENOUGH || self.offered().is_some());
    }

    /// Whether the device said anything.
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The version line (RFC 4253, 4.2), which other lines may go before.
    pub(super) fn version(&self) -> Option<String> {
        self.bytes.split(|byte| *byte == b'\n').find(|line| line.starts_with(b"SSH-")).map(printable)
    }

    /// The first line that the device said, for want of a version.
    pub(super) fn words(&self) -> String {
        let lines = self.bytes.split(|byte| matches!(byte, b'\n' | b'\r'));
        lines.map(printable).find(|line| !line.trim().is_empty()).unwrap_or_default()
    }

    /// Says which kind of algorithm `ours` has not in common with the device, and whether `old`,
    /// the offer with the old algorithms, has.
    pub(super) fn disagreement(&self, ours: &Offer, old: &Offer) -> Option<String> {
        type Names = fn(&Offer) -> &str;
        let [kex, host_key, to_device, to_us, mac_to_device, mac_to_us] = self.offered()?;
        let mut kinds: Vec<(&str, Names, &str)> = vec![
            ("key exchange", |offer| &offer.kex, kex),
            ("host key", |offer| &offer.host_key, host_key),
            ("cipher", |offer| &offer.cipher, to_device),
            ("cipher", |offer| &offer.cipher, to_us),
        ];
        // Ciphers that authenticate need no MAC beside them.
        for (cipher, mac) in [(to_device, mac_to_device), (to_us, mac_to_us)] {
            let agreed = common(&ours.cipher, cipher).unwrap_or_default();
            if !agreed.contains("-gcm") && !agreed.contains("-poly1305") {
                kinds.push(("MAC", |offer| &offer.mac, mac));
            }
        }
        let (kind, names, theirs) =
            kinds.into_iter().find(|(_, names, theirs)| common(names(ours), theirs).is_none())?;
        let advice =
            if common(names(old), theirs).is_some() { "; set ssh_legacy = true for this device" } else { "" };
        let theirs = printable(theirs);
        Some(format!(
            "no {kind} algorithm in common: the device offers {theirs}, netsweep {}{advice}",
            names(ours)
        ))
    }

    /// The first six name lists of the device's offer (RFC 4253, 7.1).
    fn offered(&self) -> Option<[&str; 6]> {
        let mut rest = self.bytes.as_slice();
        // Only lines that begin with a letter or a blank are text; a packet begins with a zero.
        while rest.first().is_some_and(|byte| *byte != 0) {
            let line = rest.iter().position(|byte| *byte == b'\n')?;
            rest = &rest[line + 1..];
        }
        // Packet length, padding length, type, cookie.
        let (head, mut rest) = rest.split_at_checked(4 + 1 + 1 + 16)?;
        if head[5] != KEXINIT {
            return None;
        }
        let mut lists = [""; 6];
        for list in &mut lists {
            let (length, behind) = rest.split_first_chunk()?;
            let (names, behind) = behind.split_at_checked(u32::from_be_bytes(*length) as usize)?;
            *list = std::str::from_utf8(names).ok()?;
            rest = behind;
        }
        Some(lists)
    }
}

/// The algorithm that is chosen: the first of `ours` that the other side has.
fn common<'a>(ours: &'a str, theirs: &str) -> Option<&'a str> {
    ours.split(',').find(|ours| theirs.split(',').any(|theirs| theirs == *ours))
}

/// For a message: short, one line, nothing that moves a cursor.
pub(super) fn printable(bytes: impl AsRef<[u8]>) -> String {
    const LONG: usize = 400;
    let text = String::from_utf8_lossy(bytes.as_ref());
    let mut short: String =
        text.trim_end().chars().take(LONG).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(LONG).is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kexinit(lists: [&str; 6]) -> Vec<u8> {
        let mut body = vec![4, KEXINIT];
        body.extend([7; 16]);
        for list in lists {
            body.extend((list.len() as u32).to_be_bytes());
            body.extend(list.as_bytes());
        }
        body.extend([0; 21]);
        [&(body.len() as u32).to_be_bytes(), body.as_slice()].concat()
    }

    fn heard(bytes: &[u8]) -> Overheard {
        let mut heard = Overheard::default();
        heard.hear(bytes);
        heard
    }

    fn ours() -> Offer {
        Offer {
            kex: "curve25519-sha256".into(),
            host_key: "ssh-ed25519,rsa-sha2-256".into(),
            cipher: "aes128-gcm@openssh.com,aes128-ctr".into(),
            mac: "hmac-sha2-256".into(),
            signature: "",
        }
    }

    fn old() -> Offer {
        Offer { kex: "curve25519-sha256,diffie-hellman-group1-sha1".into(), ..ours() }
    }

    const FITTING: [&str; 6] =
        ["curve25519-sha256", "rsa-sha2-256", "aes128-ctr", "aes128-ctr", "hmac-sha2-256", "hmac-sha2-256"];

    #[test]
    fn an_old_offer_is_told_with_the_way_out() {
        let mut offer = FITTING;
        offer[0] = "diffie-hellman-group1-sha1";
        let heard = heard(&[b"SSH-2.0-Cisco-1.25\r\n", kexinit(offer).as_slice()].concat());
        let message = heard.disagreement(&ours(), &old()).expect("nothing in common");
        assert!(message.contains("key exchange") && message.contains("group1-sha1"), "{message}");
        assert!(message.contains("ssh_legacy = true"), "{message}");
        let message = heard.disagreement(&ours(), &ours()).expect("nothing in common");
        assert!(!message.contains("ssh_legacy"), "no advice that would not help: {message}");
        assert_eq!(heard.version().as_deref(), Some("SSH-2.0-Cisco-1.25"));
    }

    #[test]
    fn a_fitting_offer_is_no_disagreement() {
        assert_eq!(heard(&kexinit(FITTING)).disagreement(&ours(), &old()), None);
    }

    #[test]
    fn a_mac_is_needed_only_beside_a_cipher_that_does_not_authenticate() {
        let mut offer = FITTING;
        (offer[4], offer[5]) = ("hmac-md5", "hmac-md5");
        assert!(heard(&kexinit(offer)).disagreement(&ours(), &old()).is_some_and(|m| m.contains("MAC")));
        (offer[2], offer[3]) = ("aes128-gcm@openssh.com", "aes128-gcm@openssh.com");
        assert_eq!(heard(&kexinit(offer)).disagreement(&ours(), &old()), None);
    }

    #[test]
    fn cut_anywhere_or_broken_it_says_nothing_and_does_not_panic() {
        let whole = [b"hello\r\nSSH-2.0-x\r\n", kexinit(FITTING).as_slice()].concat();
        for cut in 0..whole.len() - 21 {
            assert_eq!(heard(&whole[..cut]).disagreement(&ours(), &old()), None, "cut at {cut}");
        }
        for at in 0..whole.len() {
            let mut broken = whole.clone();
            broken[at] ^= 0xff;
            let _ = heard(&broken).disagreement(&ours(), &old());
        }
    }

    #[test]
    fn lines_before_the_version_are_a_greeting() {
        let cases: [(&[&str], &[usize]); 5] = [
            (&["SSH-2.0-x\r\n"], &[0]),
            (&["hello\r\nSSH-2.0-x\r\n"], &[7]),
            (&["hel", "lo\nmore SSH-\nSSH-2.0-x\r\n"], &[3, 13]),
            (&["hello\nSS"], &[6]),
            (&["endless", "SSH-", "\n", "SSH-"], &[7, 4, 1, 0]),
        ];
        for (chunks, lengths) in cases {
            let mut heard = Overheard::default();
            let greetings: Vec<_> = chunks.iter().map(|chunk| heard.greeting(chunk.as_bytes())).collect();
            assert_eq!(greetings, lengths, "{chunks:?}");
        }
    }

    #[test]
    fn only_the_beginning_is_kept() {
        let mut heard = Overheard::default();
        for _ in 0..100 {
            heard.hear(&[b'x'; 2048]);
        }
        assert_eq!(heard.bytes.len(), ENOUGH);
        assert!(!heard.done, "the version may still come");
    }

    #[test]
    fn words_are_the_first_line_without_what_moves_a_cursor() {
        assert_eq!(heard(b"\r\n\x1b[2Jone\r\ntwo").words(), " [2Jone");
        assert_eq!(heard(b"").words(), "");
    }
}
