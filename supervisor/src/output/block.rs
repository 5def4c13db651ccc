//! A record as a readable block of text.

use std::io::{self, Write};

use crate::output::screen::Paint;
use crate::output::{escape, units};
use crate::record::{CommandRecord, CommandStatus, DeviceStatus, Record};

/// How outputs are put into a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outputs {
    /// The bytes as the device sent them, in its own encoding.
    AsSent,
    /// The same, in UTF-8 where their encoding is known.
    Decoded,
    /// Whatever a terminal would act on, escaped.
    Escaped,
}

/// Writes a heading for the device, its error if it has one, and every command with its
/// output. Headings are always escaped: they are lines.
pub(super) fn write(out: &mut impl Write, record: &Record, outputs: Outputs, paint: Paint) -> io::Result<()> {
    writeln!(out, "{}", heading(record, paint))?;
    if let Some(error) = &record.error {
        writeln!(out, "*** {}: {}", paint.bad(error.kind), escape::line(&error.message))?;
    }
    for command in &record.commands {
        writeln!(out, "{}", command_heading(command, paint))?;
        match outputs {
            Outputs::AsSent => out.write_all(command.as_sent())?,
            Outputs::Decoded => out.write_all(&command.output)?,
            Outputs::Escaped => out.write_all(escape::lines(&command.output).as_bytes())?,
        }
        if !command.output.is_empty() && !command.output.ends_with(b"\n") {
            writeln!(out)?;
        }
    }
    Ok(())
}

fn heading(record: &Record, paint: Paint) -> String {
    let name = escape::line(&record.device);
    let address = escape::line(&record.address);
    let address = if address.contains(':') { format!("[{address}]") } else { address.into_owned() };
    let status = match record.status {
        DeviceStatus::Ok => paint.good("ok"),
        DeviceStatus::Failed => paint.bad("failed"),
        DeviceStatus::Skipped => paint.doubtful("skipped"),
    };
    let heading = format!(
        "{} {address}:{} {} {} {status}",
        paint.heading(format!("=== {name}")),
        record.port,
        record.transport,
        escape::line(&record.platform),
    );
    match record.started {
        Some(_) => {
            let total = units::from_millis(record.timing_ms.total);
            format!("{heading} {}", units::seconds(total))
        }
        None => heading,
    }
}

fn command_heading(command: &CommandRecord, paint: Paint) -> String {
    let mut notes = Vec::new();
    if command.status == CommandStatus::Failed {
        notes.push("failed");
    }
    if command.truncated {
        notes.push("cut at the output limit");
    }
    let heading = paint.heading(format!("--- {}", escape::line(&command.command))).to_string();
    if notes.is_empty() {
        heading
    } else {
        format!("{heading} {}", paint.bad(format!("({})", notes.join(", "))))
    }
}
