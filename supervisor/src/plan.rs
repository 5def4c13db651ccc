//! What a run will do, decided before anything is started.

use std::collections::BTreeSet;
use std::net::SocketAddrV4;
use std::sync::Arc;
use std::time::Duration;

use encoding_rs::Encoding;
use netsweep_shared::experiment::Conditions;
use netsweep_shared::host_key::HostKeyCheck;
use netsweep_shared::job::{Job, JobId, Jump, Mode, Route, SshSettings, Timeouts, Transport};
use netsweep_shared::login::Login;
use netsweep_shared::platform::Platform;

use crate::dispatch::{JobSpec, Tuning};
use crate::host_keys::HostKeys;
use crate::mix::Mix;
use crate::order::Known;
use crate::store::NewDevice;

/// A run, complete: every secret read, every limit known.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The run's name: when it was planned, to the second, and a few random letters.
    pub run: Arc<str>,
    /// One for each selected device, in inventory order; a job's id is its index.
    pub jobs: Vec<PlannedJob>,
    /// Processes and threads.
    pub mix: Mix,
    /// The platforms that the jobs name.
    pub platforms: Vec<Platform>,
    /// Most sessions at once in each limited group, and then through each jump host.
    pub group_limits: Vec<u32>,
    /// How many credentials (a user name with a password) the jobs' specs number.
    pub credentials: u32,
    /// How many ways of jump hosts the jobs' specs number.
    pub ways: u32,
    /// Rejected logins in a row after which a credential is given up.
    pub max_auth_failures: u32,
    /// Logins that may begin in a second, over all workers.
    pub login_rate: Option<f64>,
    /// What earlier runs tell of each job's device; empty where they are not to be gone by.
    pub known: Vec<Option<Known>>,
    /// Where the order of the jobs, as far as `known` leaves it open, and the jitter of pauses come from.
    pub seed: u64,
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
    /// Shut the workers in.
    pub sandbox: bool,
    /// Find out how many sessions should run at once; `None` where all threads should.
    pub tuning: Option<Tuning>,
    /// What an experiment wants of the workers. Its cores, where there are any, are for all of them; with
    /// `pin` each worker gets its own.
    pub experiment: Conditions,
    /// Fix each worker to one core, in turn over those that this process may use.
    pub pin: bool,
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
    /// SSH servers on the way, the first of them reached from here.
    pub jumps: Arc<[PlannedJump]>,
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
    /// How commands are run.
    pub mode: Mode,
    /// Say something that means nothing where nothing was said for so long.
    pub keepalive: Option<Duration>,
    /// How the outputs are encoded, where that is not UTF-8.
    pub encoding: Option<&'static Encoding>,
    /// What the dispatcher needs to know.
    pub spec: JobSpec,
}

/// An SSH server on the way to a device.
#[derive(Clone, Debug)]
pub struct PlannedJump {
    /// IP address or host name.
    pub address: Arc<str>,
    /// TCP port.
    pub port: u16,
    /// Who logs in there.
    pub login: Arc<Login>,
    /// Old algorithms as well.
    pub ssh_legacy: bool,
}

impl Plan {
    /// The job of `id`.
    pub fn job(&self, id: JobId) -> &PlannedJob {
        &self.jobs[id.index()]
    }

    /// The conditions of worker number `worker`, where this process may use `cores`.
    pub fn conditions(&self, worker: u32, cores: &[u32]) -> Conditions {
        let own = cores.iter().cycle().nth(worker as usize).filter(|_| self.pin);
        match own {
            Some(core) => Conditions { cores: vec![*core], ..self.experiment.clone() },
            None => self.experiment.clone(),
        }
    }

    /// The sockets of all SSH agents that may be asked.
    pub fn agent_sockets(&self) -> Vec<String> {
        let logins = self.jobs.iter().flat_map(PlannedJob::logins);
        let sockets: BTreeSet<&str> = logins.filter_map(|login| login.agent.as_deref()).collect();
        sockets.into_iter().map(str::to_owned).collect()
    }

    /// Sends each job to the simulated device that stands in for its own, straight and over the first
    /// of its transports.
    pub fn redirect(&mut self, endpoints: &[SocketAddrV4]) {
        for (job, endpoint) in self.jobs.iter_mut().zip(endpoints) {
            job.address = endpoint.ip().to_string().into();
            job.routes = Arc::new([Route { port: endpoint.port(), ..job.routes[0] }]);
            job.jumps = Arc::default();
        }
    }
}

impl PlannedJob {
    /// Who logs in, on the way and at its end.
    fn logins(&self) -> impl Iterator<Item = &Login> {
        self.jumps.iter().map(|jump| &*jump.login).chain([&*self.login])
    }

    /// The server at `hop` of the way to the device, the device itself being behind the last jump.
    pub fn server(&self, hop: u32) -> Option<(&str, u16)> {
        match self.jumps.get(hop as usize) {
            Some(jump) => Some((&jump.address, jump.port)),
            None if hop as usize == self.jumps.len() => {
                let route = self.routes.iter().find(|route| route.transport == Transport::Ssh)?;
                Some((&self.address, route.port))
            }
            None => None,
        }
    }

    /// The message for the worker: this device's attempt number `attempt`, which may take
    /// `time_left` and, where it `asks_first`, waits before it logs in. What is known of the servers is
    /// looked up now, so that it has what others have just learnt.
    pub fn to_job(
        &self,
        id: JobId,
        attempt: u32,
        asks_first: bool,
        time_left: Duration,
        keys: &HostKeys,
    ) -> Job {
        let ssh = self.routes.iter().find(|route| route.transport == Transport::Ssh);
        Job {
            id,
            attempt,
            asks_first,
            device: String::from(&*self.device),
            address: String::from(&*self.address),
            routes: self.routes.to_vec(),
            jumps: self.jumps.iter().map(|jump| jump.to_jump(keys)).collect(),
            platform: String::from(&*self.platform),
            login: Login::clone(&self.login),
            commands: self.commands.to_vec(),
            read_only: self.spec.read_only,
            timeouts: Timeouts { device: time_left, ..self.timeouts },
            ssh: SshSettings {
                host_key: ssh.map_or(HostKeyCheck::Off, |ssh| keys.check(&self.address, ssh.port)),
                legacy: self.ssh_legacy,
            },
            mode: self.mode,
            keepalive: self.keepalive,
            encoding: self.encoding.map(|encoding| encoding.name().to_owned()),
        }
    }
}

impl<'a> From<&'a PlannedJob> for NewDevice<'a> {
    fn from(job: &'a PlannedJob) -> Self {
        Self {
            name: &job.device,
            address: &job.address,
            routes: &job.routes,
            platform: &job.platform,
            commands: &job.commands,
            read_only: job.spec.read_only,
        }
    }
}

impl PlannedJump {
    fn to_jump(&self, keys: &HostKeys) -> Jump {
        Jump {
            address: self.address.to_string(),
            port: self.port,
            login: Login::clone(&self.login),
            ssh: SshSettings { host_key: keys.check(&self.address, self.port), legacy: self.ssh_legacy },
        }
    }
}
