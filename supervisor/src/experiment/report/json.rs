//! `--format json`: the experiment as it is kept.

use std::io::{self, Write};

use crate::experiment::results::Experiment;
use crate::output::escape;

/// Writes the experiment, indented. What a terminal would act on is escaped, as JSON escapes.
///
/// # Errors
///
/// `out`'s own.
pub fn write(experiment: &Experiment, out: &mut impl Write) -> io::Result<()> {
    let text = serde_json::to_string_pretty(experiment)?;
    // Line breaks that are outside of strings stay.
    for line in text.lines() {
        writeln!(out, "{}", escape::json(line))?;
    }
    Ok(())
}
