//! What follows from the figures for each claim. A difference counts where no trial of one side reaches
//! the other's.

use super::evidence::{Evidence, Scales, time, times};
use crate::experiment::figures::{CellFigures, Difference, curves, rate};
use crate::experiment::results::{Cell, Section, Trial, Verdict, VerdictResult};

/// Of the cores' time, what counts as all of it: the clock and the kernel want some.
const CORES_ARE_FULL: f64 = 0.85;
/// Of the ideal makespan, where nothing but the devices' own latencies is left.
const DEVICES_ALONE: f64 = 0.9;
/// Of the sessions' time at the knee, what counts for locks.
const LOCKS_MATTER: f64 = 0.2;
/// Processes are near the number of cores from this share on.
const NEARLY: f64 = 0.75;
/// So much heavier is heavier.
const HEAVIER: f64 = 2.0;

/// The verdict on the section's claim; none of a section without one.
pub fn judge(section: &Section, cores: u32) -> Option<Verdict> {
    let number = section.claim?;
    let evidence = Evidence::of(section);
    let p = cores.max(2);
    let verdict = match number {
        1 => yardstick(&evidence),
        2 => threads_wait(&evidence),
        3 => knee(section, &evidence, cores),
        4 => processes_compute(&evidence, p, cores),
        5 => processes_weigh(&evidence),
        6 => combined(&evidence, p),
        _ => None,
    };
    Some(verdict.unwrap_or_else(|| Verdict {
        result: VerdictResult::Undecided,
        reason: "cells that it takes were not measured: give it more time (--budget)".into(),
    }))
}

fn yardstick(evidence: &Evidence<'_>) -> Option<Verdict> {
    let one = evidence.at(1, 1, false)?;
    let mut scales = Scales::default();
    let mut parts = Vec::new();
    for (cell, figures) in evidence.all().filter(|(cell, _)| (cell.processes, cell.threads) != (1, 1)) {
        scales.less(&figures.makespan, &one.makespan);
        parts.push(format!(
            "{} in {}, {}",
            mix(cell),
            time(&figures.makespan),
            times(&one.makespan, &figures.makespan)
        ));
    }
    let extrapolated = if one.extrapolated { ", extrapolated from a sample" } else { "" };
    let reason = format!(
        "One device after the other takes {}{extrapolated}. Against that: {}. Total time is what they are compared by.",
        time(&one.makespan),
        parts.join("; ")
    );
    (!parts.is_empty()).then(|| scales.verdict(reason))
}

fn threads_wait(evidence: &Evidence<'_>) -> Option<Verdict> {
    let (one, many) = (evidence.at(1, 1, true)?, evidence.at(1, 64, true)?);
    let free = evidence.at(1, 64, false)?;
    let mut scales = Scales::default();
    scales.less(&many.makespan, &one.makespan);
    // More than a few times: the threads wait side by side.
    scales.holds(one.makespan.median / many.makespan.median > 8.0);
    let cost = match many.makespan.against(&free.makespan) {
        Difference::Greater => format!("{} without the lock, so it costs something", time(&free.makespan)),
        _ => format!("{} without the lock, which is within noise or better", time(&free.makespan)),
    };
    let mut reason = format!(
        "With one lock in the process, 64 threads take {} where one takes {}: {} less. The same takes {cost}.",
        time(&many.makespan),
        time(&one.makespan),
        times(&one.makespan, &many.makespan)
    );
    if let (Some(most), Some(free)) = (evidence.at(1, 200, true), evidence.at(1, 200, false)) {
        reason += &format!(
            " With 200 threads: {} with the lock, {} without.",
            time(&most.makespan),
            time(&free.makespan)
        );
    }
    Some(scales.verdict(reason))
}

fn knee(section: &Section, evidence: &Evidence<'_>, cores: u32) -> Option<Verdict> {
    let curve = curves(section).into_iter().find(|curve| curve.cells.len() > 2)?;
    let last = &section.cells[*curve.cells.last()?];
    let rates: Vec<String> = curve
        .cells
        .iter()
        .filter_map(|&at| {
            let cell = &section.cells[at];
            Some(format!("{} with {}", rate(cell)?.median.round(), cell.threads))
        })
        .collect();
    let rates = format!("Sessions a second: {} threads.", rates.join(", "));
    let Some(knee) = curve.knee.map(|at| &section.cells[at]) else {
        return Some(no_knee(section, &curve.cells, rates));
    };
    let after = match (rate(last)?, rate(knee)?) {
        (end, top) if end.against(&top) == Difference::Less => "and fall beyond it",
        _ => "and do not grow beyond it",
    };
    let figures = evidence.at(last.processes, last.threads, last.gil)?;
    let reason = format!(
        "{rates} They stop growing at {} threads {after}. {}",
        knee.threads,
        limit(last, figures, cores)
    );
    // One trial each tells nothing of the spread.
    let enough = curve.cells.iter().all(|&at| section.cells[at].trials.len() > 1);
    let result = if enough { VerdictResult::Confirmed } else { VerdictResult::Undecided };
    Some(Verdict { result, reason })
}

/// A rate that has not stopped growing, or of which that cannot be told.
fn no_knee(section: &Section, cells: &[usize], rates: String) -> Verdict {
    let mut last = cells.iter().rev().filter_map(|&at| rate(&section.cells[at]));
    let grows = match (last.next(), last.next()) {
        (Some(last), Some(before)) => last.against(&before) == Difference::Greater,
        _ => false,
    };
    match grows {
        true => Verdict {
            result: VerdictResult::NotConfirmed,
            reason: format!("{rates} The rate still grew at the last: there is no knee up to there."),
        },
        false => Verdict {
            result: VerdictResult::Undecided,
            reason: format!("{rates} Whether it still grew at the last is within noise."),
        },
    }
}

/// What keeps the rate from growing, where the curve ends.
fn limit(cell: &Cell, figures: &CellFigures, cores: u32) -> String {
    let Some(trial) = cell.trials.get(figures.typical) else { return String::new() };
    let ours =
        trial.workers.iter().chain([&trial.supervisor]).map(|cost| cost.user + cost.system).sum::<f64>();
    let fleet = trial.fleet_cpu.unwrap_or(0.0);
    let of_cores = |cpu: f64| cpu / (trial.makespan * f64::from(cores));
    let in_sessions = session_time(trial);
    if of_cores(ours + fleet) > CORES_ARE_FULL {
        format!(
            "The limit is the CPU: {:.0} % of the cores' time at {} threads, {:.0} % of it the workers' and the \
             supervisor's and {:.0} % the simulated devices', which share the cores here.",
            100.0 * of_cores(ours + fleet),
            cell.threads,
            100.0 * of_cores(ours),
            100.0 * of_cores(fleet)
        )
    } else if figures.efficiency.median > DEVICES_ALONE {
        format!(
            "The limit is the devices: {:.0} % of the ideal makespan, which their latencies set.",
            100.0 * figures.efficiency.median
        )
    } else if trial.phases.lock > LOCKS_MATTER * in_sessions {
        format!(
            "The limit is the lock: {:.0} % of the sessions' time.",
            100.0 * trial.phases.lock / in_sessions
        )
    } else {
        format!(
            "No one limit explains it: {:.0} % of the cores' time, {:.0} % of the ideal makespan; the first and the \
             last sessions, when not all threads have work, weigh the more the shorter a sweep is.",
            100.0 * of_cores(ours + fleet),
            100.0 * figures.efficiency.median
        )
    }
}

fn session_time(trial: &Trial) -> f64 {
    let phases = &trial.phases;
    phases.connect + phases.key_exchange + phases.login + phases.commands
}

fn processes_compute(evidence: &Evidence<'_>, p: u32, cores: u32) -> Option<Verdict> {
    let (one, threads) = (evidence.at(1, 1, true)?, evidence.at(1, 4 * p, true)?);
    let processes = evidence.at(p, 1, true)?;
    let (free_threads, free_processes) = (evidence.at(1, 4 * p, false)?, evidence.at(p, 4, false)?);
    let gain = one.makespan.median / processes.makespan.median;
    let mut scales = Scales::default();
    scales.less(&processes.makespan, &threads.makespan);
    scales.holds(gain > NEARLY * f64::from(cores));
    let without = match free_threads.makespan.against(&free_processes.makespan) {
        Difference::WithinNoise => "Without it threads scale as processes do",
        Difference::Less => "Without it threads are even faster than processes",
        Difference::Greater => "Without it processes are still faster than threads",
    };
    let reason = format!(
        "With one lock in each process, {p} processes compute {gain:.1} times faster than one on {cores} cores ({} \
         against {}); {} threads of one process take {}. {without}: {} against {}.",
        time(&processes.makespan),
        time(&one.makespan),
        4 * p,
        time(&threads.makespan),
        time(&free_threads.makespan),
        time(&free_processes.makespan)
    );
    Some(scales.verdict(reason))
}

fn processes_weigh(evidence: &Evidence<'_>) -> Option<Verdict> {
    let most_threads =
        evidence.all().filter(|(cell, _)| cell.processes == 1).max_by_key(|(cell, _)| cell.threads)?;
    let few = evidence.all().filter(|(cell, _)| cell.processes == 1).min_by_key(|(cell, _)| cell.threads)?;
    let many =
        evidence.all().max_by_key(|(cell, _)| cell.processes).filter(|(cell, _)| cell.processes > 1)?;
    let more_threads = f64::from(most_threads.0.threads.checked_sub(few.0.threads).filter(|more| *more > 0)?);
    let more_processes = f64::from(many.0.processes - 1);
    let a_thread = (most_threads.1.workers_memory - few.1.workers_memory) / more_threads;
    // As many sessions, in more processes.
    let a_process = (many.1.workers_memory - most_threads.1.workers_memory) / more_processes;
    let cpu = |figures: &CellFigures| figures.workers_user + figures.workers_system;
    let mut scales = Scales::default();
    scales.holds(a_process > HEAVIER * a_thread);
    let reason = format!(
        "{} sessions take {:.1} MB as the threads of one process and {:.1} MB in {} processes: {:.2} MB for each \
         further process, {:.2} MB for each further thread with its session, {:.0} times less. CPU: {:.2} s and {:.2} s.",
        sessions(most_threads.0),
        most_threads.1.workers_memory / 1e6,
        many.1.workers_memory / 1e6,
        many.0.processes,
        a_process / 1e6,
        a_thread / 1e6,
        a_process / a_thread,
        cpu(most_threads.1),
        cpu(many.1)
    );
    Some(scales.verdict(reason))
}

fn combined(evidence: &Evidence<'_>, p: u32) -> Option<Verdict> {
    let at = |processes, threads| {
        Some((evidence.at(processes, threads, true)?, evidence.at(processes, threads, false)?))
    };
    let (threads, processes, both) = (at(1, 16 * p)?, at(p, 1)?, at(p, 16)?);
    let mut scales = Scales::default();
    scales.less(&both.0.makespan, &threads.0.makespan);
    scales.less(&both.0.makespan, &processes.0.makespan);
    let without = match both.1.makespan.against(&threads.1.makespan) {
        Difference::Less => "is faster there too",
        Difference::Greater => "is slower there than threads alone",
        Difference::WithinNoise if both.1.makespan.trials.min(threads.1.makespan.trials) < 2 => {
            "cannot be told from threads alone there by single trials"
        }
        Difference::WithinNoise => "is within noise of threads alone there: it buys isolation, not speed",
    };
    let reason = format!(
        "Devices that make one wait and compute. With one lock in each process: {p} × 16 takes {}, 1 × {} {}, {p} × 1 \
         {}. Without the lock: {}, {} and {}; the combination {without}.",
        time(&both.0.makespan),
        16 * p,
        time(&threads.0.makespan),
        time(&processes.0.makespan),
        time(&both.1.makespan),
        time(&threads.1.makespan),
        time(&processes.1.makespan)
    );
    Some(scales.verdict(reason))
}

fn mix(cell: &Cell) -> String {
    format!("{} × {}", cell.processes, cell.threads)
}

fn sessions(cell: &Cell) -> u32 {
    cell.processes.saturating_mul(cell.threads)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::results::{Cost, Workload};

    fn cell(processes: u32, threads: u32, gil: bool, makespan: f64) -> Cell {
        let trial =
            |more: f64| Trial { makespan: makespan + more, ideal: 0.5, sessions: 100, ..Trial::default() };
        Cell {
            processes,
            threads,
            gil,
            devices: 100,
            trials: vec![trial(0.0), trial(0.01)],
            ..Cell::default()
        }
    }

    fn verdict(claim: u8, cells: Vec<Cell>) -> Verdict {
        let workload = Workload { devices: 100, ..Workload::default() };
        let section = Section { claim: Some(claim), workload, cells, ..Section::default() };
        judge(&section, 2).expect("a claim")
    }

    #[test]
    fn what_was_not_measured_decides_nothing() {
        for claim in 1..=6 {
            assert_eq!(verdict(claim, vec![]).result, VerdictResult::Undecided, "claim {claim}");
        }
        assert_eq!(judge(&Section::default(), 2), None);
    }

    #[test]
    fn a_yardstick_that_others_beat() {
        let it = verdict(1, vec![cell(1, 1, false, 90.0), cell(1, 64, false, 2.0)]);
        assert_eq!(it.result, VerdictResult::Confirmed);
        assert!(it.reason.contains("1 × 64 in 2.00 s (2.00 to 2.01), 44.9 times"), "{}", it.reason);
        let it = verdict(1, vec![cell(1, 1, false, 2.0), cell(1, 64, false, 90.0)]);
        assert_eq!(it.result, VerdictResult::NotConfirmed);
        let mut single = cell(1, 64, false, 2.0);
        single.trials.truncate(1);
        assert_eq!(verdict(1, vec![cell(1, 1, false, 90.0), single]).result, VerdictResult::Undecided);
    }

    #[test]
    fn threads_that_wait_side_by_side() {
        let with = |many| {
            vec![
                cell(1, 1, true, 80.0),
                cell(1, 64, true, many),
                cell(1, 1, false, 80.0),
                cell(1, 64, false, 2.0),
            ]
        };
        assert_eq!(verdict(2, with(2.5)).result, VerdictResult::Confirmed);
        assert_eq!(verdict(2, with(40.0)).result, VerdictResult::NotConfirmed);
    }

    #[test]
    fn a_knee_and_what_makes_it() {
        let grows = vec![cell(1, 64, false, 4.0), cell(1, 128, false, 2.0), cell(1, 256, false, 1.0)];
        let it = verdict(3, grows);
        assert_eq!(it.result, VerdictResult::NotConfirmed);
        assert!(it.reason.contains("no knee"), "{}", it.reason);
        let mut last = cell(1, 256, false, 1.4);
        for trial in &mut last.trials {
            trial.workers = vec![Cost { user: 1.0, ..Cost::default() }];
            trial.fleet_cpu = Some(1.6);
        }
        let it = verdict(3, vec![cell(1, 64, false, 4.0), cell(1, 128, false, 1.0), last]);
        assert_eq!(it.result, VerdictResult::Confirmed);
        assert!(it.reason.contains("at 128 threads and fall"), "{}", it.reason);
        assert!(it.reason.contains("The limit is the CPU: 92 %"), "{}", it.reason);
    }

    #[test]
    fn processes_against_a_lock() {
        let with = |processes| {
            vec![
                cell(1, 1, true, 2.0),
                cell(1, 8, true, 2.1),
                cell(2, 1, true, processes),
                cell(1, 8, false, 1.0),
                cell(2, 4, false, 1.0),
            ]
        };
        let it = verdict(4, with(1.05));
        assert_eq!(it.result, VerdictResult::Confirmed);
        assert!(it.reason.contains("threads scale as processes do"), "{}", it.reason);
        assert_eq!(verdict(4, with(1.9)).result, VerdictResult::NotConfirmed);
    }

    #[test]
    fn processes_have_a_weight() {
        let weighing = |mut cell: Cell, each: u64| {
            for trial in &mut cell.trials {
                let cost = Cost { peak_memory: each, ..Cost::default() };
                trial.workers = vec![cost; cell.processes as usize];
            }
            cell
        };
        let with = |each| {
            vec![
                weighing(cell(1, 8, false, 1.0), 4_000_000),
                weighing(cell(1, 256, false, 1.0), 14_000_000),
                weighing(cell(32, 8, false, 1.0), each),
            ]
        };
        let it = verdict(5, with(4_000_000));
        assert_eq!(it.result, VerdictResult::Confirmed);
        assert!(it.reason.contains("3.68 MB for each further process, 0.04 MB"), "{}", it.reason);
        assert_eq!(verdict(5, with(440_000)).result, VerdictResult::NotConfirmed);
    }

    #[test]
    fn the_combination_is_held_against_both() {
        let with = |both| {
            vec![
                cell(1, 32, true, 2.0),
                cell(2, 1, true, 9.0),
                cell(2, 16, true, both),
                cell(1, 32, false, 1.0),
                cell(2, 1, false, 9.0),
                cell(2, 16, false, 1.0),
            ]
        };
        let it = verdict(6, with(1.1));
        assert_eq!(it.result, VerdictResult::Confirmed);
        assert!(it.reason.contains("isolation, not speed"), "{}", it.reason);
        assert_eq!(verdict(6, with(2.0)).result, VerdictResult::Undecided);
        assert_eq!(verdict(6, with(3.0)).result, VerdictResult::NotConfirmed);
    }
}
