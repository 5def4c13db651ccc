//! All that is wrong with an inventory, at once.

use std::cell::OnceCell;
use std::fmt;
use std::ops::Range;
use std::path::Path;

/// What is wrong with an inventory: a line each, in the order of the file.
#[derive(Debug)]
pub struct InventoryErrors {
    lines: Vec<String>,
}

impl InventoryErrors {
    pub(super) fn single(line: String) -> Self {
        Self { lines: vec![line] }
    }
}

impl fmt::Display for InventoryErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines.join("\n"))?;
        match self.lines.len() {
            1 => Ok(()),
            count => write!(f, "\n{count} errors; nothing was started"),
        }
    }
}

impl std::error::Error for InventoryErrors {}

/// Gathers problems with their places.
#[derive(Debug, Default)]
pub(super) struct Problems {
    /// Where in the file that begins from which places are counted.
    start: usize,
    found: Vec<(usize, String)>,
}

impl Problems {
    /// Of a piece of the file that begins at `start`, its places counted from there.
    pub(super) fn of_piece(start: usize) -> Self {
        Self { start, found: Vec::new() }
    }

    pub(super) fn add(&mut self, at: &Range<usize>, message: impl Into<String>) {
        self.found.push((self.place(at), message.into()));
    }

    /// Where in the file something stands.
    pub(super) fn place(&self, at: &Range<usize>) -> usize {
        self.start + at.start
    }

    /// Adds those of a piece.
    pub(super) fn append(&mut self, mut piece: Self) {
        self.found.append(&mut piece.found);
    }

    /// Goes on, unless there are problems.
    pub(super) fn unless_any(mut self, lines: &Lines<'_>) -> Result<Self, InventoryErrors> {
        if self.found.is_empty() {
            return Ok(self);
        }
        self.found.sort_by_key(|(at, _)| *at);
        let told = |(at, message): &(usize, String)| {
            let (line, column) = lines.at(*at);
            format!("{}:{line}:{column}: {message}", lines.path.display())
        };
        Err(InventoryErrors { lines: self.found.iter().map(told).collect() })
    }
}

/// The lines of the file. Nobody counts them in a file without problems.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    path: &'a Path,
    text: &'a str,
    starts: OnceCell<Vec<usize>>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(path: &'a Path, text: &'a str) -> Self {
        Self { path, text, starts: OnceCell::new() }
    }

    /// File and line of a place.
    pub(super) fn place(&self, at: usize) -> String {
        format!("{}:{}", self.path.display(), self.at(at).0)
    }

    /// Line and column of a place, both from 1.
    fn at(&self, at: usize) -> (usize, usize) {
        let starts = self.starts.get_or_init(|| {
            let starts = self.text.match_indices('\n').map(|(at, _)| at + 1);
            std::iter::once(0).chain(starts).collect()
        });
        let line = starts.partition_point(|start| *start <= at);
        (line, at - starts[line - 1] + 1)
    }
}

/// `did you mean "…"?` for the nearest of `known`, or a list of all.
pub(crate) fn suggestion<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    let nearest = known
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().max(3) / 3)
        .min();
    match nearest {
        Some((_, nearest)) => format!("did you mean {nearest:?}?"),
        None if known.is_empty() => "there are none".into(),
        None => format!("there are {}", known.join(", ")),
    }
}
