//! A worker with each vice: every device has one outcome, the log says what happened, and nobody is
//! left behind.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::support::{Ran, inventory, netsweep, run, tally};
use crate::vice::{Step, Vice};
use crate::worker::VICTIM;

/// What becomes of the victim; its neighbours are always well.
enum Victim {
    /// It is blamed for its workers' deaths.
    Crashed,
    Well,
}

/// Each vice with what becomes of its victim and what the log says.
const CASES: [(Vice, Victim, &str); 16] = [
    (Vice::NoHello, Victim::Well, "said nothing for 15 s"),
    (Vice::Abort(Step::Started), Victim::Crashed, "SIGABRT"),
    (Vice::Abort(Step::LoggedIn), Victim::Crashed, "SIGABRT"),
    (Vice::Abort(Step::CommandsBegin), Victim::Crashed, "SIGABRT"),
    (Vice::Abort(Step::Output), Victim::Crashed, "SIGABRT"),
    (Vice::Abort(Step::Finished), Victim::Crashed, "SIGABRT"),
    (Vice::Exit, Victim::Crashed, "exit status: 3"),
    (Vice::HalfFrame, Victim::Crashed, "ended inside a frame"),
    (Vice::StalledFrame, Victim::Well, "said nothing for 15 s"),
    (Vice::HugeFrame, Victim::Crashed, "frame"),
    (Vice::Text, Victim::Crashed, "frame"),
    (Vice::Hang, Victim::Well, "said nothing for 15 s"),
    (Vice::Deaf, Victim::Well, "not heard for 15 s"),
    (Vice::Twice, Victim::Well, "out of turn"),
    (Vice::Unknown, Victim::Well, "which does not exist"),
    (Vice::Chatter, Victim::Well, "further lines are left out"),
];

pub(crate) fn trials() -> Vec<Trial> {
    let case = |(vice, victim, said): (Vice, Victim, &'static str)| {
        Trial::test(vice.name(), move || {
            holds(vice, &victim, said);
            Ok(())
        })
    };
    let drainless = Trial::test("drainless", || {
        a_worker_that_heeds_no_drain_is_killed();
        Ok(())
    });
    CASES.into_iter().map(case).chain([drainless]).collect()
}

/// A folder with a worker that has `vice`.
pub(crate) struct Chaos {
    folder: TempDir,
    vice: Vice,
}

impl Chaos {
    /// On `devices` of which each has a line of an inventory.
    pub(crate) fn new(vice: Vice, devices: &str) -> Self {
        let text = format!("[defaults]\nplatform = \"cisco_ios\"\nusername = \"admin\"\n{devices}");
        let chaos = Self { folder: inventory(&text), vice };
        symlink(std::env::current_exe().expect("our path"), chaos.worker()).expect("linked");
        chaos
    }

    fn worker(&self) -> PathBuf {
        self.folder.path().join(format!("chaos-worker-{}", self.vice.name()))
    }

    pub(crate) fn sweep(&self) -> Command {
        let mut command = netsweep();
        command.args(["run", "--simulate", "--no-store", "--format", "jsonl", "--worker-binary"]);
        command.arg(self.worker()).arg("-i").arg(self.folder.path().join("devices.toml"));
        command.args(["--sim-login", "10ms", "--sim-command", "20ms", "show version"]);
        command
    }

    /// No worker of ours is left.
    pub(crate) fn expect_no_orphans(&self) {
        let folder = self.folder.path();
        let deadline = Instant::now() + Duration::from_secs(20);
        while is_named_by_a_process(folder) {
            assert!(
                Instant::now() < deadline,
                "a worker of {} has outlived its supervisor",
                folder.display()
            );
            sleep(Duration::from_millis(20));
        }
    }
}

fn is_named_by_a_process(folder: &Path) -> bool {
    let folder = folder.display().to_string();
    let processes = fs::read_dir("/proc").expect("processes").flatten();
    let lines = processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok());
    lines.into_iter().any(|line| String::from_utf8_lossy(&line).contains(&folder))
}

/// How many of each outcome there are, victims and others apart.
pub(crate) fn outcomes(ran: &Ran) -> (BTreeMap<String, usize>, BTreeMap<String, usize>) {
    let (victims, others) = ran.records().into_iter().partition(|(name, _)| name.starts_with(VICTIM));
    (tally(&victims), tally(&others))
}

fn holds(vice: Vice, victim: &Victim, said: &str) {
    let chaos =
        Chaos::new(vice, "[[devices]]\nname = \"victim-1\"\n[[devices]]\nname = \"neighbour-[01-23]\"\n");
    // Alone, so that nobody finishes the run before a worker's silence is noticed.
    let processes = if said.contains("15 s") { "1" } else { "2" };
    // The victim comes neither first nor last: what is told behind the last outcome is heard by nobody.
    let ran = run(chaos.sweep().args(["-P", processes, "-T", "4", "--seed", "6"]));
    let (code, outcome) = match victim {
        Victim::Crashed => (1, "failed crashed"),
        Victim::Well => (0, "ok -"),
    };
    ran.expect_code(code);
    let (victims, others) = outcomes(&ran);
    assert_eq!(victims, [(outcome.to_owned(), 1)].into(), "{}", ran.stderr);
    assert_eq!(others, [("ok -".to_owned(), 23)].into(), "{}", ran.stderr);
    assert!(ran.stderr.contains(said), "{said:?} is not said in {}", ran.stderr);
    assert!(ran.stderr.len() < 200_000, "the log is {} bytes", ran.stderr.len());
    chaos.expect_no_orphans();
}

fn a_worker_that_heeds_no_drain_is_killed() {
    let chaos = Chaos::new(Vice::Drainless, "[[devices]]\nname = \"neighbour-[01-20]\"\n");
    let mut sweep = chaos.sweep();
    sweep.args(["-P", "2", "-T", "2", "--grace", "1s", "--command-timeout", "100s", "--sim-fault"]);
    let mut child = sweep
        .args(["stall-output=20"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    // Both workers have begun something, most likely; where not, there is less to be cut short.
    sleep(Duration::from_secs(3));
    let pid = Pid::from_child(&child);
    kill_process(pid, Signal::INT).expect("it lives");
    let deadline = Instant::now() + Duration::from_secs(60);
    while child.try_wait().expect("asked").is_none() {
        assert!(Instant::now() < deadline, "it waits for workers that do not heed it");
        sleep(Duration::from_millis(20));
    }
    let output = child.wait_with_output().expect("ended");
    let ran = Ran {
        stdout: String::from_utf8(output.stdout).expect("UTF-8"),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        code: output.status.code(),
    };
    ran.expect_code(3);
    assert!(ran.stderr.contains("it did not end its sessions"), "{}", ran.stderr);
    let (_, others) = outcomes(&ran);
    assert_eq!(others.keys().collect::<Vec<_>>(), ["failed interrupted"], "{}", ran.stderr);
    chaos.expect_no_orphans();
}
