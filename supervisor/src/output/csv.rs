//! `--format csv`: a row for each device and command.

use std::borrow::Cow;
use std::io::{self, Write};

use anyhow::Result;

use crate::event::{Consumer, RunEvent};
use crate::output::escape;
use crate::output::reader::written;
use crate::output::screen::Screen;
use crate::record::{CommandRecord, Record};

const HEADER: [&str; 22] = [
    "run",
    "device",
    "address",
    "port",
    "transport",
    "platform",
    "status",
    "error_kind",
    "error_message",
    "attempts",
    "worker",
    "started",
    "connect_ms",
    "login_ms",
    "commands_ms",
    "total_ms",
    "command",
    "command_status",
    "output",
    "elapsed_ms",
    "truncated",
    "parsed",
];

/// Rows as RFC 4180 has them, under a header; a device without a command has one row with nothing in
/// the last columns. Bytes that are not UTF-8 become U+FFFD.
#[derive(Debug)]
pub struct CsvRows<W: Write> {
    out: csv::Writer<W>,
    screen: Option<Screen>,
    begun: bool,
}

impl<W: Write> CsvRows<W> {
    /// Writes to `out`, which is `screen` where it is a terminal.
    pub fn new(out: W, screen: Option<Screen>) -> Self {
        Self { out: csv::Writer::from_writer(out), screen, begun: false }
    }

    fn write(&mut self, record: &Record) -> csv::Result<()> {
        if !self.begun {
            self.begun = true;
            self.out.write_record(HEADER)?;
        }
        if record.commands.is_empty() {
            self.row(record, None)?;
        }
        record.commands.iter().try_for_each(|command| self.row(record, Some(command)))
    }

    fn row(&mut self, record: &Record, command: Option<&CommandRecord>) -> csv::Result<()> {
        let error = record.error.as_ref();
        let timing = &record.timing_ms;
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let number = |number: Option<f64>| number.map_or(String::new(), |number| number.to_string());
        let started = record.started.map(|time| humantime::format_rfc3339_millis(time).to_string());
        let output = command.map_or(Cow::Borrowed(""), |command| match self.screen {
            // A device must not write to the user's terminal.
            Some(_) => escape::lines(&command.output).into(),
            None => String::from_utf8_lossy(&command.output),
        });
        self.out.write_record([
            record.run.to_string(),
            record.device.to_string(),
            record.address.to_string(),
            record.port.to_string(),
            record.transport.to_string(),
            record.platform.to_string(),
            record.status.as_str().to_owned(),
            text(error.map(|error| error.kind.as_str())),
            text(error.map(|error| &*error.message)),
            record.attempts.to_string(),
            record.worker.map_or(String::new(), |worker| worker.to_string()),
            started.unwrap_or_default(),
            timing.connect.to_string(),
            timing.login.to_string(),
            timing.commands.to_string(),
            timing.total.to_string(),
            text(command.map(|command| &*command.command)),
            text(command.map(|command| command.status.as_str())),
            output.into_owned(),
            number(command.map(|command| command.elapsed_ms)),
            command.map_or(String::new(), |command| command.truncated.to_string()),
            command.and_then(|command| command.parsed.as_ref()).map_or(String::new(), ToString::to_string),
        ])
    }
}

impl<W: Write> Consumer for CsvRows<W> {
    fn on(&mut self, event: &RunEvent<'_>) -> Result<()> {
        let RunEvent::DeviceDone(record) = event else { return Ok(()) };
        written(self.write(record).map_err(io_error).and_then(|()| self.out.flush()))
    }
}

fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::fixture::{Sink, auth_failure, command, ok};

    #[test]
    fn a_row_for_each_command_and_one_for_none() {
        let sink = Sink::default();
        let mut consumer = CsvRows::new(sink.clone(), None);
        let mut two = ok("core-1", "Cisco \"IOS\",\nuptime is 3 weeks");
        two.commands.push(command("show clock", "caf"));
        two.commands[1].output.push(0xe9);
        for record in [&two, &auth_failure("core-2")] {
            consumer.on(&RunEvent::DeviceDone(&record.clone().into())).expect("writes");
        }
        let core_1 =
            "r1,core-1,192.0.2.1,22,ssh,cisco_ios,ok,,,1,0,2026-01-01T00:00:00.000Z,3.1,42,611,656.9";
        let core_2 = "r1,core-2,192.0.2.1,22,ssh,cisco_ios,failed,auth,the device refused the password,1,0,\
                      2026-01-01T00:00:00.000Z,3.1,42,0,45.1";
        assert_eq!(
            sink.text(),
            format!(
                "{}\n{core_1},show version,ok,\"Cisco \"\"IOS\"\",\nuptime is 3 weeks\",305.2,false,\n\
                 {core_1},show clock,ok,caf\u{fffd},305.2,false,\n{core_2},,,,,,\n",
                HEADER.join(",")
            )
        );
    }
}
