//! One job's states.

use std::time::Duration;

use super::message::WorkerId;

/// What the dispatcher needs to know of a job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobSpec {
    /// Every command only reads: the job may be run again after its commands began.
    pub read_only: bool,
    /// The limited groups that it belongs to, each once, as indices into the settings' limits.
    pub groups: Box<[u16]>,
}

#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) spec: JobSpec,
    pub(super) state: State,
    /// Attempts begun, without those that were their worker's failure.
    pub(super) attempts: u32,
    /// What these attempts and the back-offs behind them took of the device's time. Waiting for a
    /// thread is not the device's doing.
    pub(super) spent: Duration,
    /// A worker died of a fault while it ran this job: from now on it is run apart from all jobs
    /// that are not suspect.
    pub(super) suspect: bool,
    /// Faulted workers that held this job and no other.
    pub(super) deaths_alone: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// For a thread, for its group, or for the end of a back-off.
    Waiting,
    /// Handed to a worker.
    Held { by: WorkerId, step: Step },
    /// Its one outcome is out.
    Settled,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// No session thread has taken it.
    Queued,
    /// Its session runs; no command was sent.
    Running { since: Duration },
    /// Commands may have begun.
    Commanding { since: Duration },
}

impl Job {
    pub(super) fn new(spec: JobSpec) -> Self {
        let spent = Duration::ZERO;
        Self { spec, state: State::Waiting, attempts: 0, spent, suspect: false, deaths_alone: 0 }
    }

    /// What is left of `device_timeout` for the next attempt, or for the whole of the present one.
    pub(super) fn time_left(&self, device_timeout: Duration) -> Duration {
        device_timeout.saturating_sub(self.spent)
    }

    /// The step on `worker`, if that is where the job is.
    pub(super) fn step_on(&self, worker: WorkerId) -> Option<Step> {
        match self.state {
            State::Held { by, step } if by == worker => Some(step),
            _ => None,
        }
    }
}

impl Step {
    pub(super) fn has_begun(self) -> bool {
        self != Self::Queued
    }

    /// When its session began.
    pub(super) fn since(self) -> Option<Duration> {
        match self {
            Self::Queued => None,
            Self::Running { since } | Self::Commanding { since } => Some(since),
        }
    }
}
