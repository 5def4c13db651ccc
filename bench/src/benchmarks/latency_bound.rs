//! How near the ideal a sweep comes that has only to wait: three commands of 300 ms. The ideal is what
//! `netsweep experiment` reckons from the latencies that the fleet dealt.

use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::json;

use super::Bench;
use crate::clients::netsweep;
use crate::measure::measure;
use crate::statistics::median;

/// Whole waves of either mix, ten and forty of them.
const DEVICES: usize = 5_120;

#[derive(Deserialize)]
struct Experiment {
    sections: Vec<Section>,
}

#[derive(Deserialize)]
struct Section {
    cells: Vec<Cell>,
}

#[derive(Deserialize)]
struct Cell {
    threads: usize,
    /// Fewer than were asked for, where all would take long.
    devices: usize,
    trials: Vec<Trial>,
}

#[derive(Deserialize)]
struct Trial {
    makespan: f64,
    ideal: f64,
    failures: usize,
}

pub(super) fn run(bench: &mut Bench) -> Result<()> {
    for transport in ["ssh", "telnet"] {
        let devices = bench.size(DEVICES, 512);
        let trials = bench.size(3, 1);
        let home = tempfile::tempdir()?;
        let mut command: Command = netsweep(&bench.installed.netsweep, home.path());
        command.args(["experiment", "-P", "2", "-T", "64,256", "--format", "json", "--quiet", "--no-python"]);
        command.args(["--transport", transport, "--devices", &devices.to_string()]);
        command.args(["--trials", &trials.to_string(), "--sim-connect", "0ms", "--sim-login", "0ms"]);
        command.args(["--sim-command", "300ms", "show version", "show ip interface brief", "show clock"]);
        command.arg("--keep").arg(home.path().join("trials.jsonl"));
        let measured = measure(&mut command)?;
        let experiment: Experiment =
            serde_json::from_str(&measured.stdout).with_context(|| measured.stderr.clone())?;
        for cell in experiment.sections.iter().flat_map(|section| &section.cells) {
            let name = format!("{transport}, {} devices, 2×{}", cell.devices, cell.threads);
            for trial in &cell.trials {
                let Trial { makespan, ideal, failures } = trial;
                bench.report.row(json!({
                    "case": name, "client": "netsweep", "makespan_s": makespan, "ideal_s": ideal,
                    "failures": failures,
                }));
            }
            let efficiency = median(cell.trials.iter().map(|trial| trial.ideal / trial.makespan));
            bench.report.figure(&name, "netsweep", "ideal ÷ makespan", efficiency);
            if transport == "ssh" {
                bench
                    .report
                    .bound(if cell.threads == 64 { "efficiency-64" } else { "efficiency-256" }, efficiency);
            }
        }
    }
    Ok(())
}
