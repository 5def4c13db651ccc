//! What the dispatcher is told, and what it asks for.

use std::fmt;
use std::time::Duration;

use netsweep_shared::job::JobId;
use netsweep_shared::outcome::{AttemptEnd, Failure};

/// One life of one worker: a replacement has the same number and the next life, so that what
/// a dead process still had in the pipe is never taken for its successor's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkerId {
    /// From 0; what records and messages show.
    pub number: u32,
    /// From 0.
    pub life: u32,
}

impl fmt::Display for WorkerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "worker {}", self.number)
    }
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Hellos are exchanged: the worker takes jobs.
    WorkerReady(WorkerId),
    /// The worker told something of a job.
    Job(WorkerId, JobId, Passage),
    /// The worker said that it is alive, or sent output.
    Heard(WorkerId),
    /// The worker's process is gone.
    WorkerGone(WorkerId, Death),
    /// The user wants the run to end: the first time orderly, the second time now.
    Interrupt,
    /// Time has passed; expected several times a second.
    Tick,
}

/// A step of a job on its worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Passage {
    /// A session thread has taken it.
    Started,
    /// It may be about to log in, and has to ask first.
    AsksToLogIn,
    /// It has heard that it may.
    LogsIn,
    /// The device let us in.
    LoggedIn,
    /// The first command is about to be sent.
    CommandsBegin,
    /// The attempt is over.
    Finished(AttemptEnd),
    /// Given back unbegun, after `Drain`, `Retire` or `Withdraw`.
    Returned,
}

impl Passage {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Started => "\"started\"",
            Self::AsksToLogIn => "\"asks to log in\"",
            Self::LogsIn => "\"logs in\"",
            Self::LoggedIn => "\"logged in\"",
            Self::CommandsBegin => "\"commands begin\"",
            Self::Finished(_) => "\"finished\"",
            Self::Returned => "\"returned\"",
        }
    }
}

/// What a worker's end says about the jobs that it held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Death {
    /// It faulted: a fault signal, an unexpected exit, a protocol fault, a hang.
    Fault(String),
    /// It was killed from outside: its jobs are not to blame.
    Killed(String),
    /// It cannot work at all, nor could another: a wrong version, no such file.
    Unusable(String),
}

impl Death {
    /// What was seen, for a person.
    pub fn reason(&self) -> &str {
        match self {
            Self::Fault(reason) | Self::Killed(reason) | Self::Unusable(reason) => reason,
        }
    }
}

/// Something to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Start a process for this worker.
    Start(WorkerId),
    /// Hand it this job.
    Send {
        /// To whom.
        worker: WorkerId,
        /// Which.
        job: JobId,
        /// Number of the attempt, from 1.
        attempt: u32,
        /// Its worker has to ask before it logs in.
        asks_first: bool,
        /// What is left of the device's time.
        time_left: Duration,
    },
    /// Let it log in for this job, which had to ask first.
    LogIn {
        /// Whom.
        worker: WorkerId,
        /// For which.
        job: JobId,
    },
    /// Ask for the jobs that it has not begun.
    Drain(WorkerId),
    /// The same of a worker that is to be replaced: one of its sessions does not end, and the others are
    /// to come to their ends before it is killed.
    Retire(WorkerId),
    /// Ask it not to log in for this job any more: to give it back, or to end its attempt with
    /// `lockout_guard`. What has gone out already takes its course.
    Withdraw {
        /// Whom.
        worker: WorkerId,
        /// Which.
        job: JobId,
    },
    /// Have it end its sessions now.
    Cancel(WorkerId),
    /// Kill its process, for this reason. `WorkerGone` follows.
    Kill(WorkerId, String),
    /// An attempt failed; the job will be tried again.
    Retry {
        /// Where it failed.
        worker: WorkerId,
        /// Which.
        job: JobId,
        /// Why, where the device was the reason and not the worker.
        failure: Option<Failure>,
    },
    /// The job's one outcome.
    Settle {
        /// Which.
        job: JobId,
        /// Attempts that were begun.
        attempts: u32,
        /// Worker of the last attempt; none where the job was not even handed out.
        worker: Option<WorkerId>,
        /// How it ended.
        verdict: Verdict,
    },
    /// From now on so many sessions may run at once: for who watches.
    Allow(u32),
    /// The run is over: let the workers go.
    Finish(Ending),
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As its worker told.
    Told(AttemptEnd),
    /// Without its worker's word: what was received is all there is.
    Lost(Failure),
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Every job has its outcome.
    Complete,
    /// The user cut it short.
    Interrupted,
    /// Workers could not be kept running.
    GaveUp(String),
}
