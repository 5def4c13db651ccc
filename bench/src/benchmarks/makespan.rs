//! How long sweeps take where devices take their time: 200 ms for the login, 300 ms a command.

use anyhow::Result;

use super::Bench;
use crate::clients::{COMMANDS, Client, Mix, Swept};
use crate::fleet::Devices;
use crate::side_by_side::{Case, side_by_side};

/// The size that the bound is about.
const BOUND_AT: usize = 2_000;

pub(super) fn run(bench: &mut Bench) -> Result<()> {
    // The guard against locked accounts lets one login through first; the second row shows what that costs.
    let clients = [
        Client::netsweep("netsweep", &["--format", "none"]),
        Client::floor(),
        Client::netsweep("netsweep, no lockout guard", &["--format", "none", "--max-auth-failures", "0"]),
    ];
    let sizes: &[(usize, Mix)] = bench
        .size(&[(500, Mix(2, 250)), (BOUND_AT, Mix(2, 500)), (10_000, Mix(2, 500))], &[(200, Mix(2, 50))]);
    for &(devices, mix) in sizes {
        let fleet = bench.fleet(Devices::far(devices))?;
        let name = format!("{devices} devices, {} at once", mix.sessions());
        let case = Case { name: &name, fleet: &fleet, mix, commands: &COMMANDS, rounds: bench.rounds };
        let sweeps = side_by_side(bench, case, &clients)?;
        let ratio = sweeps.ratio(2, 1, Swept::makespan_s);
        bench.report.figure(&name, &clients[2].name, "makespan ÷ floor's", ratio);
        if devices == BOUND_AT {
            bench.report.bound("makespan", sweeps.ratio(0, 1, Swept::makespan_s));
        }
    }
    Ok(())
}
