//! Which sessions there are, and which are not to be.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use netsweep_shared::job::JobId;
use netsweep_shared::protocol::Activity;

use crate::leave::Question;
use crate::watchdog::Slot;

/// How often the end of the last session is looked for.
const LOOK: Duration = Duration::from_millis(2);

/// Which session runs where, and which jobs are not to be begun.
#[derive(Default)]
pub(crate) struct Register(Mutex<Entries>);

#[derive(Default)]
struct Entries {
    running: HashMap<JobId, Slot>,
    withdrawn: HashSet<JobId>,
    /// Jobs that need not ask any more before they log in.
    given_leave: HashSet<JobId>,
}

impl Register {
    /// Has nobody log in for `job` any more.
    pub(crate) fn withdraw(&self, job: JobId) {
        let mut entries = self.entries();
        match entries.running.get(&job) {
            Some(slot) => slot.withdraw(),
            // It waits; or it has just ended, and then its number never comes again.
            None => drop(entries.withdrawn.insert(job)),
        }
    }

    /// `job` is in hand, and what was said of it before it was, is void.
    pub(crate) fn expect(&self, job: JobId) {
        self.entries().given_leave.remove(&job);
    }

    /// Lets `job` log in, which asks first.
    pub(crate) fn give_leave(&self, job: JobId) {
        let mut entries = self.entries();
        match entries.running.get(&job) {
            Some(slot) => slot.give_leave(),
            None => drop(entries.given_leave.insert(job)),
        }
    }

    /// Whether `job` may begin. Its session asks `question`, if there is one, and has not been given leave already.
    pub(crate) fn begin(&self, job: JobId, slot: &Slot, question: Option<Question>) -> bool {
        let mut entries = self.entries();
        let may_begin = !entries.withdrawn.remove(&job);
        let has_leave = entries.given_leave.remove(&job);
        if may_begin {
            slot.begin(question.filter(|_| !has_leave));
            entries.running.insert(job, slot.clone());
        }
        may_begin
    }

    pub(crate) fn end(&self, job: JobId) {
        self.entries().running.remove(&job);
    }

    /// Returns when no session runs, or `time` is up. It looks now and then, so that the many who end
    /// before need not call one who seldom waits.
    pub(crate) fn wait_until_idle(&self, time: Duration) {
        let until = Instant::now() + time;
        while !self.entries().running.is_empty() && Instant::now() < until {
            thread::sleep(LOOK);
        }
    }

    /// What every session is at.
    pub(crate) fn activities(&self) -> Vec<Activity> {
        let activity = |(job, slot): (&JobId, &Slot)| Activity { job: *job, stage: slot.stage() };
        self.entries().running.iter().map(activity).collect()
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
