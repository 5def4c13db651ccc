//! Processor time a session and sessions a second where devices answer at once, and the supervisor's share.

use anyhow::Result;

use super::Bench;
use crate::clients::{COMMANDS, Client, Mix, Swept};
use crate::fleet::Devices;
use crate::side_by_side::{Case, side_by_side};

/// Few sessions at once: more add nothing where the processor is the limit.
const MIX: Mix = Mix(2, 16);

/// The results are in the run store, and nowhere else.
const OPTIONS: &[&str] = &["--format", "none"];

pub(super) fn run(bench: &mut Bench) -> Result<()> {
    for (transport, devices) in [("ssh", bench.size(3_000, 200)), ("telnet", bench.size(10_000, 500))] {
        let fleet = bench.fleet(Devices::quick(devices, transport))?;
        let mut clients = vec![Client::netsweep("netsweep", OPTIONS), Client::floor()];
        if let Some(worker) = &bench.installed.worker_binary {
            let worker = worker.display().to_string();
            let options = [OPTIONS, &["--worker-binary", &worker]].concat();
            clients.push(Client::netsweep("netsweep, other worker", &options));
        }
        let has_other = clients.len() > 2;
        clients.push(Client::preparing_floor());
        let name = format!("{transport}, {devices} devices, {} at once", MIX.sessions());
        let case = Case { name: &name, fleet: &fleet, mix: MIX, commands: &COMMANDS, rounds: bench.rounds };
        let sweeps = side_by_side(bench, case, &clients)?;

        let supervisor = 100.0 * sweeps.median(0, supervisors_share);
        bench.report.figure(&name, "netsweep", "supervisor's share of the CPU, %", supervisor);
        if transport == "telnet" {
            bench.report.bound("cpu-telnet", sweeps.ratio(0, 1, Swept::cpu_ms));
            continue;
        }
        bench.report.bound("cpu-ssh", sweeps.ratio(0, 1, Swept::cpu_ms));
        bench.report.bound("rate-ssh", sweeps.ratio(0, 1, Swept::rate));
        bench.report.bound("supervisor", supervisor);
        if has_other {
            bench.report.bound("cpu-ssh-other-worker", sweeps.ratio(2, 1, Swept::cpu_ms));
        }
    }
    Ok(())
}

/// The supervisor is the process that was started, the workers are its children.
fn supervisors_share(swept: &Swept) -> f64 {
    swept.measured.own_cpu_s / swept.measured.cpu_s
}
