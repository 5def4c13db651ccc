//! The consumer that records a run.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Result;

use super::lock::RunLock;
use super::open::Store;
use super::runs::Ended;
use super::trouble::StoreFailed;
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
    /// Devices that were handed out, whose commands may change them.
    handed_out: HashSet<String>,
    failed: bool,
    path: PathBuf,
    // Behind the writer: given back when everything is written.
    _lock: RunLock,
}

impl Recorder {
    /// Records run `run`, which `lock` gives the right to write.
    pub fn new(store: Store, run: i64, lock: RunLock) -> Result<Self> {
        let path = store.path().to_owned();
        let writer = Writer::start(store, run)?;
        Ok(Self { path, writer, handed_out: HashSet::new(), failed: false, _lock: lock })
    }

    /// The store's file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether `event` has to be durable before others hear of it.
    pub fn comes_first(&self, event: &RunEvent<'_>) -> bool {
        match event {
            RunEvent::DeviceDone(record) => self.handed_out.contains(&record.device),
            _ => false,
        }
    }

    fn record(&mut self, event: &RunEvent<'_>) -> Result<(), StoreFailed> {
        match event {
            RunEvent::HandingOut(devices) => {
                self.handed_out.extend(devices.iter().map(|&device| device.to_owned()));
                let devices = devices.iter().map(|&device| device.to_owned()).collect();
                self.writer.write_now(Entry::HandOut(devices))
            }
            RunEvent::AttemptFailed { device, worker, failure } => self.writer.write(Entry::Attempt {
                device: (*device).to_owned(),
                worker: *worker,
                at: SystemTime::now(),
                failure: failure.cloned(),
            }),
            RunEvent::DeviceDone(record) => {
                let entry = Entry::Outcome(Box::new((*record).clone()));
                match self.handed_out.remove(&record.device) {
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
