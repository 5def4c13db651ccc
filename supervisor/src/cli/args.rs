//! What can be typed. What it means is decided elsewhere.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use netsweep_shared::fleet::{Fault, Latency, LoginServer};
use netsweep_shared::job::Transport;
use serde::{Deserialize, Serialize};

use crate::experiment::workload::Name;
use crate::host_keys::Policy;
use crate::output::{ExportFormat, Format};

/// Run commands on thousands of network devices over SSH and Telnet.
#[derive(Debug, Parser)]
#[command(name = "netsweep", version, propagate_version = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the commands on the selected devices
    Run(Box<RunArgs>),
    /// Finish a run that was cut short: run the devices that have no result yet
    Resume(Box<ResumeArgs>),
    /// Measure a matrix of mixes of processes and threads, and report
    Experiment(Box<ExperimentArgs>),
    /// Look at earlier runs
    #[command(subcommand)]
    Runs(RunsCommand),
    /// Start a simulated fleet and keep it up until Ctrl-C
    Simulate(Box<SimulateArgs>),
    /// Show the platforms: kinds of devices, how they prompt, page and fail
    #[command(subcommand)]
    Platforms(PlatformsCommand),
    /// Be a worker: frames on stdin and stdout.
    #[command(hide = true)]
    Worker,
    /// Be a simulated fleet: frames on stdin and stdout.
    #[command(hide = true)]
    Simulator,
}

/// `netsweep platforms`.
#[derive(Debug, Subcommand)]
pub enum PlatformsCommand {
    /// Name, origin and description of each
    List(PlatformDirArgs),
    /// The definition of one, as TOML
    Show {
        /// Its name
        name: String,
        /// Where others are.
        #[command(flatten)]
        directory: PlatformDirArgs,
    },
}

/// Where platforms are besides the built-in ones.
#[derive(Clone, Debug, Args, Serialize, Deserialize)]
pub struct PlatformDirArgs {
    /// Platforms of your own: files NAME.toml, in place of built-in ones of the same name; see docs/platforms.md
    #[arg(long, value_name = "DIR")]
    pub platform_dir: Option<PathBuf>,
}

/// `netsweep run`. What is not skipped is kept with the run, for [`ResumeArgs`].
#[derive(Clone, Debug, Args, Serialize, Deserialize)]
pub struct RunArgs {
    /// Commands to run, in this order, in one session per device; without any, those of the inventory
    #[arg(value_name = "COMMAND")]
    pub commands: Vec<String>,

    /// Which devices, and what to run.
    #[command(flatten)]
    pub selection: SelectionArgs,

    /// Processes and threads.
    #[command(flatten)]
    pub mix: MixArgs,

    /// Limits of time.
    #[command(flatten)]
    pub limits: LimitArgs,

    /// How gently devices are logged in to.
    #[command(flatten)]
    pub logins: LoginArgs,

    /// What SSH goes by.
    #[command(flatten)]
    pub ssh: SshArgs,

    /// Where results go.
    #[command(flatten)]
    #[serde(skip)]
    pub output: OutputArgs,

    /// Where the run is recorded.
    #[command(flatten)]
    #[serde(skip)]
    pub store: StoreArgs,

    /// Record nothing: a run that is cut short cannot be resumed
    #[arg(long, conflicts_with = "store", help_heading = "Run store")]
    #[serde(skip)]
    pub no_store: bool,

    /// Show the plan (devices, mix, limits) and connect to nothing
    #[arg(long)]
    #[serde(skip)]
    pub dry_run: bool,

    /// Rehearse: the same devices, platforms and commands, on simulated devices on loopback; nothing leaves the
    /// machine, and no secret is read
    #[arg(long, help_heading = "Simulated fleet")]
    pub simulate: bool,

    /// What the simulated devices are like.
    #[command(flatten)]
    pub fleet: FleetArgs,
}

/// Which devices, and what to run on them.
#[derive(Clone, Debug, Args, Serialize, Deserialize)]
pub struct SelectionArgs {
    /// Inventory
    #[arg(short, long, value_name = "FILE", default_value = "devices.toml")]
    pub inventory: PathBuf,

    /// Select devices: name globs, group:NAME, platform:NAME, KEY=VALUE on variables; `,` = or, `&` = and,
    /// `!` = not
    #[arg(short, long, value_name = "EXPR")]
    pub limit: Option<String>,

    /// Commands, one a line, `#` comments; run after those of the command line
    #[arg(short = 'f', long, value_name = "FILE")]
    pub commands_file: Option<PathBuf>,

    /// Where platforms are.
    #[command(flatten)]
    pub platforms: PlatformDirArgs,

    /// OpenSSH configuration that fills in what the inventory does not say; `none` reads none [default:
    /// ~/.ssh/config, where it exists]
    #[arg(long, value_name = "FILE")]
    pub ssh_config: Option<PathBuf>,
}

/// Processes and threads.
#[derive(Clone, Debug, Args, Serialize, Deserialize)]
#[command(next_help_heading = "Processes and threads")]
pub struct MixArgs {
    /// Worker processes; `auto`, as without it: one per CPU core that this process may use
    #[arg(short = 'P', long, value_name = "N", value_parser = Count::parser::<1024>())]
    pub processes: Option<Count>,

    /// Session threads per worker; `auto`: as many as help, found out while they run [default: 64]
    #[arg(short = 'T', long, value_name = "N", value_parser = Count::parser::<16_000>())]
    pub threads: Option<Count>,

    /// Executable to start as the worker, instead of this one
    #[arg(long, value_name = "PATH")]
    pub worker_binary: Option<PathBuf>,

    /// Leave the workers what they have no need of: files, programs, listening, core dumps
    #[arg(long)]
    pub no_sandbox: bool,
}

/// A number, or the wish that one be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Count {
    /// This many.
    Of(u32),
    /// As many as are good.
    Auto(Auto),
}

/// The word `auto`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Auto {
    /// It.
    Auto,
}

impl Count {
    /// `auto`, or a number from 1 to `MOST`.
    fn parser<const MOST: u32>() -> impl Fn(&str) -> Result<Self, String> + Clone + Send + Sync {
        |text| match text.parse() {
            _ if text == "auto" => Ok(Self::Auto(Auto::Auto)),
            Ok(number) if (1..=MOST).contains(&number) => Ok(Self::Of(number)),
            _ => Err(format!("write a number from 1 to {MOST}, or auto")),
        }
    }

    /// The number, where it is one.
    pub fn number(self) -> Option<u32> {
        match self {
            Self::Of(number) => Some(number),
            Self::Auto(Auto::Auto) => None,
        }
    }
}

/// Limits of time, attempts and size.
#[derive(Clone, Debug, Args, Serialize, Deserialize)]
#[command(next_help_heading = "Limits")]
pub struct LimitArgs {
    /// Further attempts when a login fails for a reason that can pass; a rejected password is never retried
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub retries: u32,

    /// Time for name look-up and connection [default: 10s]
    #[arg(long, value_name = "TIME", value_parser = positive_time)]
    pub connect_timeout: Option<Duration>,

    /// Time from the open connection to the first prompt
    #[arg(long, value_name = "TIME", value_parser = positive_time, default_value = "30s")]
    pub login_timeout: Duration,

    /// Time for each command [default: 30s]
    #[arg(long, value_name = "TIME", value_parser = positive_time)]
    pub command_timeout: Option<Duration>,

    /// Time for a device, over all its attempts
    #[arg(long, value_name = "TIME", value_parser = positive_time, default_value = "2m")]
    pub device_timeout: Duration,

    /// How long running sessions may go on after the first Ctrl-C
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration, default_value = "10s")]
    pub grace: Duration,

    /// MiB of output kept per command; the rest is dropped, and said
    #[arg(long, value_name = "MIB", default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..=4096))]
    pub max_output: u64,
}

/// What keeps a sweep from being a burden to those who check logins.
#[derive(Clone, Debug, Args, Serialize, Deserialize)]
#[command(next_help_heading = "Logins")]
pub struct LoginArgs {
    /// Logins started per second, over all workers [default: as many as there are threads for]
    #[arg(long, value_name = "N", value_parser = rate)]
    pub login_rate: Option<f64>,

    /// Rejected logins in a row, with no success between, after which a user name and password are given up and
    /// their remaining devices skipped; 0: never
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub max_auth_failures: u32,

    /// Sessions at once through each jump host, over all workers
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    pub jump_sessions: u32,

    /// Begin the devices in the random order that starts here, whatever earlier runs tell of them; start of the pauses
    /// before retries, too [default: longest first where earlier runs tell which those are, else another random order
    /// every time, which --verbose shows]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
}

/// What SSH goes by.
#[derive(Clone, Debug, Args, Serialize, Deserialize)]
#[command(next_help_heading = "SSH")]
pub struct SshArgs {
    /// What to do about servers of which nothing is known; a key that is not the known one is refused unless `off`
    #[arg(long, value_name = "POLICY", value_enum, default_value_t)]
    pub host_keys: Policy,

    /// Known host keys; new ones are added to it [default: ~/.ssh/known_hosts]
    #[arg(long, value_name = "FILE")]
    pub known_hosts: Option<PathBuf>,
}

/// Where results and progress go.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// Format of stdout [default: table on a terminal, else jsonl]
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub format: Option<Format>,

    /// Also write one text file per device into this directory
    #[arg(short, long, value_name = "DIR")]
    pub output_dir: Option<PathBuf>,

    /// No progress and no summary
    #[arg(short, long)]
    pub quiet: bool,

    /// Let the workers log details to stderr
    #[arg(short, long)]
    pub verbose: bool,
}

/// Where runs are recorded.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Run store")]
pub struct StoreArgs {
    /// Run store [default: netsweep/runs.db in the user's data directory]
    #[arg(long, value_name = "FILE")]
    pub store: Option<PathBuf>,
}

/// `netsweep resume`. Mix and limits are those of the run unless they are given again.
#[derive(Debug, Args, Serialize)]
pub struct ResumeArgs {
    /// Which run [default: the newest that was cut short]
    #[serde(skip)]
    pub run: Option<String>,

    /// Processes and threads.
    #[command(flatten)]
    pub mix: MixArgs,

    /// Limits of time.
    #[command(flatten)]
    pub limits: LimitArgs,

    /// How gently devices are logged in to.
    #[command(flatten)]
    pub logins: LoginArgs,

    /// Where results go.
    #[command(flatten)]
    #[serde(skip)]
    pub output: OutputArgs,

    /// Where the run is recorded.
    #[command(flatten)]
    #[serde(skip)]
    pub store: StoreArgs,
}

/// `netsweep runs`.
#[derive(Debug, Subcommand)]
pub enum RunsCommand {
    /// One line a run, the newest first
    List {
        /// Where runs are recorded.
        #[command(flatten)]
        store: StoreArgs,
    },
    /// What became of a run, and which devices failed or are left
    Show {
        /// Which run [default: the newest]
        run: Option<String>,
        /// Where runs are recorded.
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Print every record of a run
    Export {
        /// Which run [default: the newest]
        run: Option<String>,
        /// One JSON object a device, as the run itself prints them, or one CSV row a device and command
        #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
        format: ExportFormat,
        /// Where runs are recorded.
        #[command(flatten)]
        store: StoreArgs,
    },
}

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

/// `netsweep simulate`.
#[derive(Debug, Args)]
pub struct SimulateArgs {
    /// Simulate the devices of this inventory, instead of --devices
    #[arg(short, long, value_name = "FILE", conflicts_with_all = ["devices", "platform", "transport"])]
    pub inventory: Option<PathBuf>,

    /// Simulate this many devices
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=200_000))]
    pub devices: u32,

    /// Their platform
    #[arg(long, value_name = "NAME", default_value = "cisco_ios")]
    pub platform: String,

    /// Their transport: ssh or telnet
    #[arg(long, value_name = "TRANSPORT", default_value = "ssh", value_parser = transport)]
    pub transport: Transport,

    /// Where the inventory of the fleet is written [default: stdout]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// What the devices are like.
    #[command(flatten)]
    pub fleet: FleetArgs,
}

/// What simulated devices are like.
#[derive(Clone, Debug, Args, Serialize, Deserialize)]
#[command(next_help_heading = "Simulated fleet")]
pub struct FleetArgs {
    /// Time before a device's first byte: `20ms`, `10ms..50ms` (uniform) or `20ms~200ms` (log-normal: median and
    /// 99th percentile) [default: 5ms]
    #[arg(long, value_name = "LATENCY", value_parser = latency)]
    pub sim_connect: Option<Latency>,

    /// Time before a device answers the password [default: 50ms~200ms]
    #[arg(long, value_name = "LATENCY", value_parser = latency)]
    pub sim_login: Option<Latency>,

    /// Time before a device answers a command [default: 100ms~500ms]
    #[arg(long, value_name = "LATENCY", value_parser = latency)]
    pub sim_command: Option<Latency>,

    /// Have all logins pass one server that serves one at a time: `100ms` each, or `100ms,140,0.3%`, where each login
    /// beyond 140 at once makes the next ones 0.3 % slower
    #[arg(long, value_name = "SERVICE", value_parser = login_server)]
    pub sim_login_server: Option<LoginServer>,

    /// Bytes that a show command prints [default: what the platform's would]
    #[arg(long, value_name = "BYTES")]
    pub sim_output: Option<u64>,

    /// Give a share of the devices a fault: `silent=2%`, or `cut=5` devices; a variable `sim_fault` in the inventory
    /// gives it to one device
    #[arg(long, value_name = "FAULT=SHARE")]
    pub sim_fault: Vec<FaultShare>,

    /// Source of all that varies among simulated devices [default: 1]
    #[arg(long, value_name = "N")]
    pub sim_seed: Option<u64>,
}

impl FleetArgs {
    /// Whether any of them was typed.
    pub fn any(&self) -> bool {
        self.sim_connect.is_some()
            || self.sim_login.is_some()
            || self.sim_command.is_some()
            || self.sim_login_server.is_some()
            || self.sim_output.is_some()
            || !self.sim_fault.is_empty()
            || self.sim_seed.is_some()
    }
}

/// `FAULT=SHARE`: how many devices have a fault.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FaultShare {
    /// Which.
    pub fault: Fault,
    /// How many.
    pub share: Share,
}

/// How many of a whole.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Share {
    /// So many.
    Count(usize),
    /// So many in a hundred.
    Percent(f64),
}

impl Share {
    /// How many of `whole`.
    pub fn of(self, whole: usize) -> usize {
        match self {
            Self::Count(count) => count.min(whole),
            Self::Percent(percent) => (whole as f64 * percent / 100.0).round() as usize,
        }
    }
}

impl std::str::FromStr for FaultShare {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (fault, share) = text.split_once('=').ok_or("write FAULT=SHARE, such as silent=2% or cut=5")?;
        let bad = || format!("{share:?} is no share: write a number of devices, or 0% to 100%");
        let share = match share.strip_suffix('%') {
            Some(percent) => Share::Percent(
                percent.parse().ok().filter(|percent| (0.0..=100.0).contains(percent)).ok_or_else(bad)?,
            ),
            None => Share::Count(share.parse().map_err(|_| bad())?),
        };
        Ok(Self { fault: fault.parse()?, share })
    }
}

fn positive_time(text: &str) -> Result<Duration, String> {
    let time = humantime::parse_duration(text).map_err(|error| format!("{error}; write 10s, 2m or 500ms"))?;
    if time.is_zero() { Err("must be longer than nothing".into()) } else { Ok(time) }
}

fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "write a number, such as 20 or 0.5".to_owned())?;
    if rate.is_finite() && rate > 0.0 { Ok(rate) } else { Err("must be more than nothing".into()) }
}

fn transport(text: &str) -> Result<Transport, String> {
    [Transport::Ssh, Transport::Telnet]
        .into_iter()
        .find(|transport| transport.as_str() == text)
        .ok_or_else(|| "write ssh or telnet".into())
}

fn latency(text: &str) -> Result<Latency, String> {
    let time = |text: &str| {
        humantime::parse_duration(text.trim())
            .map_err(|error| format!("{error}; write 300ms, 100ms..500ms or 300ms~2s"))
    };
    let ordered = |low: &str, high: &str, make: fn(Duration, Duration) -> Latency| {
        let (low, high) = (time(low)?, time(high)?);
        if low <= high {
            Ok(make(low, high))
        } else {
            Err("the first time must not be the longer one".into())
        }
    };
    if let Some((low, high)) = text.split_once("..") {
        ordered(low, high, Latency::Uniform)
    } else if let Some((median, p99)) = text.split_once('~') {
        ordered(median, p99, Latency::LogNormal)
    } else {
        time(text).map(Latency::Fixed)
    }
}

fn claim(text: &str) -> Result<Claim, String> {
    match text.parse() {
        _ if text == "all" => Ok(Claim::All),
        Ok(number) if (1..=6).contains(&number) => Ok(Claim::One(number)),
        _ => Err("there are claims 1 to 6, and `all`".into()),
    }
}

fn milliseconds(text: &str) -> Result<Duration, String> {
    let number: Option<f64> = text.parse().ok().filter(|ms: &f64| (0.0..=60_000.0).contains(ms));
    number
        .map(|ms| Duration::from_secs_f64(ms / 1000.0))
        .ok_or_else(|| "write a number of milliseconds, 0 to 60000".into())
}

fn login_server(text: &str) -> Result<LoginServer, String> {
    const FORM: &str = "write 100ms or 100ms,140,0.3%";
    let mut parts = text.split(',').map(str::trim);
    let (service, suffers, rest) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
    let service = humantime::parse_duration(service).map_err(|error| format!("{error}; {FORM}"))?;
    let (comfortable, strain) = match (suffers, rest, parts.next()) {
        (None, None, None) => (u32::MAX, 0.0),
        (Some(comfortable), Some(strain), None) => {
            let comfortable =
                comfortable.parse().map_err(|_| format!("{comfortable:?} is no number; {FORM}"))?;
            let percent = strain.strip_suffix('%').and_then(|percent| percent.parse().ok());
            let percent = percent.filter(|percent: &f64| (0.0..=100.0).contains(percent));
            (comfortable, percent.ok_or_else(|| format!("{strain:?} is no share; {FORM}"))? / 100.0)
        }
        _ => return Err(FORM.into()),
    };
    Ok(LoginServer { service, comfortable, strain })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn latencies() {
        let ms = Duration::from_millis;
        assert_eq!(latency("300ms"), Ok(Latency::Fixed(ms(300))));
        assert_eq!(latency("100ms..1s"), Ok(Latency::Uniform(ms(100), ms(1000))));
        assert_eq!(latency("50ms~200ms"), Ok(Latency::LogNormal(ms(50), ms(200))));
        assert!(latency("1s..100ms").is_err());
        assert!(latency("soon").is_err());
    }

    #[test]
    fn login_servers() {
        let service = Duration::from_millis(100);
        assert_eq!(login_server("100ms"), Ok(LoginServer { service, comfortable: u32::MAX, strain: 0.0 }));
        assert_eq!(
            login_server("100ms, 140, 0.5%"),
            Ok(LoginServer { service, comfortable: 140, strain: 0.005 })
        );
        for wrong in ["", "100", "100ms,140", "100ms,x,1%", "100ms,140,0.5", "100ms,140,-1%", "100ms,1,1%,1"]
        {
            assert!(login_server(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn shares() {
        let share = |text: &str| text.parse::<FaultShare>().map(|it| it.share.of(200));
        assert_eq!(share("silent=2%"), Ok(4));
        assert_eq!(share("cut=5"), Ok(5));
        assert!(share("cut=101%").is_err());
        assert!(share("cut=-1").is_err());
        assert!(share("cut").is_err());
        assert!(share("explode=1").is_err_and(|error| error.contains("stall-output")));
    }
}
