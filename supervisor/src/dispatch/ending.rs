//! How a run ends: when every job has its outcome, or cut short.

use std::time::Duration;

use super::dispatcher::Dispatcher;
use super::message::{Action, Ending, WorkerId};
use super::worker::State;

/// Sessions that were cancelled have this long to say so.
pub(super) const CANCEL_GRACE: Duration = Duration::from_secs(2);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Running,
    /// The run was cut short: no new jobs, but sessions that run may finish.
    Draining {
        until: Duration,
    },
    /// The grace is over, the sessions were cancelled.
    Cancelling {
        until: Duration,
    },
    /// The second interrupt, or the workers did not heed the first.
    Killing,
    Over,
}

impl Dispatcher {
    pub(super) fn interrupt(&mut self, now: Duration) {
        if self.phase == Phase::Running {
            self.cut_short(Ending::Interrupted, now);
        } else {
            self.kill_all("the run was interrupted twice");
        }
    }

    /// Begins nothing any more. What runs may finish: its results are as good as any, and a job
    /// whose commands have begun must not be left without an outcome and so be run a second time.
    pub(super) fn cut_short(&mut self, ending: Ending, now: Duration) {
        self.cut_short = Some(ending);
        self.phase = Phase::Draining { until: now.saturating_add(self.settings.grace) };
        self.tell_all(Action::Drain);
    }

    /// Sees to it that a run that was cut short does end.
    pub(super) fn press_for_an_end(&mut self, now: Duration) {
        match self.phase {
            Phase::Draining { until } if now >= until || self.nobody_can_finish() => {
                self.phase = Phase::Cancelling { until: now + CANCEL_GRACE };
                self.tell_all(Action::Cancel);
            }
            Phase::Cancelling { until } if now >= until => self.kill_all("it did not end its sessions"),
            _ => {}
        }
    }

    /// Whether all that is left are sessions that may not log in any more.
    fn nobody_can_finish(&self) -> bool {
        let mut held = self.workers.iter().flat_map(|worker| &worker.held);
        held.all(|id| {
            let job = &self.jobs[id.index()];
            job.may_be_logging_in() && !job.has_leave()
        })
    }

    fn kill_all(&mut self, reason: &str) {
        self.phase = Phase::Killing;
        let holding = self.workers.iter().filter(|worker| !worker.held.is_empty());
        for id in holding.map(|worker| worker.id).collect::<Vec<_>>() {
            self.kill(id, reason.to_owned());
        }
    }

    fn tell_all(&mut self, what: impl Fn(WorkerId) -> Action) {
        let ready = self.workers.iter().filter(|worker| worker.state == State::Ready);
        self.actions.extend(ready.map(|worker| what(worker.id)));
    }

    pub(super) fn finish_if_done(&mut self) {
        let nobody_works = || self.workers.iter().all(|worker| worker.held.is_empty());
        let done = match self.phase {
            Phase::Over => false,
            Phase::Running => self.unsettled == 0,
            Phase::Draining { .. } | Phase::Cancelling { .. } | Phase::Killing => nobody_works(),
        };
        if done {
            self.phase = Phase::Over;
            // To have given up is of no consequence where every job has its outcome all the same.
            let cut_short = self.cut_short.take();
            let cut_short = cut_short.filter(|cut| self.unsettled > 0 || *cut == Ending::Interrupted);
            self.actions.push(Action::Finish(cut_short.unwrap_or(Ending::Complete)));
        }
    }
}
