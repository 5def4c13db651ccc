//! The command line.

// What can be typed.
pub mod args;
// What it means: one file for each subcommand.
mod dry_run;
mod platforms;
mod run;
mod simulate;
// From typed to planned.
mod prepare;
// How it ends.
mod exit;

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};
use exit::Exit;

/// The program: parses the arguments, does what they say, prints an error once.
pub fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Run(args) => run::run(&args),
        Command::Simulate(args) => simulate::simulate(&args),
        Command::Platforms(command) => platforms::platforms(&command),
        Command::Worker => return netsweep_worker::main(),
        Command::Simulator => return netsweep_simulator::main(),
    };
    result.unwrap_or_else(Exit::report).into()
}
