//! Jobs that wait: for a thread, for a place at their gates, for a back-off to end.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::time::Duration;

use netsweep_shared::job::JobId;

use super::gates::Gates;

/// Suspects of one death are split into so many companies. More of them find the guilty in fewer
/// deaths, but each is another round in which the worker is not full.
const COMPANIES: usize = 8;

#[derive(Debug)]
pub(super) struct Queue {
    ready: VecDeque<JobId>,
    /// Jobs under suspicion; each company is run on a worker of its own.
    suspects: VecDeque<Vec<JobId>>,
    backing_off: BinaryHeap<Reverse<(Duration, JobId)>>,
    pub(super) gates: Gates,
}

impl Queue {
    pub(super) fn new(order: Vec<JobId>, gates: Gates) -> Self {
        Self { ready: order.into(), suspects: VecDeque::new(), backing_off: BinaryHeap::new(), gates }
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

    /// Those of the next company of suspects who find a place at their gates, which they take. The
    /// others wait on.
    pub(super) fn pop_suspects<'a>(&mut self, gates_of: impl Fn(JobId) -> &'a [u32]) -> Vec<JobId> {
        let Self { suspects, gates, .. } = self;
        let admitted = suspects
            .iter_mut()
            .map(|company| company.extract_if(.., |job| gates.admit(gates_of(*job)).is_ok()).collect())
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

    /// The next job whose gates all have a place, which it takes.
    pub(super) fn pop<'a>(&mut self, gates_of: impl Fn(JobId) -> &'a [u32]) -> Option<JobId> {
        while let Some(job) = self.ready.pop_front() {
            let gates = gates_of(job);
            let Err(full) = self.gates.admit(gates) else { return Some(job) };
            self.gates.block(job, full);
            // A place that this job was woken for goes to the next in that gate's line.
            for &gate in gates {
                self.wake_next_at(gate);
            }
        }
        None
    }

    /// Gives a job's places back.
    pub(super) fn leave(&mut self, gates: &[u32]) {
        for &gate in gates {
            self.gates.leave(gate);
            self.wake_next_at(gate);
        }
    }

    /// From now on so many may be past `gate` at once; `None` sets no limit.
    pub(super) fn set_limit(&mut self, gate: u32, limit: Option<u32>) {
        match limit {
            Some(limit) => {
                let more = self.gates.set_limit(gate, limit);
                (0..more).for_each(|_| self.wake_next_at(gate));
            }
            None => {
                let woken = self.gates.open(gate);
                woken.into_iter().rev().for_each(|job| self.ready.push_front(job));
            }
        }
    }

    /// Takes out every job that waits and that `chosen` names.
    pub(super) fn take_out<'a>(
        &mut self,
        chosen: impl Fn(JobId) -> bool,
        gates_of: impl Fn(JobId) -> &'a [u32],
    ) -> Vec<JobId> {
        let mut taken: Vec<JobId> = Vec::new();
        let mut leaves = |job: &JobId| {
            let leaves = chosen(*job);
            taken.extend(leaves.then_some(*job));
            !leaves
        };
        self.ready.retain(&mut leaves);
        self.suspects.iter_mut().for_each(|company| company.retain(&mut leaves));
        self.suspects.retain(|company| !company.is_empty());
        self.backing_off.retain(|Reverse((_, job))| leaves(job));
        self.gates.retain(&mut leaves);
        // Some may have been woken for a place, which goes to the next in line.
        for gate in taken.iter().flat_map(|job| gates_of(*job)) {
            self.wake_next_at(*gate);
        }
        taken
    }

    fn wake_next_at(&mut self, gate: u32) {
        if let Some(job) = self.gates.wake(gate) {
            self.ready.push_front(job);
        }
    }
}
