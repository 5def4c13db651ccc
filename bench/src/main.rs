//! `netsweep-bench WHAT`: measures, shows what was found beside the bounds, and keeps it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Parser;
use clap::builder::{PossibleValue, PossibleValuesParser};
use netsweep_bench::clients::{Client, Installed};
use netsweep_bench::machine::Machine;
use netsweep_bench::report::Report;
use netsweep_bench::{BENCHMARKS, Bench};
use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// This crate's own folder.
const FOLDER: &str = env!("CARGO_MANIFEST_DIR");

/// What is measured is what is shipped.
const PROFILE: &str = "dist";

/// Prints the versions of the peers' libraries.
const LIBRARIES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/versions.py");

/// netsweep beside a bare client and its peers: what a session costs.
#[derive(Parser)]
struct Arguments {
    /// What is measured.
    #[arg(required = true, value_name = "WHAT", value_parser = names())]
    what: Vec<String>,
    /// Small sizes, to see whether everything works. The figures are worth little.
    #[arg(long)]
    quick: bool,
    /// How often clients take turns; the figures are medians.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Another worker executable, to be measured beside the first.
    #[arg(long, value_name = "PATH")]
    worker_binary: Option<PathBuf>,
    /// The Python that has the peers' libraries [default: the one that bench/peers/venv.sh makes].
    #[arg(long, value_name = "PATH")]
    python: Option<PathBuf>,
    /// Only this of the peers, and others that are named so [default: all that are installed].
    #[arg(long = "peer", value_name = "NAME", value_parser = PossibleValuesParser::new(Client::names_of_peers()))]
    peers: Vec<String>,
    /// Where the results are kept.
    #[arg(long, value_name = "FOLDER", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/results"))]
    results: PathBuf,
    /// Measure what is built already, instead of building it first.
    #[arg(long)]
    no_build: bool,
}

fn names() -> Vec<PossibleValue> {
    let all = PossibleValue::new("all").help("all of them");
    let each = BENCHMARKS.iter().map(|benchmark| PossibleValue::new(benchmark.name).help(benchmark.about));
    each.chain([all]).collect()
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if !arguments.no_build {
        build()?;
    }
    raise_descriptors()?;
    let folder = folder()?;
    let python = arguments.python.unwrap_or_else(|| folder.join("../peers/bin/python"));
    let installed = Installed {
        netsweep: executable(&folder, "netsweep")?,
        floor: executable(&folder, "floor")?,
        worker_binary: arguments.worker_binary,
        python,
        peers: arguments.peers,
    };
    let machine = machine(&installed, &arguments.what, arguments.quick);
    let mut bench =
        Bench { installed, quick: arguments.quick, rounds: arguments.rounds.max(1), report: Report::new() };
    if arguments.quick {
        bench.report.note("--quick: too small to judge by".to_owned());
    }
    let mut failed = vec![];
    for benchmark in BENCHMARKS {
        if arguments.what.iter().any(|what| what == benchmark.name || what == "all") {
            eprintln!("{}: {}", benchmark.name, benchmark.about);
            bench.report.begin(benchmark.name);
            // The others are worth having all the same.
            if let Err(error) = (benchmark.run)(&mut bench) {
                bench.report.note(format!("failed: {error:#}"));
                failed.push(benchmark.name);
            }
        }
    }
    let (summary, path) = bench.report.write(&arguments.results, &arguments.what.join("-"), &machine)?;
    println!("{summary}\n{}", path.display());
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    Ok(())
}

/// Nothing is measured that is older than its source.
fn build() -> Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--profile", PROFILE, "--workspace"])
        .current_dir(Path::new(FOLDER).join(".."))
        .status()
        .context("cargo cannot be started; --no-build measures what is there")?;
    if !status.success() {
        bail!("the build failed");
    }
    Ok(())
}

/// Where those that are measured stand: beside the folder of this executable.
fn folder() -> Result<PathBuf> {
    let ours = std::env::current_exe()?;
    Ok(ours.parent().context("the executable has no folder")?.with_file_name(PROFILE))
}

fn executable(folder: &Path, name: &str) -> Result<PathBuf> {
    let path = folder.join(name);
    if !path.exists() {
        bail!("{name} is not built: cargo build --profile {PROFILE} --workspace");
    }
    Ok(path)
}

/// Ten thousand sessions in one process need as many descriptors.
fn raise_descriptors() -> Result<()> {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    Ok(setrlimit(Resource::RLIMIT_NOFILE, most, most)?)
}

fn machine(installed: &Installed, what: &[String], quick: bool) -> Machine {
    let quick = if quick { " --quick" } else { "" };
    let peers: String = installed.peers.iter().map(|peer| format!(" --peer {peer:?}")).collect();
    let command = format!("cargo run --release -p netsweep-bench -- {}{quick}{peers}", what.join(" "));
    let netsweep = installed.netsweep.to_string_lossy();
    let python = installed.python.to_string_lossy();
    Machine::here(
        command,
        &[
            (&netsweep, &["--version"]),
            ("git", &["-C", FOLDER, "describe", "--always", "--dirty"]),
            ("rustc", &["--version"]),
            ("valgrind", &["--version"]),
            (&python, &["--version"]),
            (&python, &[LIBRARIES]),
            ("clush", &["--version"]),
            ("pdsh", &["-V"]),
            ("ssh", &["-V"]),
        ],
    )
}
