//! The page that is looked at, and what is to be read off it.

use std::path::PathBuf;

use netsweep::experiment::report;
use netsweep::experiment::results::Experiment;
use serde_json::Value;
use tempfile::TempDir;

use crate::browser::Browser;
use crate::fixture;

/// The fixture's page, in a file that ends with this.
pub(crate) struct Page {
    pub(crate) experiment: Experiment,
    pub(crate) path: PathBuf,
    _directory: TempDir,
}

impl Page {
    pub(crate) fn new() -> Self {
        let experiment = fixture::experiment();
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("report.html");
        std::fs::write(&path, report::page::html(&experiment).expect("a page")).expect("written");
        Self { experiment, path, _directory: directory }
    }

    /// As `--format json` has it.
    pub(crate) fn json(&self) -> Value {
        let mut json = Vec::new();
        report::write_json(&self.experiment, &mut json).expect("written");
        serde_json::from_slice(&json).expect("JSON")
    }
}

/// A row of a section's table.
pub(crate) struct Row {
    pub(crate) name: String,
    /// By their headings: what is said, and the figure behind it.
    fields: Vec<(String, String, Option<f64>)>,
}

impl Row {
    fn field(&self, heading: &str) -> &(String, String, Option<f64>) {
        let found = self.fields.iter().find(|(over, ..)| over.trim() == heading);
        found.unwrap_or_else(|| panic!("no column {heading}"))
    }

    pub(crate) fn text(&self, heading: &str) -> &str {
        &self.field(heading).1
    }

    /// The figure under a heading is this one, but for the order of additions.
    pub(crate) fn has(&self, row: &str, heading: &str, value: f64) {
        let there = self.field(heading).2.unwrap_or_else(|| panic!("{row}: no figure under {heading}"));
        assert!((there - value).abs() <= 1e-9 * value.abs(), "{row}, {heading}: {there} is not {value}");
    }

    /// What is said under a heading is this time.
    pub(crate) fn is_said(&self, heading: &str, time: f64) -> bool {
        says_time(self.text(heading).trim_start_matches('*'), time)
    }
}

/// Whether `text` is `time` to within half of its last digit.
pub(crate) fn says_time(text: &str, time: f64) -> bool {
    let number = |text: &str| text.parse::<f64>().ok();
    let said = match (text.strip_suffix(" s"), text.split_once('h'), text.split_once('m')) {
        (Some(seconds), ..) => {
            let digits = seconds.split_once('.').map_or(0, |(_, digits)| digits.len());
            number(seconds).map(|seconds| (seconds, 0.5 * 0.1_f64.powi(digits as i32)))
        }
        (None, Some((hours, minutes)), _) => number(hours)
            .zip(number(minutes.trim_end_matches('m')))
            .map(|(hours, minutes)| (3600.0 * hours + 60.0 * minutes, 60.0)),
        (None, None, Some((minutes, seconds))) => number(minutes)
            .zip(number(seconds.trim_end_matches('s')))
            .map(|(minutes, seconds)| (60.0 * minutes + seconds, 0.5)),
        _ => None,
    };
    said.is_some_and(|(said, half)| (said - time).abs() <= half * 1.001)
}

/// The table of a section.
pub(crate) fn table(browser: &mut Browser, section: usize) -> Vec<Row> {
    let rows = browser.ask(&format!(
        "(() => {{ \
         const table = document.querySelector('#section-{section} table'); \
         const over = Array.from(table.tHead.rows[0].cells).flatMap((cell) => Array(cell.colSpan).fill(cell.textContent)); \
         const names = Array.from(table.tHead.rows[1].cells, (cell, at) => `${{over[at]}} ${{cell.textContent}}`); \
         return Array.from(table.tBodies[0].rows, (row) => Array.from(row.cells, \
           (cell, at) => [names[at], cell.textContent, cell.dataset.value ?? null])); }})()"
    ));
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let field = |field: &Value| {
        let value = field[2].as_str().map(|value| value.parse().expect("a figure"));
        (text(&field[0]), text(&field[1]), value)
    };
    let row = |row: &Value| {
        let fields: Vec<_> = row.as_array().expect("a row").iter().map(field).collect();
        Row { name: fields[0].1.clone(), fields }
    };
    rows.as_array().expect("rows").iter().map(row).collect()
}

/// Every text in the pictures of one kind.
pub(crate) fn texts(browser: &mut Browser, section: usize, kind: &str) -> Vec<String> {
    let texts = browser.ask(&format!(
        "Array.from(document.querySelectorAll('#section-{section} [data-chart={kind}] svg text'), \
         (text) => text.textContent)"
    ));
    texts.as_array().expect("texts").iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The middle of an odd number of figures, or the mean of the two in the middle.
pub(crate) fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<_> = figures.collect();
    figures.sort_by(f64::total_cmp);
    let n = figures.len();
    if n % 2 == 1 { figures[n / 2] } else { (figures[n / 2 - 1] + figures[n / 2]) / 2.0 }
}
