//! How soon a sweep of a large inventory begins: until the first device is called.

use std::fmt::Write as _;
use std::fs;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::json;

use super::Bench;
use crate::clients::netsweep;
use crate::measure::measure;
use crate::statistics::median;

/// The size that the bound is about.
const BOUND_AT: usize = 100_000;

/// How often the listener is looked at, and so how exact the time is.
const LOOKED_AT: Duration = Duration::from_millis(1);

/// A sweep that has called nobody by then will not.
const LONGEST: Duration = Duration::from_secs(60);

pub(super) fn run(bench: &mut Bench) -> Result<()> {
    let executable = bench.installed.netsweep.clone();
    let has_check = Command::new(&executable)
        .args(["inventory", "check", "--help"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?
        .success();
    if !has_check {
        bench.report.note("there is no `netsweep inventory check` yet".to_owned());
    }
    for devices in [1_000, 10_000, BOUND_AT] {
        let name = format!("inventory of {devices} devices");
        let home = tempfile::tempdir()?;
        let inventory = home.path().join("devices.toml");
        let port = TcpListener::bind(("0.0.0.0", 0))?.local_addr()?.port();
        fs::write(&inventory, written(devices, port))?;

        let mut tasks = vec![("run --dry-run, s", vec!["run", "--dry-run", "show clock"])];
        if has_check {
            tasks.push(("inventory check, s", vec!["inventory", "check"]));
        }
        for (task, words) in tasks {
            let mut times = vec![];
            for round in 1..=bench.rounds {
                let mut command = netsweep(&executable, home.path());
                let measured = measure(command.args(&words).arg("--inventory").arg(&inventory))?;
                bench.report.row(json!({
                    "case": name, "client": "netsweep", "round": round, "task": task,
                    "exit": measured.status.code(), "wall_s": measured.wall_s, "cpu_s": measured.cpu_s,
                    "peak_kb": measured.own_peak_kb,
                }));
                times.push(measured.wall_s);
            }
            bench.report.figure(&name, "netsweep", task, median(times));
        }

        let mut times = vec![];
        for round in 1..=bench.rounds {
            let time = first_call(&executable, &inventory, port)?;
            bench.report.row(json!({
                "case": name, "client": "netsweep", "round": round, "first_call_s": time,
            }));
            times.push(time);
        }
        let time = median(times);
        bench.report.figure(&name, "netsweep", "until the first device is called, s", time);
        if devices == BOUND_AT {
            bench.report.bound("first-login", time);
        }
    }
    Ok(())
}

/// Seconds from the start of a sweep until the first connection, which is the beginning of the first login.
/// The sweep is ended then.
fn first_call(executable: &Path, inventory: &Path, port: u16) -> Result<f64> {
    let listener = TcpListener::bind(("0.0.0.0", port))?;
    listener.set_nonblocking(true)?;
    let home = tempfile::tempdir()?;
    let mut command = netsweep(executable, home.path());
    command.args(["run", "--format", "none", "--inventory"]).arg(inventory).arg("show clock");
    let begun = Instant::now();
    let mut sweep = command.stdin(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let called = loop {
        match listener.accept() {
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(LOOKED_AT),
            called => break called.map(|_| begun.elapsed()),
        }
        if begun.elapsed() > LONGEST || sweep.try_wait()?.is_some() {
            break Err(ErrorKind::TimedOut.into());
        }
    };
    sweep.kill()?;
    sweep.wait()?;
    Ok(called.context("the sweep called no device")?.as_secs_f64())
}

/// An inventory as `netsweep simulate` writes it.
fn written(devices: usize, port: u16) -> String {
    let mut text = "[defaults]\nusername = \"rehearsal\"\npassword = \"rehearsal\"\n".to_owned();
    for n in 0..devices {
        let address = format!("127.{}.{}.{}", 1 + n / 64_000, n / 250 % 256, 1 + n % 250);
        let _ = write!(
            text,
            "\n[[devices]]\nname = \"sim-{n}\"\naddress = \"{address}\"\nport = {port}\n\
             platform = \"cisco_ios\"\ntransport = \"ssh\"\n"
        );
    }
    text
}
