//! What a run of benchmarks found: raw rows, figures, and the bounds beside them.

use std::fmt::{self, Write as _};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Serialize;
use serde_json::{Value, json};

use crate::bounds::BOUNDS;
use crate::clients::Swept;
use crate::machine::Machine;

/// A figure: what a benchmark found.
#[derive(Debug, Serialize)]
pub struct Figure {
    benchmark: &'static str,
    case: String,
    client: String,
    figure: String,
    value: f64,
}

/// All of a run.
#[derive(Debug)]
pub struct Report {
    benchmark: &'static str,
    rows: Vec<Value>,
    figures: Vec<Figure>,
    bounds: Vec<(&'static str, f64)>,
    notes: Vec<String>,
}

impl Report {
    /// One without content.
    pub fn new() -> Self {
        Self { benchmark: "", rows: vec![], figures: vec![], bounds: vec![], notes: vec![] }
    }

    /// From now on everything belongs to this benchmark.
    pub fn begin(&mut self, benchmark: &'static str) {
        self.benchmark = benchmark;
    }

    /// Keeps a raw row, and shows it.
    pub fn row(&mut self, row: Value) {
        let mut row = row;
        if let Value::Object(fields) = &mut row {
            fields.insert("benchmark".into(), self.benchmark.into());
        }
        eprintln!("{row}");
        self.rows.push(row);
    }

    /// Keeps a sweep as a raw row. Devices that failed are noted.
    pub fn sweep(&mut self, case: &str, client: &str, round: usize, swept: &Swept) {
        let measured = &swept.measured;
        self.row(json!({
            "case": case, "client": client, "round": round, "devices": swept.devices, "ok": swept.ok(),
            "makespan_s": swept.makespan_s(), "cpu_s": swept.cpu_s(), "parent_cpu_s": measured.own_cpu_s,
            "own_makespan_s": swept.own_makespan_s(), "own_cpu_s": swept.own_cpu_s(),
            "parent_peak_kb": measured.own_peak_kb, "children_peak_kb": measured.children_peak_kb,
        }));
        let failed = swept.devices - swept.ok();
        if failed > 0 {
            let complaint = measured.stderr.lines().last().unwrap_or_default();
            self.note(format!("{case}, {client}, round {round}: {failed} devices failed ({complaint})"));
        }
    }

    /// Keeps a figure.
    pub fn figure(&mut self, case: &str, client: &str, figure: &str, value: f64) {
        let (case, client, figure) = (case.to_owned(), client.to_owned(), figure.to_owned());
        self.figures.push(Figure { benchmark: self.benchmark, case, client, figure, value });
    }

    /// Keeps the figure of a bound of [`BOUNDS`].
    pub fn bound(&mut self, id: &'static str, value: f64) {
        debug_assert!(BOUNDS.iter().any(|bound| bound.id == id), "{id}");
        self.bounds.push((id, value));
    }

    /// Keeps what the reader has to know, and shows it.
    pub fn note(&mut self, note: String) {
        eprintln!("note: {note}");
        let benchmark = if self.benchmark.is_empty() { "all" } else { self.benchmark };
        self.notes.push(format!("{benchmark}: {note}"));
    }

    /// Writes the raw rows as JSON lines, the first of which is the machine, and a summary in Markdown.
    /// Gives the summary and its path.
    pub fn write(&self, folder: &Path, name: &str, machine: &Machine) -> Result<(String, PathBuf)> {
        fs::create_dir_all(folder).context("the folder of results cannot be made")?;
        let mut lines = vec![json!({ "machine": machine })];
        lines.extend(self.rows.iter().cloned());
        lines.extend(self.figures.iter().map(|figure| json!({ "figure": figure })));
        lines.extend(self.bounds.iter().map(|(id, value)| json!({ "bound": id, "value": value })));
        lines.extend(self.notes.iter().map(|note| json!({ "note": note })));
        let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let stem = format!("{}-{name}", machine.file_stamp());
        fs::write(folder.join(format!("{stem}.jsonl")), lines)?;
        let summary = self.summary(machine)?;
        let path = folder.join(format!("{stem}.md"));
        fs::write(&path, &summary)?;
        Ok((summary, path))
    }

    fn summary(&self, machine: &Machine) -> Result<String> {
        let mut text = format!("# {}\n\n{machine}\n\n", machine.began);
        text += "| bound | must be | is | |\n| --- | --- | --- | --- |\n";
        for bound in BOUNDS {
            let found = self.bounds.iter().find(|(id, _)| *id == bound.id);
            let (is, met) = match found {
                Some(&(_, value)) if bound.is_met(value) => (value_words(value) + bound.unit, "met"),
                Some(&(_, value)) => (value_words(value) + bound.unit, "**missed**"),
                None => (String::new(), "not measured"),
            };
            writeln!(text, "| {} | {} | {is} | {met} |", bound.figure, bound.words())?;
        }
        for of_benchmark in self.figures.chunk_by(|a, b| a.benchmark == b.benchmark) {
            writeln!(text, "\n## {}", of_benchmark[0].benchmark)?;
            for case in distinct(of_benchmark, |figure| &figure.case) {
                let figures: Vec<_> = of_benchmark.iter().filter(|figure| figure.case == case).collect();
                table(&mut text, case, &figures)?;
            }
        }
        if !self.notes.is_empty() {
            text += "\n## Notes\n\n";
            self.notes.iter().try_for_each(|note| writeln!(text, "- {note}"))?;
        }
        Ok(text)
    }
}

impl Default for Report {
    fn default() -> Self {
        Self::new()
    }
}

/// A row for each client, a column for each figure.
fn table(text: &mut String, case: &str, figures: &[&Figure]) -> fmt::Result {
    let columns = distinct(figures.iter().copied(), |figure| &figure.figure);
    writeln!(text, "\n| {case} | {} |", columns.join(" | "))?;
    writeln!(text, "| --- |{}", " ---: |".repeat(columns.len()))?;
    for client in distinct(figures.iter().copied(), |figure| &figure.client) {
        write!(text, "| {client} |")?;
        for column in &columns {
            let cell = figures.iter().find(|figure| figure.client == client && figure.figure == *column);
            write!(text, " {} |", cell.map_or(String::new(), |figure| value_words(figure.value)))?;
        }
        writeln!(text)?;
    }
    Ok(())
}

/// The different values of a field, in the order of their first appearance.
fn distinct<'a>(
    figures: impl IntoIterator<Item = &'a Figure>,
    field: fn(&'a Figure) -> &'a String,
) -> Vec<&'a str> {
    let mut values: Vec<&str> = vec![];
    for value in figures.into_iter().map(field) {
        if !values.contains(&value.as_str()) {
            values.push(value);
        }
    }
    values
}

/// Three digits or so.
fn value_words(value: f64) -> String {
    let decimals = match value.abs() {
        1000.0.. => 0,
        100.0.. => 1,
        1.0.. => 2,
        _ => 3,
    };
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_is_met_missed_or_not_measured() {
        let mut report = Report::new();
        report.begin("cpu");
        report.bound("cpu-ssh", 1.2);
        report.bound("rate-ssh", 0.93);
        report.figure("ssh", "floor", "CPU ms a session", 0.6543);
        let summary = report.summary(&Machine::default()).expect("written");
        assert!(summary.contains("| ≤ 1.15 | 1.20 | **missed** |"), "{summary}");
        assert!(summary.contains("| ≥ 0.9 | 0.930 | met |"), "{summary}");
        assert!(summary.contains("| ≤ 1.5 |  | not measured |"), "{summary}");
        assert!(
            summary.contains("## cpu\n")
                && summary.contains("| ssh | CPU ms a session |\n| --- | ---: |\n| floor | 0.654 |"),
            "{summary}"
        );
    }
}
