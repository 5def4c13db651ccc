//! One job's states.

use std::time::Duration;

use super::dispatcher::Settings;
use super::message::WorkerId;

/// What the dispatcher needs to know of a job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobSpec {
    /// Every command only reads: the job may be run again after its commands began.
    pub read_only: bool,
    /// The limited groups that it belongs to, each once, as indices into the settings' limits.
    pub groups: Box<[u16]>,
    /// With what it logs in: the lockout guard counts for each number by itself. None where a
    /// rejection is of no consequence.
    pub credential: Option<u32>,
    /// Which way of jump hosts leads to it, and with which logins: the lockout guard asks for each number
    /// until it was refused once. None where there are no jump hosts.
    pub way: Option<u32>,
}

impl JobSpec {
    /// Which of the run's guards it has to do with: the credentials come first, then the ways.
    pub(super) fn guards(&self, settings: &Settings) -> impl Iterator<Item = usize> + use<> {
        let way = self.way.map(|way| settings.credentials + way);
        self.credential.into_iter().chain(way).map(|guard| guard as usize)
    }
}

/// The gates of the guards are behind those of the groups.
pub(super) fn gate_of(guard: usize, settings: &Settings) -> u32 {
    (settings.group_limits.len() + guard) as u32
}

#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) spec: JobSpec,
    /// Where it needs a place before it is handed out: at its groups' gates and at guards'.
    pub(super) gates: Box<[u32]>,
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
    /// Its worker was asked not to log in.
    pub(super) withdrawn: bool,
    /// Where it is handed out and has a credential.
    pub(super) leave: Leave,
}

/// Whether the session may log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leave {
    /// Not before its worker has asked.
    Needed,
    /// It is being waited for.
    Asked { since: Duration },
    /// It may.
    Given {
        waited: Duration,
        /// Since when it has been told so after it had asked, without having said that it has heard.
        unheard: Option<Duration>,
    },
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
    /// Its session runs; the device has not let it in.
    Running { since: Duration },
    /// The device has let it in; no command was sent.
    LoggedIn { since: Duration },
    /// Commands may have begun.
    Commanding { since: Duration },
}

impl Job {
    pub(super) fn new(spec: JobSpec, settings: &Settings) -> Self {
        let guards = spec.guards(settings).filter(|guard| settings.holds_back(*guard));
        let guards = guards.map(|guard| gate_of(guard, settings));
        Self {
            gates: spec.groups.iter().map(|group| u32::from(*group)).chain(guards).collect(),
            spec,
            state: State::Waiting,
            attempts: 0,
            spent: Duration::ZERO,
            suspect: false,
            deaths_alone: 0,
            withdrawn: false,
            leave: Leave::Needed,
        }
    }

    /// The gates at which it has a place for as long as its session lasts.
    pub(super) fn gates_of_groups(&self) -> &[u32] {
        &self.gates[..self.spec.groups.len()]
    }

    /// The gates at which it has a place until it is let in.
    pub(super) fn gates_of_guards(&self) -> &[u32] {
        &self.gates[self.spec.groups.len()..]
    }

    /// Whether it is on a worker that may be about to log in, for all that is known.
    pub(super) fn may_be_logging_in(&self) -> bool {
        matches!(self.state, State::Held { step: Step::Queued | Step::Running { .. }, .. })
    }

    /// Whether it may log in.
    pub(super) fn has_leave(&self) -> bool {
        self.spec.credential.is_none() || matches!(self.leave, Leave::Given { .. })
    }

    /// How long its session waited for leave to log in.
    pub(super) fn waited_for_leave(&self) -> Duration {
        match self.leave {
            Leave::Given { waited, .. } => waited,
            Leave::Needed | Leave::Asked { .. } => Duration::ZERO,
        }
    }

    /// Since when its worker has not said that it has heard that the session, which waits, may log in.
    pub(super) fn unheard(&self) -> Option<Duration> {
        match self.leave {
            Leave::Given { unheard, .. } if self.may_be_logging_in() => unheard,
            _ => None,
        }
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
            Self::Running { since } | Self::LoggedIn { since } | Self::Commanding { since } => Some(since),
        }
    }
}
