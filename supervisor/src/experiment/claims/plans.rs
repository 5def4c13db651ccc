//! What each claim has measured. The workloads are small enough for all six to be over in some minutes.

use std::time::Duration;

use netsweep_shared::fleet::Latency;
use netsweep_shared::job::Transport;

use crate::experiment::matrix::{CellPlan, SectionPlan, Target};
use crate::experiment::workload::{Name, Overrides, Workload};

/// The claims, by number from 1.
pub const CLAIMS: [&str; 6] = [
    "sequential execution is the yardstick that everything else is compared with",
    "threads suit work that waits, even where one lock lets one thread compute at a time",
    "what helps few sessions can make many worse: beyond a knee more threads stop helping",
    "processes use several cores, each with its own lock: they matter for work that computes",
    "processes are heavier than threads: tens of them, against hundreds",
    "processes and threads can be combined",
];

/// Processes that show what a process costs.
const MANY_PROCESSES: u32 = 32;
/// Sessions of that comparison.
const SESSIONS: u32 = 256;

/// What is common to all claims.
#[derive(Clone, Copy, Debug)]
pub struct Common<'a> {
    /// Cores that the workers may use.
    pub cores: u32,
    /// What the user wants otherwise in the workloads.
    pub overrides: &'a Overrides,
    /// Fix workers to cores.
    pub pinned: bool,
}

/// The matrix of claim `number`, from 1.
pub fn plan(number: u8, common: Common<'_>) -> Option<SectionPlan> {
    // On one core two processes still show what they do, which is nothing.
    let p = common.cores.max(2);
    let (workload, mixes): (Workload, Vec<(u32, u32)>) = match number {
        1 => (of(Name::Io, 200), vec![(1, 1), (1, 32), (1, 64), (p, 1), (p, 32)]),
        2 => (of(Name::Io, 200), vec![(1, 1), (1, 8), (1, 64), (1, 200)]),
        3 => {
            // Sessions of a fifth of a second, so that some hundreds of them are more than a core can serve.
            let quick = Overrides {
                login: Some(Latency::Fixed(Duration::from_millis(50))),
                command: Some(Latency::Fixed(Duration::from_millis(75))),
                ..Overrides::default()
            };
            let ssh = Workload { transport: Transport::Ssh, ..of(Name::Io, 2_000).with(&quick) };
            (ssh, vec![(1, 32), (1, 64), (1, 128), (1, 256), (1, 512), (1, 1_024)])
        }
        4 => (of(Name::Cpu, 200), vec![(1, 1), (1, 4 * p), (p, 1), (p, 4)]),
        5 => {
            let few = SESSIONS / MANY_PROCESSES;
            (of(Name::Io, SESSIONS), vec![(1, few), (1, SESSIONS), (MANY_PROCESSES, few)])
        }
        6 => (of(Name::Mixed, 300), vec![(1, 1), (1, 16 * p), (p, 1), (p, 16)]),
        _ => return None,
    };
    let workload = workload.with(common.overrides);
    let locks: &[bool] = if matches!(number, 2 | 4 | 6) { &[true, false] } else { &[false] };
    let cells = locks.iter().flat_map(|&gil| {
        let cell = move |&(processes, threads): &(u32, u32)| CellPlan {
            gil,
            pinned: common.pinned,
            ..CellPlan::mix(processes, threads)
        };
        mixes.iter().map(cell).collect::<Vec<_>>()
    });
    Some(SectionPlan {
        title: CLAIMS[usize::from(number) - 1].into(),
        claim: Some(number),
        target: Target::Fleet(Box::new(workload)),
        cells: cells.collect(),
    })
}

fn of(name: Name, devices: u32) -> Workload {
    Workload::named(name).with(&Overrides { devices: Some(devices), ..Overrides::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_claim_has_a_matrix_that_is_over_soon() {
        for cores in [1, 2, 8] {
            let overrides = Overrides::default();
            for number in 1..=6 {
                let plan =
                    plan(number, Common { cores, overrides: &overrides, pinned: false }).expect("a plan");
                let section = plan.to_results(cores);
                let round: f64 = plan
                    .cells
                    .iter()
                    .zip(&section.cells)
                    .filter_map(|(cell, its)| plan.target.estimate(cell, its.devices, cores))
                    .sum();
                assert!(round < 40.0, "claim {number} on {cores}: {round:.1} s a round");
            }
        }
        assert!(plan(7, Common { cores: 2, overrides: &Overrides::default(), pinned: false }).is_none());
    }
}
