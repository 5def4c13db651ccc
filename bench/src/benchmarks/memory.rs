//! Memory a session where all sessions are up at once, and how soon they are.

use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use serde::Deserialize;

use super::Bench;
use crate::clients::{Client, Mix, Swept};
use crate::fleet::Devices;

/// Devices are kept busy with this one for so long that the last session is up before the first ends.
const COMMAND: [&str; 1] = ["show clock"];

/// Records say when a session came up. A device that keeps a busy machine waiting is not given up.
const OPTIONS: &[&str] = &["--format", "jsonl", "--command-timeout", "60s", "--login-timeout", "60s"];

/// The size that the bounds are about.
const BOUNDS_AT: usize = 10_000;

pub(super) fn run(bench: &mut Bench) -> Result<()> {
    let sizes: &[usize] = bench.size(&[1_000, 5_000, BOUNDS_AT], &[200, 500]);
    for &sessions in sizes {
        let held = Duration::from_millis(3_000 + 2 * sessions as u64);
        let devices = Devices { command_ms: held.as_millis() as u64, ..Devices::quick(sessions, "ssh") };
        let fleet = bench.fleet(devices)?;
        let name = format!("{sessions} sessions at once");
        for client in [Client::netsweep("netsweep", OPTIONS), Client::floor()] {
            let swept = client.sweep(&bench.installed, &fleet, Mix(2, sessions / 2), &COMMAND)?;
            bench.report.sweep(&name, &client.name, 1, &swept);
            let own_kb = swept.measured.own_peak_kb as f64 / sessions as f64;
            let workers_kb = swept.measured.children_peak_kb as f64 / sessions as f64;
            let mut figure = |what: &str, value: f64| bench.report.figure(&name, &client.name, what, value);
            figure("share that is ok, %", share_ok(&swept));
            if client.name == "floor" {
                figure("KiB a session", own_kb);
                continue;
            }
            figure("KiB a session, workers", workers_kb);
            figure("KiB a session, supervisor", own_kb);
            let (all_up, first_ended) = all_up(&swept)?;
            figure("all are up after, s", all_up);
            if all_up > first_ended {
                bench
                    .report
                    .note(format!("{name}: not all at once, the first ended after {first_ended:.1} s"));
            }
            if sessions == BOUNDS_AT {
                bench.report.bound("ten-thousand-ok", share_ok(&swept));
                bench.report.bound("ten-thousand-memory", workers_kb * 1.024);
                bench.report.bound("ten-thousand-up", all_up);
            }
        }
    }
    Ok(())
}

fn share_ok(swept: &Swept) -> f64 {
    100.0 * swept.ok() as f64 / swept.devices as f64
}

#[derive(Deserialize)]
struct Record {
    started: String,
    timing_ms: Timing,
}

#[derive(Deserialize)]
struct Timing {
    connect: f64,
    login: f64,
    total: f64,
}

/// Seconds from the start of the program until the last session is up, and until the first has ended.
fn all_up(swept: &Swept) -> Result<(f64, f64)> {
    let (mut last_up, mut first_ended) = (0.0_f64, f64::INFINITY);
    for line in swept.measured.stdout.lines() {
        let record: Record = serde_json::from_str(line).context("a record")?;
        let started: SystemTime = humantime::parse_rfc3339(&record.started)?;
        let started = started.duration_since(swept.measured.began).unwrap_or_default().as_secs_f64();
        let Timing { connect, login, total } = record.timing_ms;
        last_up = last_up.max(started + (connect + login) / 1000.0);
        first_ended = first_ended.min(started + total / 1000.0);
    }
    Ok((last_up, first_ended))
}
