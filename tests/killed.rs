//! Runs whose supervisor is killed again and again at any moment. The witness is the simulated fleet:
//! it outlives them all and logs who calls and what is typed.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::Duration;

use rusqlite::Connection;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use support::chance::Chance;
use support::place::{Place, essence};
use support::standing_fleet::StandingFleet;
use support::{run, tally};

const PASSWORD: &str = "NETSWEEP_TEST_FLEET_PASSWORD";
const COMMANDS: [&str; 2] = ["show version", "show clock"];

/// A fleet, an inventory by which it is reached, and a store.
struct Scene {
    place: Place,
    fleet: StandingFleet,
    /// What the sweep is.
    words: Vec<String>,
}

impl Scene {
    fn new(devices: &str, fleet: &[&str], words: &[&str]) -> Self {
        let place = Place::new(devices);
        let inventory = place.folder.path().join("fleet.toml");
        let fleet = StandingFleet::start(place.folder.path(), &place.inventory(), fleet, &inventory);
        // A secret has to be found again by each life.
        let text = fs::read_to_string(&inventory).expect("an inventory");
        let secret = format!("password = {{ env = \"{PASSWORD}\" }}");
        fs::write(&inventory, text.replacen("password = \"rehearsal\"", &secret, 1)).expect("written");
        Self { place, fleet, words: words.iter().map(|&word| word.to_owned()).collect() }
    }

    fn run(&self) -> Command {
        let folder = self.place.folder.path();
        let mut command = self.place.netsweep(&["run", "--format", "jsonl"]);
        command.arg("-i").arg(folder.join("fleet.toml")).arg("--known-hosts").arg(folder.join("known_hosts"));
        command.args(&self.words).env(PASSWORD, "rehearsal");
        command
    }

    /// The next life of the run: its first where nothing has been recorded yet.
    fn next_life(&self) -> Command {
        if self.has_begun() { self.resume() } else { self.run() }
    }

    /// Whether a life lasted long enough to record that there is a run.
    fn has_begun(&self) -> bool {
        self.place.store().exists() && !self.standing().is_empty()
    }

    fn resume(&self) -> Command {
        let mut command = self.place.resume();
        command.env(PASSWORD, "rehearsal");
        command
    }

    /// What `runs list` says of runs.
    fn standing(&self) -> String {
        run(&mut self.place.netsweep(&["runs", "list"])).expect_code(0).stdout.clone()
    }

    /// The newest run's records, and as they are told.
    fn recorded(&self) -> BTreeMap<String, Value> {
        if !self.has_begun() { BTreeMap::new() } else { self.place.export().expect_code(0).records() }
    }

    /// Attempts in the store of the newest run that were followed by another, by device.
    fn failed_attempts(&self) -> Vec<(String, Option<String>)> {
        let db = Connection::open(self.place.store()).expect("opens");
        let mut query = db
            .prepare(
                "SELECT d.name, a.error_kind FROM attempts a JOIN devices d ON d.id = a.device
                 WHERE d.run = (SELECT max(id) FROM runs) ORDER BY d.name",
            )
            .expect("prepares");
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("reads");
        rows.map(|row| row.expect("a row")).collect()
    }
}

/// How a life ended.
struct Life {
    /// Devices of which it told.
    told: BTreeSet<String>,
    stderr: String,
    signal: Option<i32>,
}

/// Lets `child` live for a while, until it has told of up to `most` devices or for up to 800 ms, and ends it by `end`.
fn live(mut child: Child, chance: &mut Chance, most: u64, end: impl FnOnce(&mut Child)) -> Life {
    let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
    let mut lines = String::new();
    // Half of them end early: while they read, begin the run, start workers.
    match chance.below(2) {
        0 => sleep(Duration::from_millis(chance.below(800))),
        _ => {
            for _ in 0..1 + chance.below(most) {
                stdout.read_line(&mut lines).expect("UTF-8");
            }
            sleep(Duration::from_millis(chance.below(40)));
        }
    }
    end(&mut child);
    let mut rest = Vec::new();
    stdout.read_to_end(&mut rest).expect("the pipe's rest");
    let stderr = std::io::read_to_string(child.stderr.take().expect("piped")).expect("UTF-8");
    let signal = child.wait().expect("reaped").signal();
    lines += &String::from_utf8_lossy(&rest);
    // The last line may be torn.
    let records = lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let told = records.map(|record| record["device"].as_str().expect("a name").to_owned()).collect();
    Life { told, stderr, signal }
}

/// 2,000 devices of either transport, some of them with a fault that is over quickly.
const LARGE_FLEET: &str = r#"
[[devices]]
name = "ssh-[0001-1400]"
[[devices]]
name = "telnet-[001-570]"
transport = "telnet"
[[devices]]
name = "bad-[01-10]"
vars = { sim_fault = "cut" }
[[devices]]
name = "locked-[01-10]"
vars = { sim_fault = "reject" }
[[devices]]
name = "down-[01-10]"
vars = { sim_fault = "refuse" }
"#;

const LIVES: usize = 20;

/// Exactly those without a durable outcome are called again, and the store ends up as if nothing had been.
#[test]
fn killed_at_any_moment_and_resumed_until_it_is_done() {
    let mut chance = Chance::new();
    let manners = ["--sim-seed", "7", "--sim-login", "20ms", "--sim-command", "10ms..50ms"];
    let words = ["-P", "2", "-T", "40", COMMANDS[0], COMMANDS[1]];
    let scene = Scene::new(LARGE_FLEET, &manners, &words);
    run(&mut scene.run()).expect_code(1);
    let undisturbed = scene.recorded();
    assert_eq!(undisturbed.len(), 2000);
    let undisturbed_attempts = scene.failed_attempts();
    assert_eq!(undisturbed_attempts.len(), 10, "those that are down were tried twice");
    fs::remove_file(scene.place.store()).expect("another store");

    let mut durable = BTreeMap::new();
    let (mut told, mut killed) = (BTreeSet::new(), 0);
    let (_, _, mut heard) = scene.fleet.since(0);
    while killed < LIVES {
        let child = scene.next_life().spawn().expect("it starts");
        let life = live(child, &mut chance, 120, |child| child.kill().expect("killed"));
        assert!(life.signal.is_some(), "a life came to its own end: {}", life.stderr);
        killed += 1;
        let again: Vec<_> = life.told.iter().filter(|device| durable.contains_key(*device)).collect();
        assert!(again.is_empty(), "life {killed} told of {again:?}: {}", life.stderr);
        told.extend(life.told);

        let (called, _, now) = scene.fleet.since(heard);
        heard = now;
        let again: Vec<_> = called.iter().filter(|device| durable.contains_key(*device)).collect();
        assert!(again.is_empty(), "life {killed} called {again:?}: {}", life.stderr);

        let records = scene.recorded();
        for (device, record) in &durable {
            assert_eq!(records.get(device), Some(record), "life {killed} has changed what was durable");
        }
        assert!(records.keys().all(|device| told.contains(device)), "what is durable was told before");
        durable = records;
    }

    // The last life is left alone.
    let left: BTreeSet<String> =
        undisturbed.keys().filter(|it| !durable.contains_key(*it)).cloned().collect();
    println!("{} devices are left to the last life", left.len());
    assert!(!left.is_empty(), "lives were too long");
    let last = run(&mut scene.resume());
    last.expect_code(1);
    assert_eq!(last.records().into_keys().collect::<BTreeSet<_>>(), left);
    let called: BTreeSet<String> = scene.fleet.since(heard).0.into_iter().collect();
    let callable: BTreeSet<String> = left.into_iter().filter(|device| !device.starts_with("down")).collect();
    assert_eq!(called, callable);

    let finished = scene.recorded();
    assert_eq!(essence(&finished), essence(&undisturbed));
    assert_eq!(scene.failed_attempts(), undisturbed_attempts);
    let nothing = run(&mut scene.resume());
    nothing.expect_code(0);
    assert!(nothing.stdout.is_empty() && nothing.stderr.contains("nothing to resume"), "{}", nothing.stderr);
}

fn interrupt(child: &Child) {
    let pid = Pid::from_raw(child.id().cast_signed()).expect("a process");
    // It may have come to its end.
    let _ = kill_process(pid, Signal::INT);
}

/// What may change a device is typed there once, however often the run is killed or interrupted.
#[test]
fn what_may_change_a_device_is_told_to_it_once() {
    let mut chance = Chance::new();
    let devices = "[[devices]]\nname = \"ssh-[001-300]\"\n[[devices]]\nname = \"telnet-[001-100]\"\ntransport = \"telnet\"\n";
    let manners = ["--sim-seed", "7", "--sim-login", "50ms", "--sim-command", "50ms..100ms"];
    let words = ["-P", "2", "-T", "5", "--grace", "50ms", "configure terminal", "end", "show version"];
    let scene = Scene::new(devices, &manners, &words);
    for _ in 0..12 {
        let child = scene.next_life().spawn().expect("it starts");
        let way = chance.below(3);
        live(child, &mut chance, 20, |child| match way {
            0 => interrupt(child),
            1 => {
                interrupt(child);
                sleep(Duration::from_millis(20));
                interrupt(child);
            }
            _ => child.kill().expect("killed"),
        });
    }
    let last = run(&mut scene.resume());
    assert!(matches!(last.code, Some(0 | 1)), "{:?}: {}", last.code, last.stderr);

    let mut changed: BTreeMap<String, usize> = BTreeMap::new();
    for (device, command) in scene.fleet.since(0).1 {
        if command == "configure terminal" {
            *changed.entry(device).or_default() += 1;
        }
    }
    let twice: Vec<_> = changed.iter().filter(|(_, times)| **times > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
    let records = scene.recorded();
    assert_eq!(records.len(), 400);
    for (device, record) in &records {
        match (record["status"].as_str(), record["error"]["kind"].as_str()) {
            // Some of the simulated devices do not let us configure them.
            (Some("ok"), None) | (Some("failed"), Some("command")) => {
                assert_eq!(changed.get(device), Some(&1), "{device}");
            }
            (Some("failed"), Some("crashed" | "interrupted")) => {}
            _ => panic!("{record}"),
        }
    }
    println!("{:?}", tally(&records));
}
