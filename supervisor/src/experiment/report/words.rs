//! Quantities, mixes and verdicts for people.

use std::time::Duration;

use crate::experiment::figures::Spread;
use crate::experiment::results::{
    Auto, Choice, Experiment, Reference, ReferencePoint, Section, Verdict, VerdictResult,
};
use crate::output::{bytes, count, escape, seconds};

/// Three digits: `0.042 s`, `4.92 s`, `61.3 s`, `9m17s`.
pub(super) fn time(time: f64) -> String {
    match time {
        0.0..0.9995 => format!("{time:.3} s"),
        0.9995..9.995 => format!("{time:.2} s"),
        9.995..99.95 => format!("{time:.1} s"),
        // Rounded once, and here.
        _ => Duration::try_from_secs_f64(time.round()).map_or("–".into(), seconds),
    }
}

/// `4.81–5.10 s`; of a single trial there is nothing to tell.
pub(super) fn spread(spread: &Spread) -> String {
    if spread.trials < 2 {
        return "–".into();
    }
    let (min, max) = (time(spread.min), time(spread.max));
    match (min.strip_suffix(" s"), max.ends_with(" s")) {
        (Some(min), true) => format!("{min}–{max}"),
        _ => format!("{min}–{max}"),
    }
}

/// Three digits: `0.42`, `9.31`, `45.1`, `1493`.
pub(super) fn number(number: f64) -> String {
    match number.abs() {
        _ if !number.is_finite() => "–".into(),
        0.0..9.995 => format!("{number:.2}"),
        9.995..99.95 => format!("{number:.1}"),
        _ => format!("{number:.0}"),
    }
}

/// A number of many things: `812`, `45.1k`, `3.20M`.
pub(super) fn many(many: f64) -> String {
    match many.abs() {
        0.0..9_999.5 => format!("{many:.0}"),
        9_999.5..999_500.0 => format!("{}k", number(many / 1e3)),
        _ => format!("{}M", number(many / 1e6)),
    }
}

/// CPU time: `12.3+0.81 s`.
pub(super) fn cpu(user: f64, system: f64) -> String {
    format!("{}+{} s", number(user), number(system))
}

/// `2×64`.
pub(super) fn mix(processes: u32, threads: u32) -> String {
    format!("{processes}×{threads}")
}

/// `Claim 2: threads suit …`, on one line.
pub(super) fn title(section: &Section) -> String {
    let title = escape::line(&section.title);
    match section.claim {
        Some(claim) => format!("Claim {claim}: {title}"),
        None => title.into_owned(),
    }
}

/// What every session of a section does, and how often.
pub(super) fn workload(section: &Section) -> String {
    let workload = &section.workload;
    let devices = count(workload.devices as usize, "device");
    let mut said = format!("workload {}, {devices}", escape::line(&workload.name));
    if !workload.description.is_empty() {
        said += &format!(": {}", escape::line(&workload.description));
    }
    if workload.time_scale != 1.0 && workload.time_scale > 0.0 {
        said += &format!(" (latencies divided by {}; times are as measured)", workload.time_scale);
    }
    said
}

/// What all cells of a section have in common, where it is not the usual: `with a GIL, workers pinned`.
pub(super) fn in_common(section: &Section) -> Option<String> {
    let first = section.cells.first()?;
    let mut said = Vec::new();
    if section.cells.iter().all(|cell| cell.gil) {
        said.push("one lock per process, as CPython has (--gil)".into());
    }
    if section.cells.iter().all(|cell| cell.pinned) {
        said.push("workers pinned to cores".into());
    }
    if let Some(worker) = &first.worker
        && section.cells.iter().all(|cell| cell.worker == first.worker)
    {
        said.push(format!("worker {}", escape::line(worker)));
    }
    (!said.is_empty()).then(|| format!("all cells: {}", said.join(", ")))
}

/// Cells that were not measured, those with the same reason together: `4×64, 4×256 GIL: no time was left`.
pub(super) fn left_out(section: &Section) -> Vec<String> {
    let mut reasons: Vec<(&str, Vec<String>)> = Vec::new();
    for cell in &section.left_out {
        let name = mix(cell.processes, cell.threads) + if cell.gil { " GIL" } else { "" };
        match reasons.iter_mut().find(|(why, _)| *why == cell.why) {
            Some((_, cells)) => cells.push(name),
            None => reasons.push((&cell.why, vec![name])),
        }
    }
    reasons.iter().map(|(why, cells)| format!("{}: {}", cells.join(", "), escape::line(why))).collect()
}

/// `CPython: 1×1 5m03s, 1×8 41.3 s`.
pub(super) fn reference(reference: &Reference) -> String {
    let points = reference.points.iter();
    // Each in one piece, wherever the line breaks.
    let point = |at: &ReferencePoint| format!("{} {}", mix(at.processes, at.threads), time(at.makespan));
    let points: Vec<_> = points.map(|at| point(at).replace(' ', "\u{a0}")).collect();
    format!("{}: {}", escape::line(&reference.name), points.join(", "))
}

/// A verdict's word.
pub(super) fn result(verdict: &Verdict) -> &'static str {
    match verdict.result {
        VerdictResult::Confirmed => "confirmed",
        VerdictResult::NotConfirmed => "not confirmed",
        VerdictResult::Undecided => "undecided",
    }
}

/// `-P 2 -T 64`.
pub(super) fn options(choice: &Choice) -> String {
    format!("-P {} -T {}", choice.processes, choice.threads)
}

/// `-P auto -T auto: 3.35 s (3.20 to 3.40) …`.
pub(super) fn auto(auto: &Auto) -> String {
    let spread = Spread::of(auto.makespans.iter().copied());
    let took =
        spread.map_or_else(String::new, |it| format!("{:.2} s ({:.2} to {:.2})", it.median, it.min, it.max));
    let sessions: Vec<_> = auto.sessions.iter().map(u32::to_string).collect();
    format!(
        "-P auto -T auto took {took} with {} sessions at once in {}: {}",
        sessions.join(", "),
        count(auto.processes as usize, "process"),
        escape::line(&auto.reason)
    )
}

/// `2 CPUs (its name), 8.2 GB, its system`.
pub(super) fn machine(experiment: &Experiment) -> String {
    let machine = &experiment.machine;
    let mut said = count(machine.cpus as usize, "CPU");
    if let Some(model) = &machine.cpu_model {
        said += &format!(" ({})", escape::line(model));
    }
    format!("{said}, {} memory, {}", bytes(machine.memory), escape::line(&machine.system))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_have_the_digits_that_tell_them_apart() {
        assert_eq!(
            [0.0421, 0.9994, 0.9996, 4.917, 9.996, 61.32, 152.46, 557.0, f64::NAN, -1.0].map(time),
            ["0.042 s", "0.999 s", "1.00 s", "4.92 s", "10.0 s", "61.3 s", "2m32s", "9m17s", "–", "–"]
        );
        assert_eq!(
            [0.0, 0.421, 9.996, 45.12, 1493.4, f64::INFINITY].map(number),
            ["0.00", "0.42", "10.0", "45.1", "1493", "–"]
        );
        assert_eq!([812.0, 9_999.0, 45_123.0, 3.2e6].map(many), ["812", "9999", "45.1k", "3.20M"]);
    }

    #[test]
    fn a_spread_names_its_unit_once_where_it_can() {
        let of = |figures: &[f64]| spread(&Spread::of(figures.iter().copied()).expect("a spread"));
        assert_eq!(of(&[4.81, 5.1]), "4.81–5.10 s");
        assert_eq!(of(&[99.0, 101.0]), "99.0 s–1m41s");
        assert_eq!(of(&[4.81]), "–");
    }
}
