//! `-P auto -T auto`, held against the best cell of the matrix.

use std::time::Instant;

use anyhow::Result;

use super::figures::{Difference, Spread, figures};
use super::matrix::{CellPlan, Target};
use super::measure::Effort;
use super::results::{Auto, Section};
use super::trial::Lab;
use crate::mix::most_threads;
use crate::usage::Machine;

/// Sweeps the whole of `target` with a mix that is found out, and puts what came of it into `section`.
///
/// # Errors
/// Those of a trial.
pub fn measure(lab: &mut Lab<'_>, target: &Target, section: &mut Section, effort: Effort) -> Result<()> {
    let devices = target.devices();
    let processes = lab.cores.min(devices).max(1);
    let threads = most_threads(Machine::detect().memory_bytes, processes).min(devices.div_ceil(processes));
    let cell = CellPlan { tuned: true, ..CellPlan::mix(processes, threads) };
    let mut auto = Auto { processes, ..Auto::default() };
    for round in 0..effort.trials {
        if effort.until.is_some_and(|until| Instant::now() > until) {
            break;
        }
        let (trial, tuned) = lab.tuned_trial(target, &cell, devices, effort.seed ^ u64::from(round))?;
        let tuned = tuned.map_or_else(String::new, |tuned| {
            auto.sessions.push(tuned.sessions);
            tuned.because.to_string()
        });
        (lab.say)(&format!(
            "auto: {} devices in {:.2} s, {} sessions at once: {tuned}",
            trial.sessions,
            trial.makespan,
            auto.sessions.last().copied().unwrap_or(0)
        ));
        auto.makespans.push(trial.makespan);
        auto.reason = tuned;
    }
    if let Some(spread) = Spread::of(auto.makespans.iter().copied()) {
        auto.reason = format!("{}; {}", auto.reason, against_the_best(section, &spread));
        section.auto = Some(auto);
    }
    Ok(())
}

fn against_the_best(section: &Section, auto: &Spread) -> String {
    let all = figures(section).cells;
    let cells = section.cells.iter().zip(&all).filter(|(cell, _)| !cell.gil);
    let known = cells.filter_map(|(cell, figures)| Some((cell, figures.as_ref()?.makespan)));
    let Some((cell, best)) = known.min_by(|(_, a), (_, b)| a.median.total_cmp(&b.median)) else {
        return "there is no cell to compare it with".into();
    };
    let difference = 100.0 * (auto.median / best.median - 1.0);
    let how = match auto.against(&best) {
        Difference::Less => format!("{:.0} % faster than", -difference),
        Difference::Greater => format!("{difference:.0} % slower than"),
        Difference::WithinNoise => format!("within noise ({difference:+.0} %) of"),
    };
    format!("{how} the best cell, {} × {} with {:.2} s", cell.processes, cell.threads, best.median)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::results::{Cell, Trial, Workload};

    #[test]
    fn it_is_compared_with_the_best_without_the_lock() {
        let cell = |threads, gil, makespan| Cell {
            processes: 2,
            threads,
            gil,
            devices: 100,
            trials: [0.0, 0.1].map(|more| Trial { makespan: makespan + more, ..Trial::default() }).into(),
            ..Cell::default()
        };
        let workload = Workload { devices: 100, ..Workload::default() };
        let cells = vec![cell(8, false, 4.0), cell(64, false, 2.0), cell(64, true, 1.0)];
        let section = Section { workload, cells, ..Section::default() };
        let told =
            |makespans: [f64; 2]| against_the_best(&section, &Spread::of(makespans).expect("a spread"));
        assert_eq!(told([2.2, 2.3]), "10 % slower than the best cell, 2 × 64 with 2.05 s");
        assert_eq!(told([2.0, 2.2]), "within noise (+2 %) of the best cell, 2 × 64 with 2.05 s");
        assert_eq!(told([1.5, 1.6]), "24 % faster than the best cell, 2 × 64 with 2.05 s");
    }
}
