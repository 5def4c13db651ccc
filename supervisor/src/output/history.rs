//! Runs that were, for a person.

use std::collections::HashSet;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::Result;
use console::measure_text_width;

use crate::event::{Consumer, RunEvent, RunPlan};
use crate::output::screen::{Paint, Screen};
use crate::output::units::{count, seconds};
use crate::output::{Table, escape, written};
use crate::record::{DeviceStatus, Record};
use crate::store::{Ended, Run, Standing};

/// Devices that are left are named up to this many.
const MOST_NAMES: usize = 20;

/// A line for each of `runs` under a header.
pub fn list(runs: &[Run], screen: Option<Screen>, out: &mut impl Write) -> io::Result<()> {
    if runs.is_empty() {
        return Ok(());
    }
    let header =
        ["RUN", "BEGUN", "STATE", "DEVICES", "OK", "FAILED", "SKIPPED", "LEFT", "COMMANDS", "INVENTORY"];
    let mut rows = vec![header.map(str::to_owned)];
    rows.extend(runs.iter().map(|run| {
        [
            escape::line(&run.name).into_owned(),
            moment(run.begun),
            state(run).to_owned(),
            run.tally.devices.to_string(),
            run.tally.ok.to_string(),
            run.tally.failed.to_string(),
            run.tally.skipped.to_string(),
            run.tally.left.to_string(),
            gist(&run.commands),
            inventory(run),
        ]
    }));
    let widths: Vec<usize> = (0..header.len())
        .map(|column| rows.iter().map(|row| measure_text_width(&row[column])).max().unwrap_or(0))
        .collect();
    for (number, row) in rows.iter().enumerate() {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let blanks = " ".repeat(widths[column] - measure_text_width(cell));
            // Numbers stand to the right; the last column is followed by nothing.
            match column {
                3..=7 => line += &format!("{blanks}{cell}  "),
                _ if column + 1 == row.len() => line += cell,
                _ => line += &format!("{cell}{blanks}  "),
            }
        }
        match number {
            0 => writeln!(out, "{}", Paint::on(screen).heading(line))?,
            _ => writeln!(out, "{line}")?,
        }
    }
    Ok(())
}

/// Everything that is shown of one run.
#[derive(Clone, Debug)]
pub struct Page<'a> {
    /// Which.
    pub run: &'a Run,
    /// The devices that are left.
    pub left: Vec<&'a str>,
    /// The command that finishes it.
    pub resume: String,
}

impl Page<'_> {
    /// Writes the page; `records` tells every record of the run.
    ///
    /// # Errors
    /// What `records` returns, and what [`written`] makes of failed writes.
    pub fn write(
        &self,
        records: impl Fn(&mut dyn FnMut(&Arc<Record>) -> Result<()>) -> Result<()>,
        screen: Option<Screen>,
        out: &mut impl Write,
    ) -> Result<()> {
        written(self.head(screen, out))?;
        let mut names = Vec::new();
        let left: HashSet<&str> = self.left.iter().copied().collect();
        let stands = |record: &Record| record.status != DeviceStatus::Ok && !left.contains(&*record.device);
        records(&mut |record| {
            if stands(record) {
                names.push(record.device.clone());
            }
            Ok(())
        })?;
        if !names.is_empty() {
            written(writeln!(out))?;
            let mut table = Table::new(&mut *out, screen);
            let plan = RunPlan { devices: names, ..RunPlan::default() };
            table.on(&RunEvent::Began(&plan))?;
            records(&mut |record| match stands(record) {
                true => table.on(&RunEvent::DeviceDone(record)),
                false => Ok(()),
            })?;
        }
        written(self.foot(out).and_then(|()| out.flush()))
    }

    fn head(&self, screen: Option<Screen>, out: &mut impl Write) -> io::Result<()> {
        let Run { name, begun, ended, tally, .. } = self.run;
        let paint = Paint::on(screen);
        let mut counts = vec![paint.good(format!("{} ok", tally.ok)).to_string()];
        let others = [(tally.failed, "failed"), (tally.skipped, "skipped"), (tally.left, "left")];
        counts.extend(others.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")));
        let devices = count(tally.devices, "device");
        writeln!(out, "{}", paint.heading(format!("run {}: {}", escape::line(name), state(self.run))))?;
        writeln!(out, "  devices    {devices}: {}", counts.join(", "))?;
        writeln!(out, "  begun      {}", moment(*begun))?;
        if let Some(ended) = ended {
            let took = ended.duration_since(*begun).unwrap_or_default();
            writeln!(out, "  ended      {}, after {}", moment(*ended), seconds(took))?;
        }
        writeln!(out, "  inventory  {}", inventory(self.run))?;
        let commands = self.run.commands.iter().map(|command| escape::line(command)).collect::<Vec<_>>();
        writeln!(out, "  commands   {}", commands.join(" ; "))
    }

    fn foot(&self, out: &mut impl Write) -> io::Result<()> {
        if self.left.is_empty() {
            return Ok(());
        }
        let names: Vec<_> = self.left.iter().take(MOST_NAMES).map(|name| escape::line(name)).collect();
        let more = match self.left.len().saturating_sub(MOST_NAMES) {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        writeln!(out, "\nleft: {}{more}", names.join(", "))?;
        match self.run.standing {
            Standing::Running => Ok(()),
            _ => writeln!(out, "finish it with: {}", escape::line(&self.resume)),
        }
    }
}

fn state(run: &Run) -> &'static str {
    match run.standing {
        Standing::Running => "running",
        Standing::Finished => "finished",
        Standing::CutShort(Ended::GaveUp) => "given up",
        Standing::CutShort(_) => "interrupted",
        Standing::Killed => "killed",
    }
}

fn moment(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(time).to_string()
}

fn inventory(run: &Run) -> String {
    let path = run.inventory.display().to_string();
    let path = escape::line(&path);
    if run.simulated { format!("{path} (simulated)") } else { path.into_owned() }
}

/// The first command, and how many more there are.
fn gist(commands: &[String]) -> String {
    match commands {
        [] => String::new(),
        [only] => escape::line(only).into_owned(),
        [first, more @ ..] => format!("{} (+{})", escape::line(first), more.len()),
    }
}
