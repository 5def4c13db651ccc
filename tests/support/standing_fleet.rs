//! A simulated fleet that outlives the sweeps, and remembers who called.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::netsweep;

/// `netsweep simulate`, its log in a file.
pub(crate) struct StandingFleet {
    child: Child,
    log: PathBuf,
}

impl StandingFleet {
    /// Starts the devices of `devices`, with `words` for what they are like, and writes the inventory by
    /// which they are reached to `inventory`.
    pub(crate) fn start(folder: &Path, devices: &Path, words: &[&str], inventory: &Path) -> Self {
        let log = folder.join("fleet.log");
        let child = netsweep()
            .env("NETSWEEP_TEST_FLEET_LOG", "1")
            .arg("simulate")
            .arg("-i")
            .arg(devices)
            .arg("-o")
            .arg(inventory)
            .args(words)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log).expect("created"))
            .spawn()
            .expect("it starts");
        let fleet = Self { child, log };
        let deadline = Instant::now() + Duration::from_secs(60);
        // Said when the inventory is written.
        while !fleet.log().contains("Ctrl-C ends them") {
            assert!(Instant::now() < deadline, "the fleet did not start: {}", fleet.log());
            sleep(Duration::from_millis(10));
        }
        fleet
    }

    /// Everything that it has said so far.
    fn log(&self) -> String {
        fs::read_to_string(&self.log).expect("a log")
    }

    /// Devices that were called, and commands that they were told with their devices, in this order,
    /// since the log had `from` bytes; and how many it has now.
    pub(crate) fn since(&self, from: usize) -> (Vec<String>, Vec<(String, String)>, usize) {
        let log = self.log();
        let whole = log.rfind('\n').map_or(0, |last| last + 1);
        let (mut called, mut told) = (Vec::new(), Vec::new());
        for line in log[from..whole].lines() {
            let Some((_, event)) = line.split_once("DEBUG ") else { continue };
            if let Some(device) = event.strip_suffix(" is called") {
                called.push(device.to_owned());
            } else if let Some((device, command)) = event.split_once(" is told ") {
                told.push((device.to_owned(), command.trim_matches('"').to_owned()));
            }
        }
        (called, told, whole)
    }
}

impl Drop for StandingFleet {
    fn drop(&mut self) {
        // The devices' own process ends with this one.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
