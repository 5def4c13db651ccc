//! The simulated fleet's process.
//!
//! Always a process of its own, so that its cost is never taken for the sweep's.

use std::io::{BufReader, Write};
use std::net::SocketAddrV4;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail};
use netsweep_shared::fleet::{FleetReady, FleetReport, FleetSpec};
use netsweep_shared::frame::{self, FrameReader};

/// The name of the hidden subcommand that makes this executable a simulated fleet.
const FLEET_SUBCOMMAND: &str = "simulator";

/// A simulated fleet that serves until it is stopped or dropped.
#[derive(Debug)]
pub struct Fleet {
    child: Child,
    /// The fleet ends when this does.
    stdin: Option<ChildStdin>,
    frames: FrameReader<BufReader<ChildStdout>>,
    endpoints: Vec<SocketAddrV4>,
}

impl Fleet {
    /// Starts the fleet and waits until every device listens.
    pub fn start(spec: &FleetSpec) -> Result<Self> {
        let mut child = Command::new("/proc/self/exe")
            .arg0("netsweep")
            .arg(FLEET_SUBCOMMAND)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Ctrl-C is the supervisor's business: the fleet outlives the sessions.
            .process_group(0)
            .spawn()
            .context("cannot start the simulated fleet")?;
        let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            unreachable!("both are piped")
        };
        let mut frames = FrameReader::new(BufReader::new(stdout));
        let ready = frame::write(&mut stdin, spec)
            .and_then(|()| Ok(stdin.flush()?))
            .and_then(|()| frames.read::<FleetReady>());
        let mut fleet = Self { child, stdin: Some(stdin), frames, endpoints: Vec::new() };
        match ready.context("the simulated fleet did not start")? {
            Some(ready) if ready.endpoints.len() == spec.devices.len() => fleet.endpoints = ready.endpoints,
            Some(_) => bail!("the simulated fleet did not start all of its devices"),
            None => bail!("the simulated fleet ended at once; its reason stands above"),
        }
        Ok(fleet)
    }

    /// Where each device of the spec is reached.
    pub fn endpoints(&self) -> &[SocketAddrV4] {
        &self.endpoints
    }

    /// Stops the fleet and returns what it saw and what it cost.
    pub fn stop(mut self) -> Result<FleetReport> {
        self.stdin = None;
        let report = self.frames.read::<FleetReport>().context("the simulated fleet did not report")?;
        self.child.wait().context("cannot wait for the simulated fleet")?;
        report.context("the simulated fleet ended without a report")
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
