//! The command line.

// What can be typed.
pub mod args;
// What it means: one file for each subcommand.
mod dry_run;
mod experiment;
mod platforms;
mod resume;
mod run;
mod runs;
mod simulate;
// From typed to planned, and what earlier runs have to do with it.
mod history;
mod prepare;
// What is kept of it for another day.
mod kept;
// How it ends.
mod exit;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};

use args::{Cli, Command};
use exit::Exit;

/// The program: parses the arguments, does what they say, prints an error once.
pub fn main() -> ExitCode {
    let matches = Cli::command().get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let result = match cli.command {
        Command::Run(args) => run::run(&args),
        Command::Resume(args) => resume::resume(&args, &matches),
        Command::Experiment(args) => experiment::experiment(&args),
        Command::Runs(command) => runs::runs(&command),
        Command::Simulate(args) => simulate::simulate(&args),
        Command::Platforms(command) => platforms::platforms(&command),
        Command::Worker => return netsweep_worker::main(),
        Command::Simulator => return netsweep_simulator::main(),
    };
    result.unwrap_or_else(Exit::report).into()
}
