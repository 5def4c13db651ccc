//! An output on its way out: in chunks as it comes, cut at its limit, searched for refusals.

use std::time::{Duration, Instant};

use netsweep_shared::protocol::OUTPUT_CHUNK;

use super::line::LineSink;
use super::refusals::{Refusals, Search};

/// How long the beginning of a chunk waits for the rest of it.
const LONGEST_HOLD: Duration = Duration::from_secs(1);

/// Most outputs are no longer: their room is made at once, and not line by line.
const USUAL: usize = 2048;

/// The output of one command.
pub(crate) struct Record<'a> {
    emit: &'a mut dyn FnMut(Vec<u8>),
    /// Bytes that may still be kept.
    room: u64,
    truncated: bool,
    chunk: Vec<u8>,
    /// How much of the chunk was searched.
    searched: usize,
    /// When the chunk's first byte came.
    since: Option<Instant>,
    search: Search<'a>,
}

impl<'a> Record<'a> {
    /// Keeps at most `limit` bytes and hands them to `emit` in chunks of at most
    /// [`OUTPUT_CHUNK`]; remembers the first line that is one of the `refusals`.
    pub(crate) fn new(limit: u64, refusals: &'a Refusals, emit: &'a mut dyn FnMut(Vec<u8>)) -> Self {
        Self {
            emit,
            room: limit,
            truncated: false,
            chunk: vec![],
            searched: 0,
            since: None,
            search: Search::new(refusals),
        }
    }

    /// Adds bytes of which the lines are not known.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.keep(bytes);
    }

    /// Hands out what has waited long enough.
    pub(crate) fn hand_out_old(&mut self) {
        if self.since.is_some_and(|since| since.elapsed() >= LONGEST_HOLD) {
            self.hand_out();
        }
    }

    /// Hands out the rest.
    pub(crate) fn finish(&mut self) {
        self.hand_out();
        self.search.end();
    }

    /// Whether bytes were dropped.
    pub(crate) fn truncated(&self) -> bool {
        self.truncated
    }

    /// The first line with which the device refused the command, of what was handed out or dropped.
    pub(crate) fn refusal(&self) -> Option<&[u8]> {
        self.search.found()
    }

    fn keep(&mut self, bytes: &[u8]) {
        let kept = bytes.len().min(usize::try_from(self.room).unwrap_or(usize::MAX));
        self.room -= kept as u64;
        let (mut bytes, dropped) = bytes.split_at(kept);
        while !bytes.is_empty() {
            if self.chunk.is_empty() {
                self.since = Some(Instant::now());
                self.chunk.reserve(USUAL);
            }
            let (now, later) = bytes.split_at(bytes.len().min(OUTPUT_CHUNK - self.chunk.len()));
            self.chunk.extend_from_slice(now);
            bytes = later;
            if self.chunk.len() == OUTPUT_CHUNK {
                self.hand_out();
            }
        }
        if !dropped.is_empty() {
            self.truncated = true;
            self.search_chunk();
            self.search.take(dropped);
        }
    }

    fn hand_out(&mut self) {
        self.search_chunk();
        if !self.chunk.is_empty() {
            (self.emit)(std::mem::take(&mut self.chunk));
            self.searched = 0;
            self.since = None;
        }
    }

    fn search_chunk(&mut self) {
        self.search.take(&self.chunk[self.searched..]);
        self.searched = self.chunk.len();
    }
}

impl LineSink for Record<'_> {
    fn line(&mut self, piece: &[u8], ended: bool) {
        self.keep(piece);
        if ended {
            self.keep(b"\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors() -> Refusals {
        Refusals::compile(&[r"^% Invalid".to_owned()]).expect("compiles")
    }

    fn recorded(limit: u64, pieces: &[&[u8]]) -> (Vec<Vec<u8>>, bool, Option<Vec<u8>>) {
        let (errors, mut chunks) = (errors(), vec![]);
        let mut emit = |bytes| chunks.push(bytes);
        let mut record = Record::new(limit, &errors, &mut emit);
        pieces.iter().for_each(|piece| record.bytes(piece));
        record.finish();
        let (truncated, refusal) = (record.truncated(), record.refusal().map(<[u8]>::to_vec));
        (chunks, truncated, refusal)
    }

    #[test]
    fn output_goes_out_in_chunks_and_whole() {
        let line = [b'x'; 999];
        let (chunks, truncated, _) = recorded(u64::MAX, &vec![line.as_slice(); 100]);
        assert_eq!(chunks.concat().len(), 99_900);
        assert!(chunks.iter().all(|chunk| chunk.len() <= OUTPUT_CHUNK));
        assert!(!truncated);
    }

    #[test]
    fn what_goes_over_the_limit_is_dropped_and_said() {
        for (limit, kept, truncated) in [(0, "", true), (4, "a\nbc", true), (6, "a\nbcd\n", false)] {
            let (chunks, cut, _) = recorded(limit, &[b"a\nbc", b"d\n"]);
            assert_eq!((chunks.concat(), cut), (kept.as_bytes().to_vec(), truncated), "limit {limit}");
        }
    }

    #[test]
    fn a_refusal_is_found_at_the_beginning_of_a_line_only() {
        for (pieces, found) in [
            (vec!["ok\n% Invalid input\n"], Some("% Invalid input")),
            (vec!["ok\n% Inv", "alid", " input"], Some("% Invalid input")),
            (vec!["not % Invalid input\n"], None),
            (vec!["not", "% Invalid\n"], None),
        ] {
            let pieces: Vec<_> = pieces.iter().map(|piece| piece.as_bytes()).collect();
            let (_, _, refusal) = recorded(0, &pieces);
            assert_eq!(refusal.as_deref(), found.map(str::as_bytes), "{pieces:?}");
        }
    }
}
