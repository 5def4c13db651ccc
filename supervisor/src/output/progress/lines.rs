//! Progress in a log.

use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::tally::Tally;
use crate::event::{Consumer, RunEvent};

/// Longest silence while the run lasts.
const SILENCE: Duration = Duration::from_secs(5);

/// Progress where there is no terminal: a line at each tenth of the devices, and after five
/// seconds without one.
#[derive(Debug)]
pub struct ProgressLines<W> {
    out: W,
    tally: Tally,
    last: Instant,
    tenths: usize,
}

impl<W: Write> ProgressLines<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Self {
        let now = Instant::now();
        Self { out, tally: Tally::new(now), last: now, tenths: 0 }
    }

    /// The line that is due after `event`, if one is.
    fn line(&mut self, event: &RunEvent<'_>, now: Instant) -> Option<String> {
        self.tally.note(event, now);
        if matches!(event, RunEvent::Began(_)) {
            (self.last, self.tenths) = (now, 0);
        }
        let tenths = self.tally.done * 10 / self.tally.total.max(1);
        let silent =
            now.saturating_duration_since(self.last) >= SILENCE && !matches!(event, RunEvent::Ended(_));
        if tenths == self.tenths && !silent {
            return None;
        }
        (self.last, self.tenths) = (now, tenths);
        Some(self.say(now))
    }

    fn say(&self, now: Instant) -> String {
        let tally = &self.tally;
        let skipped = if tally.skipped > 0 { format!(", {} skipped", tally.skipped) } else { String::new() };
        format!(
            "netsweep: {}/{} done, {} failed{skipped}, {} running, {:.1}/s\n",
            tally.done,
            tally.total,
            tally.failed,
            tally.running(),
            tally.rate(now)
        )
    }
}

impl<W: Write> Consumer for ProgressLines<W> {
    fn on(&mut self, event: &RunEvent<'_>) -> Result<()> {
        if let Some(line) = self.line(event, Instant::now()) {
            // A run does not end because nobody watches it.
            let _ = self.out.write_all(line.as_bytes());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::fixture::{Sink, auth_failure, ok, plan};

    #[test]
    fn a_line_each_tenth_and_after_five_silent_seconds() {
        let names: Vec<_> = (0..200).map(|n| format!("sw-{n}")).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let mut progress = ProgressLines::new(Sink::default());
        let began = Instant::now();
        let at = |ms| began + Duration::from_millis(ms);

        assert_eq!(progress.line(&RunEvent::Began(&plan(&names)), began), None);
        for n in 0..8 {
            assert_eq!(
                progress.line(&RunEvent::AttemptStarted { device: "core-1", worker: n % 2 }, at(0)),
                None
            );
        }
        let mut lines = Vec::new();
        for (n, name) in (1..).zip(&names[..120]) {
            let record = if n % 50 == 0 { auth_failure(name) } else { ok(name, "") };
            lines.extend(progress.line(&RunEvent::DeviceDone(&record.clone().into()), at(25 * n)));
        }
        assert_eq!(lines.len(), 6);
        assert_eq!(lines[0], "netsweep: 20/200 done, 0 failed, 8 running, 40.0/s\n");
        assert_eq!(lines[5], "netsweep: 120/200 done, 2 failed, 8 running, 40.0/s\n");
        assert_eq!(progress.line(&RunEvent::Tick, at(7_900)), None);
        assert_eq!(
            progress.line(&RunEvent::Tick, at(8_000)).as_deref(),
            Some("netsweep: 120/200 done, 2 failed, 8 running, 15.0/s\n")
        );
        assert_eq!(progress.line(&RunEvent::Tick, at(8_100)), None);
    }

    #[test]
    fn ten_thousand_devices_are_ten_lines() {
        let names: Vec<_> = (0..10_000).map(|n| format!("sw-{n}")).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let sink = Sink::default();
        let mut progress = ProgressLines::new(sink.clone());
        progress.on(&RunEvent::Began(&plan(&names))).expect("takes note");
        // All at one moment, so that no silence adds a line on a slow machine.
        let now = Instant::now();
        let lines = names
            .iter()
            .filter(|name| progress.line(&RunEvent::DeviceDone(&ok(name, "").into()), now).is_some());
        assert_eq!(lines.count(), 10);
        assert_eq!(sink.text(), "");
    }
}
