//! Frames: a little-endian `u32` length and a bincode body.
//!
//! The only file that knows bincode. A length over [`MAX_FRAME`] is refused before anything is
//! allocated; a body must decode within its length and to its last byte.

use std::io::{self, BufReader, Read, Write};

use bincode::Options;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Longest body in bytes. Holds a setup with hundreds of platforms or a job with a hundred
/// thousand commands.
pub const MAX_FRAME: usize = 16 * 1024 * 1024;

/// Why no frame could be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The pipe failed.
    #[error("pipe: {0}")]
    Io(#[from] io::Error),
    /// The body would be longer than [`MAX_FRAME`].
    #[error("a frame of {0} bytes is longer than the {MAX_FRAME} allowed")]
    TooLong(usize),
    /// The pipe ended inside a frame.
    #[error("the pipe ended inside a frame")]
    Truncated,
    /// The body is not what was expected.
    #[error("a frame does not decode: {0}")]
    Malformed(String),
}

fn codec() -> impl Options {
    bincode::DefaultOptions::new().with_limit(MAX_FRAME as u64).reject_trailing_bytes()
}

/// Appends `message` to `buffer` as one frame. On error `buffer` is as it was.
pub fn encode<T: Serialize>(message: &T, buffer: &mut Vec<u8>) -> Result<(), FrameError> {
    let start = buffer.len();
    buffer.extend_from_slice(&[0; 4]);
    let body = match codec().serialize_into(&mut *buffer, message) {
        Ok(()) => buffer.len() - start - 4,
        Err(error) => {
            buffer.truncate(start);
            return Err(match *error {
                bincode::ErrorKind::SizeLimit => FrameError::TooLong(MAX_FRAME + 1),
                other => FrameError::Malformed(other.to_string()),
            });
        }
    };
    buffer[start..start + 4].copy_from_slice(&(body as u32).to_le_bytes());
    Ok(())
}

/// Writes one frame; flushing is the caller's.
pub fn write<T: Serialize>(to: &mut impl Write, message: &T) -> Result<(), FrameError> {
    let mut buffer = Vec::new();
    encode(message, &mut buffer)?;
    Ok(to.write_all(&buffer)?)
}

/// Reads frames, with one buffer for all of them.
#[derive(Debug)]
pub struct FrameReader<R> {
    from: R,
    body: Vec<u8>,
}

impl<R: Read> FrameReader<R> {
    /// Reads from `from`, which should be buffered.
    pub fn new(from: R) -> Self {
        Self { from, body: Vec::new() }
    }

    /// The input, behind the frames that were read.
    pub fn into_inner(self) -> R {
        self.from
    }

    /// The next message; `None` where the pipe ended between two frames.
    pub fn read<T: DeserializeOwned>(&mut self) -> Result<Option<T>, FrameError> {
        let mut length = [0; 4];
        match read_full(&mut self.from, &mut length)? {
            0 => return Ok(None),
            4 => {}
            _ => return Err(FrameError::Truncated),
        }
        let length = u32::from_le_bytes(length) as usize;
        if length > MAX_FRAME {
            return Err(FrameError::TooLong(length));
        }
        self.body.clear();
        // Grows with what really arrives, not with what the length promises.
        let read = (&mut self.from).take(length as u64).read_to_end(&mut self.body)?;
        if read < length {
            return Err(FrameError::Truncated);
        }
        codec().deserialize(&self.body).map(Some).map_err(|error| FrameError::Malformed(error.to_string()))
    }
}

impl<R: Read> FrameReader<BufReader<R>> {
    /// Whether the next frame has come whole already, so that reading it will not wait.
    pub fn has_another(&self) -> bool {
        let buffered = self.from.buffer();
        buffered
            .split_first_chunk()
            .is_some_and(|(length, body)| u32::from_le_bytes(*length) as usize <= body.len())
    }
}

/// Fills `buffer` as far as the input goes.
fn read_full(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match from.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<Option<T>, FrameError> {
        FrameReader::new(bytes).read()
    }

    #[test]
    fn a_message_comes_back() {
        let mut bytes = Vec::new();
        encode(&("router", 7u32), &mut bytes).expect("encodes");
        assert_eq!(read::<(String, u32)>(&bytes).expect("reads"), Some(("router".to_owned(), 7)));
    }

    #[test]
    fn what_has_come_whole_is_told_from_what_has_begun() {
        let mut bytes = Vec::new();
        encode(&"router", &mut bytes).expect("encodes");
        encode(&"switch", &mut bytes).expect("encodes");
        for (cut, expected) in [(0, true), (1, false)] {
            let mut reader = FrameReader::new(BufReader::new(&bytes[..bytes.len() - cut]));
            assert!(!reader.has_another(), "nothing was read");
            reader.read::<String>().expect("reads");
            assert_eq!(reader.has_another(), expected);
        }
    }

    #[test]
    fn the_end_between_frames_is_the_end() {
        assert!(read::<u32>(b"").expect("reads").is_none());
    }

    #[test]
    fn the_end_inside_a_frame_is_a_fault() {
        let mut bytes = Vec::new();
        encode(&"router", &mut bytes).expect("encodes");
        for cut in 1..bytes.len() {
            assert!(matches!(read::<String>(&bytes[..cut]), Err(FrameError::Truncated)), "cut at {cut}");
        }
    }

    #[test]
    fn a_huge_length_is_refused_unread() {
        assert!(matches!(read::<u32>(&[0xff; 4]), Err(FrameError::TooLong(_))));
    }

    #[test]
    fn an_inner_length_beyond_the_body_is_malformed() {
        // A body of nine bytes that claims a string of 2^64-1: nothing may be allocated for it.
        let mut bytes = 9u32.to_le_bytes().to_vec();
        bytes.push(253);
        bytes.extend([0xff; 8]);
        assert!(matches!(read::<String>(&bytes), Err(FrameError::Malformed(_))));
    }

    #[test]
    fn trailing_bytes_are_malformed() {
        let mut bytes = 2u32.to_le_bytes().to_vec();
        bytes.extend([1, 1]);
        assert!(matches!(read::<bool>(&bytes), Err(FrameError::Malformed(_))));
    }

    #[test]
    fn too_large_a_message_leaves_the_buffer_as_it_was() {
        let mut bytes = b"kept".to_vec();
        let large = "x".repeat(MAX_FRAME + 1);
        assert!(matches!(encode(&large, &mut bytes), Err(FrameError::TooLong(_))));
        assert_eq!(bytes, b"kept");
    }
}
