//! What is to be measured: sections of cells, and how much of a workload each cell is given.

use std::path::PathBuf;
use std::time::Duration;

use super::results::{self, Cell};
use super::workload::Workload;
use crate::plan::Plan;

/// Longer sweeps than this, and than twice the section's fastest, are not run whole.
const WHOLE: f64 = 10.0;
/// What is measured instead: a sample of the devices that takes about so long.
const SAMPLE: f64 = 3.0;
/// A sample has so many devices for each session at the least: with fewer the first and the last would weigh too much.
const DEVICES_A_SESSION: u32 = 4;

/// A matrix that is to be measured.
#[derive(Debug)]
pub struct SectionPlan {
    /// One line: the claim, or what is compared.
    pub title: String,
    /// Number of the claim that it is about.
    pub claim: Option<u8>,
    /// What is swept.
    pub target: Target,
    /// The mixes.
    pub cells: Vec<CellPlan>,
}

/// What is swept.
#[derive(Debug)]
pub enum Target {
    /// A simulated fleet.
    Fleet(Box<Workload>),
    /// Devices of an inventory: as they would be swept with any mix.
    Devices {
        /// The inventory's file.
        name: String,
        /// Its mix is not used.
        plan: Box<Plan>,
    },
}

/// A mix that is to be measured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CellPlan {
    /// Worker processes.
    pub processes: u32,
    /// Session threads in each.
    pub threads: u32,
    /// With one lock in each process.
    pub gil: bool,
    /// Workers are fixed to cores.
    pub pinned: bool,
    /// The worker's executable, where it is not this one.
    pub worker: Option<PathBuf>,
    /// So many threads at the most, and how many help is found out.
    pub tuned: bool,
}

impl CellPlan {
    /// A mix without anything else.
    pub fn mix(processes: u32, threads: u32) -> Self {
        Self { processes, threads, ..Self::default() }
    }

    /// Sessions at once.
    pub fn sessions(&self) -> u32 {
        self.processes.saturating_mul(self.threads)
    }
}

impl Target {
    /// Devices of the whole.
    pub fn devices(&self) -> u32 {
        match self {
            Self::Fleet(workload) => workload.devices,
            Self::Devices { plan, .. } => plan.jobs.len() as u32,
        }
    }

    /// Seconds that so many devices will take, where that can be known.
    pub fn estimate(&self, cell: &CellPlan, devices: u32, cores: u32) -> Option<f64> {
        let Self::Fleet(workload) = self else { return None };
        let waits = workload.forecast(devices, cell.sessions()).as_secs_f64();
        let at_once = if cell.gil { cell.processes } else { cell.sessions() };
        let each = workload.cpu_per_command().as_secs_f64() * workload.commands.len() as f64;
        let computing = each * f64::from(devices) / f64::from(cores.min(at_once).max(1));
        // Who computes does not wait, and the other way round, only where there are others to do the other.
        let alone = each * f64::from(devices) / f64::from(cell.sessions().max(1));
        Some((waits + alone).max(computing))
    }

    /// As it stands in the findings.
    pub fn to_results(&self) -> results::Workload {
        match self {
            Self::Fleet(workload) => workload.to_results(),
            Self::Devices { name, plan } => results::Workload {
                name: name.clone(),
                description: "devices of an inventory".into(),
                devices: plan.jobs.len() as u32,
                time_scale: 1.0,
            },
        }
    }
}

impl SectionPlan {
    /// The section without any figures; cells that would take too long are given a sample of the devices.
    pub fn to_results(&self, cores: u32) -> results::Section {
        let whole = self.target.devices();
        let estimates: Vec<_> =
            self.cells.iter().map(|cell| self.target.estimate(cell, whole, cores)).collect();
        let fastest = estimates.iter().flatten().copied().fold(f64::INFINITY, f64::min);
        let cells = self.cells.iter().zip(estimates).map(|(cell, estimate)| Cell {
            processes: cell.processes,
            threads: cell.threads,
            gil: cell.gil,
            pinned: cell.pinned,
            worker: cell.worker.as_ref().map(|path| path.display().to_string()),
            devices: estimate
                .filter(|estimate| *estimate > WHOLE.max(2.0 * fastest))
                .map_or(whole, |estimate| sample(whole, estimate, cell.sessions())),
            trials: Vec::new(),
        });
        results::Section {
            title: self.title.clone(),
            claim: self.claim,
            workload: self.target.to_results(),
            cells: cells.collect(),
            ..results::Section::default()
        }
    }
}

fn sample(whole: u32, estimate: f64, sessions: u32) -> u32 {
    let affordable = (f64::from(whole) * SAMPLE / estimate).ceil() as u32;
    affordable.max(sessions.saturating_mul(DEVICES_A_SESSION)).min(whole)
}

/// Time as `f64` seconds.
pub(super) fn seconds(time: Duration) -> f64 {
    time.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::workload::Name;

    fn section(name: Name, mixes: &[(u32, u32)]) -> results::Section {
        let cells = mixes.iter().map(|&(processes, threads)| CellPlan::mix(processes, threads)).collect();
        let target = Target::Fleet(Box::new(Workload::named(name)));
        SectionPlan { title: String::new(), claim: None, target, cells }.to_results(2)
    }

    #[test]
    fn what_would_take_long_is_sampled() {
        let devices =
            |section: results::Section| section.cells.iter().map(|cell| cell.devices).collect::<Vec<_>>();
        // 500 devices of 0.8 s each.
        assert_eq!(devices(section(Name::Io, &[(1, 1), (1, 8), (1, 64), (2, 256)])), [4, 32, 500, 500]);
        // 200 devices of 10 ms each.
        assert_eq!(devices(section(Name::Cpu, &[(1, 1), (2, 8)])), [200, 200]);
    }

    #[test]
    fn computing_is_bounded_by_cores_and_locks() {
        let target = Target::Fleet(Box::new(Workload::named(Name::Cpu)));
        let estimate = |processes, threads, gil| {
            let cell = CellPlan { gil, ..CellPlan::mix(processes, threads) };
            target.estimate(&cell, 200, 2).expect("known")
        };
        assert!((estimate(1, 8, false) - 1.0).abs() < 0.01);
        assert!((estimate(1, 8, true) - 2.0).abs() < 0.01);
        assert!((estimate(2, 8, true) - 1.0).abs() < 0.01);
        assert!((estimate(1, 1, false) - 2.0).abs() < 0.01);
    }
}
