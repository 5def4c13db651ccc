//! `--format csv`: a row a trial.

use std::io::{self, Write};

use crate::experiment::figures;
use crate::experiment::results::{Cell, Cost, Experiment, Section, Trial};
use crate::output::escape;

/// Writes every figure of every trial, as RFC 4180 has it, under a header. Times are in seconds, sizes in
/// bytes. `workers_…` is of all workers together, `each_worker_…` of each by its number, with spaces between.
/// Nothing is extrapolated.
///
/// # Errors
///
/// `out`'s own.
pub fn write(experiment: &Experiment, out: &mut impl Write) -> io::Result<()> {
    let mut out = csv::Writer::from_writer(out);
    let mut header_is_out = false;
    for section in &experiment.sections {
        for cell in &section.cells {
            for (number, trial) in cell.trials.iter().enumerate() {
                let row = row(section, cell, number, trial);
                if !header_is_out {
                    out.write_record(row.iter().map(|(name, _)| name))?;
                    header_is_out = true;
                }
                out.write_record(row.iter().map(|(_, value)| value))?;
            }
        }
    }
    out.flush()
}

fn row(section: &Section, cell: &Cell, number: usize, trial: &Trial) -> Vec<(String, String)> {
    let mut row: Vec<(String, String)> = Vec::with_capacity(48);
    let mut put = |name: &str, value: String| row.push((name.into(), value));
    put("section", escape::line(&section.title).into_owned());
    put("claim", section.claim.map_or(String::new(), |claim| claim.to_string()));
    put("workload", escape::line(&section.workload.name).into_owned());
    put("workload_devices", section.workload.devices.to_string());
    put("time_scale", section.workload.time_scale.to_string());
    put("processes", cell.processes.to_string());
    put("threads", cell.threads.to_string());
    put("gil", cell.gil.to_string());
    put("pinned", cell.pinned.to_string());
    put("worker", cell.worker.as_deref().map_or(String::new(), |worker| escape::line(worker).into_owned()));
    put("devices", cell.devices.to_string());
    put("extrapolated_in_reports", figures::is_extrapolated(section, cell).to_string());
    put("trial", (number + 1).to_string());
    put("makespan", trial.makespan.to_string());
    put("ideal", trial.ideal.to_string());
    put("efficiency", figures::efficiency_of_trial(trial).to_string());
    put("sessions", trial.sessions.to_string());
    put("failures", trial.failures.to_string());
    put("sessions_per_second", figures::rate_of_trial(trial).to_string());
    for (figure, of) in COSTS {
        put(&format!("supervisor_{figure}"), of(&trial.supervisor).to_string());
    }
    for (figure, of) in COSTS {
        put(&format!("workers_{figure}"), trial.workers.iter().map(of).sum::<f64>().to_string());
    }
    let largest = trial.workers.iter().map(|worker| worker.peak_memory).max();
    put("largest_worker_peak_memory", largest.unwrap_or(0).to_string());
    for (figure, of) in COSTS {
        let each: Vec<_> = trial.workers.iter().map(|worker| of(worker).to_string()).collect();
        put(&format!("each_worker_{figure}"), each.join(" "));
    }
    put("fleet_cpu", trial.fleet_cpu.map_or(String::new(), |cpu| cpu.to_string()));
    let phases = &trial.phases;
    for (phase, time) in [
        ("queue", phases.queue),
        ("connect", phases.connect),
        ("key_exchange", phases.key_exchange),
        ("login", phases.login),
        ("commands", phases.commands),
        ("compute", phases.compute),
        ("parse", phases.parse),
        ("lock", phases.lock),
        ("pipe", phases.pipe),
        ("store", phases.store),
    ] {
        put(&format!("phase_{phase}"), time.to_string());
    }
    row
}

type Figure = (&'static str, fn(&Cost) -> f64);

const COSTS: [Figure; 5] = [
    ("user", |cost| cost.user),
    ("system", |cost| cost.system),
    ("peak_memory", |cost| cost.peak_memory as f64),
    ("voluntary_switches", |cost| cost.voluntary_switches as f64),
    ("involuntary_switches", |cost| cost.involuntary_switches as f64),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::report::fixture::experiment;

    #[test]
    fn every_trial_has_a_row_with_all_its_figures() {
        let experiment = experiment();
        let mut out = Vec::new();
        write(&experiment, &mut out).expect("written");
        let mut rows = csv::Reader::from_reader(&out[..]);
        let header = rows.headers().expect("a header").clone();
        let rows: Vec<_> = rows.records().map(|row| row.expect("a row")).collect();
        assert_eq!(rows.len(), 22 * 3 + 3 * 3 + 1);
        let of = |row: usize, name: &str| {
            let column = header.iter().position(|column| column == name).expect("a column");
            rows[row][column].to_owned()
        };
        let trial = &experiment.sections[0].cells[4].trials[1];
        assert_eq!(
            (of(13, "processes"), of(13, "threads"), of(13, "trial")),
            ("2".into(), "1".into(), "2".into())
        );
        assert_eq!(of(13, "makespan"), trial.makespan.to_string());
        assert_eq!(of(13, "phase_commands"), trial.phases.commands.to_string());
        assert_eq!(of(13, "workers_peak_memory"), "18246000");
        assert_eq!(of(13, "each_worker_peak_memory"), "9123000 9123000");
        assert_eq!(of(66, "extrapolated_in_reports"), "true");
        assert!(!of(75, "worker").contains('\u{1b}'));
    }

    #[test]
    fn without_trials_there_is_nothing() {
        let mut out = Vec::new();
        write(&Experiment::default(), &mut out).expect("written");
        assert!(out.is_empty());
    }
}
