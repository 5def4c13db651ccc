//! What a run will do, decided before anything is started.

use std::net::SocketAddrV4;
use std::sync::Arc;
use std::time::Duration;

use netsweep_shared::host_key::HostKeyCheck;
use netsweep_shared::job::{Job, JobId, Mode, Route, SshSettings, Timeouts};
use netsweep_shared::login::Login;
use netsweep_shared::platform::Platform;

use crate::dispatch::JobSpec;
use crate::mix::Mix;

/// A run, complete: every secret read, every limit known.
#[derive(Debug)]
pub struct Plan {
    /// The run's name: when it was planned, to the second, and a few random letters.
    pub run: String,
    /// One for each selected device, in inventory order; a job's id is its index.
    pub jobs: Vec<PlannedJob>,
    /// Processes and threads.
    pub mix: Mix,
    /// The platforms that the jobs name.
    pub platforms: Vec<Platform>,
    /// Most sessions at once in each limited group.
    pub group_limits: Vec<u32>,
    /// A device's time, over all its attempts.
    pub device_timeout: Duration,
    /// Further attempts when a login fails for a reason that can pass.
    pub retries: u32,
    /// How long running sessions may go on after the first interrupt.
    pub grace: Duration,
    /// Bytes of output kept per command.
    pub output_limit: u64,
    /// Tell the workers to log details.
    pub verbose: bool,
}

/// One device's part of the plan.
#[derive(Clone, Debug)]
pub struct PlannedJob {
    /// The device's name.
    pub device: Arc<str>,
    /// IP address or host name.
    pub address: Arc<str>,
    /// How to reach it: never none, and the later ones only where the earlier could not be connected
    /// to.
    pub routes: Arc<[Route]>,
    /// Name of its platform.
    pub platform: Arc<str>,
    /// Who logs in; shared by all devices with the same credential.
    pub login: Arc<Login>,
    /// What to run.
    pub commands: Arc<[String]>,
    /// Limits of its steps.
    pub timeouts: Timeouts,
    /// Old algorithms as well.
    pub ssh_legacy: bool,
    /// What the dispatcher needs to know.
    pub spec: JobSpec,
}

impl Plan {
    /// The job of `id`.
    pub fn job(&self, id: JobId) -> &PlannedJob {
        &self.jobs[id.index()]
    }

    /// Sends each job to the simulated device that stands in for its own.
    pub fn redirect(&mut self, endpoints: &[SocketAddrV4]) {
        for (job, endpoint) in self.jobs.iter_mut().zip(endpoints) {
            job.address = endpoint.ip().to_string().into();
            job.routes = Arc::new([Route { port: endpoint.port(), ..job.routes[0] }]);
        }
    }
}

impl PlannedJob {
    /// The message for the worker: this device's attempt number `attempt`, which may take
    /// `time_left`.
    pub fn to_job(&self, id: JobId, attempt: u32, time_left: Duration) -> Job {
        Job {
            id,
            attempt,
            device: self.device.to_string(),
            address: self.address.to_string(),
            routes: self.routes.to_vec(),
            jumps: vec![],
            platform: self.platform.to_string(),
            login: Login::clone(&self.login),
            commands: self.commands.to_vec(),
            timeouts: Timeouts { device: time_left, ..self.timeouts },
            ssh: SshSettings { host_key: HostKeyCheck::Off, legacy: self.ssh_legacy },
            mode: Mode::Shell,
            keepalive: None,
        }
    }
}
