//! What a worker's death means for its jobs and for the run.

use std::collections::VecDeque;
use std::time::Duration;

use netsweep_shared::job::JobId;
use netsweep_shared::outcome::{ErrorKind, Failure, Stage};

use super::dispatcher::Dispatcher;
use super::ending::Phase;
use super::job::{State, Step};
use super::message::{Action, Death, Ending, Verdict, WorkerId};

/// Faulted workers that a job must have been alone with before it is given up.
const DEATHS_ALONE: u32 = 2;
/// The restart budget: this many restarts for each worker …
const RESTARTS: usize = 20;
/// … within this time, or without any job's end between them.
const RESTART_WINDOW: Duration = Duration::from_secs(60);

impl Dispatcher {
    pub(super) fn worker_gone(&mut self, id: WorkerId, death: &Death, now: Duration) {
        let Some(worker) = self.workers.get(id.number as usize).filter(|worker| worker.id == id) else {
            return;
        };
        let mut held: Vec<JobId> = worker.held.iter().copied().collect();
        let alone = held.len() == 1;
        for &job in &held {
            self.bereave(id, job, death, alone);
        }
        held.retain(|job| self.jobs[job.index()].state != State::Settled);
        let (doomed, held): (Vec<_>, Vec<_>) = held.into_iter().partition(|job| self.is_doomed(*job));
        doomed.into_iter().for_each(|job| self.skip(job));
        let (suspects, others): (Vec<_>, Vec<_>) =
            held.into_iter().partition(|job| self.jobs[job.index()].suspect);
        others.into_iter().rev().for_each(|job| self.queue.push_front(job));
        self.queue.push_suspects(&suspects);
        self.replace(id, death, now);
    }

    /// Takes `job` from its dead worker and settles it if it must not be run again.
    fn bereave(&mut self, id: WorkerId, job_id: JobId, death: &Death, alone: bool) {
        let step = self.jobs[job_id.index()].step_on(id);
        self.release(id, job_id);
        let Some(step) = step else { return };
        let job = &mut self.jobs[job_id.index()];
        let reason = death.reason();
        if matches!(death, Death::Fault(_)) && self.phase == Phase::Running {
            // Also where it had not begun: it may have, and the word of it died with the worker.
            job.suspect = true;
            job.deaths_alone += u32::from(alone);
        }
        if !step.has_begun() && job.deaths_alone < DEATHS_ALONE {
            return;
        }
        // The word that commands begin is in the pipe before they do, and the pipe was read to its end.
        let commanding = matches!(step, Step::Commanding { .. });
        let stage = if commanding { Stage::Commands } else { Stage::Prepare };
        let lost = |kind, message| Verdict::Lost(Failure::new(kind, stage, message));
        if self.phase != Phase::Running {
            let message = format!("the run was ended while this device was being worked on ({reason})");
            return self.settle(id, job_id, lost(ErrorKind::Interrupted, message));
        }
        if commanding && !job.spec.read_only {
            let message = format!(
                "the worker died while commands were being run ({reason}); they are not all known to be \
                 read-only, so they were not run again"
            );
            return self.settle(id, job_id, lost(ErrorKind::Crashed, message));
        }
        if job.deaths_alone >= DEATHS_ALONE {
            let message = format!("{DEATHS_ALONE} workers died of this device: {reason}");
            return self.settle(id, job_id, lost(ErrorKind::Crashed, message));
        }
        // The attempt was the worker's failure and not the device's.
        job.attempts -= 1;
        self.actions.push(Action::Retry { worker: id, job: job_id, failure: None });
    }

    fn replace(&mut self, id: WorkerId, death: &Death, now: Duration) {
        let number = id.number as usize;
        self.workers[number] = self.workers[number].reborn(now);
        if self.phase != Phase::Running || self.unsettled == 0 {
            return;
        }
        if let Death::Unusable(reason) = death {
            return self.cut_short(Ending::GaveUp(reason.clone()), now);
        }
        match self.budget.charge(now, self.workers.len()) {
            Ok(()) => self.start_worker(number),
            Err(why) => {
                let reason = format!("{why}; the last one: {}", death.reason());
                self.cut_short(Ending::GaveUp(reason), now);
            }
        }
    }
}

/// How often workers may die.
#[derive(Debug, Default)]
pub(super) struct Budget {
    recent: VecDeque<Duration>,
    /// Deaths since a job last ended. However slowly workers die: if they do nothing else, the run
    /// has to end.
    in_vain: usize,
}

impl Budget {
    /// Enters a death at `now`; the error says why it was one too many.
    fn charge(&mut self, now: Duration, workers: usize) -> Result<(), String> {
        while self.recent.front().is_some_and(|&at| at + RESTART_WINDOW < now) {
            self.recent.pop_front();
        }
        self.recent.push_back(now);
        self.in_vain += 1;
        let most = RESTARTS * workers;
        if self.recent.len() > most {
            Err(format!("workers died {} times within {} s", self.recent.len(), RESTART_WINDOW.as_secs()))
        } else if self.in_vain > most {
            Err(format!("workers died {} times without a device done between", self.in_vain))
        } else {
            Ok(())
        }
    }

    pub(super) fn job_ended(&mut self) {
        self.in_vain = 0;
    }
}
