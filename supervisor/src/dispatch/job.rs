//! One job's states.

use std::time::Duration;

use super::message::WorkerId;

/// What the dispatcher needs to know of a job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobSpec {
    /// Every command only reads: the job may be run again after its commands began.
    pub read_only: bool,
    /// The limited groups that it belongs to, as indices into the settings' limits.
    pub groups: Box<[u16]>,
}

#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) spec: JobSpec,
    pub(super) state: State,
    /// Attempts begun.
    pub(super) attempts: u32,
    /// When the first attempt began; the device's time runs from here.
    pub(super) first_started: Option<Duration>,
    /// A worker died of a fault while it ran this job: it is run alone from now on.
    pub(super) suspect: bool,
    /// Faulted workers that ran this job and no other.
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
    Running { overdue_at: Duration },
    /// Commands may have begun.
    Commanding { overdue_at: Duration },
}

impl Job {
    pub(super) fn new(spec: JobSpec) -> Self {
        Self { spec, state: State::Waiting, attempts: 0, first_started: None, suspect: false, deaths_alone: 0 }
    }

    /// What is left of the device's time at `now`.
    pub(super) fn time_left(&self, device_timeout: Duration, now: Duration) -> Duration {
        match self.first_started {
            Some(started) => device_timeout.saturating_sub(now.saturating_sub(started)),
            None => device_timeout,
        }
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

    pub(super) fn overdue_at(self) -> Option<Duration> {
        match self {
            Self::Queued => None,
            Self::Running { overdue_at } | Self::Commanding { overdue_at } => Some(overdue_at),
        }
    }
}
