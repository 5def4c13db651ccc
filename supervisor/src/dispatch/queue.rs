//! Jobs that wait: for a thread, for a place in their group, for a back-off to end.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::time::Duration;

use netsweep_shared::job::JobId;

#[derive(Debug)]
pub(super) struct Queue {
    ready: VecDeque<JobId>,
    /// Run alone, when a worker is empty.
    suspects: VecDeque<JobId>,
    backing_off: BinaryHeap<Reverse<(Duration, JobId)>>,
    groups: Vec<Group>,
}

/// A group that may have only so many sessions at once.
#[derive(Debug)]
struct Group {
    limit: u32,
    used: u32,
    blocked: VecDeque<JobId>,
}

impl Group {
    fn is_full(&self) -> bool {
        self.used >= self.limit
    }
}

impl Queue {
    pub(super) fn new(order: Vec<JobId>, group_limits: &[u32]) -> Self {
        let group = |&limit| Group { limit, used: 0, blocked: VecDeque::new() };
        Self {
            ready: order.into(),
            suspects: VecDeque::new(),
            backing_off: BinaryHeap::new(),
            groups: group_limits.iter().map(group).collect(),
        }
    }

    /// Jobs that only wait for a thread.
    pub(super) fn ready(&self) -> usize {
        self.ready.len()
    }

    /// Puts `job` before all others.
    pub(super) fn push_front(&mut self, job: JobId) {
        self.ready.push_front(job);
    }

    pub(super) fn push_suspect(&mut self, job: JobId) {
        self.suspects.push_back(job);
    }

    pub(super) fn pop_suspect(&mut self) -> Option<JobId> {
        self.suspects.pop_front()
    }

    pub(super) fn back_off(&mut self, job: JobId, until: Duration) {
        self.backing_off.push(Reverse((until, job)));
    }

    /// Makes the jobs ready whose back-off is over at `now`.
    pub(super) fn end_back_offs(&mut self, now: Duration) {
        while let Some(Reverse((until, job))) = self.backing_off.peek().copied() {
            if until > now {
                break;
            }
            self.backing_off.pop();
            self.ready.push_front(job);
        }
    }

    /// The next job whose groups all have a place, which it takes.
    pub(super) fn pop<'a>(&mut self, groups_of: impl Fn(JobId) -> &'a [u16]) -> Option<JobId> {
        while let Some(job) = self.ready.pop_front() {
            let groups = groups_of(job);
            let full = groups.iter().find(|&&group| self.groups[usize::from(group)].is_full());
            let Some(&full) = full else {
                self.enter(groups);
                return Some(job);
            };
            self.groups[usize::from(full)].blocked.push_back(job);
            // A place that this job was woken for goes to the next in that group's line.
            for &group in groups {
                self.wake(group);
            }
        }
        None
    }

    /// Takes a place in each of `groups`, room or not.
    pub(super) fn enter(&mut self, groups: &[u16]) {
        for &group in groups {
            self.groups[usize::from(group)].used += 1;
        }
    }

    /// Gives a job's places back.
    pub(super) fn leave(&mut self, groups: &[u16]) {
        for &group in groups {
            self.groups[usize::from(group)].used -= 1;
            self.wake(group);
        }
    }

    fn wake(&mut self, group: u16) {
        let group = &mut self.groups[usize::from(group)];
        if !group.is_full()
            && let Some(job) = group.blocked.pop_front()
        {
            self.ready.push_front(job);
        }
    }
}
