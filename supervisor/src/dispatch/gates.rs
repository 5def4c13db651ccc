//! Gates that only so many jobs may be past at once, and who waits before them.

use std::collections::VecDeque;

use netsweep_shared::job::JobId;

/// One for each limited group, then one for each guard: of a credential, of a way.
#[derive(Debug)]
pub(super) struct Gates(Vec<Gate>);

#[derive(Debug)]
struct Gate {
    limit: u32,
    past: u32,
    waiting: VecDeque<JobId>,
}

impl Gates {
    pub(super) fn new(limits: impl Iterator<Item = u32>) -> Self {
        // A gate that lets nobody through would keep its jobs for ever.
        Self(limits.map(|limit| Gate { limit: limit.max(1), past: 0, waiting: VecDeque::new() }).collect())
    }

    /// Takes a place at each of `gates`, or at none where one of them is full.
    pub(super) fn admit(&mut self, gates: &[u32]) -> Result<(), u32> {
        if let Some(&full) = gates.iter().find(|&&gate| self.at(gate).is_full()) {
            return Err(full);
        }
        for &gate in gates {
            self.at(gate).past += 1;
        }
        Ok(())
    }

    pub(super) fn leave(&mut self, gate: u32) {
        self.at(gate).past -= 1;
    }

    pub(super) fn block(&mut self, job: JobId, full: u32) {
        self.at(full).waiting.push_back(job);
    }

    /// The first in the gate's line, if there is a place.
    pub(super) fn wake(&mut self, gate: u32) -> Option<JobId> {
        let gate = self.at(gate);
        if gate.is_full() { None } else { gate.waiting.pop_front() }
    }

    /// Sets the gate's limit; by how much it was raised.
    pub(super) fn set_limit(&mut self, gate: u32, limit: u32) -> u32 {
        limit.saturating_sub(std::mem::replace(&mut self.at(gate).limit, limit))
    }

    /// Takes the gate's limit away; who waited there.
    pub(super) fn open(&mut self, gate: u32) -> VecDeque<JobId> {
        let gate = self.at(gate);
        gate.limit = u32::MAX;
        std::mem::take(&mut gate.waiting)
    }

    /// Whether somebody waits before the gate because it is full.
    pub(super) fn is_waited_for(&mut self, gate: u32) -> bool {
        let gate = self.at(gate);
        gate.is_full() && !gate.waiting.is_empty()
    }

    /// Keeps only those in the lines that `stays` names.
    pub(super) fn retain(&mut self, mut stays: impl FnMut(&JobId) -> bool) {
        self.0.iter_mut().for_each(|gate| gate.waiting.retain(&mut stays));
    }

    fn at(&mut self, gate: u32) -> &mut Gate {
        &mut self.0[gate as usize]
    }
}

impl Gate {
    fn is_full(&self) -> bool {
        self.past >= self.limit
    }
}
