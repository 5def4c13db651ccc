//! An inventory's text in pieces.
//!
//! What a file says takes some thirty times its text while it is parsed. Entries stand by themselves, so a
//! long file is cut before some of them, and each piece is parsed and read by itself, on all cores.

use std::num::NonZero;
use std::ops::Range;
use std::sync::mpsc;
use std::thread;

use toml::de::DeTable;

use super::values::Value;

const ENTRY: &str = "[[devices]]";
/// Bytes of a piece, about.
const PIECE: usize = 128 * 1024;

/// The text before the first entry, and pieces that begin with one; none where the text is short.
///
/// Whether these are entries only a parser can tell: the lines may stand within a longer text. Then the
/// piece before ends within that text, so it is no TOML.
pub(super) fn cut(text: &str) -> Option<(&str, Vec<Range<usize>>)> {
    let mut cuts: Vec<usize> = Vec::new();
    for (at, _) in text.match_indices(ENTRY) {
        let begins_a_line = at == 0 || text.as_bytes()[at - 1] == b'\n';
        if begins_a_line && cuts.last().is_none_or(|last| at - last >= PIECE) {
            cuts.push(at);
        }
    }
    let head = &text[..*cuts.first()?];
    let ends = cuts[1..].iter().copied().chain([text.len()]);
    let pieces: Vec<_> = cuts.iter().zip(ends).map(|(start, end)| *start..end).collect();
    (pieces.len() > 1).then_some((head, pieces))
}

/// What `read` makes of each entry of a piece, where it is TOML and has nothing else.
pub(super) fn entries<'t, R>(piece: &'t str, read: impl FnMut(&Value<'t>) -> Option<R>) -> Option<Vec<R>> {
    let (root, errors) = DeTable::parse_recoverable(piece);
    let root = root.get_ref();
    let entries = root.get("devices").and_then(|value| value.get_ref().as_array());
    let entries = entries.filter(|_| errors.is_empty() && root.len() == 1)?;
    Some(entries.iter().filter_map(read).collect())
}

/// Does `work` on all `items`, on all cores, and hands over what came of each, in their order, until `take`
/// wants no more. No core is more than two items ahead.
pub(super) fn in_order<T: Sync, R: Send>(
    items: &[T],
    work: impl Fn(&T) -> R + Sync,
    mut take: impl FnMut(R) -> bool,
) {
    let cores = thread::available_parallelism().map_or(1, NonZero::get).min(items.len());
    thread::scope(|scope| {
        let done: Vec<mpsc::Receiver<R>> = (0..cores)
            .map(|core| {
                let (hand_over, done) = mpsc::sync_channel(1);
                let work = &work;
                scope.spawn(move || {
                    let mut its_share = items.iter().skip(core).step_by(cores);
                    its_share.try_for_each(|item| hand_over.send(work(item)))
                });
                done
            })
            .collect();
        (0..items.len()).map_while(|item| done[item % cores].recv().ok()).all(&mut take);
    });
}
