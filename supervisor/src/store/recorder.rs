//! The consumer that records a run.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::{Result, anyhow};

use super::lock::RunLock;
use super::open::Store;
use super::outcomes::Entered;
use super::runs::Ended;
use super::trouble::{StoreFailed, failed};
use super::writer::{Entry, Writer};
use crate::event::{Consumer, RunEvent};

/// Enters what happens into the store.
///
/// Outcomes are to be told to others first and then to this one: whoever reads our output gets each
/// device at least once over a run and its `resume`, and twice only where this process was killed
/// within [`LINGER`](super::writer::LINGER) of telling it. A device whose commands may change it is
/// never run again, so the order is the other one ([`comes_first`](Self::comes_first)): nobody may
/// read that it is `ok` and later that nobody knows.
///
/// An error is a [`StoreFailed`], told once. From then on nothing is recorded, and no device whose
/// commands may change it may be handed out.
#[derive(Debug)]
pub struct Recorder {
    writer: Writer,
    /// The run's devices, by their names.
    devices: HashMap<Box<str>, Known>,
    failed: bool,
    path: PathBuf,
    // Behind the writer: given back when everything is written.
    _lock: RunLock,
}

#[derive(Debug)]
struct Known {
    entered: Entered,
    /// It was handed out and its commands may change it.
    handed_out: bool,
}

impl Recorder {
    /// Records run `run`, which `lock` gives the right to write.
    pub fn new(store: Store, run: i64, lock: RunLock) -> Result<Self> {
        let path = store.path().to_owned();
        // Read once: looking each up when its outcome is entered would cost more than what it saves here.
        let mut devices = HashMap::new();
        store.entered(run, |name, entered| {
            devices.insert(name, Known { entered, handed_out: false });
        })?;
        let writer = Writer::start(store, run)?;
        Ok(Self { path, writer, devices, failed: false, _lock: lock })
    }

    /// The store's file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether `event` has to be durable before others hear of it.
    pub fn comes_first(&self, event: &RunEvent<'_>) -> bool {
        match event {
            RunEvent::DeviceDone(record) => {
                self.devices.get(&*record.device).is_some_and(|known| known.handed_out)
            }
            _ => false,
        }
    }

    fn record(&mut self, event: &RunEvent<'_>) -> Result<(), StoreFailed> {
        match event {
            RunEvent::HandingOut(names) => {
                let mut devices = Vec::with_capacity(names.len());
                for name in *names {
                    let known = self.known(name)?;
                    known.handed_out = true;
                    known.entered.read_only = false;
                    devices.push(known.entered);
                }
                self.writer.write_now(Entry::HandOut(devices))
            }
            RunEvent::AttemptFailed { device, worker, failure } => {
                let device = self.known(device)?.entered;
                let (worker, at, failure) = (*worker, SystemTime::now(), failure.cloned());
                self.writer.write(Entry::Attempt { device, worker, at, failure })
            }
            RunEvent::DeviceDone(record) => {
                let known = self.known(&record.device)?;
                let was_handed_out = std::mem::take(&mut known.handed_out);
                let entry = Entry::Outcome(known.entered, Arc::clone(record));
                match was_handed_out {
                    true => self.writer.write_now(entry),
                    false => self.writer.write(entry),
                }
            }
            RunEvent::Ended(end) => self.writer.write_now(Entry::End(match (end.interrupted, end.left) {
                (true, _) => Ended::Interrupted,
                (false, 0) => Ended::Complete,
                (false, _) => Ended::GaveUp,
            })),
            _ => Ok(()),
        }
    }

    fn known(&mut self, name: &str) -> Result<&mut Known, StoreFailed> {
        let known = self.devices.get_mut(name);
        known.ok_or_else(|| failed(&self.path, &anyhow!("the run has no device {name:?}")))
    }
}

impl Consumer for Recorder {
    fn on(&mut self, event: &RunEvent<'_>) -> Result<()> {
        let matters = matches!(event, RunEvent::HandingOut(_));
        if self.failed && !matters {
            return Ok(());
        }
        let recorded = self.record(event);
        self.failed |= recorded.is_err();
        Ok(recorded?)
    }
}
