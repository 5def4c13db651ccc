//! What can be typed. What it means is decided elsewhere.

// The larger commands, and the values that they take.
mod experiment;
mod fleet;
mod run;
mod values;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use serde::{Deserialize, Serialize};

pub use self::experiment::{
    Claim, ConditionArgs, EffortArgs, ExperimentArgs, MatrixArgs, ReportArgs, ReportFormat,
};
pub use self::fleet::{FaultShare, FleetArgs, Share, SimulateArgs};
pub use self::run::{Auto, Count, LimitArgs, LoginArgs, MixArgs, RunArgs, SelectionArgs, SshArgs};
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

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }
}
