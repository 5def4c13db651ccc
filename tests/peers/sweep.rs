//! An inventory of peers, and a sweep over it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::peers::account::{PASSPHRASE, PASSWORD, USER};
use crate::peers::frr;
use crate::support::{Ran, netsweep, run};

/// A password that nothing accepts.
pub(crate) const WRONG: &str = "Wrong-Pw1";

/// Every password and passphrase there is; no run prints any.
pub(crate) const SECRETS: [&str; 5] = [PASSWORD, PASSPHRASE, WRONG, frr::PASSWORD, frr::ENABLE];

/// What a Linux account with a password needs.
pub(crate) const SHELL: &str = "platform = \"linux\"\npassword = { env = \"PEER_PASSWORD\" }\n";
/// The same, with a password that is not the account's.
pub(crate) const INTRUDER: &str = "platform = \"linux\"\npassword = { env = \"PEER_WRONG\" }\n";
/// FRR's shell behind the account's login.
pub(crate) const VTYSH: &str = "platform = \"frr\"\npassword = { env = \"PEER_PASSWORD\" }\n";
/// An account that lets in by other means than its password.
pub(crate) const KEYS: &str = "platform = \"linux\"\n";

/// An inventory in a directory of its own, which is also the user's home directory.
pub(crate) struct Sweep {
    home: TempDir,
    inventory: String,
    command: Command,
}

impl Sweep {
    /// Of devices that let the account in.
    pub(crate) fn new() -> Self {
        let mut sweep = Self::nobody();
        sweep.inventory = format!("[defaults]\nusername = \"{USER}\"\n");
        sweep
    }

    /// Of devices of which no username is said.
    pub(crate) fn nobody() -> Self {
        let home = TempDir::new().expect("a temporary directory");
        let mut command = netsweep();
        command.env("HOME", home.path()).args(["run", "--format", "jsonl", "-i"]);
        command.arg(home.path().join("devices.toml"));
        let mut sweep = Self { home, inventory: String::new(), command };
        for (name, value) in
            [("PEER_PASSWORD", PASSWORD), ("PEER_WRONG", WRONG), ("PEER_PASSPHRASE", PASSPHRASE)]
        {
            sweep = sweep.env(name, value);
        }
        sweep
    }

    /// A device on `port`, with further keys in TOML.
    pub(crate) fn device(self, name: &str, port: u16, keys: &str) -> Self {
        self.named(name, &format!("address = \"127.0.0.1\"\nport = {port}\n{keys}"))
    }

    /// A device with nothing but these keys.
    pub(crate) fn named(mut self, name: &str, keys: &str) -> Self {
        self.inventory += &format!("\n[[devices]]\nname = \"{name}\"\n{keys}\n");
        self
    }

    /// So many devices that are one.
    pub(crate) fn devices(self, count: u32, port: u16, keys: &str) -> Self {
        (1..=count).fold(self, |sweep, number| sweep.device(&format!("host-{number}"), port, keys))
    }

    pub(crate) fn args(mut self, arguments: &[&str]) -> Self {
        self.command.args(arguments);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// A file of the user's.
    pub(crate) fn file(self, name: &str, text: &str) -> Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a directory");
        fs::write(path, text).expect("written");
        self
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// The command, once the inventory is written.
    pub(crate) fn command(&mut self) -> &mut Command {
        fs::write(self.path("devices.toml"), &self.inventory).expect("written");
        &mut self.command
    }

    pub(crate) fn run(&mut self, commands: &[&str]) -> Ran {
        let ran = run(self.command().args(commands));
        for secret in SECRETS {
            assert!(!ran.stdout.contains(secret) && !ran.stderr.contains(secret), "{secret:?} was printed");
        }
        ran
    }

    /// The records of a run in which every device succeeded.
    #[track_caller]
    pub(crate) fn succeeds(&mut self, commands: &[&str]) -> BTreeMap<String, Value> {
        let ran = self.run(commands);
        ran.expect_code(0);
        ran.records()
    }

    /// The record of a run in which the only device failed.
    #[track_caller]
    pub(crate) fn fails(&mut self, commands: &[&str]) -> Value {
        let ran = self.run(commands);
        ran.expect_code(1);
        ran.records().into_values().next().expect("a record")
    }
}

/// A device that refuses what it is given, of which it is asked once.
#[track_caller]
pub(crate) fn refused(record: &Value) {
    assert_eq!(record["error"]["kind"], "auth", "{record}");
    assert_eq!(record["attempts"], 1, "{record}");
}

/// What the commands printed.
pub(crate) fn answers(record: &Value) -> Vec<&str> {
    let commands = record["commands"].as_array().expect("commands");
    commands.iter().map(|command| command["output"].as_str().expect("an output")).collect()
}

/// What an error says to a person.
pub(crate) fn message(record: &Value) -> &str {
    record["error"]["message"].as_str().expect("a message")
}
