//! `netsweep experiment`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use netsweep_shared::fleet::{Latency, LoginServer};
use netsweep_shared::job::Transport;

use super::values::{latency, login_server, milliseconds, positive_time, transport};
use crate::experiment::workload::Name;

/// `netsweep experiment`.
#[derive(Debug, Args)]
pub struct ExperimentArgs {
    /// Commands, instead of those of the workload or the inventory
    #[arg(value_name = "COMMAND")]
    pub commands: Vec<String>,

    /// What the simulated devices' sessions do: io, cpu, mixed, book, book-cpu or book-40
    #[arg(long, value_name = "NAME", default_value = "io")]
    pub workload: Name,

    /// Simulated devices of a trial [default: what the workload says]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=200_000))]
    pub devices: Option<u32>,

    /// Sweep real devices: this inventory's, with its commands
    #[arg(short, long, value_name = "FILE", conflicts_with_all = ["workload", "devices", "claim", "transport"])]
    pub inventory: Option<PathBuf>,

    /// Select of them, as `run` does
    #[arg(short, long, value_name = "EXPR", requires = "inventory")]
    pub limit: Option<String>,

    /// Measure what the chapter claims, each with a matrix and a workload of its own: 1 to 6, or all
    #[arg(long, value_name = "N", value_parser = claim, conflicts_with_all = ["commands", "workload", "transport", "processes", "threads", "gil", "auto", "worker_binary"])]
    pub claim: Vec<Claim>,

    /// The matrix.
    #[command(flatten)]
    pub matrix: MatrixArgs,

    /// How much is measured.
    #[command(flatten)]
    pub effort: EffortArgs,

    /// What it is like.
    #[command(flatten)]
    pub conditions: ConditionArgs,

    /// Where it is told.
    #[command(flatten)]
    pub report: ReportArgs,
}

/// Which mixes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Matrix")]
pub struct MatrixArgs {
    /// Worker processes: 1,2,4 [default: 1 and one per CPU core, which with the threads makes the four models
    /// sequential, threads, processes and both]
    #[arg(short = 'P', long, value_name = "LIST", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub processes: Vec<u32>,

    /// Session threads per worker: 1,8,64 [default: 1,64]
    #[arg(short = 'T', long, value_name = "LIST", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..=16_000))]
    pub threads: Vec<u32>,

    /// Measure each mix also with one lock in each process, held while a session computes and given up while it
    /// waits: a model of CPython. Where there is a Python, it does the same work beside it
    #[arg(long)]
    pub gil: bool,

    /// When a thread that wants the lock asks for it
    #[arg(long, value_name = "TIME", value_parser = positive_time, default_value = "5ms")]
    pub switch_interval: Duration,

    /// No Python
    #[arg(long)]
    pub no_python: bool,

    /// Sweep also with `-P auto -T auto`, and hold it against the best mix of the matrix
    #[arg(long)]
    pub auto: bool,

    /// Fix each worker to a core
    #[arg(long)]
    pub pin: bool,

    /// Measure each mix also with this worker executable
    #[arg(long, value_name = "PATH")]
    pub worker_binary: Vec<PathBuf>,

    /// Leave the workers what they have no need of
    #[arg(long)]
    pub no_sandbox: bool,
}

/// How much is measured.
#[derive(Debug, Args)]
#[command(next_help_heading = "Effort")]
pub struct EffortArgs {
    /// Trials of each mix
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub trials: u32,

    /// Begin no trial that would not be over in this time; what was left out is said [default: no limit]
    #[arg(long, value_name = "TIME", value_parser = positive_time)]
    pub budget: Option<Duration>,

    /// Source of the order of cells and devices, and of the devices' latencies [default: always the same]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,

    /// Go on with the same experiment where it was cut short
    #[arg(long = "continue")]
    pub go_on: bool,

    /// Where trials are kept as they come [default: netsweep/experiment.jsonl in the user's data directory]
    #[arg(long, value_name = "FILE")]
    pub keep: Option<PathBuf>,
}

/// What an experiment's sessions and devices are like.
#[derive(Debug, Args)]
#[command(next_help_heading = "Workload")]
pub struct ConditionArgs {
    /// Milliseconds of computing for each command, in place of parsing
    #[arg(long, value_name = "N", value_parser = milliseconds)]
    pub cpu_ms: Option<Duration>,

    /// Time before a device's first byte: `20ms`, `10ms..50ms` or `20ms~200ms` (median and 99th percentile)
    #[arg(long, value_name = "LATENCY", value_parser = latency)]
    pub sim_connect: Option<Latency>,

    /// Time before a device answers the password
    #[arg(long, value_name = "LATENCY", value_parser = latency)]
    pub sim_login: Option<Latency>,

    /// Time before a device answers a command
    #[arg(long, value_name = "LATENCY", value_parser = latency)]
    pub sim_command: Option<Latency>,

    /// Have all logins pass one server: `100ms` each, or `100ms,140,0.3%`
    #[arg(long, value_name = "SERVICE", value_parser = login_server)]
    pub sim_login_server: Option<LoginServer>,

    /// What simulated devices speak [default: what the workload says, telnet]
    #[arg(long, value_name = "TRANSPORT", value_parser = transport)]
    pub transport: Option<Transport>,
}

/// Where an experiment's findings go.
#[derive(Debug, Args)]
#[command(next_help_heading = "Report")]
pub struct ReportArgs {
    /// Format of stdout
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    pub format: ReportFormat,

    /// Also write a page for a browser, which needs nothing else
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,

    /// No progress
    #[arg(short, long)]
    pub quiet: bool,
}

/// How findings are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ReportFormat {
    /// For a terminal
    #[default]
    Table,
    /// A row a trial
    Csv,
    /// Everything
    Json,
    /// The table in Markdown
    Markdown,
}

/// One claim, or all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Every one.
    All,
    /// This one, from 1.
    One(u8),
}

fn claim(text: &str) -> Result<Claim, String> {
    match text.parse() {
        _ if text == "all" => Ok(Claim::All),
        Ok(number) if (1..=6).contains(&number) => Ok(Claim::One(number)),
        _ => Err("there are claims 1 to 6, and `all`".into()),
    }
}
