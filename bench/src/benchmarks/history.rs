//! Dead devices that the run store knows of: they should be begun first, so that nobody waits for them alone.

use anyhow::Result;
use serde_json::json;

use super::Bench;
use crate::clients::{COMMANDS, netsweep};
use crate::fleet::Devices;
use crate::measure::measure;
use crate::statistics::median;

/// What a dead device holds a thread for.
const DEAD: f64 = 10.0;

pub(super) fn run(bench: &mut Bench) -> Result<()> {
    let devices = Devices { silent: 2, ..Devices::far(bench.size(2_000, 400)) };
    let threads = bench.size(64, 32);
    let fleet = bench.fleet(devices)?;
    let home = tempfile::tempdir()?;
    let name = format!("{} devices, 2 % dead, 2×{threads}", devices.count);
    let dead = (devices.count as f64 * f64::from(devices.silent) / 100.0).round();
    let alive = (devices.login_ms + COMMANDS.len() as u64 * devices.command_ms) as f64 / 1000.0;
    let work = dead * DEAD + (devices.count as f64 - dead) * alive;
    let ideal = (work / (2 * threads) as f64).max(DEAD);

    let mut ratios = vec![];
    for round in 0..=bench.size(3, 1) {
        let mut command = netsweep(&bench.installed.netsweep, home.path());
        command.arg("run").arg("--inventory").arg(fleet.inventory()).args(["--format", "none"]);
        command.args(["-P", "2", "-T", &threads.to_string(), "--max-auth-failures", "0", "--retries", "0"]);
        command.args(["--login-timeout", &format!("{DEAD}s")]).args(COMMANDS);
        let measured = measure(&mut command)?;
        let known = if round == 0 { "nothing known" } else { "known from history" };
        bench.report.row(json!({
            "case": name, "client": "netsweep", "round": round, "history": known,
            "makespan_s": measured.wall_s, "ideal_s": ideal,
        }));
        if round == 0 {
            bench.report.figure(
                &name,
                "netsweep",
                "makespan ÷ ideal, nothing known",
                measured.wall_s / ideal,
            );
        } else {
            ratios.push(measured.wall_s / ideal);
        }
    }
    let ratio = median(ratios);
    bench.report.figure(&name, "netsweep", "makespan ÷ ideal, known from history", ratio);
    bench.report.bound("history", ratio);
    Ok(())
}
