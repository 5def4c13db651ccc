//! What the end-to-end tests share: running the executable and reading what it printed.

#![allow(dead_code, reason = "every test target uses a part of it")]

pub(crate) mod chance;
pub(crate) mod place;
pub(crate) mod standing_fleet;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// The executable under test.
pub(crate) fn netsweep() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_netsweep"));
    // The password that the sample inventory asks for must never be needed in a rehearsal.
    command.env_remove("NETSWEEP_PASSWORD");
    // Nor may anything of whoever runs the tests: no SSH config, no keys, no agent.
    command.env("HOME", home()).env_remove("SSH_AUTH_SOCK");
    // Every run of every test is held to the supervision invariants.
    command.env("NETSWEEP_WITNESS", "1");
    command.current_dir(repository());
    command
}

/// A home directory that is nobody's and new in every run, so that no test meets the user's own files.
fn home() -> PathBuf {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("home-{}", std::process::id()));
    std::fs::create_dir_all(&home).expect("a directory");
    home
}

/// The worker's own executable, which stands beside the supervisor's.
pub(crate) fn worker_binary() -> PathBuf {
    let path = Path::new(env!("CARGO_BIN_EXE_netsweep")).with_file_name("netsweep-worker");
    assert!(path.exists(), "{} is missing: build with --workspace", path.display());
    path
}

/// The repository's top folder.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A directory with an inventory, `devices.toml`.
pub(crate) fn inventory(text: &str) -> TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory");
    std::fs::write(directory.path().join("devices.toml"), text).expect("written");
    directory
}

/// A finished run: what it printed and how it exited.
pub(crate) struct Ran {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: Option<i32>,
}

/// Runs `command` to its end.
pub(crate) fn run(command: &mut Command) -> Ran {
    let Output { status, stdout, stderr } = command.output().expect("it starts");
    Ran {
        stdout: String::from_utf8(stdout).expect("stdout is UTF-8"),
        stderr: String::from_utf8_lossy(&stderr).into_owned(),
        code: status.code(),
    }
}

impl Ran {
    /// The records of `--format jsonl` by device; each device may have only one.
    pub(crate) fn records(&self) -> BTreeMap<String, Value> {
        let mut records = BTreeMap::new();
        for line in self.stdout.lines() {
            let record: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            let device = record["device"].as_str().expect("a device").to_owned();
            assert!(records.insert(device, record).is_none(), "two records of one device: {line}");
        }
        records
    }

    /// Fails with everything that was printed unless the exit code is `code`.
    #[track_caller]
    pub(crate) fn expect_code(&self, code: i32) -> &Self {
        assert_eq!(
            self.code,
            Some(code),
            "\nstdout:\n{}\nstderr:\n{}",
            head(&self.stdout),
            head(&self.stderr)
        );
        self
    }
}

fn head(text: &str) -> String {
    text.chars().take(6000).collect()
}

/// How many records have each pair of status and error kind (`-` for none).
pub(crate) fn tally(records: &BTreeMap<String, Value>) -> BTreeMap<String, usize> {
    let mut tally = BTreeMap::new();
    for record in records.values() {
        let status = record["status"].as_str().expect("a status");
        let kind = record["error"]["kind"].as_str().unwrap_or("-");
        *tally.entry(format!("{status} {kind}")).or_default() += 1;
    }
    tally
}
