//! `netsweep run`: what to run, where, how many at once, how long and how gently.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde::{Deserialize, Serialize};

use super::values::{positive_time, rate};
use super::{FleetArgs, OutputArgs, PlatformDirArgs, StoreArgs};
use crate::host_keys::Policy;

/// `netsweep run`. What is not skipped is kept with the run, for [`ResumeArgs`](super::ResumeArgs).
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
