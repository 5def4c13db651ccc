//! An inventory and a run store of a test's own.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::{Ran, inventory, netsweep, run};

/// A folder with both.
pub(crate) struct Place {
    pub(crate) folder: TempDir,
}

impl Place {
    /// With an inventory of `devices` on top of the usual defaults.
    pub(crate) fn new(devices: &str) -> Self {
        let text = format!("[defaults]\nplatform = \"cisco_ios\"\nusername = \"admin\"\n{devices}");
        Self { folder: inventory(&text) }
    }

    pub(crate) fn inventory(&self) -> PathBuf {
        self.folder.path().join("devices.toml")
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.folder.path().join("runs.db")
    }

    /// `netsweep WORDS --store …`, its output piped.
    pub(crate) fn netsweep(&self, words: &[&str]) -> Command {
        let mut command = netsweep();
        command.args(words).arg("--store").arg(self.store()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// A rehearsal on all of its devices.
    pub(crate) fn rehearsal(&self, words: &[&str]) -> Command {
        let mut command = self.netsweep(&["run", "--simulate", "--format", "jsonl"]);
        command.arg("-i").arg(self.inventory()).args(words);
        command
    }

    pub(crate) fn resume(&self) -> Command {
        self.netsweep(&["resume", "--format", "jsonl"])
    }

    /// Every record in the store, of the newest run.
    pub(crate) fn export(&self) -> Ran {
        run(&mut self.netsweep(&["runs", "export"]))
    }
}

/// What does not depend on when and where a device was swept.
pub(crate) fn essence(records: &BTreeMap<String, Value>) -> BTreeMap<String, Value> {
    let mut records = records.clone();
    for record in records.values_mut() {
        for key in ["run", "port", "worker", "started", "timing_ms"] {
            record[key] = Value::Null;
        }
        for command in record["commands"].as_array_mut().expect("commands") {
            command["elapsed_ms"] = Value::Null;
        }
    }
    records
}
