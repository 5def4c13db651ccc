//! Workers that break every rule, and workers that are killed at random.
//!
//! This executable is also the worker that breaks them: called by the name of a vice it is one.

// The worker, and what it may do wrong.
mod vice;
mod worker;
// The tests: one for each vice, and larger sweeps.
mod cases;
mod storms;

#[path = "../support/mod.rs"]
mod support;

use std::path::Path;
use std::process::ExitCode;

use libtest_mimic::{Arguments, run};

use vice::Vice;

fn main() -> ExitCode {
    let called = std::env::args_os().next().unwrap_or_default();
    if let Some(vice) = Vice::of(Path::new(&called)) {
        return worker::main(vice, Path::new(&called));
    }
    let mut arguments = Arguments::from_args();
    // They wait far more than they compute.
    arguments.test_threads.get_or_insert(8);
    run(&arguments, cases::trials().into_iter().chain(storms::trials()).collect()).exit_code()
}
