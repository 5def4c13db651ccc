//! Against servers that this project did not write. See `support/peers` for when they run.

/// An inventory of peers, and a sweep over it.
mod sweep;

/// Outputs that have everything that a terminal might spoil.
mod outputs;

/// Each of OpenSSH's tempers by itself.
mod openssh;

/// Host keys, the user's configuration, and what else OpenSSH's own tools have a say in.
mod openssh_files;

/// Jump hosts.
mod jumps;

/// dropbear by itself.
mod dropbear;

/// telnetd by itself.
mod telnetd;

/// FRR's VTYs and its shell by themselves.
mod frr;

/// All peers in one inventory.
mod everything;

/// Whether any secret gets out.
mod secrets;

#[path = "../support/peers/mod.rs"]
mod peers;
#[path = "../support/mod.rs"]
mod support;

use std::process::ExitCode;

use libtest_mimic::{Arguments, run};

fn main() -> ExitCode {
    let trials = [
        openssh::trials(),
        openssh_files::trials(),
        jumps::trials(),
        dropbear::trials(),
        telnetd::trials(),
        frr::trials(),
        everything::trials(),
        secrets::trials(),
    ];
    let mut arguments = Arguments::from_args();
    // They wait far more than they compute.
    arguments.test_threads.get_or_insert(8);
    let conclusion = run(&arguments, trials.into_iter().flatten().collect());
    peers::frr::end();
    conclusion.exit_code()
}
