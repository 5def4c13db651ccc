//! Who sweeps: netsweep, the floor, and the peers that are installed.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use serde::Deserialize;
use tempfile::TempDir;

use crate::fleet::Fleet;
use crate::measure::{Measured, measure};

/// What all clients run, unless a benchmark says otherwise.
pub const COMMANDS: [&str; 2] = ["show version", "show ip interface brief"];

/// Sessions at once: so many processes with so many threads each. A client that has one process has all
/// sessions in it.
#[derive(Clone, Copy, Debug)]
pub struct Mix(pub usize, pub usize);

impl Mix {
    /// Sessions at once.
    pub fn sessions(self) -> usize {
        self.0 * self.1
    }
}

/// What is here to be measured.
#[derive(Debug)]
pub struct Installed {
    /// The `netsweep` executable.
    pub netsweep: PathBuf,
    /// The floor's executable.
    pub floor: PathBuf,
    /// Another worker executable, to be measured beside the first.
    pub worker_binary: Option<PathBuf>,
    /// The Python that has the peers' libraries.
    pub python: PathBuf,
    /// Of the peers, only these; all where none is named.
    pub peers: Vec<String>,
}

/// A client.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its name in tables.
    pub name: String,
    /// It is given no more sessions at once than it was seen to bear.
    pub most: usize,
    /// Whether it runs one command without a terminal, and so is given only the first.
    pub exec: bool,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Netsweep {
        options: Vec<String>,
    },
    Floor {
        /// What it runs before the others.
        before: &'static [&'static str],
    },
    /// A script, with what starts it.
    Peer(Vec<PathBuf>),
}

/// A client's sweep, and what it cost.
#[derive(Debug)]
pub struct Swept {
    /// As a process.
    pub measured: Measured,
    /// By its own account, where it gives one.
    own: Account,
    /// Devices that it was given.
    pub devices: usize,
}

/// What the floor and the peers' scripts print.
#[derive(Debug, Default, Deserialize)]
struct Account {
    ok: usize,
    makespan_s: Option<f64>,
    cpu_s: Option<f64>,
}

impl Swept {
    /// Devices that answered all commands.
    pub fn ok(&self) -> usize {
        self.own.ok
    }

    /// Seconds from the start of the program to its end.
    pub fn makespan_s(&self) -> f64 {
        self.measured.wall_s
    }

    /// Processor seconds of all its processes together, from start to end.
    pub fn cpu_s(&self) -> f64 {
        self.measured.cpu_s
    }

    /// The makespan by the client's own clock, which begins when libraries are loaded and the inventory is
    /// read; where it has none, from the start of the program.
    pub fn own_makespan_s(&self) -> f64 {
        self.own.makespan_s.unwrap_or(self.measured.wall_s)
    }

    /// Processor seconds by its own account, counted as its own clock; where it gives none, all.
    pub fn own_cpu_s(&self) -> f64 {
        self.own.cpu_s.unwrap_or(self.measured.cpu_s)
    }

    /// Processor milliseconds a session.
    pub fn cpu_ms(&self) -> f64 {
        self.cpu_s() * 1000.0 / self.devices as f64
    }

    /// Processor milliseconds a session, by its own account.
    pub fn own_cpu_ms(&self) -> f64 {
        self.own_cpu_s() * 1000.0 / self.devices as f64
    }

    /// Sessions a second.
    pub fn rate(&self) -> f64 {
        self.devices as f64 / self.makespan_s()
    }
}

/// The scripts of the peers.
const PEERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/peers");

/// Name, library, and the most sessions at once: scrapli was seen to stall beyond.
const PYTHON_PEERS: [(&str, &str, usize); 4] = [
    ("asyncssh", "asyncssh", usize::MAX),
    ("scrapli (ssh2)", "scrapli", 200),
    ("netmiko", "netmiko", usize::MAX),
    ("nornir + netmiko", "nornir_netmiko", usize::MAX),
];

/// Name, and the program that starts OpenSSH's client.
const EXEC_PEERS: [(&str, &str); 3] = [("clush", "clush"), ("pdsh", "pdsh"), ("ssh + xargs", "xargs")];

impl Client {
    /// netsweep with everything on, and these options.
    pub fn netsweep(name: &str, options: &[&str]) -> Self {
        let options = options.iter().map(|&option| option.to_owned()).collect();
        Self { name: name.to_owned(), most: usize::MAX, exec: false, kind: Kind::Netsweep { options } }
    }

    /// The bare client.
    pub fn floor() -> Self {
        let kind = Kind::Floor { before: &[] };
        Self { name: "floor".to_owned(), most: usize::MAX, exec: false, kind }
    }

    /// The bare client, which prepares the terminal as netsweep does.
    pub fn preparing_floor() -> Self {
        let kind = Kind::Floor { before: &["terminal length 0", "terminal width 511"] };
        Self { name: "floor that prepares the terminal".to_owned(), kind, ..Self::floor() }
    }

    /// The peers that are installed, and the names of those that are not.
    pub fn peers(installed: &Installed) -> (Vec<Self>, Vec<&'static str>) {
        let (mut present, mut absent) = (vec![], vec![]);
        let scripts = Path::new(PEERS);
        for (name, library, most) in PYTHON_PEERS {
            if works(Command::new(&installed.python).args(["-c", &format!("import {library}")])) {
                let script = scripts.join(format!("{library}_peer.py"));
                let kind = Kind::Peer(vec![installed.python.clone(), script]);
                present.push(Self { name: name.to_owned(), most, exec: false, kind });
            } else {
                absent.push(name);
            }
        }
        for (name, program) in EXEC_PEERS {
            let mut look = Command::new("sh");
            if works(look.args(["-c", &format!("command -v ssh && command -v {program}")])) {
                let kind = Kind::Peer(vec![scripts.join("openssh.sh"), program.into()]);
                present.push(Self { name: name.to_owned(), most: usize::MAX, exec: true, kind });
            } else {
                absent.push(name);
            }
        }
        let is_chosen =
            |name: &str| installed.peers.is_empty() || installed.peers.iter().any(|it| it == name);
        present.retain(|peer| is_chosen(&peer.name));
        absent.retain(|name| is_chosen(name));
        (present, absent)
    }

    /// The names of all peers, installed or not.
    pub fn names_of_peers() -> impl Iterator<Item = &'static str> {
        PYTHON_PEERS.iter().map(|peer| peer.0).chain(EXEC_PEERS.iter().map(|peer| peer.0))
    }

    /// Sweeps the fleet. A device that fails is no error; see [`Swept::ok`].
    pub fn sweep(&self, installed: &Installed, fleet: &Fleet, mix: Mix, commands: &[&str]) -> Result<Swept> {
        let scratch = tempfile::tempdir()?;
        let measured = measure(&mut self.command(installed, fleet, mix, commands, &scratch))?;
        let own = if let Kind::Netsweep { .. } = self.kind {
            Account { ok: counted_ok(&measured.stderr).unwrap_or(0), ..Account::default() }
        } else {
            let line = measured.stdout.lines().last().unwrap_or_default();
            serde_json::from_str(line)
                .with_context(|| format!("{} gave no account: {}", self.name, measured.stderr))?
        };
        Ok(Swept { measured, own, devices: fleet.devices.count })
    }

    fn command(
        &self,
        installed: &Installed,
        fleet: &Fleet,
        mix: Mix,
        commands: &[&str],
        scratch: &TempDir,
    ) -> Command {
        let sessions = mix.sessions().min(self.most).to_string();
        match &self.kind {
            Kind::Netsweep { options } => {
                let mut command = netsweep(&installed.netsweep, scratch.path());
                command.arg("run").arg("--inventory").arg(fleet.inventory());
                command.args(["-P", &mix.0.to_string(), "-T", &mix.1.to_string()]).args(options);
                // What the first sweep of a fleet has learnt, later ones know.
                command.arg("--known-hosts").arg(fleet.inventory().with_extension("known_hosts"));
                command.args(commands);
                command
            }
            Kind::Floor { before } => {
                let mut command = Command::new(&installed.floor);
                command.arg("--inventory").arg(fleet.inventory()).args(["--threads", &sessions]);
                command.args(*before).args(commands);
                command
            }
            Kind::Peer(words) => {
                let mut command = Command::new(&words[0]);
                command.args(&words[1..]).arg(fleet.inventory()).arg(sessions);
                command.args(if self.exec { &commands[..1] } else { commands });
                command
            }
        }
    }
}

/// netsweep with a home of its own, where its run store and its known host keys begin empty.
pub fn netsweep(executable: &Path, home: &Path) -> Command {
    let mut command = Command::new(executable);
    command.env("HOME", home).env("XDG_DATA_HOME", home).env_remove("SSH_AUTH_SOCK");
    command
}

/// Devices that went well, of netsweep's summary: `2000 devices in 2.08 s: 1999 ok, 1 failed`.
fn counted_ok(summary: &str) -> Option<usize> {
    let counts =
        summary.lines().rev().find_map(|line| line.split_once(" devices in ")?.1.split_once(": "))?.1;
    counts.split(", ").find_map(|count| count.strip_suffix(" ok"))?.parse().ok()
}

/// Whether a command can be run, and ends well.
pub(crate) fn works(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::counted_ok;

    #[test]
    fn the_summary_says_how_many_went_well() {
        assert_eq!(counted_ok("x\n\n50 devices in 2.08 s: 49 ok, 1 failed\n  mix  2\n"), Some(49));
        assert_eq!(counted_ok("\n2000 devices in 1m 3s: 2000 ok\n"), Some(2000));
        assert_eq!(counted_ok("cut short after 3 s, 20 devices: 3 ok, 17 left"), None);
    }
}
