//! How figures of cells are compared and put into words.

use crate::experiment::figures::{CellFigures, Difference, Spread, figures};
use crate::experiment::results::{Cell, Section, Verdict, VerdictResult};

/// A section's cells with their figures, by mix.
pub(super) struct Evidence<'a> {
    cells: Vec<(&'a Cell, CellFigures)>,
}

impl<'a> Evidence<'a> {
    pub(super) fn of(section: &'a Section) -> Self {
        let all = figures(section).cells;
        Self { cells: section.cells.iter().zip(all).filter_map(|(cell, its)| Some((cell, its?))).collect() }
    }

    /// The figures of a mix.
    pub(super) fn at(&self, processes: u32, threads: u32, gil: bool) -> Option<&CellFigures> {
        let is_it = |cell: &Cell| (cell.processes, cell.threads, cell.gil) == (processes, threads, gil);
        self.cells.iter().find(|(cell, _)| is_it(cell)).map(|(_, figures)| figures)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (&'a Cell, &CellFigures)> {
        self.cells.iter().map(|(cell, figures)| (*cell, figures))
    }
}

/// Makes a verdict of comparisons that have all to hold.
#[derive(Default)]
pub(super) struct Scales {
    against: bool,
    unclear: bool,
}

impl Scales {
    /// What is said to be less, and than what.
    pub(super) fn less(&mut self, this: &Spread, that: &Spread) {
        match this.against(that) {
            Difference::Less => {}
            Difference::Greater => self.against = true,
            Difference::WithinNoise => self.unclear = true,
        }
    }

    /// What has to be so, and is known for certain.
    pub(super) fn holds(&mut self, it: bool) {
        self.against |= !it;
    }

    pub(super) fn verdict(&self, reason: String) -> Verdict {
        let result = match self {
            Self { against: true, .. } => VerdictResult::NotConfirmed,
            Self { unclear: true, .. } => VerdictResult::Undecided,
            _ => VerdictResult::Confirmed,
        };
        Verdict { result, reason }
    }
}

/// A time with its spread.
pub(super) fn time(spread: &Spread) -> String {
    let Spread { median, min, max, trials } = *spread;
    match trials {
        1 => format!("{median:.2} s (a single trial)"),
        _ => format!("{median:.2} s ({min:.2} to {max:.2})"),
    }
}

/// How many times less one takes than the other.
pub(super) fn times(slow: &Spread, fast: &Spread) -> String {
    format!("{:.1} times", slow.median / fast.median)
}
