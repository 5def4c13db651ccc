//! `--format table`: a row a device.

use std::borrow::Cow;
use std::io::Write;
use std::sync::Arc;

use anyhow::Result;
use console::{Alignment, measure_text_width, pad_str, truncate_str};

use crate::event::{Consumer, RunEvent};
use crate::output::reader::written;
use crate::output::screen::{Paint, Screen};
use crate::output::{escape, units};
use crate::record::{DeviceStatus, Record};

const STATUS_WIDTH: usize = 7;
const TIME_WIDTH: usize = 6;
/// Names longer than this do not widen the column, where nothing limits the line.
const LONGEST_NAME: usize = 40;
/// Where less of it would be left, the gist stands without an aside.
const SHORTEST_GIST: usize = 20;

/// Rows in the order in which devices finish, under a header. Column widths are settled
/// before the first row, so rows never move. On a terminal each row fits its width; elsewhere
/// nothing is cut.
#[derive(Debug)]
pub struct Table<W> {
    out: W,
    screen: Option<Screen>,
    name_width: usize,
}

impl<W: Write> Table<W> {
    /// Writes to `out`, which is `screen` where it is a terminal.
    pub fn new(out: W, screen: Option<Screen>) -> Self {
        Self { out, screen, name_width: 0 }
    }

    fn settle_widths(&mut self, devices: &[Arc<str>]) {
        let longest = devices.iter().map(|name| measure_text_width(&escape::line(name))).max().unwrap_or(0);
        let limit = match self.screen {
            Some(screen) => (screen.width / 3).max(12),
            None => LONGEST_NAME,
        };
        self.name_width = longest.min(limit).max("DEVICE".len());
    }

    fn header(&self) -> String {
        let header = format!(
            "{:<name$}  {:<STATUS_WIDTH$}  {:>TIME_WIDTH$}  RESULT",
            "DEVICE",
            "STATUS",
            "TIME",
            name = self.name_width
        );
        Paint::on(self.screen).heading(header).to_string()
    }

    fn row(&self, record: &Record) -> String {
        let paint = Paint::on(self.screen);
        let name = escape::line(&record.device);
        let name = if self.screen.is_some() { shorten(&name, self.name_width) } else { name };
        let name = pad_str(&name, self.name_width, Alignment::Left, None);
        let (status, gist) = match record.status {
            DeviceStatus::Ok => (paint.good("ok     "), gist_of_output(record)),
            DeviceStatus::Failed => (paint.bad("failed "), gist_of_error(record)),
            DeviceStatus::Skipped => (paint.doubtful("skipped"), gist_of_error(record)),
        };
        let time = match record.started {
            Some(_) => units::seconds(units::from_millis(record.timing_ms.total)),
            None => "-".into(),
        };
        let taken = self.name_width + STATUS_WIDTH + TIME_WIDTH + 6;
        let room = self.screen.map(|screen| screen.width.saturating_sub(taken));
        let (text, aside) = gist.fit(room);
        format!("{name}  {status}  {time:>TIME_WIDTH$}  {text}{}", paint.aside(aside))
    }

    fn write_line(&mut self, line: &str) -> Result<()> {
        written(writeln!(self.out, "{line}").and_then(|()| self.out.flush()))
    }
}

impl<W: Write> Consumer for Table<W> {
    fn on(&mut self, event: &RunEvent<'_>) -> Result<()> {
        match event {
            RunEvent::Began(plan) => {
                self.settle_widths(&plan.devices);
                self.write_line(&self.header())
            }
            RunEvent::DeviceDone(record) => self.write_line(&self.row(record)),
            _ => Ok(()),
        }
    }
}

/// A record in a few words: what was said, and how much more there is.
struct Gist {
    text: String,
    aside: String,
}

impl Gist {
    /// Cuts the text, and where even that is not enough leaves out the aside.
    fn fit(&self, room: Option<usize>) -> (Cow<'_, str>, &str) {
        let Some(room) = room else { return (self.text.as_str().into(), &self.aside) };
        match room.checked_sub(measure_text_width(&self.aside)) {
            Some(left) if left >= SHORTEST_GIST || left >= measure_text_width(&self.text) => {
                (truncate_str(&self.text, left, "…"), &self.aside)
            }
            _ => (truncate_str(&self.text, room, "…"), ""),
        }
    }
}

/// The first line that says something, and how many lines there are in all.
fn gist_of_output(record: &Record) -> Gist {
    let mut first = None;
    let mut lines = 0;
    for command in &record.commands {
        let output = String::from_utf8_lossy(&command.output);
        lines += output.trim_end().lines().count();
        first = first.or_else(|| {
            output
                .lines()
                .find(|line| line.contains(char::is_alphanumeric))
                .map(|line| escape::line(line.trim()).into_owned())
        });
    }
    let cut = record.commands.iter().any(|command| command.truncated);
    match first {
        Some(text) if cut => Gist { text, aside: format!("  ({lines} lines, then cut)") },
        Some(text) if lines > 1 => Gist { text, aside: format!("  ({lines} lines)") },
        Some(text) => Gist { text, aside: String::new() },
        None => Gist { text: String::new(), aside: "(no output)".into() },
    }
}

fn gist_of_error(record: &Record) -> Gist {
    let text = record
        .error
        .as_ref()
        .map_or(String::new(), |error| format!("{}: {}", error.kind, escape::line(&error.message)));
    let aside = if record.attempts > 1 { format!("  ({} attempts)", record.attempts) } else { String::new() };
    Gist { text, aside }
}

/// `name` in at most `width` columns, its beginning and its end kept: device names differ in
/// their numbers, and those come last.
fn shorten(name: &str, width: usize) -> Cow<'_, str> {
    if measure_text_width(name) <= width {
        return name.into();
    }
    let room = width.saturating_sub(1);
    let head = truncate_str(name, room.div_ceil(2), "");
    let mut tail = name;
    while measure_text_width(tail) > room / 2 {
        let mut rest = tail.chars();
        rest.next();
        tail = rest.as_str();
    }
    format!("{head}…{tail}").into()
}

#[cfg(test)]
mod tests {
    use netsweep_shared::outcome::ErrorKind;

    use super::*;
    use crate::output::fixture::{Sink, auth_failure, command, failed, ok, plan, skipped};

    fn table(screen: Option<Screen>, devices: &[&str], records: &[Record]) -> String {
        let sink = Sink::default();
        let mut consumer = Table::new(sink.clone(), screen);
        consumer.on(&RunEvent::Began(&plan(devices))).expect("writes");
        for record in records {
            consumer.on(&RunEvent::DeviceDone(&record.clone().into())).expect("writes");
        }
        sink.text()
    }

    fn plain(width: usize) -> Option<Screen> {
        Some(Screen { width, colours: false })
    }

    #[test]
    fn rows_align_and_nothing_is_cut_where_there_is_no_terminal() {
        let mut several = ok(
            "core-1",
            "\n----\nCisco IOS Software, C2900 Software (C2900-UNIVERSALK9-M), Version 15.2(4)M1\nuptime is 3 weeks\n",
        );
        several.commands.push(command("show clock", "12:00:00 UTC"));
        let mut retried = failed("distribution-2", ErrorKind::Timeout, "no prompt within 30 s");
        retried.attempts = 2;
        retried.timing_ms.total = 123_400.0;
        insta::assert_snapshot!(
            table(
                None,
                &["core-1", "distribution-2", "edge"],
                &[several, retried, auth_failure("edge"), skipped("core-2"), ok("edge", " \n")]
            ),
            @r#"
        DEVICE          STATUS     TIME  RESULT
        core-1          ok       0.66 s  Cisco IOS Software, C2900 Software (C2900-UNIVERSALK9-M), Version 15.2(4)M1  (5 lines)
        distribution-2  failed    2m03s  timeout: no prompt within 30 s  (2 attempts)
        edge            failed   0.05 s  auth: the device refused the password
        core-2          skipped       -  lockout_guard: 3 logins in a row were refused
        edge            ok       0.66 s  (no output)
        "#
        );
    }

    #[test]
    fn rows_fit_the_terminal() {
        let long = "Arista vEOS-lab with a first line that goes on and on and on and on";
        let records = [
            ok("leaf-1.a-rather-long.site.example.net-0117", &format!("{long}\nmore")),
            ok("北京-交换机-北京-交换机-北京-交换机-0118", "短 输出"),
            failed("sw", ErrorKind::Connect, &format!("192.0.2.7:22 {long}")),
        ];
        let names = records.each_ref().map(|record| &*record.device);
        for width in [40, 60, 80, 120] {
            for line in table(plain(width), &names, &records).lines() {
                assert!(measure_text_width(line) <= width, "{width}: {line}");
            }
        }
        insta::assert_snapshot!(table(plain(80), &names, &records), @r#"
        DEVICE                      STATUS     TIME  RESULT
        leaf-1.a-rath…ple.net-0117  ok       0.66 s  Arista vEOS-lab with a …  (2 lines)
        北京-交换机-…-交换机-0118   ok       0.66 s  短 输出
        sw                          failed   0.05 s  connect: 192.0.2.7:22 Arista vEOS-…
        "#);
    }

    #[test]
    fn a_device_cannot_write_to_the_terminal_or_break_its_row() {
        let record = failed("sw\x1b[2J", ErrorKind::Disconnected, "closed\r\nfake row \x1b]0;owned\x07");
        let text = table(plain(120), &["sw"], &[record, ok("sw", "\x1b[31mred\x1b[0m \u{202e}txt")]);
        assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{text:?}");
        assert!(!text.contains('\u{202e}'));
        assert_eq!(text.lines().count(), 3);
    }

    #[test]
    fn colours_only_where_asked() {
        let coloured = table(Some(Screen { width: 80, colours: true }), &["a"], &[ok("a", "x")]);
        assert!(coloured.contains("\u{1b}[32mok     \u{1b}[0m"), "{coloured:?}");
        assert!(!table(plain(80), &["a"], &[ok("a", "x")]).contains('\u{1b}'));
    }

    #[test]
    fn names_keep_both_ends() {
        assert_eq!(shorten("core-1", 6), "core-1");
        assert_eq!(shorten("distribution-switch-0117", 13), "distri…h-0117");
        assert_eq!(shorten("北京-交换机-0118", 9), "北京…0118");
    }
}
