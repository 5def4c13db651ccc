//! The messages between supervisor and worker.
//!
//! Each side's first frame is a [`Hello`]; then the supervisor sends [`Setup`] and jobs, the
//! worker each job's passage. A worker whose input ends finishes nothing more and exits: its
//! supervisor is gone or wants it gone.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::experiment::Conditions;
use crate::job::{Job, JobId};
use crate::outcome::{AttemptEnd, CommandEnd, Stage};
use crate::platform::Platform;

/// Version of the messages below. A change of any of them, or of a type that they contain,
/// changes the golden frames in `shared/tests/` and raises this number.
///
/// 1. The first.
/// 2. Routes, jumps, keys, host keys and modes in jobs; new host keys from workers.
/// 3. Shut-in workers; jobs that are withdrawn; heartbeats that tell what is being done.
/// 4. Encodings in jobs; platforms that ask while they let in over SSH.
/// 5. Stages of jump hosts; conditions of experiments; where an attempt's time went; what a worker costs.
/// 6. Whether a job is read-only.
/// 7. Platforms whose devices take what is typed ahead.
/// 8. Sessions that ask before they log in.
pub const PROTOCOL_VERSION: u32 = 8;

/// First frame each way. Its layout never changes, so that any two versions can tell each
/// other apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// [`Hello::MAGIC`]: the peer is a netsweep at all.
    pub magic: [u8; 8],
    /// The sender's [`PROTOCOL_VERSION`].
    pub protocol: u32,
    /// The sender's build, for messages.
    pub build: String,
}

impl Hello {
    /// What every hello begins with.
    pub const MAGIC: [u8; 8] = *b"netsweep";

    /// This build's hello.
    pub fn ours() -> Self {
        Self { magic: Self::MAGIC, protocol: PROTOCOL_VERSION, build: BUILD.to_owned() }
    }

    /// Refuses a peer that speaks another version, in one line.
    pub fn check(&self) -> Result<(), HelloError> {
        if self.magic != Self::MAGIC {
            return Err(HelloError::NotNetsweep);
        }
        if self.protocol != PROTOCOL_VERSION {
            return Err(HelloError::Version {
                theirs: self.protocol,
                their_build: self.build.chars().take(64).collect(),
            });
        }
        Ok(())
    }
}

/// Name and version of this build.
pub const BUILD: &str = concat!("netsweep ", env!("CARGO_PKG_VERSION"));

/// Why a peer was refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum HelloError {
    /// The first frame was no hello.
    #[error("the other side of the pipe is no netsweep of a version we know")]
    NotNetsweep,
    /// The other side speaks another version.
    #[error(
        "the other side of the pipe ({their_build}) speaks protocol {theirs}, this one ({BUILD}) speaks \
         {PROTOCOL_VERSION}: use a supervisor and a worker of the same build"
    )]
    Version {
        /// Its protocol version.
        theirs: u32,
        /// Its build.
        their_build: String,
    },
}

/// What a worker needs to know before its first job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setup {
    /// The worker's number, for its log lines.
    pub worker: u32,
    /// Session threads to run.
    pub threads: u32,
    /// Bytes of output kept per command; what goes over it is dropped and said.
    pub output_limit: u64,
    /// Log what is of interest only to someone who looks for a fault.
    pub verbose: bool,
    /// Give up what a worker does not need before the first job is read: files, programs, listening.
    pub sandbox: bool,
    /// Sockets of the SSH agents that jobs may name: the only ones that a shut-in worker may connect
    /// to, besides those of name resolution.
    pub agent_sockets: Vec<String>,
    /// Definitions of every platform that the run uses.
    pub platforms: Vec<Platform>,
    /// What an experiment wants of the worker.
    pub experiment: Conditions,
}

/// From the supervisor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToWorker {
    /// First message after the hello.
    Setup(Setup),
    /// Run this job when a session thread is free.
    Job(Box<Job>),
    /// Do not log in for this job any more: give it back where no session thread has taken it, else end
    /// its attempt with [`Failure::locked_out`](crate::outcome::Failure::locked_out), unless the password
    /// has gone out already.
    Withdraw(JobId),
    /// Log in for this job, which has to ask first, whether it has asked already or not.
    LogIn(JobId),
    /// Begin no further job: give back those that no session thread has taken.
    Drain,
    /// End every session now.
    Cancel,
}

/// From a worker. Of one job the messages come in the order of the variants, and the
/// `Output` of a command before its `CommandEnded`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FromWorker {
    /// A session thread has taken the job.
    Started(JobId),
    /// A server of which nothing was known showed this key, which the job's
    /// [`HostKeyCheck`](crate::host_key::HostKeyCheck) takes. Told before anyone logs in there.
    NewHostKey {
        /// Whose.
        job: JobId,
        /// Index into the job's jumps; as many as there are for the device itself.
        hop: u32,
        /// The public key (RFC 4253, 6.6).
        #[serde(with = "serde_bytes")]
        key: Vec<u8>,
    },
    /// The next thing to tell the device is who we are. The session of a job that has to ask first
    /// ([`Job::asks_first`]) waits here for [`ToWorker::LogIn`].
    AsksToLogIn(JobId),
    /// It has heard that it may, after it had asked.
    LogsIn(JobId),
    /// The device has let us in.
    LoggedIn(JobId),
    /// The first command is about to be sent: from here on the device may be changed.
    CommandsBegin(JobId),
    /// A piece of a command's output, cleaned.
    Output {
        /// Whose.
        job: JobId,
        /// Index into the job's commands.
        command: u32,
        /// At most [`OUTPUT_CHUNK`] bytes.
        #[serde(with = "serde_bytes")]
        bytes: Vec<u8>,
    },
    /// A command is over.
    CommandEnded {
        /// Whose.
        job: JobId,
        /// Index into the job's commands.
        command: u32,
        /// How it ended.
        end: CommandEnd,
    },
    /// The attempt is over and its thread free.
    Finished {
        /// Whose.
        job: JobId,
        /// How it ended.
        end: AttemptEnd,
    },
    /// After `Drain` or `Withdraw`: this job was not begun.
    Returned(JobId),
    /// Every [`HEARTBEAT`], and once more when the worker ends because its input has: it is alive.
    Alive {
        /// What its session threads are at; those that wait for a job are not named.
        doing: Vec<Activity>,
        /// What the process has used so far.
        cost: Cost,
    },
}

/// What a session thread is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    /// Whose session it runs.
    pub job: JobId,
    /// How far that has come.
    pub stage: Stage,
}

/// What a process has used since it began, with all its threads, also those that have ended
/// (getrusage(2)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// CPU time in its own code.
    pub user: Duration,
    /// CPU time in the kernel.
    pub system: Duration,
    /// Greatest resident memory, in bytes.
    pub peak_memory: u64,
    /// How often a thread gave its core up because it had to wait for something.
    pub voluntary_switches: u64,
    /// How often a thread's core was given to somebody else.
    pub involuntary_switches: u64,
}

/// Most bytes of output in one frame.
pub const OUTPUT_CHUNK: usize = 32 * 1024;

/// How often a worker speaks at the least.
pub const HEARTBEAT: Duration = Duration::from_secs(1);
