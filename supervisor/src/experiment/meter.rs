//! Who listens to a sweep for an experiment.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::Result;
use netsweep_shared::outcome::{AttemptEnd, ErrorKind};
use netsweep_shared::protocol;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

use super::results::{Cost, Phases, Span};
use crate::event::{Consumer, RunEvent};
use crate::record::DeviceStatus;

/// Timelines have no more sessions than this.
const MOST_SPANS: usize = 20_000;

/// Lines that are kept of what was said.
const MOST_SAID: usize = 10;

/// What was seen of a sweep.
#[derive(Debug)]
pub(super) struct Meter {
    began: Instant,
    /// Records are kept here, as those of any run.
    store: Box<dyn Consumer>,
    before: Cost,
    pub(super) phases: Phases,
    pub(super) workers: BTreeMap<u32, Cost>,
    pub(super) timeline: Vec<Span>,
    /// Each session's whole time.
    pub(super) totals: Vec<f64>,
    pub(super) sessions: u32,
    pub(super) failures: u32,
    /// A device that has rejected the login.
    pub(super) rejected_by: Option<String>,
    peak_memory: u64,
    /// What was said by and of the workers: in a trial that is what it should be, nothing.
    pub(super) said: Vec<String>,
}

impl std::fmt::Debug for dyn Consumer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Consumer")
    }
}

impl Meter {
    /// Begins now.
    pub(super) fn new(store: Box<dyn Consumer>) -> Self {
        Self {
            began: Instant::now(),
            store,
            before: our_cost(),
            phases: Phases::default(),
            workers: BTreeMap::new(),
            timeline: Vec::new(),
            totals: Vec::new(),
            sessions: 0,
            failures: 0,
            rejected_by: None,
            peak_memory: 0,
            said: Vec::new(),
        }
    }

    /// What this process has used since the beginning.
    pub(super) fn supervisor(&self) -> Cost {
        let (now, before) = (our_cost(), &self.before);
        Cost {
            user: now.user - before.user,
            system: now.system - before.system,
            peak_memory: self.peak_memory,
            voluntary_switches: now.voluntary_switches - before.voluntary_switches,
            involuntary_switches: now.involuntary_switches - before.involuntary_switches,
        }
    }

    fn hear(&mut self, text: String) {
        if self.said.len() < MOST_SAID && !self.said.contains(&text) {
            self.said.push(text);
        }
    }

    fn attempt(&mut self, worker: u32, device: &str, end: &AttemptEnd) {
        let AttemptEnd { timing, effort, .. } = end;
        let seconds = |time: std::time::Duration| time.as_secs_f64();
        let sums = &mut self.phases;
        sums.queue += seconds(effort.queue);
        sums.connect += seconds(timing.connect);
        sums.key_exchange += seconds(effort.key_exchange);
        sums.login += seconds(timing.login.saturating_sub(effort.key_exchange));
        sums.commands += seconds(timing.commands);
        sums.compute += seconds(effort.compute);
        sums.parse += seconds(effort.parse);
        sums.lock += seconds(effort.lock);
        sums.pipe += seconds(effort.pipe);
        let total = seconds(timing.total);
        self.totals.push(total);
        if self.timeline.len() < MOST_SPANS {
            let ended = seconds(self.began.elapsed());
            let began = (ended - total).max(0.0);
            let ready = seconds(timing.connect + timing.login);
            let is_ready = timing.commands > std::time::Duration::ZERO;
            self.timeline.push(Span {
                worker,
                thread: effort.thread,
                device: device.to_owned(),
                began: tenths_of_ms(began),
                ready: tenths_of_ms(if is_ready { (began + ready).min(ended) } else { ended }),
                ended: tenths_of_ms(ended),
                ok: end.failure.is_none(),
            });
        }
    }
}

/// Nobody sees more, and it makes pages half as large.
fn tenths_of_ms(seconds: f64) -> f64 {
    (seconds * 10_000.0).round() / 10_000.0
}

impl Consumer for Meter {
    fn on(&mut self, event: &RunEvent<'_>) -> Result<()> {
        match event {
            RunEvent::AttemptEnded { worker, device, end } => self.attempt(*worker, device, end),
            RunEvent::WorkerCost { worker, cost } => add(self.workers.entry(*worker).or_default(), cost),
            RunEvent::Usage(usage) => self.peak_memory = self.peak_memory.max(usage.supervisor.peak_memory),
            RunEvent::DeviceDone(record) => {
                self.sessions += 1;
                self.failures += u32::from(record.status != DeviceStatus::Ok);
                let rejected = record.error.as_ref().is_some_and(|error| error.kind == ErrorKind::Auth);
                if rejected && self.rejected_by.is_none() {
                    self.rejected_by = Some(record.device.to_string());
                }
            }
            RunEvent::Notice(text) => self.hear((*text).to_owned()),
            RunEvent::WorkerLost { worker, reason } => {
                self.hear(format!("worker {worker} was lost: {reason}"))
            }
            _ => {}
        }
        let began = Instant::now();
        let stored = self.store.on(event);
        self.phases.store += began.elapsed().as_secs_f64();
        stored
    }
}

/// A worker's processes, one after the other.
fn add(sum: &mut Cost, cost: &protocol::Cost) {
    sum.user += cost.user.as_secs_f64();
    sum.system += cost.system.as_secs_f64();
    sum.peak_memory = sum.peak_memory.max(cost.peak_memory);
    sum.voluntary_switches += cost.voluntary_switches;
    sum.involuntary_switches += cost.involuntary_switches;
}

/// This process up to now; its peak of memory is not asked for here.
fn our_cost() -> Cost {
    let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) else { return Cost::default() };
    let count = |switches: i64| u64::try_from(switches).unwrap_or_default();
    Cost {
        user: usage.user_time().num_microseconds() as f64 / 1e6,
        system: usage.system_time().num_microseconds() as f64 / 1e6,
        peak_memory: 0,
        voluntary_switches: count(usage.voluntary_context_switches()),
        involuntary_switches: count(usage.involuntary_context_switches()),
    }
}
