//! All that is wrong with an inventory, at once.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

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
#[derive(Debug)]
pub(super) struct Problems {
    path: PathBuf,
    /// Where each line of the file begins.
    line_starts: Vec<usize>,
    found: Vec<(usize, String)>,
}

impl Problems {
    pub(super) fn new(path: &Path, text: &str) -> Self {
        let starts = text.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            path: path.to_owned(),
            line_starts: std::iter::once(0).chain(starts).collect(),
            found: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, at: &Range<usize>, message: impl Into<String>) {
        self.found.push((at.start, message.into()));
    }

    /// File and line of a place.
    pub(super) fn place(&self, at: usize) -> String {
        format!("{}:{}", self.path.display(), self.line(at))
    }

    /// The line of a place in the file, from 1.
    fn line(&self, at: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= at)
    }

    /// Goes on, unless there are problems.
    pub(super) fn unless_any(mut self) -> Result<Self, InventoryErrors> {
        if self.found.is_empty() {
            return Ok(self);
        }
        self.found.sort_by_key(|(at, _)| *at);
        let told = |(at, message): &(usize, String)| {
            let line = self.line(*at);
            let column = at - self.line_starts[line - 1] + 1;
            format!("{}:{line}:{column}: {message}", self.path.display())
        };
        Err(InventoryErrors { lines: self.found.iter().map(told).collect() })
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
