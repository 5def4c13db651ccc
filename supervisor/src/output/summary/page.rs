//! The summary as it is printed.

use std::time::Duration;

use console::{Alignment, measure_text_width, pad_str};
use netsweep_shared::outcome::ErrorKind;

use super::gather::{Gathered, MOST_SLOW, Named};
use crate::dispatch::Tuned;
use crate::event::RunEnd;
use crate::output::escape;
use crate::output::screen::{Paint, Screen};
use crate::output::units::{bytes, count, from_millis, seconds};
use crate::usage::ProcessUsage;

/// Lines are filled up to here, where no terminal says otherwise.
const WIDTH: usize = 100;
/// Figures of more workers than this are only given as a sum.
const MOST_WORKERS: usize = 4;
/// Width of the figures' names.
const FIGURE: usize = 9;

/// The page, which begins with an empty line.
pub(super) fn write(gathered: &Gathered, end: &RunEnd, screen: Option<Screen>) -> String {
    let paint = Paint::on(screen);
    let width = screen.map_or(WIDTH, |screen| screen.width);
    let mut lines = vec![String::new(), headline(gathered, end, paint)];
    lines.extend(figures(gathered, end).into_iter().map(|(name, value)| {
        let words = value.split(' ').map(str::to_owned).collect();
        format!("  {name:<FIGURE$}{}", fill(words, width.saturating_sub(2 + FIGURE), &" ".repeat(2 + FIGURE)))
    }));
    lines.extend(failures(gathered, width, paint));
    lines.extend(slowest(gathered, paint));
    lines.extend(finish(gathered, end, paint));
    lines.join("\n") + "\n"
}

fn headline(gathered: &Gathered, end: &RunEnd, paint: Paint) -> String {
    let time = seconds(end.makespan);
    let devices = count(gathered.devices, "device");
    let how = match (end.interrupted, end.left) {
        (true, _) => paint.doubtful(format!("interrupted after {time}, {devices}")),
        (false, 0) => paint.heading(format!("{devices} in {time}")),
        (false, _) => paint.doubtful(format!("cut short after {time}, {devices}")),
    };
    let mut parts = vec![paint.good(format!("{} ok", gathered.ok)).to_string()];
    if gathered.failed > 0 {
        parts.push(paint.bad(format!("{} failed", gathered.failed)).to_string());
    }
    if gathered.skipped > 0 {
        parts.push(paint.doubtful(format!("{} skipped", gathered.skipped)).to_string());
    }
    if end.left > 0 {
        parts.push(paint.doubtful(format!("{} left", end.left)).to_string());
    }
    format!("{how}: {}", parts.join(", "))
}

fn figures(gathered: &Gathered, end: &RunEnd) -> Vec<(&'static str, String)> {
    let mut figures = Vec::new();
    let busy = match gathered.efficiency(end.makespan) {
        Some(part) => format!(", {:.0} % busy", part * 100.0),
        None => String::new(),
    };
    let (processes, threads) = (gathered.processes as usize, gathered.threads as usize);
    let mix = match &end.tuned {
        None => format!("{} × {}{busy}", count(processes, "process"), count(threads, "thread")),
        Some(Tuned { sessions, because }) => format!(
            "{} × {}, found out: {sessions} sessions at once, {because}",
            count(processes, "process"),
            count((*sessions as usize).div_ceil(processes.max(1)), "thread")
        ),
    };
    figures.push(("mix", mix));
    let done = gathered.ok + gathered.failed;
    if end.makespan > Duration::ZERO && done > 0 {
        let retried = match gathered.retried {
            0 => String::new(),
            n => format!(", {} tried more than once", count(n, "device")),
        };
        figures.push(("rate", format!("{:.1} devices/s{retried}", done as f64 / end.makespan.as_secs_f64())));
    }
    if let Some(usage) = &gathered.usage {
        let workers: Vec<_> = usage.workers.values().copied().collect();
        let cpu = |of: &ProcessUsage| seconds(of.cpu);
        let memory = |of: &ProcessUsage| bytes(of.peak_memory);
        figures.push(("CPU", cost(&usage.supervisor, &workers, cpu)));
        figures.push(("memory", cost(&usage.supervisor, &workers, memory) + " at their peak"));
    }
    figures
}

/// The supervisor's part, the workers' together and, for a few workers, of each.
fn cost(
    supervisor: &ProcessUsage,
    workers: &[ProcessUsage],
    say: impl Fn(&ProcessUsage) -> String,
) -> String {
    let sum = workers.iter().fold(ProcessUsage::default(), |sum, worker| ProcessUsage {
        cpu: sum.cpu.saturating_add(worker.cpu),
        peak_memory: sum.peak_memory.saturating_add(worker.peak_memory),
    });
    let each = match workers.len() {
        2..=MOST_WORKERS => format!(" ({})", workers.iter().map(&say).collect::<Vec<_>>().join(" + ")),
        _ => String::new(),
    };
    let noun = if workers.len() == 1 { "worker" } else { "workers" };
    format!("supervisor {}, {noun} {}{each}", say(supervisor), say(&sum))
}

fn failures(gathered: &Gathered, width: usize, paint: Paint) -> Vec<String> {
    if gathered.kinds.is_empty() {
        return vec![];
    }
    let kind_width = gathered.kinds.keys().map(|kind| kind.as_str().len()).max().unwrap_or(0);
    let counts = gathered.kinds.values().map(|named| named.count.to_string().len());
    let count_width = counts.max().unwrap_or(0);
    let indent = 4 + kind_width + 2 + count_width + 2;
    let mut lines = vec![String::new(), format!("  {}", paint.heading("failures"))];
    for (kind, named) in &gathered.kinds {
        let kind = paint.bad(format!("{:<kind_width$}", kind.as_str()));
        let names = fill(names(named), width.saturating_sub(indent), &" ".repeat(indent));
        lines.push(format!("    {kind}  {:>count_width$}  {names}", named.count));
    }
    lines
}

fn names(named: &Named) -> Vec<String> {
    let mut names: Vec<_> = named.first.iter().map(|name| escape::line(name).into_owned()).collect();
    let more = named.count - names.len();
    let last = names.len().saturating_sub(1);
    names.iter_mut().take(last).for_each(|name| name.push(','));
    if more > 0 {
        names.push(format!("and {more} more"));
    }
    names
}

/// `words` in lines of at most `width` columns, as far as they allow.
/// Words in lines of at most `width` columns; all but the first are indented, which `width` does not count.
pub(crate) fn fill(words: Vec<String>, width: usize, indent: &str) -> String {
    let mut text = String::new();
    let mut column = 0;
    for word in words {
        let length = measure_text_width(&word);
        if column > 0 && column + 1 + length > width {
            text.push('\n');
            text.push_str(indent);
            column = 0;
        } else if column > 0 {
            text.push(' ');
            column += 1;
        }
        text.push_str(&word);
        column += length;
    }
    text
}

/// Only where there are more devices than would be named.
fn slowest(gathered: &Gathered, paint: Paint) -> Vec<String> {
    if gathered.devices <= MOST_SLOW || gathered.slowest.is_empty() {
        return vec![];
    }
    let rows: Vec<_> = gathered
        .slowest
        .iter()
        .map(|slow| {
            (escape::line(&slow.device), seconds(from_millis(slow.timing.total)), slow.longest_step())
        })
        .collect();
    let name_width = rows.iter().map(|(name, ..)| measure_text_width(name)).max().unwrap_or(0);
    let time_width = rows.iter().map(|(_, time, _)| time.len()).max().unwrap_or(0);
    let mut lines = vec![String::new(), format!("  {}", paint.heading("slowest"))];
    for (name, time, step) in rows {
        let step = step.map_or(String::new(), |(step, time)| format!("  {step} {}", seconds(time)));
        let name = pad_str(&name, name_width, Alignment::Left, None);
        lines.push(format!("    {name}  {time:>time_width$}{}", paint.aside(step)));
    }
    lines
}

/// How the rest is run: devices without a record, and those that were cut short.
fn finish(gathered: &Gathered, end: &RunEnd, paint: Paint) -> Vec<String> {
    let cut_short = gathered.kinds.get(&ErrorKind::Interrupted).map_or(0, |named| named.count);
    match &gathered.resume {
        Some(command) if end.left + cut_short > 0 => {
            let devices = count(end.left + cut_short, "device");
            vec![String::new(), format!("  {devices} left; finish the run with: {}", paint.heading(command))]
        }
        _ => vec![],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Consumer, RunEvent};
    use crate::output::Summary;
    use crate::output::fixture::{Sink, auth_failure, failed, ok, plan, skipped};
    use crate::record::Record;
    use crate::usage::Usage;

    fn end(left: usize, interrupted: bool) -> RunEnd {
        RunEnd { makespan: Duration::from_millis(4_921), left, interrupted, tuned: None }
    }

    fn summary(devices: &[&str], records: &[Record], usage: Option<&Usage>, end: &RunEnd) -> String {
        let sink = Sink::default();
        let mut consumer = Summary::new(sink.clone(), None);
        consumer.on(&RunEvent::Began(&plan(devices))).expect("takes note");
        for record in records {
            consumer.on(&RunEvent::DeviceDone(&record.clone().into())).expect("takes note");
        }
        if let Some(usage) = usage {
            consumer.on(&RunEvent::Usage(usage)).expect("takes note");
        }
        assert_eq!(sink.text(), "", "nothing before the end");
        consumer.on(&RunEvent::Ended(end)).expect("writes");
        sink.text()
    }

    fn usage() -> Usage {
        let process =
            |ms, mb: u64| ProcessUsage { cpu: Duration::from_millis(ms), peak_memory: mb * 1_000_000 };
        Usage { supervisor: process(120, 14), workers: [(0, process(510, 31)), (1, process(505, 30))].into() }
    }

    #[test]
    fn a_run_with_failures() {
        let names: Vec<_> = (0..30).map(|n| format!("access-switch-{n:03}")).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let mut records = Vec::new();
        for (n, name) in names.iter().enumerate() {
            let mut record = match n {
                0..22 => failed(name, ErrorKind::Timeout, "no prompt within 30 s"),
                22 => auth_failure(name),
                23..25 => skipped(name),
                _ => ok(name, "x"),
            };
            record.timing_ms.total += n as f64;
            records.push(record);
        }
        records[3].timing_ms =
            crate::record::TimingMs { connect: 4.0, login: 29_800.0, commands: 0.0, total: 30_004.0 };
        records[4].attempts = 2;
        insta::assert_snapshot!(summary(&names, &records, Some(&usage()), &end(0, false)), @r#"
        30 devices in 4.92 s: 5 ok, 23 failed, 2 skipped
          mix      2 processes × 4 threads, 88 % busy
          rate     5.7 devices/s, 1 device tried more than once
          CPU      supervisor 0.12 s, workers 1.01 s (0.51 s + 0.51 s)
          memory   supervisor 14 MB, workers 61 MB (31 MB + 30 MB) at their peak

          failures
            timeout        22  access-switch-000, access-switch-001, access-switch-002, access-switch-003,
                               access-switch-004, access-switch-005, access-switch-006, access-switch-007,
                               access-switch-008, access-switch-009 and 12 more
            auth            1  access-switch-022
            lockout_guard   2  access-switch-023, access-switch-024

          slowest
            access-switch-003  30.0 s  login 29.8 s
            access-switch-029  0.69 s  commands 0.61 s
            access-switch-028  0.68 s  commands 0.61 s
            access-switch-027  0.68 s  commands 0.61 s
            access-switch-026  0.68 s  commands 0.61 s
        "#);
    }

    #[test]
    fn few_devices_and_no_failure_make_few_lines() {
        insta::assert_snapshot!(summary(&["a"], &[ok("a", "x")], None, &end(0, false)), @r#"
        1 device in 4.92 s: 1 ok
          mix      2 processes × 4 threads, 13 % busy
          rate     0.2 devices/s
        "#);
    }

    #[test]
    fn an_interrupted_run_says_what_is_left() {
        let mut usage = usage();
        usage.workers.remove(&1);
        insta::assert_snapshot!(summary(&["a", "b", "c"], &[ok("a", "x")], Some(&usage), &end(2, true)), @r#"
        interrupted after 4.92 s, 3 devices: 1 ok, 2 left
          mix      2 processes × 4 threads, 4 % busy
          rate     0.2 devices/s
          CPU      supervisor 0.12 s, worker 0.51 s
          memory   supervisor 14 MB, worker 31 MB at their peak

          2 devices left; finish the run with: netsweep resume r1
        "#);
    }

    #[test]
    fn a_device_that_was_cut_short_is_left_as_well() {
        let cut = failed("a", ErrorKind::Interrupted, "stopped");
        let text = summary(&["a", "b"], &[cut, ok("b", "x")], None, &end(0, true));
        assert!(text.ends_with("\n  1 device left; finish the run with: netsweep resume r1\n"), "{text}");
    }

    #[test]
    fn nothing_done_at_all() {
        let end = RunEnd { makespan: Duration::ZERO, left: 2, interrupted: true, tuned: None };
        insta::assert_snapshot!(summary(&["a", "b"], &[], None, &end), @r#"
        interrupted after 0.00 s, 2 devices: 0 ok, 2 left
          mix      2 processes × 4 threads

          2 devices left; finish the run with: netsweep resume r1
        "#);
    }

    #[test]
    fn names_cannot_write_to_the_terminal() {
        let text = summary(&["a"], &[auth_failure("a\x1b[2J\nb")], None, &end(0, false));
        assert!(!text.contains('\u{1b}'), "{text:?}");
        assert!(text.contains(r"a\x1b[2J\nb"), "{text}");
    }
}
