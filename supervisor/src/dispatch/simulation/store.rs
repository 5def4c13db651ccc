//! The simulated run store: what of a run outlives its supervisor.

use std::time::Duration;

use netsweep_shared::job::JobId;

use crate::dispatch::JobSpec;
use crate::dispatch::message::Action;
use crate::store::Standstill;
use crate::store::writer::LINGER;

/// By job.
#[derive(Debug)]
pub(super) struct Store(Vec<Row>);

#[derive(Debug)]
struct Row {
    read_only: bool,
    /// A worker has it, or is about to, and it may be changed.
    marked: bool,
    /// When its outcome is durable.
    durable: Option<Duration>,
}

impl Store {
    pub(super) fn new(specs: &[JobSpec]) -> Self {
        let row = |spec: &JobSpec| Row { read_only: spec.read_only, marked: false, durable: None };
        Self(specs.iter().map(row).collect())
    }

    /// Enters what follows from `action` before anyone acts on it, as the shell does.
    pub(super) fn enter(&mut self, action: &Action, now: Duration) {
        match action {
            Action::Send { job, .. } => {
                let row = self.row(*job);
                row.marked = !row.read_only;
            }
            Action::Retry { job, .. } => self.row(*job).marked = false,
            Action::Settle { job, .. } => {
                let row = self.row(*job);
                row.durable = Some(if row.read_only { now + LINGER } else { now });
            }
            _ => {}
        }
    }

    /// What whoever opens it finds, should the supervisor be killed `now`.
    pub(super) fn found(&self, now: Duration) -> impl Iterator<Item = Standstill> {
        self.0.iter().map(move |row| match row {
            Row { durable: Some(since), .. } if *since <= now => Standstill::Done,
            Row { marked: true, .. } => Standstill::Doubtful,
            _ => Standstill::Left,
        })
    }

    fn row(&mut self, job: JobId) -> &mut Row {
        &mut self.0[job.index()]
    }
}
