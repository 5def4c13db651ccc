//! One worker's process and the threads on its pipes.

use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use crossbeam_channel::Sender;
use netsweep_shared::frame::{FrameError, FrameReader};
use netsweep_shared::protocol::{Activity, Cost, FromWorker, Hello, Setup, ToWorker};

use super::outbound::Outbound;
use crate::dispatch::message::{Death, WorkerId};

/// How a worker's executable is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorkerCommand {
    /// This very executable, as its hidden subcommand.
    Ourselves,
    /// Another one, without arguments.
    Binary(PathBuf),
}

/// The name of the hidden subcommand that makes this executable a worker.
const WORKER_SUBCOMMAND: &str = "worker";

/// What a worker's process needs of our environment: name resolution, libraries, backtraces.
/// Nothing else is passed on, because passwords may be in it.
const PASSED_ON: [&str; 5] = ["LD_LIBRARY_PATH", "LOCALDOMAIN", "RES_OPTIONS", "RUST_BACKTRACE", "TZ"];

/// How long a worker may take to exit after its pipe was closed or its process killed.
pub(super) const EXIT_GRACE: Duration = Duration::from_secs(2);
/// Log lines of one worker that are passed on, where it was not asked for details.
const LOG_LINES: usize = 1000;
/// Longest log line of a worker that is passed on, in bytes.
const LOG_LINE: u64 = 4096;
const READ_BUFFER: usize = 64 * 1024;
/// Messages that mostly come together at most; where there are more, there is room made for them.
const TOGETHER: usize = 32;

/// What arrives from a worker.
#[derive(Debug)]
pub(super) enum Incoming {
    /// It said hello.
    Ready(WorkerId),
    /// It sent messages, in this order.
    Messages(WorkerId, Vec<FromWorker>),
    /// It wrote a line to stderr.
    Log(WorkerId, String),
    /// Its stdout ended, in order or not.
    Ended(WorkerId, Option<PipeFault>),
}

/// What was wrong with the frames.
#[derive(Debug)]
pub(super) enum PipeFault {
    /// Its version is not ours, or it is no netsweep.
    Unusable(String),
    /// It ended before it said hello.
    NoHello,
    /// It broke the protocol.
    Broken(String),
}

/// A worker's process, from start to reaping.
#[derive(Debug)]
pub(super) struct WorkerProcess {
    /// Which.
    pub(super) id: WorkerId,
    child: Child,
    /// `None` once the worker was told to go.
    outbound: Option<Outbound>,
    /// What its sessions were at when it last said so.
    pub(super) activities: Vec<Activity>,
    /// What it had used by then.
    pub(super) cost: Option<Cost>,
    /// Why we killed it, if we did.
    killed: Option<String>,
}

impl WorkerCommand {
    fn command(&self) -> Command {
        match self {
            // Not by path: it may have been replaced since we started.
            Self::Ourselves => {
                let mut command = Command::new("/proc/self/exe");
                command.arg0("netsweep").arg(WORKER_SUBCOMMAND);
                command
            }
            Self::Binary(path) => Command::new(path),
        }
    }
}

impl WorkerProcess {
    /// Starts the process and its pipe threads, which report to `incoming`. To be called on the
    /// main thread: the worker dies with the thread that started it.
    pub(super) fn start(
        id: WorkerId,
        command: &WorkerCommand,
        setup: Setup,
        incoming: &Sender<Incoming>,
    ) -> Result<Self> {
        let passed_on = PASSED_ON.iter().filter_map(|name| Some((*name, std::env::var_os(name)?)));
        let mut child = command
            .command()
            .env_clear()
            .envs(passed_on)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Ctrl-C on the terminal is the supervisor's business alone.
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {}", command.describe()))?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(stdin), Some(stdout), Some(stderr)) = pipes else { unreachable!("all three are piped") };
        let log_lines = if setup.verbose { usize::MAX } else { LOG_LINES };
        let mut process = Self { id, child, outbound: None, activities: vec![], cost: None, killed: None };
        let no_thread = "cannot start a thread for a worker's pipe";
        process.outbound =
            Some(Outbound::start(stdin, format!("to-worker-{}", id.number)).context(no_thread)?);
        process.send(&ToWorker::Setup(setup));
        let threads = [
            pipe_thread(format!("from-worker-{}", id.number), {
                let incoming = incoming.clone();
                move || read_messages(id, stdout, &incoming)
            }),
            pipe_thread(format!("log-of-worker-{}", id.number), {
                let incoming = incoming.clone();
                move || read_log(id, stderr, log_lines, &incoming)
            }),
        ];
        threads.into_iter().collect::<io::Result<()>>().context(no_thread)?;
        Ok(process)
    }

    /// The operating system's number of the process.
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Hands it a message with the next [`flush`](Self::flush); a process that is gone hears nothing, and its end is
    /// reported.
    pub(super) fn send(&mut self, message: &ToWorker) {
        if let Some(outbound) = &mut self.outbound
            && let Err(error) = outbound.send(message)
        {
            self.kill(format!("it cannot be told what to do: {error}"));
        }
    }

    /// Sends what it was handed, all at once, so that the worker is woken once.
    pub(super) fn flush(&mut self) {
        if let Some(outbound) = &mut self.outbound {
            outbound.flush();
        }
    }

    /// Kills the process; its end is then reported as a fault, for `reason`.
    pub(super) fn kill(&mut self, reason: String) {
        self.killed.get_or_insert(reason);
        let _ = self.child.kill();
    }

    /// Why it was killed by us, if it was.
    pub(super) fn killed(&self) -> Option<&str> {
        self.killed.as_deref()
    }

    /// Closes its pipe: it exits when it sees that.
    pub(super) fn close(&mut self) {
        self.outbound = None;
    }

    /// Waits for the process, which is to end by itself and is killed if it does not, and says
    /// what its end means.
    pub(super) fn reap(mut self, fault: Option<PipeFault>) -> Result<Death> {
        self.close();
        let status = self.wait().context("cannot wait for a worker")?;
        Ok(match (self.killed.take(), fault) {
            (Some(reason), _) => Death::Fault(reason),
            (None, Some(PipeFault::Unusable(reason))) => Death::Unusable(reason),
            // A worker's hello is the first thing that it does: another program, or one that cannot be loaded.
            (None, Some(PipeFault::NoHello)) if status.signal().is_none() => Death::Unusable(format!(
                "the worker ended without saying hello ({status}): is it a netsweep worker?"
            )),
            (None, Some(PipeFault::Broken(reason))) if status.signal().is_none() => Death::Fault(reason),
            (None, _) => death_by(status),
        })
    }

    fn wait(&mut self) -> io::Result<ExitStatus> {
        let deadline = Instant::now() + EXIT_GRACE;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            thread::sleep(Duration::from_millis(2));
        }
        self.child.kill()?;
        self.child.wait()
    }
}

impl Drop for WorkerProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl WorkerCommand {
    fn describe(&self) -> String {
        match self {
            Self::Ourselves => "this executable as a worker".into(),
            Self::Binary(path) => format!("the worker {}", path.display()),
        }
    }
}

/// A signal that the process raised itself is a fault; any other came from outside.
fn death_by(status: ExitStatus) -> Death {
    use rustix::process::Signal;
    let faults =
        [Signal::SEGV, Signal::ABORT, Signal::BUS, Signal::ILL, Signal::FPE, Signal::SYS, Signal::TRAP];
    match status.signal() {
        Some(signal) if faults.iter().any(|fault| fault.as_raw() == signal) => {
            Death::Fault(format!("it was ended by {status}"))
        }
        Some(_) => Death::Killed(format!("it was killed from outside ({status})")),
        None => Death::Fault(format!("it ended unexpectedly ({status})")),
    }
}

fn pipe_thread(name: String, body: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().name(name).spawn(body).map(drop)
}

fn read_messages(id: WorkerId, stdout: impl Read, incoming: &Sender<Incoming>) {
    let fault = try_read_messages(id, stdout, incoming).err();
    let _ = incoming.send(Incoming::Ended(id, fault));
}

fn try_read_messages(id: WorkerId, stdout: impl Read, incoming: &Sender<Incoming>) -> Result<(), PipeFault> {
    let broken = |error: FrameError| PipeFault::Broken(error.to_string());
    let mut frames = FrameReader::new(BufReader::with_capacity(READ_BUFFER, stdout));
    let no_hello =
        |why: String| PipeFault::Unusable(format!("it did not say hello as a netsweep worker does ({why})"));
    match frames.read::<Hello>() {
        Ok(Some(hello)) => hello.check().map_err(|error| PipeFault::Unusable(error.to_string()))?,
        Ok(None) => return Err(PipeFault::NoHello),
        Err(FrameError::Io(error)) => return Err(PipeFault::Broken(error.to_string())),
        Err(error) => return Err(no_hello(error.to_string())),
    }
    let mut next = Incoming::Ready(id);
    // The receiver is gone when the run is over.
    while incoming.send(next).is_ok() {
        match frames.read::<FromWorker>().map_err(broken)? {
            // Told together, so that the receiver is woken once.
            Some(first) => {
                let mut messages = Vec::with_capacity(TOGETHER);
                messages.push(first);
                while frames.has_another()
                    && let Some(message) = frames.read().map_err(broken)?
                {
                    messages.push(message);
                }
                next = Incoming::Messages(id, messages);
            }
            None => break,
        }
    }
    Ok(())
}

fn read_log(id: WorkerId, stderr: impl Read, most: usize, incoming: &Sender<Incoming>) {
    let mut stderr = BufReader::new(stderr);
    let mut line = Vec::new();
    let mut lines = 0;
    while (&mut stderr).take(LOG_LINE).read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        let text = String::from_utf8_lossy(&line).trim_end().to_owned();
        line.clear();
        lines += usize::from(!text.is_empty());
        let told = match lines {
            _ if text.is_empty() => continue,
            _ if lines <= most => text,
            _ if lines == most + 1 => "further lines are left out".into(),
            // Read on: a worker that nobody listens to would hang.
            _ => continue,
        };
        if incoming.send(Incoming::Log(id, told)).is_err() {
            return;
        }
    }
}
