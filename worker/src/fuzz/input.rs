//! An input, read as what a device does.
//!
//! [`HEAD`] bytes choose the surroundings, which differ from target to target. What follows is
//! sent as it stands, but for marks: [`MARK`] and a letter.
//!
//! | mark | meaning |
//! | --- | --- |
//! | `p` | a pause: nothing more comes before we say something or wait |
//! | `e` | the echo of the line that we sent last |
//! | `n` | the number that the session put into its prompt |
//! | `c` and a byte *n* | from here on at most *n* bytes come at once; 0: as many as there is room for |
//! | `r`, bytes *n* and *m* | the *n* bytes before the mark come *m*² times more |
//!
//! Every input means something, so that no change of one is in vain.

/// Bytes that choose the surroundings. Missing ones are 0.
pub(crate) const HEAD: usize = 4;

/// Begins a mark. A control character that no device is known to send.
pub(crate) const MARK: u8 = 0x1d;

/// What a device does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Bytes(Vec<u8>),
    /// These bytes, so many times. No input says it: its size would tell nothing any more.
    #[cfg(test)]
    Flood(Vec<u8>, usize),
    Pause,
    Echo,
    Nonce,
    Chunk(usize),
}

/// What an input says.
pub(crate) struct Input {
    pub(crate) head: [u8; HEAD],
    pub(crate) events: Vec<Event>,
}

impl Input {
    /// Repetitions add up to at most `largest` bytes.
    pub(crate) fn read(data: &[u8], largest: usize) -> Self {
        let (begin, mut rest) = data.split_at(data.len().min(HEAD));
        let mut head = [0; HEAD];
        head[..begin.len()].copy_from_slice(begin);
        let (mut events, mut bytes, mut room) = (vec![], vec![], largest);
        while let Some((text, behind)) = split(rest) {
            bytes.extend_from_slice(text);
            let (event, behind) = match behind {
                [b'p', behind @ ..] => (Event::Pause, behind),
                [b'e', behind @ ..] => (Event::Echo, behind),
                [b'n', behind @ ..] => (Event::Nonce, behind),
                [b'c', n, behind @ ..] => (Event::Chunk((*n).into()), behind),
                [b'r', n, m, behind @ ..] => {
                    let again = bytes[bytes.len().saturating_sub((*n).into())..].to_vec();
                    let times = usize::from(*m).pow(2).min(room / again.len().max(1));
                    room -= again.len() * times;
                    bytes.extend(again.repeat(times));
                    rest = behind;
                    continue;
                }
                _ => {
                    rest = behind;
                    continue;
                }
            };
            if !bytes.is_empty() {
                events.push(Event::Bytes(std::mem::take(&mut bytes)));
            }
            events.push(event);
            rest = behind;
        }
        bytes.extend_from_slice(rest);
        if !bytes.is_empty() {
            events.push(Event::Bytes(bytes));
        }
        Self { head, events }
    }

    /// All that the device sends by itself.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let sent = self.events.iter().filter_map(|event| match event {
            Event::Bytes(bytes) => Some(bytes.as_slice()),
            _ => None,
        });
        sent.collect::<Vec<_>>().concat()
    }
}

/// Text before the first mark, and what follows its first byte.
fn split(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(MARK, rest)?;
    Some((&rest[..at], &rest[at + 1..]))
}

/// Cuts `bytes` in pieces of at most `most` bytes, of sizes that `seed` decides; 0 leaves every
/// piece as long as it may be.
pub(crate) fn pieces(bytes: &[u8], most: usize, seed: u8) -> impl Iterator<Item = &[u8]> {
    let (mut rest, mut state) = (bytes, u64::from(seed));
    std::iter::from_fn(move || {
        // The generator of Knuth's MMIX; its upper bits are good.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let size = match seed {
            0 => most,
            // Mostly short ones.
            _ => 1 + (state >> 33) as usize % usize::from(seed) % most,
        };
        let (piece, behind) = rest.split_at(size.min(rest.len()));
        rest = behind;
        (!piece.is_empty()).then_some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_is_read_as_what_a_device_does() {
        let input = Input::read(b"\x01\x02\x03\x04ab\x1dp\x1decd\x1dr\x02\x02e\x1dc\x07\x1d?f\x1d", 100);
        assert_eq!(input.head, [1, 2, 3, 4]);
        let bytes = |bytes: &[u8]| Event::Bytes(bytes.to_vec());
        let events = [bytes(b"ab"), Event::Pause, Event::Echo, bytes(b"cdcdcdcdcde"), Event::Chunk(7)];
        assert_eq!(input.events[..5], events);
        assert_eq!(input.events[5..], [bytes(b"?f")]);
        assert_eq!(input.bytes(), b"abcdcdcdcdcde?f");
        assert_eq!(Input::read(b"\x05", 0).head, [5, 0, 0, 0]);
    }

    #[test]
    fn repetitions_are_bounded() {
        let input = Input::read(&[b"1234abcdefgh".as_slice(), &b"\x1dr\x08\xff".repeat(100)].concat(), 1000);
        assert_eq!(input.bytes().len(), 8 + 1000);
    }

    #[test]
    fn pieces_make_up_the_whole() {
        for seed in [0, 1, 2, 9, 255] {
            let bytes = [b'x'; 1000];
            let cut: Vec<_> = pieces(&bytes, 100, seed).collect();
            assert!(cut.iter().all(|piece| (1..=100).contains(&piece.len())), "seed {seed}");
            assert_eq!(cut.concat(), bytes, "seed {seed}");
        }
        assert_eq!(pieces(b"ab", 100, 1).count(), 2);
    }
}
