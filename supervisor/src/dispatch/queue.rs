//! Jobs that wait: for a thread, for a place in their group, for a back-off to end.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::time::Duration;

use netsweep_shared::job::JobId;

/// Suspects of one death are split into so many companies. More of them find the guilty in fewer
/// deaths, but each is another round in which the worker is not full.
const COMPANIES: usize = 8;

#[derive(Debug)]
pub(super) struct Queue {
    ready: VecDeque<JobId>,
    /// Jobs under suspicion; each company is run on a worker of its own.
    suspects: VecDeque<Vec<JobId>>,
    backing_off: BinaryHeap<Reverse<(Duration, JobId)>>,
    groups: Groups,
}

impl Queue {
    pub(super) fn new(order: Vec<JobId>, group_limits: &[u32]) -> Self {
        Self {
            ready: order.into(),
            suspects: VecDeque::new(),
            backing_off: BinaryHeap::new(),
            groups: Groups::new(group_limits),
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

    /// Puts `suspects` before all others of their kind, in smaller companies than the one they make.
    pub(super) fn push_suspects(&mut self, suspects: &[JobId]) {
        for company in suspects.chunks(suspects.len().div_ceil(COMPANIES).max(1)).rev() {
            self.suspects.push_front(company.to_vec());
        }
    }

    /// Those of the next company of suspects who find a place in their groups, which they take. The
    /// others wait on.
    pub(super) fn pop_suspects<'a>(&mut self, groups_of: impl Fn(JobId) -> &'a [u16]) -> Vec<JobId> {
        let Self { suspects, groups, .. } = self;
        let admitted = suspects
            .iter_mut()
            .map(|company| company.extract_if(.., |job| groups.admit(groups_of(*job)).is_ok()).collect())
            .find(|admitted: &Vec<JobId>| !admitted.is_empty());
        suspects.retain(|company| !company.is_empty());
        admitted.unwrap_or_default()
    }

    pub(super) fn back_off(&mut self, job: JobId, until: Duration) {
        self.backing_off.push(Reverse((until, job)));
    }

    /// A job whose back-off is over at `now`.
    pub(super) fn pop_backed_off(&mut self, now: Duration) -> Option<JobId> {
        let Reverse((until, job)) = *self.backing_off.peek()?;
        (until <= now).then(|| self.backing_off.pop())?;
        Some(job)
    }

    /// The next job whose groups all have a place, which it takes.
    pub(super) fn pop<'a>(&mut self, groups_of: impl Fn(JobId) -> &'a [u16]) -> Option<JobId> {
        while let Some(job) = self.ready.pop_front() {
            let groups = groups_of(job);
            let Err(full) = self.groups.admit(groups) else { return Some(job) };
            self.groups.block(job, full);
            // A place that this job was woken for goes to the next in that group's line.
            for &group in groups {
                self.ready_next_of(group);
            }
        }
        None
    }

    /// Gives a job's places back.
    pub(super) fn leave(&mut self, groups: &[u16]) {
        for &group in groups {
            self.groups.leave(group);
            self.ready_next_of(group);
        }
    }

    fn ready_next_of(&mut self, group: u16) {
        if let Some(job) = self.groups.wake(group) {
            self.ready.push_front(job);
        }
    }
}

/// Groups that may have only so many sessions at once, and who waits for them.
#[derive(Debug)]
struct Groups(Vec<Group>);

#[derive(Debug)]
struct Group {
    limit: u32,
    used: u32,
    blocked: VecDeque<JobId>,
}

impl Groups {
    fn new(limits: &[u32]) -> Self {
        // A group without any place would keep its jobs for ever.
        Self(
            limits
                .iter()
                .map(|&limit| Group { limit: limit.max(1), used: 0, blocked: VecDeque::new() })
                .collect(),
        )
    }

    /// Takes a place in each of `groups`, or in none where one of them is full.
    fn admit(&mut self, groups: &[u16]) -> Result<(), u16> {
        if let Some(&full) = groups.iter().find(|&&group| self.of(group).is_full()) {
            return Err(full);
        }
        for &group in groups {
            self.of(group).used += 1;
        }
        Ok(())
    }

    fn leave(&mut self, group: u16) {
        self.of(group).used -= 1;
    }

    fn block(&mut self, job: JobId, full: u16) {
        self.of(full).blocked.push_back(job);
    }

    /// The first in the group's line, if there is a place.
    fn wake(&mut self, group: u16) -> Option<JobId> {
        let group = self.of(group);
        if group.is_full() { None } else { group.blocked.pop_front() }
    }

    fn of(&mut self, group: u16) -> &mut Group {
        &mut self.0[usize::from(group)]
    }
}

impl Group {
    fn is_full(&self) -> bool {
        self.used >= self.limit
    }
}
