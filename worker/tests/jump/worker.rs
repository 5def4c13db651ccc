//! A whole worker in this process, at the end of two pipes.

use std::collections::HashMap;
use std::io::{BufReader, PipeReader, PipeWriter, Write, pipe};
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use netsweep_shared::experiment::Conditions;
use netsweep_shared::frame::{self, FrameReader};
use netsweep_shared::host_key::HostKeyCheck;
use netsweep_shared::job::{Job, JobId, Jump, Mode, Route, SshSettings, Timeouts, Transport};
use netsweep_shared::login::Login;
use netsweep_shared::outcome::AttemptEnd;
use netsweep_shared::platform::Platform;
use netsweep_shared::protocol::{FromWorker, Hello, Setup, ToWorker};
use netsweep_shared::secret::Secret;
use netsweep_worker::serve::serve;

use crate::AMPLE;

/// A worker that runs. Dropping it ends it as a supervisor does, by closing its pipe.
pub(crate) struct Worker {
    to: Option<PipeWriter>,
    from: Receiver<FromWorker>,
    serving: Option<JoinHandle<()>>,
    outputs: HashMap<JobId, Vec<u8>>,
}

impl Worker {
    pub(crate) fn start(threads: u32, platforms: &[&str]) -> Self {
        Self::start_under(Conditions::default(), threads, platforms)
    }

    pub(crate) fn start_under(experiment: Conditions, threads: u32, platforms: &[&str]) -> Self {
        let ((from_us, mut to), (from_worker, to_us)) = (pipe().expect("a pipe"), pipe().expect("another"));
        let serving = thread::spawn(move || serve(from_us, to_us).expect("serves"));
        frame::write(&mut to, &Hello::ours()).expect("a hello");
        let setup = Setup {
            worker: 0,
            threads,
            output_limit: u64::MAX,
            verbose: false,
            // Of this process only the worker's own threads are shut in.
            sandbox: true,
            agent_sockets: vec![],
            platforms: platforms.iter().map(|name| platform(name)).collect(),
            experiment,
        };
        frame::write(&mut to, &ToWorker::Setup(setup)).expect("a setup");
        to.flush().expect("sent");
        Self { to: Some(to), from: listen(from_worker), serving: Some(serving), outputs: HashMap::new() }
    }

    pub(crate) fn take(&mut self, job: Job) {
        let to = self.to.as_mut().expect("open");
        frame::write(to, &ToWorker::Job(Box::new(job))).expect("sent");
        to.flush().expect("sent");
    }

    pub(crate) fn withdraw(&mut self, job: u32) {
        let to = self.to.as_mut().expect("open");
        frame::write(to, &ToWorker::Withdraw(JobId(job))).expect("sent");
        to.flush().expect("sent");
    }

    pub(crate) fn log_in(&mut self, job: u32) {
        let to = self.to.as_mut().expect("open");
        frame::write(to, &ToWorker::LogIn(JobId(job))).expect("sent");
        to.flush().expect("sent");
    }

    pub(crate) fn cancel(&mut self) {
        let to = self.to.as_mut().expect("open");
        frame::write(to, &ToWorker::Cancel).expect("sent");
        to.flush().expect("sent");
    }

    /// The next message.
    pub(crate) fn next(&mut self) -> FromWorker {
        self.next_within(2 * AMPLE).expect("the worker speaks")
    }

    /// The same, if it comes within `time`.
    pub(crate) fn next_within(&mut self, time: Duration) -> Option<FromWorker> {
        let until = Instant::now() + time;
        loop {
            match self.from.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(FromWorker::Alive { .. }) => {}
                Ok(message) => return Some(message),
                Err(_) => return None,
            }
        }
    }

    /// Closes its pipe; all that it says from then on.
    pub(crate) fn close(&mut self) -> Vec<FromWorker> {
        drop(self.to.take());
        let mut heard = vec![];
        while let Ok(message) = self.from.recv_timeout(2 * AMPLE) {
            heard.push(message);
        }
        heard
    }

    /// Takes part until `jobs` of them are finished; how each ended.
    pub(crate) fn finish(&mut self, jobs: usize) -> HashMap<JobId, AttemptEnd> {
        let mut ends = HashMap::new();
        while ends.len() < jobs {
            match self.next() {
                FromWorker::Finished { job, end } => _ = ends.insert(job, end),
                FromWorker::Output { job, bytes, .. } => self.outputs.entry(job).or_default().extend(bytes),
                _ => {}
            }
        }
        ends
    }

    /// How the only job ended, and what its commands printed.
    pub(crate) fn run(&mut self, job: Job) -> (AttemptEnd, String) {
        let id = job.id;
        self.take(job);
        let end = self.finish(1).remove(&id).expect("that job");
        (end, String::from_utf8_lossy(&self.outputs.remove(&id).unwrap_or_default()).into_owned())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        drop(self.to.take());
        if let Some(serving) = self.serving.take() {
            let ended = serving.join();
            assert!(ended.is_ok() || thread::panicking(), "the worker failed");
        }
    }
}

/// Reads to the end on a thread of its own: a worker that finds nobody listening ends its process,
/// which is ours.
fn listen(from_worker: PipeReader) -> Receiver<FromWorker> {
    let (heard, messages) = channel();
    thread::spawn(move || {
        let mut frames = FrameReader::new(BufReader::new(from_worker));
        frames.read::<Hello>().expect("a frame").expect("a hello").check().expect("our own");
        while let Ok(Some(message)) = frames.read::<FromWorker>() {
            // Nobody listens once the test is over.
            let _ = heard.send(message);
        }
    });
    messages
}

fn platform(name: &str) -> Platform {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../platforms/{name}.toml"));
    let text = std::fs::read_to_string(&path).expect("the platform has a file");
    Platform { name: name.to_owned(), ..toml::from_str(&text).expect("a definition") }
}

/// A job for a simulated Cisco device.
pub(crate) fn job(id: u32, address: &str, routes: &[(Transport, u16)], jumps: &[Jump]) -> Job {
    Job {
        id: JobId(id),
        attempt: 1,
        device: format!("core-{id}"),
        address: address.into(),
        routes: routes.iter().map(|&(transport, port)| Route { transport, port }).collect(),
        jumps: jumps.to_vec(),
        platform: "cisco_ios".into(),
        login: Login::with_password("admin", Secret::new("any")),
        asks_first: false,
        ssh: SshSettings { host_key: HostKeyCheck::Off, legacy: false },
        mode: Mode::Shell,
        keepalive: None,
        encoding: None,
        commands: vec!["show version".into()],
        read_only: true,
        timeouts: Timeouts { connect: AMPLE, login: AMPLE, command: AMPLE, device: 3 * AMPLE },
    }
}

/// Shorter steps for devices that do not answer.
pub(crate) fn hasty(job: Job, connect: Duration) -> Job {
    Job { timeouts: Timeouts { connect, ..job.timeouts }, ..job }
}
