//! `netsweep experiment`.

use std::ffi::OsString;
use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, anyhow, bail};
use clap::Parser;

use super::args::{Claim, Cli, Command, ConditionArgs, ExperimentArgs, ReportArgs, ReportFormat, RunArgs};
use super::exit::{Exit, ExitError, OrExit};
use super::prepare::{self, Logins, Selection};
use crate::experiment::auto;
use crate::experiment::beside;
use crate::experiment::book;
use crate::experiment::choice::choose;
use crate::experiment::claims::{self, Common};
use crate::experiment::keep::Keep;
use crate::experiment::matrix::{CellPlan, SectionPlan, Target};
use crate::experiment::measure::{Effort, measure};
use crate::experiment::report;
use crate::experiment::results::{Cell, Experiment, Machine, Section, Trial};
use crate::experiment::trial::{Interrupted, Lab};
use crate::experiment::workload::{Overrides, Workload};
use crate::host_keys::HostKeys;
use crate::mix::{Mix, raise_descriptor_limit};
use crate::output::{Screen, written};
use crate::platforms::Platforms;
use crate::store::default_path;
use crate::supervise::Signals;
use crate::usage;

pub(super) fn experiment(args: &ExperimentArgs) -> Result<Exit, ExitError> {
    let machine = usage::Machine::detect();
    let cores = machine.cpus as u32;
    let plans = sections(args, cores).or_usage()?;
    check(&plans).or_usage()?;
    if let Some(path) = &args.report.report {
        // Hours of measuring should not end in a folder that does not exist; an older page stays until then.
        fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(path)
            .with_context(|| format!("--report {}", path.display()))
            .or_usage()?;
    }
    let mut experiment = Experiment {
        command: command(),
        began: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
        version: env!("CARGO_PKG_VERSION").into(),
        machine: described(&machine),
        sections: plans.iter().map(|plan| plan.to_results(cores)).collect(),
    };
    let place = keep_at(args).or_usage()?;
    let keep = match args.effort.go_on {
        true => Keep::go_on(&place, &mut experiment),
        false => Keep::begin(&place, &experiment),
    };
    let mut keep = keep.or_usage()?;
    let signals = Signals::listen().context("cannot listen for signals").or_internal()?;
    let mut host_keys = HostKeys::off();
    if args.inventory.is_some() {
        host_keys = HostKeys::load(crate::host_keys::Policy::default(), None).or_usage()?;
    }
    let quiet = args.report.quiet;
    let mut say = |line: &str| {
        if !quiet {
            eprintln!("netsweep:   {line}");
        }
    };
    let mut lab = Lab {
        signals: &signals,
        host_keys: &mut host_keys,
        switch_interval: args.matrix.switch_interval,
        cores,
        sandbox: !args.matrix.no_sandbox,
        say: &mut say,
    };
    let measured = measure_all(args, &mut lab, &plans, &mut experiment, &mut keep);
    let interrupted = measured.as_ref().is_err_and(|error| error.is::<Interrupted>());
    if let Err(error) = measured
        && !interrupted
    {
        let kept = format!("what was measured is in {}; --continue goes on", place.display());
        return Err(error.context(kept)).or_internal();
    }
    for section in &mut experiment.sections {
        section.verdict = claims::judge(section, cores);
        // What a claim measures is no question of what to choose.
        section.choice = if section.claim.is_none() { choose(section) } else { None };
    }
    if interrupted {
        experiment.sections.retain(|section| section.cells.iter().any(|cell| !cell.trials.is_empty()));
    }
    tell(&experiment, &args.report).or_internal()?;
    if interrupted {
        eprintln!("netsweep: interrupted; go on with\n  {} --continue", experiment.command);
        return Ok(Exit::Interrupted);
    }
    Ok(Exit::Ok)
}

/// What is to be measured.
fn sections(args: &ExperimentArgs, cores: u32) -> Result<Vec<SectionPlan>> {
    let ConditionArgs { cpu_ms, sim_connect, sim_login, sim_command, sim_login_server, transport } =
        args.conditions;
    let overrides = Overrides {
        connect: sim_connect,
        login: sim_login,
        command: sim_command,
        login_server: sim_login_server,
        cpu: cpu_ms,
        devices: args.devices,
        seed: args.effort.seed,
    };
    if !args.claim.is_empty() {
        let numbers = 1..=claims::CLAIMS.len() as u8;
        let wanted = |number: &u8| {
            args.claim.iter().any(|claim| matches!(claim, Claim::All) || *claim == Claim::One(*number))
        };
        let common = Common { cores, overrides: &overrides, pinned: args.matrix.pin };
        return Ok(numbers.filter(wanted).filter_map(|number| claims::plan(number, common)).collect());
    }
    let target = match &args.inventory {
        Some(inventory) => real(args, inventory)?,
        None => {
            let mut workload = Workload::named(args.workload).with(&overrides);
            if !args.commands.is_empty() {
                workload.commands.clone_from(&args.commands);
            }
            workload.transport = transport.unwrap_or(workload.transport);
            Target::Fleet(Box::new(workload))
        }
    };
    let title = match &target {
        Target::Fleet(workload) => format!("Workload {}", workload.name),
        Target::Devices { name, .. } => format!("Devices of {name}"),
    };
    Ok(vec![SectionPlan { title, claim: None, cells: cells(args, cores), target }])
}

/// Every pair of the two lists, in each of the ways that were asked for.
fn cells(args: &ExperimentArgs, cores: u32) -> Vec<CellPlan> {
    let matrix = &args.matrix;
    let or = |typed: &Vec<u32>, default: [u32; 2]| {
        let mut list = if typed.is_empty() { default.to_vec() } else { typed.clone() };
        list.sort_unstable();
        list.dedup();
        list
    };
    let (processes, threads) = (or(&matrix.processes, [1, cores.max(2)]), or(&matrix.threads, [1, 64]));
    let locks: &[bool] = if matrix.gil { &[false, true] } else { &[false] };
    let workers: Vec<Option<PathBuf>> =
        [None].into_iter().chain(matrix.worker_binary.iter().cloned().map(Some)).collect();
    let mut cells = Vec::new();
    for worker in &workers {
        for &gil in locks {
            for &p in &processes {
                for &t in &threads {
                    let cell =
                        CellPlan { gil, pinned: matrix.pin, worker: worker.clone(), ..CellPlan::mix(p, t) };
                    cells.push(cell);
                }
            }
        }
    }
    cells
}

/// Devices of an inventory, with what they need of secrets.
fn real(args: &ExperimentArgs, inventory: &Path) -> Result<Target> {
    let run = as_run(args, inventory)?;
    let platforms = Platforms::load(None)?;
    let selection = Selection::load(&run.selection, &run.commands, &platforms, false)?;
    let mix = Mix { processes: 1, threads: 1 };
    let mut plan = prepare::plan(&run, selection, &Logins::Real(inventory), &platforms, mix)?;
    if let Some(job) = plan.jobs.iter().find(|job| !job.spec.read_only) {
        bail!(
            "an experiment runs the commands many times, and those of {} are not all known to only read ({}): a platform's \
             read_only says which do",
            job.device,
            job.commands.join("; ")
        );
    }
    plan.experiment.cpu_per_command = args.conditions.cpu_ms.unwrap_or(Duration::ZERO);
    Ok(Target::Devices { name: inventory.display().to_string(), plan: Box::new(plan) })
}

/// What `run` would have been asked for.
fn as_run(args: &ExperimentArgs, inventory: &Path) -> Result<RunArgs> {
    let mut typed: Vec<OsString> =
        vec!["netsweep".into(), "run".into(), "--inventory".into(), inventory.into()];
    if let Some(limit) = &args.limit {
        typed.extend(["--limit".into(), limit.into()]);
    }
    typed.push("--".into());
    typed.extend(args.commands.iter().map(OsString::from));
    match Cli::try_parse_from(typed)?.command {
        Command::Run(run) => Ok(*run),
        _ => bail!("`run` is another command"),
    }
}

/// Whether every cell can be run at all.
fn check(plans: &[SectionPlan]) -> Result<()> {
    let descriptors = raise_descriptor_limit();
    for plan in plans {
        for cell in &plan.cells {
            prepare::worker_command(cell.worker.as_deref())?;
            let (mix, said) =
                Mix::choose(Some(cell.processes), Some(cell.threads), usize::MAX, 0, descriptors);
            if mix.threads < cell.threads {
                bail!("{} × {} cannot be measured: {}", cell.processes, cell.threads, said.join("; "));
            }
        }
    }
    Ok(())
}

fn measure_all(
    args: &ExperimentArgs,
    lab: &mut Lab<'_>,
    plans: &[SectionPlan],
    experiment: &mut Experiment,
    keep: &mut Keep,
) -> Result<()> {
    let end = args.effort.budget.map(|budget| Instant::now() + budget);
    let count = plans.len() as u32;
    for (number, (plan, section)) in plans.iter().zip(&mut experiment.sections).enumerate() {
        // What one section leaves is for those that follow.
        let until = end.map(|end| {
            let now = Instant::now();
            now + end.saturating_duration_since(now) / (count - number as u32)
        });
        let quiet = args.report.quiet;
        if !quiet {
            eprintln!("netsweep: {} ({})", section.title, section.workload.description);
        }
        let mut progress = |section: &Section, at: usize, trial: &Trial, left: usize| {
            if !quiet {
                eprintln!("netsweep:   {}", line(&section.cells[at], trial, left));
            }
        };
        let with_python = !args.matrix.no_python && plan.cells.iter().any(|cell| cell.gil);
        // No more than a third: the matrix comes first.
        let most = until.map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()) / 3);
        let reserve =
            if with_python { beside::estimate(plan, section, lab.cores).min(most) } else { Duration::ZERO };
        let effort = Effort {
            trials: args.effort.trials,
            seed: args.effort.seed.unwrap_or(1),
            until: until.map(|until| until.checked_sub(reserve).unwrap_or(until)),
        };
        measure(lab, plan, (number, section), effort, keep, &mut progress)?;
        if args.matrix.auto {
            auto::measure(lab, &plan.target, section, effort)?;
        }
        if let Target::Fleet(workload) = &plan.target {
            section.references = book::references(workload);
            if with_python {
                beside::beside(lab, workload, section, until)?;
            }
        }
    }
    Ok(())
}

/// One trial, in a line.
fn line(cell: &Cell, trial: &Trial, left: usize) -> String {
    let lock = if cell.gil { " with the lock" } else { "" };
    let failed = if trial.failures > 0 { format!(", {} failed", trial.failures) } else { String::new() };
    format!(
        "{} × {}{lock}: {} devices in {:.2} s{failed}; {left} trials left",
        cell.processes, cell.threads, trial.sessions, trial.makespan
    )
}

fn tell(experiment: &Experiment, args: &ReportArgs) -> Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    let told = match args.format {
        ReportFormat::Table => report::write_table(experiment, &mut out, Screen::of_stdout()),
        ReportFormat::Csv => report::write_csv(experiment, &mut out),
        ReportFormat::Json => report::write_json(experiment, &mut out),
        ReportFormat::Markdown => report::write_markdown(experiment, &mut out),
    };
    // Whoever closed our output has seen enough of it; the page is another matter.
    match written(told.and_then(|()| out.flush())) {
        Err(error) if error.is::<crate::output::ReaderGone>() => {}
        told => told?,
    }
    if let Some(path) = &args.report {
        fs::write(path, report::page::html(experiment)?)
            .with_context(|| format!("--report {}", path.display()))?;
    }
    Ok(())
}

/// The command as it was typed, without what only says how it goes on.
fn command() -> String {
    let quoted = |argument: String| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./,:%+@~".contains(c);
        match !argument.is_empty() && argument.chars().all(plain) {
            true => argument,
            false => format!("'{}'", argument.replace('\'', r"'\''")),
        }
    };
    let arguments = std::env::args().skip(1).filter(|argument| argument != "--continue").map(quoted);
    ["netsweep".to_owned()].into_iter().chain(arguments).collect::<Vec<_>>().join(" ")
}

fn described(machine: &usage::Machine) -> Machine {
    let read = |file: &str| fs::read_to_string(format!("/proc/sys/kernel/{file}")).unwrap_or_default();
    Machine {
        cpus: machine.cpus as u32,
        cpu_model: machine.cpu_model.clone(),
        memory: machine.memory_bytes,
        system: format!("{} {}", read("ostype").trim(), read("osrelease").trim()),
    }
}

fn keep_at(args: &ExperimentArgs) -> Result<PathBuf> {
    if let Some(path) = &args.effort.keep {
        return Ok(path.clone());
    }
    let place = default_path().map(|path| path.with_file_name("experiment.jsonl"));
    place.ok_or_else(|| {
        anyhow!("neither XDG_DATA_HOME nor HOME names a place for the trials: give one with --keep")
    })
}
