//! An onlooker who holds a run and its store to what `invariants.rs` says.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use netsweep_shared::outcome::ErrorKind;

use super::invariants::{outcomes_are_durable, resumes_exactly};
use super::open::Store;
use super::runs::RunDevice;
use crate::event::{Consumer, RunEnd, RunEvent};

/// Someone who watches a recorded run.
#[derive(Debug)]
pub struct StoreWitness {
    path: PathBuf,
    run: String,
    before: Vec<RunDevice>,
    /// Devices that were called, or settled without a call.
    begun: BTreeSet<String>,
    told: BTreeSet<String>,
}

impl StoreWitness {
    /// Watches `run` of the store at `path` from here on.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn new(path: &Path, run: &str) -> Result<Self> {
        let mut witness = Self {
            path: path.to_owned(),
            run: run.to_owned(),
            before: Vec::new(),
            begun: BTreeSet::new(),
            told: BTreeSet::new(),
        };
        witness.before = witness.devices()?;
        Ok(witness)
    }

    fn devices(&self) -> Result<Vec<RunDevice>> {
        // By a connection of its own, which sees what is durable.
        let store = Store::open(Some(&self.path))?.context("there is no store")?;
        let run = store.run(&self.run)?.with_context(|| format!("run {} is not in its store", self.run))?;
        store.devices(&run)
    }

    /// Holds the run, which ended as `end` says and is recorded, to the invariants.
    ///
    /// # Errors
    /// What was broken.
    pub fn check(&self, end: &RunEnd) -> Result<()> {
        let after = self.devices()?;
        let standstill = |device: &RunDevice| (device.name.clone(), device.standstill);
        // What is cut short may leave some.
        let whole = !end.interrupted && end.left == 0;
        let before = self.before.iter().filter(|device| whole || self.begun.contains(&device.name));
        outcomes_are_durable(after.iter().map(standstill), &self.told)
            .and_then(|()| resumes_exactly(before.map(standstill), &self.begun))
            .map_err(|broken| anyhow!("{broken}, which is a defect of netsweep"))
    }
}

impl Consumer for StoreWitness {
    fn on(&mut self, event: &RunEvent<'_>) -> Result<()> {
        match event {
            RunEvent::AttemptStarted { device, .. } => {
                self.begun.insert((*device).to_owned());
            }
            RunEvent::DeviceDone(record) => {
                let kind = record.error.as_ref().map(|error| error.kind);
                if kind == Some(ErrorKind::LockoutGuard) {
                    self.begun.insert(record.device.to_string());
                }
                if kind != Some(ErrorKind::Interrupted) {
                    self.told.insert(record.device.to_string());
                }
            }
            _ => {}
        }
        Ok(())
    }
}
