//! Telnet's own bytes (RFC 854): taken out of what comes, wherever a read cuts them apart.

const SE: u8 = 240;
const BREAK: u8 = 243;
const INTERRUPT: u8 = 244;
const SB: u8 = 250;
const WILL: u8 = 251;
const WONT: u8 = 252;
const DO: u8 = 253;
const DONT: u8 = 254;
const IAC: u8 = 255;

const ECHO: u8 = 1; // RFC 857
const SUPPRESS_GO_AHEAD: u8 = 3; // RFC 858
const TIMING_MARK: u8 = 6; // RFC 860
const TERMINAL_TYPE: u8 = 24; // RFC 1091
const WINDOW_SIZE: u8 = 31; // RFC 1073

const CTRL_C: u8 = 3;

/// What a router says first: it echoes, and wants to know the terminal.
pub(crate) const OFFER: [u8; 12] =
    [IAC, WILL, ECHO, IAC, WILL, SUPPRESS_GO_AHEAD, IAC, DO, TERMINAL_TYPE, IAC, DO, WINDOW_SIZE];

/// Asks for word that everything before it was taken in, which every peer gives, one way or the
/// other (RFC 860).
pub(crate) const MARK: [u8; 3] = [IAC, DO, TIMING_MARK];

/// Longest subnegotiation that is kept.
const LONGEST: usize = 64;

/// What one read held.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Received {
    /// Keys.
    pub(crate) keys: Vec<u8>,
    /// Answers to the peer's options.
    pub(crate) answer: Vec<u8>,
    /// Rows of the terminal, where the peer told them.
    pub(crate) rows: Option<u16>,
    /// Whether the peer has answered [`MARK`].
    pub(crate) marked: bool,
}

/// The state between two bytes.
#[derive(Debug, Default)]
pub(crate) struct Nvt {
    state: State,
    subnegotiation: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Data,
    Command,
    /// Behind WILL, WONT, DO or DONT.
    Option(u8),
    Subnegotiation,
    /// Behind an IAC in a subnegotiation.
    SubnegotiationCommand,
}

impl Nvt {
    /// Takes what one read brought.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Received {
        let mut received = Received::default();
        for &byte in bytes {
            self.state = match (self.state, byte) {
                (State::Data, IAC) => State::Command,
                (State::Data, key) => {
                    received.keys.push(key);
                    State::Data
                }
                (State::Command, IAC) => {
                    received.keys.push(IAC);
                    State::Data
                }
                (State::Command, WILL | WONT | DO | DONT) => State::Option(byte),
                (State::Command, SB) => {
                    self.subnegotiation.clear();
                    State::Subnegotiation
                }
                (State::Command, INTERRUPT | BREAK) => {
                    received.keys.push(CTRL_C);
                    State::Data
                }
                (State::Command, _) => State::Data,
                (State::Option(verb), option) => {
                    received.marked |= matches!((verb, option), (WILL | WONT, TIMING_MARK));
                    received.answer.extend_from_slice(answer(verb, option));
                    if let Some(refusal) = refuse(verb, option) {
                        received.answer.extend_from_slice(&[IAC, refusal, option]);
                    }
                    State::Data
                }
                (State::Subnegotiation, IAC) => State::SubnegotiationCommand,
                (State::SubnegotiationCommand, SE) => {
                    // WINDOW-SIZE, columns and rows, each of two bytes.
                    if let [WINDOW_SIZE, _, _, high, low] = self.subnegotiation[..] {
                        received.rows = Some(u16::from_be_bytes([high, low]));
                    }
                    State::Data
                }
                (State::Subnegotiation, byte) | (State::SubnegotiationCommand, byte) => {
                    if self.subnegotiation.len() < LONGEST {
                        self.subnegotiation.push(byte);
                    }
                    State::Subnegotiation
                }
            };
        }
        received
    }
}

/// What is said to an option that the device knows.
fn answer(verb: u8, option: u8) -> &'static [u8] {
    const SEND: u8 = 1;
    match (verb, option) {
        (WILL, TERMINAL_TYPE) => &[IAC, SB, TERMINAL_TYPE, SEND, IAC, SE],
        (WILL, SUPPRESS_GO_AHEAD) => &[IAC, DO, SUPPRESS_GO_AHEAD],
        _ => &[],
    }
}

/// The verb that turns down an option that the device does not know. Agreement to what was
/// offered and refusals are not answered, so that no two peers can answer each other for ever.
fn refuse(verb: u8, option: u8) -> Option<u8> {
    match (verb, option) {
        (WILL, TERMINAL_TYPE | SUPPRESS_GO_AHEAD | WINDOW_SIZE | TIMING_MARK) => None,
        (WILL, _) => Some(DONT),
        (DO, ECHO | SUPPRESS_GO_AHEAD) => None,
        (DO, _) => Some(WONT),
        _ => None,
    }
}

/// Doubles the byte that would start a command (RFC 854).
pub(crate) fn escape(bytes: Vec<u8>) -> Vec<u8> {
    if !bytes.contains(&IAC) {
        return bytes;
    }
    let mut escaped = Vec::with_capacity(bytes.len() + 8);
    for byte in bytes {
        escaped.push(byte);
        if byte == IAC {
            escaped.push(IAC);
        }
    }
    escaped
}

/// The option storm of a broken device: blank lines and demands.
pub(crate) fn storm() -> Vec<u8> {
    (0..40).flat_map(|option| [b'\r', b'\n', IAC, DO, option, IAC, WILL, option]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A conversation with everything in it.
    const STREAM: &[u8] = b"ad\xff\xfd\x01min\xff\xfb\x18\xff\xfa\x18\x00xterm\xff\xf0\r\x00\xff\xfb\x1f\xff\xfa\x1f\x02\x00\x00\x18\xff\xf0\xff\xfb\x22pw\xff\xff\xff\xf4\xff\xf1\xff\xfd\x05\r\n";

    fn whole() -> Received {
        Received {
            keys: b"admin\r\x00pw\xff\x03\r\n".to_vec(),
            answer: [&[IAC, SB, 24, 1, IAC, SE][..], &[IAC, DONT, 34], &[IAC, WONT, 5]].concat(),
            rows: Some(24),
            marked: false,
        }
    }

    #[test]
    fn keys_and_options_come_apart() {
        assert_eq!(Nvt::default().take(STREAM), whole());
    }

    #[test]
    fn a_cut_at_any_byte_changes_nothing() {
        for cut in 0..=STREAM.len() {
            let mut nvt = Nvt::default();
            let (first, second) = (nvt.take(&STREAM[..cut]), nvt.take(&STREAM[cut..]));
            let joined = Received {
                keys: [first.keys, second.keys].concat(),
                answer: [first.answer, second.answer].concat(),
                rows: second.rows.or(first.rows),
                marked: first.marked || second.marked,
            };
            assert_eq!(joined, whole(), "cut at {cut}");
        }
    }

    #[test]
    fn a_mark_is_answered_by_agreement_and_by_refusal() {
        for verb in [WILL, WONT] {
            let received = Nvt::default().take(&[b'x', IAC, verb, TIMING_MARK]);
            assert_eq!(received, Received { keys: b"x".to_vec(), marked: true, ..Received::default() });
        }
        assert!(!Nvt::default().take(&[IAC, WILL, ECHO]).marked);
    }

    #[test]
    fn an_endless_subnegotiation_is_not_kept() {
        let mut nvt = Nvt::default();
        nvt.take(&[IAC, SB, 31]);
        nvt.take(&[0; 100_000]);
        assert!(nvt.subnegotiation.len() <= LONGEST);
        assert_eq!(nvt.take(&[IAC, SE, b'x']).keys, b"x");
    }

    #[test]
    fn data_that_looks_like_a_command_is_doubled() {
        assert_eq!(escape(b"a\xffb".to_vec()), b"a\xff\xffb");
        assert_eq!(escape(b"ab".to_vec()), b"ab");
    }
}
