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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::report::fixture::experiment;

    #[test]
    fn it_is_the_experiment_and_safe_to_look_at() {
        let mut out = Vec::new();
        write(&experiment(), &mut out).expect("written");
        let text = String::from_utf8(out).expect("UTF-8");
        assert!(!text.contains(['\u{1b}', '\u{202e}']));
        let kept = serde_json::to_value(experiment()).expect("JSON");
        let read: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(read["command"], kept["command"]);
        assert_eq!(read["sections"][1]["references"], kept["sections"][1]["references"]);
        let experiment: Experiment = serde_json::from_str(&text).expect("an experiment");
        assert_eq!(experiment.sections[0].cells.len(), 22);
    }
}
