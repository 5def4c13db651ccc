//! The same work done by Python, as the yardstick of the modelled lock: `experiments/python/sweep.py` with threads,
//! processes, and both.
//!
//! Python is optional. Where there is none that can run the script, [`Python::find`] says why.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::SocketAddrV4;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use super::results::{Reference, ReferencePoint};

const SCRIPT: &str = include_str!("../../../experiments/python/sweep.py");

/// Where Python is looked for, in PATH.
const INTERPRETER: &str = "python3";

/// The oldest version that runs the script.
const OLDEST: (u32, u32) = (3, 9);

/// A Python that can run the script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Python {
    /// Such as `CPython 3.12.3`.
    name: String,
    /// It has a lock that lets one thread compute at a time.
    has_lock: bool,
}

/// What is swept, and how.
#[derive(Clone, Copy, Debug)]
pub struct Sweep<'a> {
    /// The devices, reached over Telnet; any password is let in.
    pub endpoints: &'a [SocketAddrV4],
    /// Commands for each.
    pub commands: &'a [String],
    /// Computing after each command.
    pub cpu: Duration,
    /// Processes.
    pub processes: u32,
    /// Threads in each.
    pub threads: u32,
    /// Time for each answer of a device.
    pub patience: Duration,
    /// Time for the whole; Python is ended when it is over.
    pub deadline: Duration,
}

/// What a sweep took.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Outcome {
    /// From the moment when all processes were up to the last session's end, in seconds.
    pub makespan: f64,
    /// CPU time of all processes in their own code, in seconds.
    pub user: f64,
    /// CPU time in the kernel.
    pub system: f64,
    /// Devices that were swept.
    pub sessions: u32,
    /// Of those, devices that failed.
    pub failures: u32,
    /// How many failed of what: `connect`, `timeout`, `auth`, `disconnected`.
    pub errors: BTreeMap<String, u32>,
}

/// A sweep, as the script reads it.
#[derive(Serialize)]
struct Work<'a> {
    endpoints: Vec<Endpoint>,
    commands: &'a [String],
    cpu_ms: f64,
    processes: u32,
    threads: u32,
    timeout: f64,
}

#[derive(Serialize)]
struct Endpoint {
    address: String,
    port: u16,
}

impl Python {
    /// The Python of this machine.
    ///
    /// # Errors
    /// There is none, or one that is too old or does not start: in words for a person.
    pub fn find() -> Result<Self> {
        const TELL: &str = "import platform, sys\n\
            print(platform.python_implementation(), platform.python_version())\n\
            print(*sys.version_info[:2], int(getattr(sys, '_is_gil_enabled', lambda: True)()))";
        let told = match Command::new(INTERPRETER).args(["-I", "-c", TELL]).stdin(Stdio::null()).output() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                bail!("there is no {INTERPRETER} in PATH")
            }
            told => told.with_context(|| format!("{INTERPRETER} does not start"))?,
        };
        let text = String::from_utf8_lossy(&told.stdout);
        let strange = || format!("{INTERPRETER} does not tell its version ({})", told.status);
        let (name, numbers) = text.trim_end().split_once('\n').with_context(strange)?;
        let numbers: Vec<u32> = numbers.split(' ').filter_map(|number| number.parse().ok()).collect();
        let [major, minor, lock] = numbers[..] else { bail!(strange()) };
        if (major, minor) < OLDEST {
            bail!("{INTERPRETER} is {name}; the script needs {}.{}", OLDEST.0, OLDEST.1);
        }
        Ok(Self { name: name.trim().to_owned(), has_lock: lock != 0 })
    }

    /// Whether one lock lets one of a process's threads compute at a time, as up to now in nearly every Python.
    pub fn has_lock(&self) -> bool {
        self.has_lock
    }

    /// Sweeps with each of `mixes`, which are pairs of processes and threads in each, one after the other, and gives
    /// their makespans as a curve. A mix in which devices failed beyond the `expected` is an error: its makespan
    /// would be that of another work.
    ///
    /// # Errors
    /// As [`Python::sweep`].
    pub fn curve(&self, sweep: Sweep<'_>, mixes: &[(u32, u32)], expected: u32) -> Result<Reference> {
        let point = |&(processes, threads): &(u32, u32)| {
            let outcome = self.sweep(&Sweep { processes, threads, ..sweep })?;
            if outcome.failures > expected {
                let (failures, errors) = (outcome.failures, outcome.errors);
                bail!("with {processes} × {threads}, {failures} devices failed: {errors:?}");
            }
            Ok(ReferencePoint { processes, threads, makespan: outcome.makespan })
        };
        Ok(Reference { name: self.to_string(), points: mixes.iter().map(point).collect::<Result<_>>()? })
    }

    /// Sweeps once.
    ///
    /// # Errors
    /// Python that cannot be started, fails, is not done by the deadline, or says what cannot be understood.
    pub fn sweep(&self, sweep: &Sweep<'_>) -> Result<Outcome> {
        let endpoint = |one: &SocketAddrV4| Endpoint { address: one.ip().to_string(), port: one.port() };
        let work = Work {
            endpoints: sweep.endpoints.iter().map(endpoint).collect(),
            commands: sweep.commands,
            cpu_ms: sweep.cpu.as_secs_f64() * 1000.0,
            processes: sweep.processes.max(1),
            threads: sweep.threads.max(1),
            timeout: sweep.patience.as_secs_f64(),
        };
        let work = serde_json::to_vec(&work).context("a sweep for Python")?;
        let child = Command::new(INTERPRETER)
            .args(["-I", "-c", SCRIPT])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {INTERPRETER}"))?;
        Running(child).outcome(work, sweep.deadline)
    }
}

impl std::fmt::Display for Python {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)?;
        if self.has_lock { Ok(()) } else { f.write_str(", free-threaded") }
    }
}

/// A Python at work, ended with this. Its processes end with it.
struct Running(Child);

impl Running {
    fn outcome(mut self, work: Vec<u8>, deadline: Duration) -> Result<Outcome> {
        let (Some(mut stdin), Some(stdout), Some(stderr)) =
            (self.0.stdin.take(), self.0.stdout.take(), self.0.stderr.take())
        else {
            unreachable!("all three are piped")
        };
        // A Python that ends before it has read everything tells why on its standard error.
        let written = std::thread::spawn(move || stdin.write_all(&work));
        let complaints = std::thread::spawn(move || read_all(stderr));
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || tell.send(read_all(stdout)));
        let Ok(told) = told.recv_timeout(deadline) else {
            bail!("Python was not done within {}", humantime::format_duration(deadline));
        };
        let status = self.0.wait().context("cannot wait for Python")?;
        let complaints = complaints.join().unwrap_or_default();
        if !status.success() {
            let last = complaints.lines().next_back().unwrap_or("it does not say why");
            bail!("Python failed ({status}): {last}");
        }
        let _ = written.join();
        serde_json::from_str(&told).with_context(|| format!("Python says {told:?}"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// All text up to the end or a failure of the pipe.
fn read_all(mut pipe: impl Read) -> String {
    let mut bytes = Vec::new();
    let _ = pipe.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use std::io::PipeWriter;

    use netsweep_shared::fleet::{Fault, FleetReady, FleetSpec};
    use netsweep_shared::frame::{self, FrameReader};

    use super::*;
    use crate::experiment::workload::{Name, Workload};

    /// The Python to test; none where there is none, which is told, and which is a failure where peers are required.
    fn python() -> Option<Python> {
        match Python::find() {
            Ok(python) => Some(python),
            Err(why) if std::env::var("NETSWEEP_PEERS").is_ok_and(|it| it == "require") => panic!("{why:#}"),
            Err(why) => {
                eprintln!("not tested: {why:#}");
                None
            }
        }
    }

    /// A fleet that ends with the pipe.
    fn fleet(spec: &FleetSpec) -> (PipeWriter, Vec<SocketAddrV4>) {
        let (input, mut to_fleet) = io::pipe().expect("a pipe");
        let (from_fleet, output) = io::pipe().expect("a pipe");
        std::thread::spawn(|| netsweep_simulator::serve(input, output));
        frame::write(&mut to_fleet, spec).expect("writes");
        let ready: FleetReady = FrameReader::new(from_fleet).read().expect("a frame").expect("no end");
        (to_fleet, ready.endpoints)
    }

    fn sweep<'a>(endpoints: &'a [SocketAddrV4], commands: &'a [String]) -> Sweep<'a> {
        Sweep {
            endpoints,
            commands,
            cpu: Duration::ZERO,
            processes: 1,
            threads: 1,
            patience: Duration::from_secs(60),
            deadline: Duration::from_secs(150),
        }
    }

    #[test]
    fn computing_is_shared_by_processes_and_not_by_threads() {
        let Some(python) = python() else { return };
        const DEVICES: u32 = 24;
        let workload = Workload::named(Name::Cpu);
        let (_fleet, endpoints) = fleet(&workload.fleet(DEVICES));
        let sweep = Sweep { cpu: workload.cpu, ..sweep(&endpoints, &workload.commands) };
        let computing = workload.cpu.as_secs_f64() * f64::from(DEVICES) * workload.commands.len() as f64;
        println!("{python}: {computing:.2} s of computing");
        for (processes, threads) in [(1, 1), (1, 8), (2, 1), (2, 4)] {
            let outcome = python.sweep(&Sweep { processes, threads, ..sweep }).expect("it sweeps");
            println!("{processes} × {threads}: {outcome:?}");
            assert_eq!((outcome.sessions, outcome.failures), (DEVICES, 0), "{outcome:?}");
            assert!(outcome.user + outcome.system >= computing, "{outcome:?}");
            let together = if python.has_lock() { processes } else { processes * threads };
            assert!(
                outcome.makespan >= computing / f64::from(together),
                "no faster than the lock: {outcome:?}"
            );
        }
    }

    #[test]
    fn waiting_is_shared_by_threads() {
        let Some(python) = python() else { return };
        let workload = Workload::named(Name::Io);
        let (_fleet, endpoints) = fleet(&workload.fleet(200));
        let sweep = sweep(&endpoints, &workload.commands);
        let curve = python.curve(sweep, &[(1, 200), (2, 100)], 0).expect("it sweeps");
        println!("{curve:?}");
        assert_eq!(curve.name, python.to_string());
        for point in curve.points {
            // Sequentially it would be 160 s.
            assert!(point.makespan >= 0.8 && point.makespan < 80.0, "{point:?}");
        }
    }

    #[test]
    fn failures_are_counted_by_their_kinds() {
        let Some(python) = python() else { return };
        let workload = Workload::named(Name::Cpu);
        let mut spec = workload.fleet(6);
        let faults = [None, Some(Fault::Refuse), Some(Fault::Silent), Some(Fault::Reject), Some(Fault::Cut)];
        for (device, fault) in spec.devices.iter_mut().zip(faults) {
            device.fault = fault;
        }
        let (_fleet, endpoints) = fleet(&spec);
        let sweep =
            Sweep { threads: 6, patience: Duration::from_secs(5), ..sweep(&endpoints, &workload.commands) };
        let outcome = python.sweep(&sweep).expect("it sweeps");
        assert_eq!((outcome.sessions, outcome.failures), (6, 4), "{outcome:?}");
        let kinds = ["auth", "connect", "disconnected", "timeout"].map(|kind| (kind.to_owned(), 1));
        assert_eq!(outcome.errors, BTreeMap::from(kinds));
        let refusing = Sweep { endpoints: &endpoints[1..2], ..sweep };
        assert_eq!(python.curve(refusing, &[(1, 1)], 1).expect("as expected").points.len(), 1);
        let error = python.curve(refusing, &[(1, 1)], 0).expect_err("one more than expected").to_string();
        assert_eq!(error, "with 1 × 1, 1 devices failed: {\"connect\": 1}");
    }

    #[test]
    fn a_sweep_that_takes_too_long_is_ended() {
        let Some(python) = python() else { return };
        let mut spec = Workload::named(Name::Cpu).fleet(1);
        spec.devices[0].fault = Some(Fault::Silent);
        let (_fleet, endpoints) = fleet(&spec);
        let sweep = Sweep { deadline: Duration::from_secs(1), ..sweep(&endpoints, &[]) };
        let error = python.sweep(&sweep).expect_err("it waits for a minute").to_string();
        assert_eq!(error, "Python was not done within 1s");
    }
}
