//! Python's times, put beside those of the cells with the modelled lock.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use netsweep_shared::job::Transport;

use super::figures::Spread;
use super::matrix::SectionPlan;
use super::python::{Python, Sweep};
use super::results::{Cell, Reference, ReferencePoint, Section};
use super::trial::{Interrupted, Lab};
use super::workload::Workload;
use crate::fleet::Fleet;

/// Python takes so much longer for the same, start and end included.
const SLOWER: f64 = 1.5;
/// For an answer of a device.
const PATIENCE: Duration = Duration::from_secs(60);
/// For a whole sweep.
const DEADLINE: Duration = Duration::from_secs(3600);

/// How long all of it will take, as far as can be told.
pub fn estimate(plan: &SectionPlan, section: &Section, cores: u32) -> Duration {
    let cells = plan
        .cells
        .iter()
        .zip(&section.cells)
        .filter(|(cell, _)| is_modelled(cell.gil, cell.worker.is_some()));
    let each = cells.filter_map(|(cell, its)| plan.target.estimate(cell, its.devices, cores));
    Duration::try_from_secs_f64(each.sum::<f64>() * SLOWER).unwrap_or(Duration::MAX)
}

/// Has Python do what the cells with the lock did, as long as there is time. Without a
/// Python nothing is added.
///
/// # Errors
/// [`Interrupted`].
pub fn beside(
    lab: &mut Lab<'_>,
    workload: &Workload,
    section: &mut Section,
    until: Option<Instant>,
) -> Result<()> {
    if workload.transport != Transport::Telnet {
        (lab.say)("no Python beside it: its script speaks Telnet");
        return Ok(());
    }
    let python = match Python::find() {
        Ok(python) => python,
        Err(reason) => {
            (lab.say)(&format!("no Python beside it: {reason:#}"));
            return Ok(());
        }
    };
    let mut points = Vec::new();
    let modelled = |cell: &&Cell| is_modelled(cell.gil, cell.worker.is_some()) && !cell.trials.is_empty();
    for cell in section.cells.iter().filter(modelled) {
        if !lab.signals.receiver().is_empty() {
            return Err(Interrupted.into());
        }
        let what = format!("{python}, {} × {}", cell.processes, cell.threads);
        let expected = Spread::of(cell.trials.iter().map(|trial| trial.makespan));
        let expected = Duration::from_secs_f64(expected.map_or(0.0, |spread| SLOWER * spread.max));
        if until.is_some_and(|until| Instant::now() + expected > until) {
            (lab.say)(&format!("{what}: no time left"));
            continue;
        }
        match point(&python, workload, cell) {
            Ok(point) => {
                (lab.say)(&format!("{what}: {} devices in {:.2} s", cell.devices, point.makespan));
                let whole = f64::from(section.workload.devices) / f64::from(cell.devices.max(1));
                points.push(ReferencePoint { makespan: point.makespan * whole, ..point });
            }
            Err(error) => (lab.say)(&format!("{what}: {error:#}")),
        }
    }
    if !points.is_empty() {
        section.references.push(Reference { name: python.to_string(), points });
    }
    Ok(())
}

/// Python is held against this executable's model only.
fn is_modelled(gil: bool, other_worker: bool) -> bool {
    gil && !other_worker
}

fn point(python: &Python, workload: &Workload, cell: &Cell) -> Result<ReferencePoint> {
    let fleet = Fleet::start(&workload.fleet(cell.devices))?;
    let sweep = Sweep {
        endpoints: fleet.endpoints(),
        commands: &workload.commands,
        cpu: workload.cpu_per_command(),
        processes: cell.processes,
        threads: cell.threads,
        patience: PATIENCE,
        deadline: DEADLINE,
    };
    let expected = workload.dead_among(cell.devices);
    let curve = python.curve(sweep, &[(cell.processes, cell.threads)], expected)?;
    curve.points.into_iter().next().context("Python told nothing")
}
