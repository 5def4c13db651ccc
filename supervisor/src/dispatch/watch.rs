//! Who hangs, and is killed for it.

use std::time::Duration;

use netsweep_shared::job::JobId;

use super::dispatcher::Dispatcher;
use super::job::{Job, Step};
use super::message::{Action, WorkerId};
use super::worker::{State, Worker};

/// A worker that has not spoken for so long hangs; it should speak every second.
const SILENCE: Duration = Duration::from_secs(15);
/// A worker that has jobs and no session, and begins none for so long, hangs as well.
const IDLENESS: Duration = Duration::from_secs(15);
/// A worker that does not hear for so long that one of its sessions may log in hangs, too.
const DEAFNESS: Duration = Duration::from_secs(15);
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
        self.retire_those_with_a_wedged_thread(now);
    }

    /// A session that does not end costs its worker the life, but not its neighbours theirs: what they do
    /// may be a change that must not be broken off. They have deadlines as well.
    fn retire_those_with_a_wedged_thread(&mut self, now: Duration) {
        let is_wedged = |worker: &&mut Worker| {
            let overdue = |job: &JobId| {
                is_overdue(&self.jobs[job.index()], worker.id, now, self.settings.device_timeout)
            };
            worker.is_alive() && !worker.retiring && worker.held.iter().any(overdue)
        };
        for worker in self.workers.iter_mut().filter(is_wedged) {
            worker.retiring = true;
            self.actions.push(Action::Retire(worker.id));
        }
    }

    fn why_it_hangs(&self, worker: &Worker, now: Duration) -> Option<String> {
        if now.saturating_sub(worker.last_heard) > SILENCE {
            return Some(format!("it has said nothing for {} s", SILENCE.as_secs()));
        }
        if worker.retiring && worker.held.is_empty() {
            // The one that was late has come to its end after all, when nothing more was to be begun.
            return Some("one of its sessions had not ended at its deadline".into());
        }
        let held = || worker.held.iter().map(|id| (id, &self.jobs[id.index()]));
        let begun = |job: &Job| job.step_on(worker.id).is_some_and(Step::has_begun);
        let overdue = |job: &Job| is_overdue(job, worker.id, now, self.settings.device_timeout);
        if let Some((id, _)) = held().find(|(_, job)| overdue(job))
            && held().all(|(_, job)| overdue(job) || !begun(job))
        {
            return Some(format!("its job {id} did not end at its deadline"));
        }
        let unheard = |job: &Job| job.unheard().is_some_and(|told| now.saturating_sub(told) > DEAFNESS);
        if let Some((id, _)) = held().find(|(_, job)| unheard(job)) {
            return Some(format!("it has not heard for {} s that job {id} may log in", DEAFNESS.as_secs()));
        }
        let idle = !worker.held.is_empty() && !held().any(|(_, job)| begun(job));
        (idle && now.saturating_sub(worker.last_moved) > IDLENESS)
            .then(|| format!("it has begun none of its jobs for {} s", IDLENESS.as_secs()))
    }

    pub(super) fn kill(&mut self, id: WorkerId, reason: String) {
        let worker = &mut self.workers[id.number as usize];
        if worker.is_alive() {
            worker.state = State::Dying;
            self.actions.push(Action::Kill(id, reason));
        }
    }
}

fn is_overdue(job: &Job, worker: WorkerId, now: Duration, device_timeout: Duration) -> bool {
    let allowed = job.time_left(device_timeout).saturating_add(OVERDUE);
    let since = job.step_on(worker).and_then(Step::since);
    since.is_some_and(|since| now.saturating_sub(since) > allowed)
}
