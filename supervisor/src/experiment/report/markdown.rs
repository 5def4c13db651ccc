//! `--format markdown`: the table, for a text that is to be published.

use std::io::{self, Write};

use super::grid::{Grid, Part, grid};
use super::words;
use crate::experiment::figures::figures;
use crate::experiment::results::{Experiment, Section};
use crate::output::escape;

/// Writes one table for each section, and what follows from it, as GitHub's Markdown has tables.
///
/// # Errors
///
/// `out`'s own.
pub fn write(experiment: &Experiment, out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "netsweep {}, {}, on {}",
        text(&experiment.version),
        text(&experiment.began),
        text(&words::machine(experiment))
    )?;
    for section in &experiment.sections {
        write_section(section, out)?;
    }
    let command = escape::line(&experiment.command);
    let fence = "`".repeat(longest_run_of_backticks(&command).max(2) + 1);
    writeln!(out, "\nAgain with\n\n{fence}sh\n{command}\n{fence}")
}

fn write_section(section: &Section, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "\n## {}\n", text(&words::title(section)))?;
    if let Some(verdict) = &section.verdict {
        writeln!(out, "**Verdict: {}:** {}\n", words::result(verdict), text(&escape::line(&verdict.reason)))?;
    }
    if let Some(auto) = &section.auto {
        writeln!(out, "{}\n", text(&words::auto(auto)))?;
    }
    if let Some(choice) = &section.choice {
        let options = words::options(choice);
        writeln!(out, "**We would choose `{options}`:** {}\n", text(&escape::line(&choice.reason)))?;
    }
    writeln!(out, "{}\n", text(&words::workload(section)))?;
    if let Some(said) = words::in_common(section) {
        writeln!(out, "{}\n", text(&said))?;
    }
    let grid = grid(section, &figures(section));
    if !grid.rows.is_empty() {
        write_table(&grid, out)?;
    }
    let left_out = words::left_out(section).into_iter().map(|cells| format!("left out: {cells}"));
    let references = section.references.iter().map(words::reference);
    for line in grid.notes.iter().cloned().chain(left_out).chain(references) {
        writeln!(out, "- {}", text(&line))?;
    }
    Ok(())
}

fn write_table(grid: &Grid, out: &mut impl Write) -> io::Result<()> {
    let headings = grid.columns.iter().map(|column| match (column.over, column.heading) {
        ("", heading) => heading.to_owned(),
        (over, heading) => format!("{over} {heading}"),
    });
    let row = |fields: Vec<String>| format!("| {} |", fields.join(" | "));
    writeln!(out, "{}", row(headings.map(|heading| text(&heading)).collect()))?;
    let sides = grid.columns.iter().map(|column| if column.part == Part::Name { "---" } else { "---:" });
    writeln!(out, "{}", row(sides.map(str::to_owned).collect()))?;
    for fields in &grid.rows {
        writeln!(out, "{}", row(fields.iter().map(|field| text(&field.text)).collect()))?;
    }
    writeln!(out)
}

/// Words that stay words: what Markdown or HTML would take for its own is escaped (CommonMark 0.31.2,
/// section 2.4: any ASCII punctuation may be).
fn text(words: &str) -> String {
    let mut text = String::with_capacity(words.len());
    for c in words.chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '&' | '#' | '~' | '!' | '$') {
            text.push('\\');
        }
        text.push(c);
    }
    text
}

fn longest_run_of_backticks(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::report::fixture::experiment;

    #[test]
    fn it_has_the_tables_and_nothing_of_others_is_markup() {
        let mut out = Vec::new();
        write(&experiment(), &mut out).expect("written");
        let text = String::from_utf8(out).expect("UTF-8");
        let (text, command) = text.split_once("```sh").expect("the command in a block");
        assert!(command.contains("--seed 7"));
        let rows: Vec<_> = text.lines().filter(|line| line.starts_with("| ")).collect();
        assert_eq!(rows.len(), 2 + 22 + 2 + 4);
        for row in rows {
            let bars = row.replace("\\|", "").matches('|').count();
            assert!(bars == 16 || bars == 17, "{row}");
        }
        assert!(text.contains("**Verdict: confirmed:** with 64 threads"));
        assert!(text.contains("**We would choose `-P 2 -T 64`:** "));
        let unescaped = text.replace("\\<", "");
        assert!(!unescaped.contains('<') && !text.contains('\u{1b}'), "{unescaped}");
    }

    #[test]
    fn a_command_does_not_end_its_block() {
        let experiment = Experiment { command: "netsweep experiment '````'".into(), ..Experiment::default() };
        let mut out = Vec::new();
        write(&experiment, &mut out).expect("written");
        assert!(String::from_utf8_lossy(&out).ends_with("`````sh\nnetsweep experiment '````'\n`````\n"));
    }
}
