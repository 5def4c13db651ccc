//! A section's figures as rows and columns of words.

use super::words;
use crate::experiment::figures::{CellFigures, SectionFigures};
use crate::experiment::results::{Cell, Section};
use crate::output::{bytes, escape};

/// A row for each cell; each has a field for each column.
#[derive(Debug)]
pub(super) struct Grid {
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Vec<Field>>,
    /// What the marks in the fields mean.
    pub(super) notes: Vec<String>,
}

/// What stands under one heading.
#[derive(Debug)]
pub(super) struct Column {
    /// What it has in common with its neighbours.
    pub(super) over: &'static str,
    pub(super) heading: &'static str,
    pub(super) part: Part,
}

/// Columns that are shown together where not all can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Which cell it is: repeated beside each of the others.
    Name,
    Time,
    Cost,
}

/// A figure in words.
#[derive(Debug, Default)]
pub(super) struct Field {
    pub(super) text: String,
    /// The same in seconds, bytes or pieces, where it is one figure.
    pub(super) value: Option<f64>,
}

type Say<'a> = Box<dyn Fn(&Cell, Option<&CellFigures>) -> Field + 'a>;

/// What is told of each cell, in this order.
pub(super) fn grid(section: &Section, figures: &SectionFigures) -> Grid {
    let (columns, say): (Vec<Column>, Vec<Say<'_>>) =
        names(section).into_iter().chain(times(section, figures)).chain(costs(section)).unzip();
    let cells = section.cells.iter().zip(&figures.cells);
    let rows =
        cells.map(|(cell, figures)| say.iter().map(|say| say(cell, figures.as_ref())).collect()).collect();
    Grid { columns, rows, notes: notes(section, figures) }
}

fn names(section: &Section) -> Vec<(Column, Say<'_>)> {
    let part = Part::Name;
    let yes = |is: bool| Field::from(if is { "yes" } else { "no" });
    let mut columns: Vec<(Column, Say<'_>)> = vec![(
        Column { over: "", heading: "P×T", part },
        Box::new(|cell, _| words::mix(cell.processes, cell.threads).into()),
    )];
    if differ(section, |cell| cell.gil) {
        columns.push((Column { over: "", heading: "GIL", part }, Box::new(move |cell, _| yes(cell.gil))));
    }
    if differ(section, |cell| cell.pinned) {
        columns
            .push((Column { over: "", heading: "pinned", part }, Box::new(move |cell, _| yes(cell.pinned))));
    }
    if differ(section, |cell| &cell.worker) {
        columns.push((
            Column { over: "", heading: "worker", part },
            Box::new(|cell, _| match &cell.worker {
                Some(worker) => escape::line(file_name(worker)).as_ref().into(),
                None => "built in".into(),
            }),
        ));
    }
    columns
}

fn times<'a>(section: &'a Section, figures: &'a SectionFigures) -> Vec<(Column, Say<'a>)> {
    let part = Part::Time;
    vec![
        (
            Column { over: "makespan", heading: "median", part },
            figure(
                |f| f.makespan.median,
                |f| mark(f.extrapolated).to_owned() + &words::time(f.makespan.median),
            ),
        ),
        (
            Column { over: "makespan", heading: "spread", part },
            Box::new(|_, f| Field::from(f.map_or("–".into(), |f| words::spread(&f.makespan)))),
        ),
        (
            Column { over: "sessions", heading: "a second", part },
            figure(|f| f.rate.median, |f| words::number(f.rate.median)),
        ),
        (
            Column { over: "speed-up", heading: "over 1×1", part },
            figure(
                |f| f.speed_up.unwrap_or(f64::NAN),
                |f| f.speed_up.map_or("–".into(), |times| words::number(times) + "×"),
            ),
        ),
        (
            Column { over: "of the", heading: "ideal", part },
            figure(|f| f.efficiency.median, |f| format!("{:.0} %", f.efficiency.median * 100.0)),
        ),
        (
            Column { over: "", heading: "failed", part },
            figure(
                |f| f.failures.median,
                |f| match (f.failures.min, f.failures.max) {
                    (min, max) if min == max => format!("{min}"),
                    (min, max) => format!("{min}–{max}"),
                },
            ),
        ),
        (
            Column { over: "", heading: "", part },
            Box::new(move |cell, f| match (f, figures.fastest) {
                (Some(f), Some(at)) if f.among_fastest && section.cells.len() > 1 => {
                    if std::ptr::eq(cell, &section.cells[at]) { "fastest".into() } else { "≈".into() }
                }
                _ => Field::default(),
            }),
        ),
    ]
}

fn costs<'a>(section: &Section) -> Vec<(Column, Say<'a>)> {
    let part = Part::Cost;
    let cpu = "CPU, user+system";
    let memory = "peak memory";
    let switches = "context switches";
    let mut columns: Vec<(Column, Say<'a>)> = vec![
        (
            Column { over: cpu, heading: "workers", part },
            figure(|f| f.workers_user + f.workers_system, |f| words::cpu(f.workers_user, f.workers_system)),
        ),
        (
            Column { over: cpu, heading: "supervisor", part },
            figure(
                |f| f.supervisor_user + f.supervisor_system,
                |f| words::cpu(f.supervisor_user, f.supervisor_system),
            ),
        ),
        (
            Column { over: memory, heading: "worker", part },
            figure(|f| f.largest_worker_memory, |f| bytes(f.largest_worker_memory as u64)),
        ),
        (
            Column { over: memory, heading: "supervisor", part },
            figure(|f| f.supervisor_memory, |f| bytes(f.supervisor_memory as u64)),
        ),
        (
            Column { over: switches, heading: "voluntary", part },
            figure(|f| f.voluntary_switches, |f| words::many(f.voluntary_switches)),
        ),
        (
            Column { over: switches, heading: "forced", part },
            figure(|f| f.involuntary_switches, |f| words::many(f.involuntary_switches)),
        ),
    ];
    if section.cells.iter().any(|cell| cell.devices != section.workload.devices) {
        let devices: Say<'_> =
            Box::new(|cell, _| Field { text: cell.devices.to_string(), value: Some(cell.devices.into()) });
        columns.insert(0, (Column { over: "", heading: "devices", part }, devices));
    }
    columns
}

fn notes(section: &Section, figures: &SectionFigures) -> Vec<String> {
    let mut notes = Vec::new();
    let cells = || figures.cells.iter().flatten();
    if cells().any(|cell| cell.extrapolated) {
        notes.push(format!(
            "* fewer devices were swept, and the costs are theirs; the time is extrapolated to all {}, and what \
             compares it with others rests on that",
            section.workload.devices
        ));
    }
    if cells().filter(|cell| cell.among_fastest).count() > 1 {
        notes.push("≈ within noise of the fastest: the spreads overlap".into());
    }
    if cells().any(|cell| cell.makespan.trials < 2) {
        notes.push("a cell without a spread had a single trial: nothing can be told apart from it".into());
    }
    notes
}

fn figure<'a>(
    value: impl Fn(&CellFigures) -> f64 + 'a,
    text: impl Fn(&CellFigures) -> String + 'a,
) -> Say<'a> {
    Box::new(move |_, figures| match figures {
        Some(figures) => {
            Field { text: text(figures), value: Some(value(figures)).filter(|value| value.is_finite()) }
        }
        None => "–".into(),
    })
}

fn mark(extrapolated: bool) -> &'static str {
    if extrapolated { "*" } else { "" }
}

fn differ<'a, T: PartialEq>(section: &'a Section, of: impl Fn(&'a Cell) -> T) -> bool {
    section.cells.windows(2).any(|pair| of(&pair[0]) != of(&pair[1]))
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

impl From<String> for Field {
    fn from(text: String) -> Self {
        Self { text, value: None }
    }
}

impl From<&str> for Field {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}
