//! `--format table`: for the terminal.

use std::io::{self, Write};
use std::ops::Range;

use console::{Alignment, measure_text_width, pad_str};

use super::grid::{Column, Grid, Part, grid};
use super::words;
use crate::experiment::figures::figures;
use crate::experiment::results::{Experiment, Section, VerdictResult};
use crate::output::{Paint, Screen, escape, fill};

/// Lines are filled up to here, where no terminal says otherwise.
const WIDTH: usize = 100;
/// Between two columns.
const GAP: usize = 2;

/// Writes one table for each section, and what follows from it. Where the screen is too narrow for a
/// table, what is too much stands below the rest.
///
/// # Errors
///
/// `out`'s own.
pub fn write(experiment: &Experiment, out: &mut impl Write, screen: Option<Screen>) -> io::Result<()> {
    let paint = Paint::on(screen);
    let width = screen.map_or(WIDTH, |screen| screen.width);
    writeln!(
        out,
        "{}",
        paragraph(&format!("netsweep {}, {}", experiment.version, experiment.began), width, 0)
    )?;
    writeln!(out, "{}", paragraph(&words::machine(experiment), width, 0))?;
    for section in &experiment.sections {
        writeln!(out)?;
        write_section(section, out, width, paint)?;
    }
    // Not filled: it is there to be copied.
    writeln!(out, "\nAgain with\n  {}", escape::line(&experiment.command))
}

fn write_section(section: &Section, out: &mut impl Write, width: usize, paint: Paint) -> io::Result<()> {
    writeln!(out, "{}", paint.heading(paragraph(&words::title(section), width, 0)))?;
    writeln!(out, "{}", paragraph(&words::workload(section), width, 0))?;
    if let Some(said) = words::in_common(section) {
        writeln!(out, "{}", paragraph(&said, width, 0))?;
    }
    let grid = grid(section, &figures(section));
    if !grid.rows.is_empty() {
        for band in bands(&grid, width) {
            writeln!(out)?;
            write_band(&grid, &band, out, paint)?;
        }
    }
    for note in &grid.notes {
        writeln!(out, "{}", paint.aside(paragraph(note, width, 2)))?;
    }
    let left_out = words::left_out(section).into_iter().map(|cells| format!("left out: {cells}"));
    let references = section.references.iter().map(words::reference);
    let asides: Vec<_> = left_out.chain(references).collect();
    if !asides.is_empty() {
        writeln!(out)?;
    }
    for aside in asides {
        writeln!(out, "{}", paragraph(&aside, width, 2))?;
    }
    if section.verdict.is_some() || section.choice.is_some() || section.auto.is_some() {
        writeln!(out)?;
    }
    if let Some(verdict) = &section.verdict {
        let said = format!("{}: {}", words::result(verdict), escape::line(&verdict.reason));
        let said = paragraph(&said, width, 2);
        let said = match verdict.result {
            VerdictResult::Confirmed => paint.good(said),
            VerdictResult::NotConfirmed => paint.bad(said),
            VerdictResult::Undecided => paint.doubtful(said),
        };
        writeln!(out, "{said}")?;
    }
    if let Some(auto) = &section.auto {
        writeln!(out, "{}", paragraph(&words::auto(auto), width, 2))?;
    }
    if let Some(choice) = &section.choice {
        let said = format!("we would choose {}: {}", words::options(choice), escape::line(&choice.reason));
        writeln!(out, "{}", paragraph(&said, width, 2))?;
    }
    Ok(())
}

fn paragraph(text: &str, width: usize, indent: usize) -> String {
    let words = text.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect();
    fill(words, width.saturating_sub(indent), &" ".repeat(indent))
}

/// The columns of each table that fits: all, or each part by itself, or less. The names stand in each.
fn bands(grid: &Grid, width: usize) -> Vec<Vec<usize>> {
    let is_name = |&at: &usize| grid.columns[at].part == Part::Name;
    let (names, others): (Vec<usize>, Vec<usize>) = (0..grid.columns.len()).partition(is_name);
    let line = |columns: &[usize]| -> usize {
        let widths = column_widths(grid, columns);
        widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1)
    };
    let fits = |band: &[usize]| line(&[&names[..], band].concat()) <= width;
    let mut bands: Vec<Vec<usize>> = Vec::new();
    if fits(&others) {
        bands.push(others);
    } else {
        for part in [Part::Time, Part::Cost] {
            bands.push(vec![]);
            for &column in others.iter().filter(|&&at| grid.columns[at].part == part) {
                match bands.last_mut() {
                    Some(band) if band.is_empty() || fits(&[&band[..], &[column]].concat()) => {
                        band.push(column)
                    }
                    _ => bands.push(vec![column]),
                }
            }
        }
    }
    bands.into_iter().map(|band| [&names[..], &band[..]].concat()).collect()
}

/// Each column is as wide as its widest field; the last of those under one heading makes room for it.
fn column_widths(grid: &Grid, columns: &[usize]) -> Vec<usize> {
    let mut widths: Vec<usize> = columns
        .iter()
        .map(|&at| {
            let fields = grid.rows.iter().map(|row| measure_text_width(&row[at].text));
            fields.max().unwrap_or(0).max(measure_text_width(grid.columns[at].heading))
        })
        .collect();
    for group in groups(grid, columns) {
        let wanted = measure_text_width(grid.columns[columns[group.start]].over);
        let there = widths[group.clone()].iter().sum::<usize>() + GAP * (group.len() - 1);
        widths[group.start] += wanted.saturating_sub(there);
    }
    widths
}

/// Neighbours under one heading.
fn groups(grid: &Grid, columns: &[usize]) -> Vec<Range<usize>> {
    let over = |at: usize| grid.columns[columns[at]].over;
    let mut groups: Vec<Range<usize>> = Vec::new();
    for at in 0..columns.len() {
        match groups.last_mut() {
            Some(group) if !over(at).is_empty() && over(group.start) == over(at) => group.end = at + 1,
            _ => groups.push(at..at + 1),
        }
    }
    groups
}

fn write_band(grid: &Grid, columns: &[usize], out: &mut impl Write, paint: Paint) -> io::Result<()> {
    let widths = column_widths(grid, columns);
    let gap = " ".repeat(GAP);
    let above: Vec<_> = groups(grid, columns)
        .into_iter()
        .map(|group| {
            let width = widths[group.clone()].iter().sum::<usize>() + GAP * (group.len() - 1);
            pad_str(grid.columns[columns[group.start]].over, width, Alignment::Right, None).into_owned()
        })
        .collect();
    let above = above.join(&gap);
    if !above.trim().is_empty() {
        writeln!(out, "{}", paint.heading(above.trim_end()))?;
    }
    let line = |field: &dyn Fn(usize) -> String| {
        let fields = columns.iter().zip(&widths);
        let fields: Vec<_> = fields
            .map(|(&at, &width)| pad_str(&field(at), width, side(&grid.columns[at]), None).into_owned())
            .collect();
        fields.join(&gap).trim_end().to_owned()
    };
    writeln!(out, "{}", paint.heading(line(&|at| grid.columns[at].heading.into())))?;
    for row in &grid.rows {
        writeln!(out, "{}", line(&|at| row[at].text.clone()))?;
    }
    Ok(())
}

fn side(column: &Column) -> Alignment {
    match column.part {
        Part::Name => Alignment::Left,
        _ if column.heading.is_empty() => Alignment::Left,
        _ => Alignment::Right,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::report::fixture::experiment;

    fn table(experiment: &Experiment, width: usize) -> String {
        let mut out = Vec::new();
        write(experiment, &mut out, Some(Screen { width, colours: false })).expect("written");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn what_is_too_wide_stands_below() {
        let mut experiment = experiment();
        experiment.sections.truncate(1);
        let section = &mut experiment.sections[0];
        section.cells.retain(|cell| matches!((cell.processes, cell.threads), (1, 1) | (2, 64 | 256)));
        section.auto = None;
        section.cells[1].devices = 50;
        experiment.command = "netsweep experiment --claim 2 --seed 7".into();
        insta::assert_snapshot!(table(&experiment, 80), @r#"
        netsweep 0.1.0, 2026-11-23T10:00:00Z
        2 CPUs (Example CPU 3.0 GHz), 8.2 GB memory, Linux 6.8.0

        Claim 2: threads suit work that waits, also with a lock
        workload io, 500 devices: log-normal latencies, 600 ms a session in the median;
        two commands; 12 ms of computing

                                makespan  sessions  speed-up  of the
        P×T    GIL   median       spread  a second  over 1×1   ideal  failed
        1×1    no     5m00s  4m57s–5m02s      1.67     1.00×    98 %       0
        2×64   no   *34.0 s  32.4–34.8 s       147     8.81×    88 %       0
        2×256  no    3.24 s  3.21–3.49 s       154     92.4×    92 %       0  fastest
        1×1    yes    5m00s  5m00s–5m00s      1.67     1.00×    98 %       0
        2×64   yes   3.36 s  3.35–3.39 s       149     89.4×    89 %       0  ≈
        2×256  yes   3.30 s  3.24–3.44 s       152     91.0×    91 %       0  ≈

                                     CPU, user+system         peak memory
        P×T    GIL  devices      workers   supervisor  worker  supervisor
        1×1    no       500  4.20+1.80 s  0.20+0.10 s    9 MB       21 MB
        2×64   no        50  4.26+1.80 s  0.20+0.10 s   17 MB       21 MB
        2×256  no       500  4.26+1.80 s  0.20+0.10 s   40 MB       21 MB
        1×1    yes      500  4.20+1.80 s  0.20+0.10 s    9 MB       21 MB
        2×64   yes      500  4.26+1.80 s  0.20+0.10 s   17 MB       21 MB
        2×256  yes      500  4.26+1.80 s  0.20+0.10 s   40 MB       21 MB

                     context switches
        P×T    GIL  voluntary  forced
        1×1    no       22.0k    1531
        2×64   no       22.0k    1531
        2×256  no       22.0k    1531
        1×1    yes      22.0k    1531
        2×64   yes      22.0k    1531
        2×256  yes      22.0k    1531
        * fewer devices were swept, and the costs are theirs; the time is extrapolated
          to all 500, and what compares it with others rests on that
        ≈ within noise of the fastest: the spreads overlap

        left out: 4×256, 4×256 GIL: the budget of 5m was spent
        CPython 3.11, threading: 1×1 6m03s, 1×8 45.4 s, 1×64 15.4 s, 1×256 15.4 s
        CPython 3.11, multiprocessing: 1×1 6m47s, 1×8 50.9 s, 1×64 7.70 s,
          1×256 7.70 s

        confirmed: with 64 threads of one process the sweep took a 44th of the
          sequential time, with the lock and without it
        we would choose -P 2 -T 64: the fastest is no faster beyond the spreads, and
          needs four times the memory

        Again with
          netsweep experiment --claim 2 --seed 7
        "#);
    }

    #[test]
    fn nothing_is_wider_than_the_screen_where_words_allow_it() {
        let mut experiment = experiment();
        experiment.command.clear();
        for width in [60, 80, 120, 200] {
            for line in table(&experiment, width).lines() {
                assert!(measure_text_width(line) <= width, "{width}: {line}");
            }
        }
        let rows = |width| table(&experiment, width).lines().filter(|line| line.starts_with("2×256")).count();
        assert_eq!((rows(80), rows(200)), (4, 2), "of two cells, in two tables and in one");
    }

    #[test]
    fn nothing_writes_to_the_terminal_but_we() {
        let text = table(&experiment(), 80);
        assert!(!text.contains(|c: char| c.is_control() && c != '\n') && !text.contains('\u{202e}'));
        let mut coloured = Vec::new();
        write(&experiment(), &mut coloured, Some(Screen { width: 80, colours: true })).expect("written");
        assert!(String::from_utf8_lossy(&coloured).contains("\u{1b}[32mconfirmed:"));
    }

    #[test]
    fn an_experiment_without_anything_has_a_table() {
        let mut experiment = Experiment::default();
        experiment.sections.push(Section::default());
        experiment.sections[0].cells.push(Default::default());
        assert!(table(&experiment, 80).contains("0×0"));
    }
}
