//! The mix that one would choose.

use super::figures::{SectionFigures, figures};
use super::results::{Cell, Choice, Section};

/// So much slower than the fastest is as good, where it takes fewer sessions.
const AS_GOOD: f64 = 1.05;

/// The leanest of the mixes that are as good as the fastest: none of no figures. With a modelled lock it is
/// another question, so cells without one count where there are any.
pub fn choose(section: &Section) -> Option<Choice> {
    let SectionFigures { cells, .. } = figures(section);
    let without = section.cells.iter().zip(&cells).any(|(cell, figures)| !cell.gil && figures.is_some());
    let measured = || {
        let known = section.cells.iter().zip(&cells);
        known
            .filter_map(|(cell, figures)| Some((cell, figures.as_ref()?)))
            .filter(|(cell, _)| !(without && cell.gil))
    };
    let (best, best_figures) =
        measured().min_by(|(_, a), (_, b)| a.makespan.median.total_cmp(&b.makespan.median))?;
    let fewest_failures = best_figures.failures.median;
    let (cell, figures) = measured()
        .filter(|(_, it)| {
            it.makespan.median <= AS_GOOD * best_figures.makespan.median
                && it.failures.median <= fewest_failures
        })
        .min_by_key(|(cell, _)| (sessions(cell), cell.processes))?;
    let fastest = if std::ptr::eq(cell, best) {
        let locked = section.cells.iter().any(|cell| cell.gil) && without;
        let among = if locked { "nothing without the lock" } else { "nothing" };
        format!("{among} was faster than {}", seconds(figures.makespan.median))
    } else {
        format!(
            "{} is within {:.0} % of the fastest, {} × {} with {}, and takes fewer sessions",
            seconds(figures.makespan.median),
            (AS_GOOD - 1.0) * 100.0,
            best.processes,
            best.threads,
            seconds(best_figures.makespan.median)
        )
    };
    let reason = format!(
        "{fastest}; {:.0} % of the ideal, {:.1} MB in the workers",
        figures.efficiency.median * 100.0,
        figures.workers_memory / 1e6
    );
    Some(Choice { processes: cell.processes, threads: cell.threads, reason })
}

fn sessions(cell: &Cell) -> u32 {
    cell.processes.saturating_mul(cell.threads)
}

fn seconds(time: f64) -> String {
    format!("{time:.2} s")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::results::{Trial, Workload};

    fn section(cells: &[(u32, u32, bool, f64)]) -> Section {
        let cell = |&(processes, threads, gil, makespan): &(u32, u32, bool, f64)| Cell {
            processes,
            threads,
            gil,
            devices: 100,
            trials: [0.0, 0.01]
                .map(|more| Trial { makespan: makespan + more, sessions: 100, ..Trial::default() })
                .into(),
            ..Cell::default()
        };
        let workload = Workload { devices: 100, ..Workload::default() };
        Section { workload, cells: cells.iter().map(cell).collect(), ..Section::default() }
    }

    #[test]
    fn the_leanest_of_the_fastest_is_chosen() {
        let mix = |cells| choose(&section(cells)).map(|choice| (choice.processes, choice.threads));
        assert_eq!(mix(&[]), None);
        assert_eq!(mix(&[(1, 1, false, 9.0), (1, 64, false, 2.0), (2, 64, false, 1.0)]), Some((2, 64)));
        assert_eq!(mix(&[(1, 64, false, 1.02), (2, 64, false, 1.0), (2, 512, false, 0.99)]), Some((1, 64)));
        assert_eq!(mix(&[(1, 64, true, 0.5), (2, 64, false, 1.0)]), Some((2, 64)), "without the lock");
        assert_eq!(mix(&[(1, 64, true, 0.5)]), Some((1, 64)));
    }
}
