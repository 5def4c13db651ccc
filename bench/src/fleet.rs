//! A simulated fleet, in processes of its own.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

/// What the devices of a fleet are to be.
#[derive(Clone, Copy, Debug)]
pub struct Devices {
    /// How many.
    pub count: usize,
    /// `ssh` or `telnet`.
    pub transport: &'static str,
    /// How long they take over a login.
    pub login_ms: u64,
    /// How long they take over a show command.
    pub command_ms: u64,
    /// Percentage of those that accept a connection and then say nothing.
    pub silent: u32,
}

impl Devices {
    /// Devices that answer at once.
    pub fn quick(count: usize, transport: &'static str) -> Self {
        Self { count, transport, login_ms: 0, command_ms: 0, silent: 0 }
    }

    /// Devices as far away as those of the bounds: 200 ms for a login, 300 ms for a command.
    pub fn far(count: usize) -> Self {
        Self { login_ms: 200, command_ms: 300, ..Self::quick(count, "ssh") }
    }
}

/// A fleet that is up. Ends when dropped.
#[derive(Debug)]
pub struct Fleet {
    /// What its devices are.
    pub devices: Devices,
    directory: TempDir,
    process: Child,
}

impl Fleet {
    /// Starts a fleet with `netsweep simulate`, and waits until it is up.
    pub fn start(netsweep: &Path, devices: Devices) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let mut command = Command::new(netsweep);
        command.arg("simulate").arg("--output").arg(directory.path().join("devices.toml"));
        command.args(["--devices", &devices.count.to_string(), "--transport", devices.transport]);
        command.args(["--sim-connect", "0ms", "--sim-login", &format!("{}ms", devices.login_ms)]);
        command.args(["--sim-command", &format!("{}ms", devices.command_ms)]);
        if devices.silent > 0 {
            command.args(["--sim-fault", &format!("silent={}%", devices.silent)]);
        }
        let mut process = command
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", netsweep.display()))?;
        let mut said = String::new();
        if let Some(stderr) = process.stderr.as_mut() {
            BufReader::new(stderr).read_line(&mut said)?;
        }
        let fleet = Self { devices, directory, process };
        if !fleet.inventory().exists() {
            bail!("no simulated fleet: {said}");
        }
        Ok(fleet)
    }

    /// Its inventory.
    pub fn inventory(&self) -> PathBuf {
        self.directory.path().join("devices.toml")
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        let _ = kill(Pid::from_raw(self.process.id().cast_signed()), Signal::SIGINT);
        let _ = self.process.wait();
    }
}
