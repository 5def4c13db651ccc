//! The loop over a matrix: every cell once a round, in another order each time, so that what changes
//! with time on the machine falls on all of them alike.

use std::time::{Duration, Instant};

use anyhow::Result;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use super::figures::Spread;
use super::keep::Keep;
use super::matrix::SectionPlan;
use super::results::{LeftOut, Section, Trial};
use super::trial::Lab;

/// Devices of the sweep that comes before the first trial: it has the executable and its libraries in
/// memory, and its figures are not kept.
const WARM_UP: u32 = 16;

/// How much is to be measured.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Trials of each cell.
    pub trials: u32,
    /// Source of all orders.
    pub seed: u64,
    /// When a section is to be over; no trial begins that would take longer.
    pub until: Option<Instant>,
}

/// Told of each trial when it is over: which cell of the section, and the number of trials that are left.
pub type Progress<'a> = dyn FnMut(&Section, usize, &Trial, usize) + 'a;

/// Measures what `section` does not have yet.
///
/// # Errors
/// [`Interrupted`](super::trial::Interrupted): what was measured is in `section`. Whatever keeps a trial
/// from being made.
pub fn measure(
    lab: &mut Lab<'_>,
    plan: &SectionPlan,
    (number, section): (usize, &mut Section),
    effort: Effort,
    keep: &mut Keep,
    progress: &mut Progress<'_>,
) -> Result<()> {
    let whole = section.cells.len() * effort.trials as usize;
    let mut done: usize = section.cells.iter().map(|cell| cell.trials.len()).sum();
    let largest = plan.cells.iter().max_by_key(|cell| cell.sessions());
    if let Some(largest) = largest.filter(|_| done < whole) {
        lab.trial(&plan.target, largest, WARM_UP.min(plan.target.devices()), effort.seed)?;
    }
    for round in 0..effort.trials {
        let seed = effort.seed ^ (number as u64) << 32 ^ u64::from(round);
        let mut order: Vec<usize> = (0..plan.cells.len()).collect();
        order.shuffle(&mut StdRng::seed_from_u64(seed));
        for at in order {
            let cell = &section.cells[at];
            if cell.trials.len() > round as usize {
                continue;
            }
            if !fits(lab, plan, section, at, effort.until) {
                continue;
            }
            let mut trial = lab.trial(&plan.target, &plan.cells[at], cell.devices, seed)?;
            if !cell.trials.is_empty() {
                trial.timeline.clear();
            }
            keep.trial(number, at, &trial)?;
            section.cells[at].trials.push(trial);
            done += 1;
            if let Some(trial) = section.cells[at].trials.last() {
                progress(section, at, trial, whole.saturating_sub(done));
            }
        }
    }
    section.left_out = left_out(section);
    Ok(())
}

fn left_out(section: &Section) -> Vec<LeftOut> {
    let cells = section.cells.iter().filter(|cell| cell.trials.is_empty());
    cells
        .map(|cell| LeftOut {
            processes: cell.processes,
            threads: cell.threads,
            gil: cell.gil,
            why: "there was no time left for it (--budget)".into(),
        })
        .collect()
}

/// Whether another trial of the cell will be over in time, as far as can be told.
fn fits(lab: &Lab<'_>, plan: &SectionPlan, section: &Section, at: usize, until: Option<Instant>) -> bool {
    let Some(until) = until else { return true };
    let cell = &section.cells[at];
    let measured = Spread::of(cell.trials.iter().map(|trial| trial.makespan)).map(|spread| spread.max);
    let expected = measured.or_else(|| plan.target.estimate(&plan.cells[at], cell.devices, lab.cores));
    let expected = Duration::try_from_secs_f64(expected.unwrap_or(0.0)).unwrap_or(Duration::MAX);
    Instant::now().checked_add(expected).is_some_and(|end| end <= until)
}
