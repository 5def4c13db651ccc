//! Progress on a terminal.

use std::time::{Duration, Instant};

use anyhow::Result;
use indicatif::{ProgressDrawTarget, ProgressStyle};

use super::tally::Tally;
use crate::event::{Consumer, RunEvent};
use crate::output::reader::written;
use crate::output::screen::{Paint, Screen};
use crate::output::terminal::Terminal;
use crate::output::units::{bytes, clock, seconds};

/// Time between two redraws, however much happens.
const REDRAW: Duration = Duration::from_millis(100);
/// More workers than this are only shown as totals.
const MOST_WORKERS: usize = 8;

/// Progress on a terminal: a bar for the run and a line for each worker, redrawn at most ten
/// times a second.
#[derive(Debug)]
pub struct ProgressBars {
    terminal: Terminal,
    /// Until the run begins.
    target: Option<ProgressDrawTarget>,
    paint: Paint,
    tally: Tally,
    drawn: Option<Instant>,
}

impl ProgressBars {
    /// Draws to `target`, which is `screen`, at the bottom of `terminal`.
    pub fn new(terminal: Terminal, target: ProgressDrawTarget, screen: Screen) -> Self {
        let tally = Tally::new(Instant::now());
        Self { terminal, target: Some(target), paint: Paint::on(Some(screen)), tally, drawn: None }
    }

    fn draw(&mut self, now: Instant) -> Result<()> {
        self.drawn = Some(now);
        let text = text(&self.tally, self.paint, now);
        // What can fail is the rows of results that wait for this redraw; nothing else is lost.
        written(self.terminal.draw(self.tally.done as u64, text))
    }
}

impl Consumer for ProgressBars {
    fn on(&mut self, event: &RunEvent<'_>) -> Result<()> {
        let now = Instant::now();
        self.tally.note(event, now);
        match event {
            RunEvent::Began(_) => {
                if let Some(target) = self.target.take() {
                    self.terminal.begin(target, self.tally.total as u64, style());
                }
                self.draw(now)
            }
            RunEvent::Ended(_) => written(self.terminal.end()),
            _ if self.drawn.is_some_and(|drawn| now.saturating_duration_since(drawn) >= REDRAW) => {
                self.draw(now)
            }
            _ => Ok(()),
        }
    }
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{wide_bar:.green/dim} {msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("━╸─")
}

/// What stands beside the bar and below it. Numbers keep their width, so that nothing jumps.
fn text(tally: &Tally, paint: Paint, now: Instant) -> String {
    let digits = tally.total.to_string().len();
    let running_digits = tally.slots.min(tally.total).to_string().len();
    let failures = |n: usize, width| {
        let text = format!("{n:>width$} failed");
        if n > 0 { paint.bad(text).to_string() } else { text }
    };
    let skipped = if tally.skipped > 0 { format!("  {} skipped", tally.skipped) } else { String::new() };
    let eta = tally.remaining(now).map_or("-:--".to_owned(), clock);
    let mut text = format!(
        "{:>digits$}/{}  {}{skipped}  {:>running_digits$} running  {:.1}/s  {}  ETA {eta}",
        tally.done,
        tally.total,
        failures(tally.failed, 1),
        tally.running(),
        tally.rate(now),
        clock(tally.elapsed(now)),
    );
    if (2..=MOST_WORKERS).contains(&tally.workers.len()) {
        for (number, worker) in &tally.workers {
            text.push_str(&format!(
                "\n  worker {number}  {:>running_digits$} running  {:>digits$} done  {}",
                worker.running,
                worker.done,
                failures(worker.failed, digits),
            ));
            if worker.usage.peak_memory > 0 {
                text.push_str(&format!(
                    "  {:>6} CPU  {:>6}",
                    seconds(worker.usage.cpu),
                    bytes(worker.usage.peak_memory)
                ));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::event::RunEnd;
    use crate::output::fixture::{auth_failure, ok, plan};
    use crate::usage::{ProcessUsage, Usage};

    const SCREEN: Screen = Screen { width: 80, colours: false };

    #[test]
    fn a_line_for_the_run_and_one_for_each_worker() {
        let began = Instant::now();
        let names: Vec<_> = (0..200).map(|n| format!("sw-{n}")).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let mut tally = Tally::new(began);
        tally.note(&RunEvent::Began(&plan(&names)), began);
        let show = |tally: &Tally, s| text(tally, Paint::on(Some(SCREEN)), began + Duration::from_secs(s));
        insta::assert_snapshot!(show(&tally, 0), @r#"
        0/200  0 failed  0 running  0.0/s  0:00  ETA -:--
        worker 0  0 running    0 done    0 failed
        worker 1  0 running    0 done    0 failed
        "#);

        for worker in [0, 0, 1] {
            tally.note(&RunEvent::AttemptStarted { device: "core-1", worker }, began);
        }
        for name in &names[..119] {
            tally.note(&RunEvent::DeviceDone(&ok(name, "").into()), began);
        }
        tally.note(&RunEvent::DeviceDone(&auth_failure(names[119]).into()), began);
        let mut usage = Usage::default();
        usage.workers.insert(0, ProcessUsage { cpu: Duration::from_millis(1_240), peak_memory: 48_000_000 });
        tally.note(&RunEvent::Usage(&usage), began);
        insta::assert_snapshot!(show(&tally, 3), @r#"
        120/200  1 failed  3 running  40.0/s  0:03  ETA 0:02
          worker 0  2 running  120 done    1 failed  1.24 s CPU   48 MB
          worker 1  1 running    0 done    0 failed
        "#);
    }

    #[test]
    fn many_workers_are_totals() {
        let began = Instant::now();
        let mut plan = plan(&["a", "b"]);
        plan.processes = 9;
        let mut tally = Tally::new(began);
        tally.note(&RunEvent::Began(&plan), began);
        assert_eq!(text(&tally, Paint::on(None), began).lines().count(), 1);
    }

    /// What was written, and a terminal that counts what is drawn on it.
    #[derive(Clone, Debug, Default)]
    struct Spy(Arc<Mutex<(String, usize)>>);

    impl Spy {
        fn text(&self) -> String {
            self.0.lock().expect("no panic").0.clone()
        }
    }

    impl Write for Spy {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no panic").0.push_str(&String::from_utf8_lossy(bytes));
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl indicatif::TermLike for Spy {
        fn width(&self) -> u16 {
            80
        }
        fn move_cursor_up(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_down(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_right(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_left(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn write_line(&self, text: &str) -> io::Result<()> {
            self.write_str(text)
        }
        fn write_str(&self, text: &str) -> io::Result<()> {
            let mut seen = self.0.lock().expect("no panic");
            seen.0.push_str(text);
            Ok(())
        }
        fn clear_line(&self) -> io::Result<()> {
            Ok(())
        }
        fn flush(&self) -> io::Result<()> {
            self.0.lock().expect("no panic").1 += 1;
            Ok(())
        }
    }

    fn end() -> RunEnd {
        RunEnd { makespan: Duration::from_secs(1), left: 0, interrupted: false, tuned: None }
    }

    #[test]
    fn rows_wait_for_a_redraw_and_redraws_are_few() {
        let (stdout, screen) = (Spy::default(), Spy::default());
        let terminal = Terminal::with_streams(Box::new(stdout.clone()), Box::new(io::sink()));
        let target = ProgressDrawTarget::term_like(Box::new(screen.clone()));
        let mut bars = ProgressBars::new(terminal.clone(), target, SCREEN);
        let mut rows = terminal.stdout();

        writeln!(rows, "before").and_then(|()| rows.flush()).expect("writes");
        assert_eq!(stdout.text(), "before\n", "no bars yet: at once");

        bars.on(&RunEvent::Began(&plan(&["a", "b"]))).expect("draws");
        assert!(screen.text().contains("0/2  0 failed"), "{}", screen.text());
        writeln!(rows, "row").and_then(|()| rows.flush()).expect("writes");
        assert_eq!(stdout.text(), "before\n", "a row waits for the redraw");

        let (begun, drawn) = (Instant::now(), screen.0.lock().expect("no panic").1);
        for _ in 0..10_000 {
            bars.on(&RunEvent::AttemptStarted { device: "core-1", worker: 0 }).expect("draws");
        }
        // Each redraw flushes up to four times: position, text, away, and back.
        let most = 4 * (begun.elapsed().as_millis() as usize / 100 + 1);
        let flushed = screen.0.lock().expect("no panic").1 - drawn;
        assert!(flushed <= most, "{flushed} flushes, {most} expected at most");

        bars.on(&RunEvent::Ended(&end())).expect("ends");
        assert_eq!(stdout.text(), "before\nrow\n");
        writeln!(rows, "after").and_then(|()| rows.flush()).expect("writes");
        assert_eq!(stdout.text(), "before\nrow\nafter\n", "no bars any more: at once");
    }

    #[test]
    fn a_run_that_stops_half_way_loses_no_row() {
        let stdout = Spy::default();
        let terminal = Terminal::with_streams(Box::new(stdout.clone()), Box::new(io::sink()));
        let target = ProgressDrawTarget::term_like(Box::new(Spy::default()));
        let mut bars = ProgressBars::new(terminal.clone(), target, SCREEN);
        let mut rows = terminal.stdout();
        bars.on(&RunEvent::Began(&plan(&["a"]))).expect("draws");
        writeln!(rows, "row").and_then(|()| rows.flush()).expect("writes");
        assert_eq!(stdout.text(), "");
        drop((terminal, bars, rows));
        assert_eq!(stdout.text(), "row\n");
    }

    #[test]
    fn much_at_once_does_not_pile_up() {
        let stdout = Spy::default();
        let terminal = Terminal::with_streams(Box::new(stdout.clone()), Box::new(io::sink()));
        let target = ProgressDrawTarget::term_like(Box::new(Spy::default()));
        let mut bars = ProgressBars::new(terminal.clone(), target, SCREEN);
        bars.on(&RunEvent::Began(&plan(&["a"]))).expect("draws");
        let output = "x\n".repeat(100_000);
        terminal.stdout().write_all(output.as_bytes()).expect("writes");
        assert_eq!(stdout.text(), output);
    }

    #[test]
    fn hidden_bars_hold_nothing_back() {
        let stdout = Spy::default();
        let terminal = Terminal::with_streams(Box::new(stdout.clone()), Box::new(io::sink()));
        let mut bars = ProgressBars::new(terminal.clone(), ProgressDrawTarget::hidden(), SCREEN);
        bars.on(&RunEvent::Began(&plan(&["a"]))).expect("draws nothing");
        let mut rows = terminal.stdout();
        writeln!(rows, "row").and_then(|()| rows.flush()).expect("writes");
        assert_eq!(stdout.text(), "row\n");
    }
}
