//! What happened in many histories.

use std::collections::BTreeMap;

use netsweep_shared::outcome::ErrorKind;

use crate::dispatch::message::{Action, Ending, Verdict};

#[derive(Debug, Default)]
pub(super) struct Tally(BTreeMap<&'static str, u64>);

impl Tally {
    pub(super) fn count(&mut self, action: &Action) {
        *self.0.entry(kind(action)).or_default() += 1;
    }

    pub(super) fn note(&mut self, kind: &'static str) {
        *self.0.entry(kind).or_default() += 1;
    }

    pub(super) fn of(&self, kind: &str) -> u64 {
        self.0.get(kind).copied().unwrap_or(0)
    }

    /// Everything that can happen did, in one history of a hundred on the average: a simulation in
    /// which little happens proves little.
    pub(super) fn expect_variety(&self, histories: u64) {
        let expected = [
            "complete",
            "interrupted",
            "gave up",
            "told",
            "crashed",
            "lost to an interrupt",
            "tried again",
            "run again",
            "cancelled",
            "given leave",
            "withdrawn",
            "retired",
            "skipped",
            "resumed",
            "tuned",
            "killed: silent",
            "killed: overdue",
            "killed: idle",
            "killed: out of turn",
            "killed: the end",
        ];
        for kind in expected {
            assert!(self.of(kind) >= histories / 100, "{kind:?} hardly ever happened: {self:#?}");
        }
    }
}

impl std::iter::Sum for Tally {
    fn sum<I: Iterator<Item = Self>>(tallies: I) -> Self {
        let mut sum = Self::default();
        for (kind, count) in tallies.flat_map(|tally| tally.0) {
            *sum.0.entry(kind).or_default() += count;
        }
        sum
    }
}

fn kind(action: &Action) -> &'static str {
    match action {
        Action::Start(_) => "started",
        Action::Send { .. } => "sent",
        Action::LogIn { .. } => "given leave",
        Action::Drain(_) => "drained",
        Action::Retire(_) => "retired",
        Action::Withdraw { .. } => "withdrawn",
        Action::Cancel(_) => "cancelled",
        Action::Retry { failure: Some(_), .. } => "tried again",
        Action::Retry { failure: None, .. } => "run again",
        Action::Settle { verdict: Verdict::Told(_), .. } => "told",
        Action::Settle { verdict: Verdict::Lost(failure), .. } if failure.kind == ErrorKind::Crashed => {
            "crashed"
        }
        Action::Settle { worker: None, .. } => "skipped",
        Action::Settle { verdict: Verdict::Lost(_), .. } => "lost to an interrupt",
        Action::Kill(_, reason) if reason.contains("said nothing") => "killed: silent",
        Action::Kill(_, reason) if reason.contains("deadline") => "killed: overdue",
        Action::Kill(_, reason) if reason.contains("begun none") => "killed: idle",
        Action::Kill(_, reason) if reason.contains("not heard") => "killed: deaf",
        Action::Kill(_, reason) if reason.contains("the run was") || reason.contains("did not end its") => {
            "killed: the end"
        }
        Action::Kill(..) => "killed: out of turn",
        Action::Allow(_) => "tuned",
        Action::Finish(Ending::Complete) => "complete",
        Action::Finish(Ending::Interrupted) => "interrupted",
        Action::Finish(Ending::GaveUp(_)) => "gave up",
    }
}
