//! `netsweep runs`.

use std::io::{self, BufWriter, Write};

use anyhow::{Context, Result, bail};

use super::args::{RunsCommand, StoreArgs};
use super::exit::{Exit, ExitError, OrExit};
use crate::event::{Consumer, RunEvent};
use crate::inventory::suggestion;
use crate::output::{self, CsvRows, ExportFormat, JsonLines, ReaderGone, Screen, history};
use crate::store::{Run, Standstill, Store};

pub(super) fn runs(command: &RunsCommand) -> Result<Exit, ExitError> {
    let done = match command {
        RunsCommand::List { store } => list(store)?,
        RunsCommand::Show { run, store } => show(run.as_deref(), store)?,
        RunsCommand::Export { run, format, store } => export(run.as_deref(), *format, store)?,
    };
    match done {
        // `| head`.
        Err(error) if error.is::<ReaderGone>() => Ok(Exit::Ok),
        done => done.map(|()| Exit::Ok).or_internal(),
    }
}

/// The store, which may not be there yet; what is wrong with it is wrong with the input.
fn open(args: &StoreArgs) -> Result<Option<Store>, ExitError> {
    Store::open(args.store.as_deref()).or_usage()
}

fn list(args: &StoreArgs) -> Result<Result<()>, ExitError> {
    let runs = open(args)?.map_or(Ok(Vec::new()), |store| store.runs()).or_usage()?;
    if runs.is_empty() {
        eprintln!("netsweep: no run was recorded yet");
    }
    Ok(output::written(history::list(&runs, Screen::of_stdout(), &mut io::stdout().lock())))
}

fn show(name: Option<&str>, args: &StoreArgs) -> Result<Result<()>, ExitError> {
    let (store, run) = chosen(name, args).or_usage()?;
    let devices = store.devices(&run).or_usage()?;
    let left =
        devices.iter().filter(|device| device.standstill != Standstill::Done).map(|device| &*device.name);
    let page = history::Page { run: &run, left: left.collect(), resume: store.resume_command(&run.name) };
    let mut out = BufWriter::new(io::stdout().lock());
    let records = |tell: &mut dyn FnMut(&_) -> Result<()>| store.for_each_record(&run, tell);
    Ok(page.write(records, Screen::of_stdout(), &mut out))
}

fn export(name: Option<&str>, format: ExportFormat, args: &StoreArgs) -> Result<Result<()>, ExitError> {
    let (store, run) = chosen(name, args).or_usage()?;
    let mut out = BufWriter::new(io::stdout().lock());
    let mut consumer: Box<dyn Consumer> = match format {
        ExportFormat::Jsonl => Box::new(JsonLines::new(&mut out)),
        ExportFormat::Csv => Box::new(CsvRows::new(&mut out, Screen::of_stdout())),
    };
    let exported = store.for_each_record(&run, |record| consumer.on(&RunEvent::DeviceDone(record)));
    drop(consumer);
    Ok(exported.and_then(|()| output::written(out.flush())))
}

/// The run called `name`, by default the newest.
fn chosen(name: Option<&str>, args: &StoreArgs) -> Result<(Store, Run)> {
    let store = Store::open(args.store.as_deref())?.context("no run was recorded yet")?;
    let run = match name {
        Some(name) => find(&store, name)?,
        None => store.runs()?.into_iter().next().context("no run was recorded yet")?,
    };
    Ok((store, run))
}

/// The run called `name`.
pub(super) fn find(store: &Store, name: &str) -> Result<Run> {
    if let Some(run) = store.run(name)? {
        return Ok(run);
    }
    let runs = store.runs()?;
    let nearest = suggestion(name, runs.iter().take(10).map(|run| &*run.name));
    bail!("there is no run {name:?} in {}: {nearest}", store.path().display())
}
