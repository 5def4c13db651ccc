//! What follows from what was measured. Pure arithmetic, and the only place of it: tables, pages and
//! verdicts take their figures from here, so they agree.

use serde::Serialize;

use super::results::{Cell, Cost, Section, Trial};

/// A curve has stopped growing where it has reached this part of its greatest rate.
const FULL_GROWTH: f64 = 0.95;

/// The figures of several trials.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// The middle one; of an even number, the mean of the two in the middle.
    pub median: f64,
    /// The least.
    pub min: f64,
    /// The greatest.
    pub max: f64,
    /// How many there are.
    pub trials: usize,
}

/// How one spread lies to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// All its figures are below all of the other's.
    Less,
    /// All its figures are above all of the other's.
    Greater,
    /// They overlap, or one of them is a single trial, whose spread nobody knows.
    WithinNoise,
}

impl Spread {
    /// None of no figures. What is not a number does not count.
    pub fn of(figures: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut figures: Vec<f64> = figures.into_iter().filter(|figure| figure.is_finite()).collect();
        figures.sort_by(f64::total_cmp);
        let (min, max) = (*figures.first()?, *figures.last()?);
        let (low, high) = (figures[(figures.len() - 1) / 2], figures[figures.len() / 2]);
        Some(Self { median: f64::midpoint(low, high), min, max, trials: figures.len() })
    }

    /// Whether the two differ by more than their trials do.
    pub fn against(&self, other: &Self) -> Difference {
        match () {
            () if self.trials < 2 || other.trials < 2 => Difference::WithinNoise,
            () if self.max < other.min => Difference::Less,
            () if self.min > other.max => Difference::Greater,
            () => Difference::WithinNoise,
        }
    }
}

/// What follows for one cell. Times are in seconds, sizes in bytes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CellFigures {
    /// For the workload's devices.
    pub makespan: Spread,
    /// The cell swept fewer devices: `makespan`, and `ideal` with it, are what was measured times what is
    /// missing.
    pub extrapolated: bool,
    /// No schedule is faster; the median.
    pub ideal: f64,
    /// Sessions a second, failed ones included.
    pub rate: Spread,
    /// How many times faster than [`sequential`]; of the medians.
    pub speed_up: Option<f64>,
    /// The ideal makespan as a part of the real one.
    pub efficiency: Spread,
    /// Failed devices.
    pub failures: Spread,
    /// CPU time of the supervisor in its own code; the median, as everything below.
    pub supervisor_user: f64,
    /// And in the kernel.
    pub supervisor_system: f64,
    /// CPU time of all workers together in their own code.
    pub workers_user: f64,
    /// And in the kernel.
    pub workers_system: f64,
    /// Greatest resident memory of the supervisor.
    pub supervisor_memory: f64,
    /// The same of the worker that had most.
    pub largest_worker_memory: f64,
    /// The same of all workers together.
    pub workers_memory: f64,
    /// Voluntary context switches of supervisor and workers.
    pub voluntary_switches: f64,
    /// Involuntary ones.
    pub involuntary_switches: f64,
    /// The trial whose makespan is the median, or the next above: where parts must add up, they are of
    /// this one.
    pub typical: usize,
    /// Nothing in the section is faster beyond the spreads.
    pub among_fastest: bool,
}

/// Cells of which only the concurrency differs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Curve {
    /// What grows along it.
    pub along: Axis,
    /// The others have so many of the other: processes along threads, threads along processes.
    pub fixed: u32,
    /// The cells' positions in the section, in the order of concurrency.
    pub cells: Vec<usize>,
    /// Where in the section the cell stands after which more does not help: the first that has 95 % of
    /// the curve's greatest rate. None where that is the last, and the rate was still growing.
    pub knee: Option<usize>,
}

/// What grows along a curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Axis {
    /// Session threads in each process.
    Threads,
    /// Worker processes.
    Processes,
}

/// What follows for a section.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SectionFigures {
    /// By the cells' positions; none of a cell without trials.
    pub cells: Vec<Option<CellFigures>>,
    /// The cell with the least median makespan.
    pub fastest: Option<usize>,
    /// In the order of the section's cells.
    pub curves: Vec<Curve>,
}

/// What a sequential sweep of the section's workload takes, to compare `cell` with: the mix 1 × 1 with the
/// same lock, pinning and executable, or where that was not measured, the first 1 × 1 that was.
pub fn sequential<'a>(section: &'a Section, cell: &Cell) -> Option<&'a Cell> {
    let mut ones = section
        .cells
        .iter()
        .filter(|one| (one.processes, one.threads) == (1, 1) && makespan(section, one).is_some());
    let first = ones.clone().next();
    ones.find(|one| variant(one) == variant(cell)).or(first)
}

/// A cell's makespan for the workload's devices: extrapolated where it [swept fewer](is_extrapolated).
pub fn makespan(section: &Section, cell: &Cell) -> Option<Spread> {
    Spread::of(cell.trials.iter().map(|trial| trial.makespan * whole(section, cell)))
}

/// Whether a cell swept fewer devices than its workload has.
pub fn is_extrapolated(section: &Section, cell: &Cell) -> bool {
    whole(section, cell) != 1.0
}

/// Sessions a second.
pub fn rate(cell: &Cell) -> Option<Spread> {
    Spread::of(cell.trials.iter().map(rate_of_trial))
}

/// Sessions a second, failed ones included.
pub fn rate_of_trial(trial: &Trial) -> f64 {
    f64::from(trial.sessions) / trial.makespan
}

/// The ideal makespan as a part of the real one.
pub fn efficiency_of_trial(trial: &Trial) -> f64 {
    trial.ideal / trial.makespan
}

/// All figures of a section.
pub fn figures(section: &Section) -> SectionFigures {
    let mut cells: Vec<_> = section.cells.iter().map(|cell| of_cell(section, cell)).collect();
    let makespans = cells.iter().enumerate().filter_map(|(at, cell)| Some((at, cell.as_ref()?.makespan)));
    let fastest = makespans.min_by(|(_, a), (_, b)| a.median.total_cmp(&b.median));
    for cell in cells.iter_mut().flatten() {
        cell.among_fastest = fastest.is_some_and(|(_, best)| {
            cell.makespan.median == best.median
                || cell.makespan.against(&best) == Difference::WithinNoise
                    && cell.makespan.trials > 1
                    && best.trials > 1
        });
    }
    SectionFigures { fastest: fastest.map(|(at, _)| at), curves: curves(section), cells }
}

/// By how much a cell's times are to be multiplied for the workload's devices.
fn whole(section: &Section, cell: &Cell) -> f64 {
    match (section.workload.devices, cell.devices) {
        (all, some) if some > 0 && some < all => f64::from(all) / f64::from(some),
        _ => 1.0,
    }
}

/// What else than the mix cells differ in.
fn variant(cell: &Cell) -> (bool, bool, Option<&str>) {
    (cell.gil, cell.pinned, cell.worker.as_deref())
}

fn of_cell(section: &Section, cell: &Cell) -> Option<CellFigures> {
    let makespan = makespan(section, cell)?;
    let whole = whole(section, cell);
    let median = |figure: &dyn Fn(&Trial) -> f64| Spread::of(cell.trials.iter().map(figure));
    let of_supervisor =
        |figure: fn(&Cost) -> f64| median(&|trial| figure(&trial.supervisor)).map_or(0.0, |all| all.median);
    let of_workers = |figure: fn(&Cost) -> f64| {
        median(&|trial| trial.workers.iter().map(figure).sum()).map_or(0.0, |all| all.median)
    };
    let of_all = |figure: fn(&Cost) -> f64| {
        median(&|trial| trial.workers.iter().chain([&trial.supervisor]).map(figure).sum())
            .map_or(0.0, |all| all.median)
    };
    let base = sequential(section, cell).and_then(|one| self::makespan(section, one));
    Some(CellFigures {
        makespan,
        extrapolated: is_extrapolated(section, cell),
        ideal: median(&|trial| trial.ideal)?.median * whole,
        rate: rate(cell)?,
        speed_up: base.map(|base| base.median / makespan.median).filter(|times| times.is_finite()),
        efficiency: median(&efficiency_of_trial)?,
        failures: median(&|trial| f64::from(trial.failures))?,
        supervisor_user: of_supervisor(|cost| cost.user),
        supervisor_system: of_supervisor(|cost| cost.system),
        workers_user: of_workers(|cost| cost.user),
        workers_system: of_workers(|cost| cost.system),
        supervisor_memory: of_supervisor(|cost| cost.peak_memory as f64),
        largest_worker_memory: median(&|trial| {
            trial.workers.iter().map(|worker| worker.peak_memory).max().unwrap_or(0) as f64
        })?
        .median,
        workers_memory: of_workers(|cost| cost.peak_memory as f64),
        voluntary_switches: of_all(|cost| cost.voluntary_switches as f64),
        involuntary_switches: of_all(|cost| cost.involuntary_switches as f64),
        typical: typical(&cell.trials),
        among_fastest: false,
    })
}

fn typical(trials: &[Trial]) -> usize {
    let mut order: Vec<usize> = (0..trials.len()).collect();
    order.sort_by(|&a, &b| trials[a].makespan.total_cmp(&trials[b].makespan));
    order.get(order.len() / 2).copied().unwrap_or(0)
}

/// The curves of a matrix: along threads, one for each number of processes; where no number of processes
/// has more than one number of threads, along processes.
pub fn curves(section: &Section) -> Vec<Curve> {
    let [threads, processes] = [Axis::Threads, Axis::Processes].map(|axis| curves_along(section, axis));
    let is_line = |curve: &Curve| curve.cells.len() > 1;
    if !threads.iter().any(is_line) && processes.iter().any(is_line) { processes } else { threads }
}

fn curves_along(section: &Section, along: Axis) -> Vec<Curve> {
    let place = |at: usize| match along {
        Axis::Threads => (section.cells[at].processes, section.cells[at].threads),
        Axis::Processes => (section.cells[at].threads, section.cells[at].processes),
    };
    let mut curves: Vec<Curve> = Vec::new();
    for (at, cell) in section.cells.iter().enumerate().filter(|(_, cell)| !cell.trials.is_empty()) {
        let (fixed, _) = place(at);
        let same = |curve: &&mut Curve| {
            curve.fixed == fixed && variant(&section.cells[curve.cells[0]]) == variant(cell)
        };
        match curves.iter_mut().find(same) {
            Some(curve) => curve.cells.push(at),
            None => curves.push(Curve { along, fixed, cells: vec![at], knee: None }),
        }
    }
    for curve in &mut curves {
        curve.cells.sort_by_key(|&at| place(at).1);
        curve.knee = knee(section, &curve.cells);
    }
    curves
}

fn knee(section: &Section, cells: &[usize]) -> Option<usize> {
    let rate = |at: usize| rate(&section.cells[at]).map_or(0.0, |rate| rate.median);
    let best = cells.iter().map(|&at| rate(at)).fold(0.0, f64::max);
    let knee = cells.iter().copied().find(|&at| rate(at) >= FULL_GROWTH * best)?;
    (cells.last() != Some(&knee)).then_some(knee)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::results::Workload;

    fn cell(processes: u32, threads: u32, gil: bool, makespans: &[f64]) -> Cell {
        let trial = |&makespan| Trial { makespan, ideal: 1.0, sessions: 100, ..Trial::default() };
        Cell {
            processes,
            threads,
            gil,
            devices: 100,
            trials: makespans.iter().map(trial).collect(),
            ..Cell::default()
        }
    }

    fn section(cells: Vec<Cell>) -> Section {
        Section { workload: Workload { devices: 100, ..Workload::default() }, cells, ..Section::default() }
    }

    #[test]
    fn the_median_is_the_middle_of_what_is_a_number() {
        assert_eq!(Spread::of([]), None);
        assert_eq!(Spread::of([f64::NAN]), None);
        let odd = Spread::of([3.0, 1.0, f64::INFINITY, 2.0]).expect("a spread");
        assert_eq!((odd.median, odd.min, odd.max, odd.trials), (2.0, 1.0, 3.0, 3));
        assert_eq!(Spread::of([4.0, 1.0, 2.0, 3.0]).map(|even| even.median), Some(2.5));
    }

    #[test]
    fn what_overlaps_is_within_noise_and_so_is_a_single_trial() {
        let spread = |figures: &[f64]| Spread::of(figures.iter().copied()).expect("a spread");
        let slow = spread(&[2.0, 3.0]);
        assert_eq!(spread(&[1.0, 1.9]).against(&slow), Difference::Less);
        assert_eq!(slow.against(&spread(&[1.0, 1.9])), Difference::Greater);
        assert_eq!(spread(&[1.0, 2.0]).against(&slow), Difference::WithinNoise);
        assert_eq!(spread(&[1.0]).against(&slow), Difference::WithinNoise);
        assert_eq!(slow.against(&spread(&[9.0])), Difference::WithinNoise);
    }

    #[test]
    fn a_cell_is_compared_with_the_sequential_one_of_its_kind() {
        let section = section(vec![
            cell(1, 1, false, &[40.0]),
            cell(1, 8, false, &[10.0]),
            cell(1, 1, true, &[60.0]),
            cell(1, 8, true, &[10.0]),
        ]);
        let speed_ups: Vec<_> =
            figures(&section).cells.iter().flatten().filter_map(|cell| cell.speed_up).collect();
        assert_eq!(speed_ups, [1.0, 4.0, 1.0, 6.0]);
        let mut pinned = section.cells[1].clone();
        pinned.pinned = true;
        assert_eq!(sequential(&section, &pinned), Some(&section.cells[0]));
    }

    #[test]
    fn a_sample_is_extrapolated_to_the_whole() {
        let mut sample = cell(1, 1, false, &[4.0]);
        (sample.devices, sample.trials[0].sessions) = (10, 10);
        let figures = figures(&section(vec![sample, cell(1, 8, false, &[5.0]), cell(2, 8, false, &[])]));
        let one = figures.cells[0].as_ref().expect("figures");
        assert_eq!((one.makespan.median, one.ideal, one.extrapolated), (40.0, 10.0, true));
        assert_eq!((one.rate.median, one.efficiency.median), (2.5, 0.25));
        let eight = figures.cells[1].as_ref().expect("figures");
        assert_eq!((eight.speed_up, eight.extrapolated), (Some(8.0), false));
        assert_eq!(figures.cells[2], None);
    }

    #[test]
    fn costs_are_medians_of_sums_and_of_the_largest() {
        let cost = |user: f64, peak_memory| Cost { user, peak_memory, ..Cost::default() };
        let mut cell = cell(2, 1, false, &[1.0, 3.0, 2.0]);
        for (trial, by) in cell.trials.iter_mut().zip([1.0, 2.0, 3.0]) {
            trial.supervisor = cost(by, 7);
            trial.workers = vec![cost(10.0 * by, 100), cost(by, 200)];
        }
        let figures = figures(&section(vec![cell]));
        let one = figures.cells[0].as_ref().expect("figures");
        assert_eq!((one.supervisor_user, one.workers_user), (2.0, 22.0));
        assert_eq!((one.largest_worker_memory, one.workers_memory), (200.0, 300.0));
        assert_eq!(one.typical, 2);
    }

    #[test]
    fn the_fastest_are_those_that_nothing_beats_beyond_the_spreads() {
        let figures = figures(&section(vec![
            cell(1, 1, false, &[9.0, 9.1]),
            cell(1, 8, false, &[2.0, 2.5]),
            cell(2, 8, false, &[2.4, 2.6]),
            cell(4, 8, false, &[2.3]),
        ]));
        assert_eq!(figures.fastest, Some(1));
        let among: Vec<_> = figures.cells.iter().flatten().map(|cell| cell.among_fastest).collect();
        assert_eq!(among, [false, true, true, false], "a single trial proves nothing");
    }

    #[test]
    fn a_knee_is_where_the_rate_stops_growing() {
        let section = section(vec![
            cell(1, 64, false, &[1.0]),
            cell(1, 1, false, &[10.0]),
            cell(1, 8, false, &[1.02]),
            cell(2, 1, false, &[5.0]),
            cell(2, 8, false, &[1.0]),
            cell(4, 8, false, &[]),
        ]);
        let curves = curves(&section);
        assert_eq!(curves.len(), 2);
        assert_eq!((&*curves[0].cells, curves[0].knee), (&[1, 2, 0][..], Some(2)));
        assert_eq!((&*curves[1].cells, curves[1].knee), (&[3, 4][..], None), "it still grew");
    }

    #[test]
    fn a_column_is_a_curve_along_processes() {
        let section = section(vec![cell(1, 1, false, &[4.0]), cell(2, 1, false, &[2.0])]);
        let curves = curves(&section);
        assert_eq!(curves.len(), 1);
        assert_eq!((curves[0].along, curves[0].fixed, &*curves[0].cells), (Axis::Processes, 1, &[0, 1][..]));
    }
}
