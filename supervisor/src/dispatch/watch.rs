//! Who hangs, and is killed for it.

use std::time::Duration;

use super::dispatcher::Dispatcher;
use super::job::{Job, Step};
use super::message::{Action, WorkerId};
use super::worker::{State, Worker};

/// A worker that has not spoken for so long hangs; it should speak every second.
const SILENCE: Duration = Duration::from_secs(15);
/// A worker that has jobs and no session, and begins none for so long, hangs as well.
const IDLENESS: Duration = Duration::from_secs(15);
/// How far behind its deadline a job may be before its worker is taken to hang.
const OVERDUE: Duration = Duration::from_secs(5);

impl Dispatcher {
    pub(super) fn kill_those_that_hang(&mut self, now: Duration) {
        let alive = self.workers.iter().filter(|worker| worker.is_alive());
        let hanging: Vec<_> =
            alive.filter_map(|worker| Some((worker.id, self.why_it_hangs(worker, now)?))).collect();
        for (id, reason) in hanging {
            self.kill(id, reason);
        }
    }

    fn why_it_hangs(&self, worker: &Worker, now: Duration) -> Option<String> {
        if now.saturating_sub(worker.last_heard) > SILENCE {
            return Some(format!("it has said nothing for {} s", SILENCE.as_secs()));
        }
        let held = || worker.held.iter().map(|id| (id, &self.jobs[id.index()]));
        if let Some((id, _)) = held().find(|(_, job)| self.is_overdue(job, worker.id, now)) {
            return Some(format!("its job {id} did not end at its deadline"));
        }
        let begun = |job: &Job| job.step_on(worker.id).is_some_and(Step::has_begun);
        let idle = !worker.held.is_empty() && !held().any(|(_, job)| begun(job));
        (idle && now.saturating_sub(worker.last_moved) > IDLENESS)
            .then(|| format!("it has begun none of its jobs for {} s", IDLENESS.as_secs()))
    }

    fn is_overdue(&self, job: &Job, worker: WorkerId, now: Duration) -> bool {
        let allowed = job.time_left(self.settings.device_timeout).saturating_add(OVERDUE);
        let since = job.step_on(worker).and_then(Step::since);
        since.is_some_and(|since| now.saturating_sub(since) > allowed)
    }

    pub(super) fn kill(&mut self, id: WorkerId, reason: String) {
        let worker = &mut self.workers[id.number as usize];
        if worker.is_alive() {
            worker.state = State::Dying;
            self.actions.push(Action::Kill(id, reason));
        }
    }
}
