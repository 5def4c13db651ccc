//! What a device costs beyond its own latencies: one at a time, on a machine that has nothing else to do.

use anyhow::Result;

use super::Bench;
use crate::clients::{COMMANDS, Client, Mix, Swept};
use crate::fleet::Devices;
use crate::side_by_side::{Case, side_by_side};

pub(super) fn run(bench: &mut Bench) -> Result<()> {
    let devices = Devices { login_ms: 20, command_ms: 30, ..Devices::quick(bench.size(50, 20), "ssh") };
    let fleet = bench.fleet(devices)?;
    let (peers, _) = Client::peers(&bench.installed);
    let mut clients = vec![Client::netsweep("netsweep", &["--format", "none"]), Client::floor()];
    clients.extend(peers);
    let name = format!("{} devices, one at a time, 80 ms each", devices.count);
    let case =
        Case { name: &name, fleet: &fleet, mix: Mix(1, 1), commands: &COMMANDS, rounds: bench.size(3, 1) };
    let sweeps = side_by_side(bench, case, &clients)?;
    for (n, client) in clients.iter().enumerate() {
        let commands = if client.exec { 1 } else { COMMANDS.len() as u64 };
        let own_ms = (devices.login_ms + commands * devices.command_ms) as f64;
        let overhead = sweeps.median(n, Swept::own_makespan_s) * 1000.0 / devices.count as f64 - own_ms;
        bench.report.figure(&name, &client.name, "overhead a device, ms", overhead);
        if n == 0 {
            bench.report.bound("overhead", overhead);
        }
    }
    Ok(())
}
