//! netsweep and the floor beside everything else that is installed, at sizes that all of them bear.

use anyhow::Result;

use super::Bench;
use crate::clients::{COMMANDS, Client, Mix, Swept};
use crate::fleet::{Devices, Fleet};
use crate::side_by_side::{Case, Sweeps, side_by_side};

pub(super) fn run(bench: &mut Bench) -> Result<()> {
    let (peers, absent) = Client::peers(&bench.installed);
    if !absent.is_empty() {
        bench.report.note(format!("not installed, so not measured: {}", absent.join(", ")));
    }
    for peer in &peers {
        if peer.exec {
            bench.report.note(format!("{} runs one command a session, the others two", peer.name));
        }
        if peer.most < usize::MAX {
            bench.report.note(format!("{} is given {} sessions at once at most", peer.name, peer.most));
        }
    }
    let mut clients = vec![Client::netsweep("netsweep", &["--format", "none"]), Client::floor()];
    clients.extend(peers);
    let asyncssh = clients.iter().position(|client| client.name == "asyncssh");

    let fleet = bench.fleet(Devices::quick(bench.size(1_000, 50), "ssh"))?;
    let sweeps = compare(bench, "no latency", &fleet, Mix(2, 16), &clients)?;
    if let Some(asyncssh) = asyncssh {
        bench.report.bound("asyncssh-cpu", sweeps.ratio(0, asyncssh, Swept::cpu_s));
        bench.report.bound("asyncssh-cpu-own", sweeps.ratio(0, asyncssh, Swept::own_cpu_s));
    }
    drop(fleet);

    let sizes: &[(usize, Mix)] =
        bench.size(&[(500, Mix(2, 250)), (2_000, Mix(2, 500))], &[(100, Mix(2, 50))]);
    for &(devices, mix) in sizes {
        let fleet = bench.fleet(Devices::far(devices))?;
        let sweeps = compare(bench, "login 200 ms, 300 ms a command", &fleet, mix, &clients)?;
        if let (2_000, Some(asyncssh)) = (devices, asyncssh) {
            bench.report.bound("asyncssh-makespan", sweeps.ratio(0, asyncssh, Swept::makespan_s));
            bench.report.bound("asyncssh-makespan-own", sweeps.ratio(0, asyncssh, Swept::own_makespan_s));
        }
    }
    Ok(())
}

fn compare(bench: &mut Bench, what: &str, fleet: &Fleet, mix: Mix, clients: &[Client]) -> Result<Sweeps> {
    let name = format!("{what}, {} devices, {} at once", fleet.devices.count, mix.sessions());
    let rounds = bench.rounds.min(3);
    side_by_side(bench, Case { name: &name, fleet, mix, commands: &COMMANDS, rounds }, clients)
}
