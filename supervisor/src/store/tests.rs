//! What is entered comes back, and what went wrong is told.

mod files;
mod history;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use netsweep_shared::job::{Route, Transport};
use netsweep_shared::outcome::{ErrorKind, Failure, Stage};
use rusqlite::Connection;
use tempfile::TempDir;

use super::*;
use crate::event::{Consumer, RunEnd, RunEvent};
use crate::order::Health;
use crate::output::fixture::{auth_failure, command, failed, ok, skipped};
use crate::record::Record;

const ROUTE: [Route; 1] = [Route { transport: Transport::Ssh, port: 22 }];

struct Fixture {
    _folder: TempDir,
    path: PathBuf,
}

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a directory");
        let path = folder.path().join("runs.db");
        Self { _folder: folder, path }
    }

    fn store(&self) -> Store {
        Store::create(Some(&self.path)).expect("opens")
    }

    /// Begins run `name` of `devices`; those whose name begins with `rw` do not only read.
    fn begin(&self, name: &str, devices: &[&str]) -> Recorder {
        self.begin_with(name, devices, &["show version", "show clock"])
    }

    fn begin_with(&self, name: &str, devices: &[&str], commands: &[&str]) -> Recorder {
        let mut store = self.store();
        let commands: Arc<[String]> = commands.iter().map(|&command| command.to_owned()).collect();
        let devices = devices.iter().map(|name| NewDevice {
            name,
            address: "192.0.2.1",
            routes: &ROUTE,
            platform: "cisco_ios",
            commands: &commands,
            read_only: !name.starts_with("rw"),
        });
        let run = NewRun {
            name,
            version: "0.0.0",
            inventory: Path::new("/etc/devices.toml"),
            simulated: false,
            options: "{}",
            devices: devices.collect(),
        };
        let (id, lock) = store.begin(&run).expect("begins");
        Recorder::new(store, id, lock).expect("starts")
    }

    fn resume(&self, name: &str) -> Recorder {
        let mut store = self.store();
        let run = self.run(name);
        let lock = store.reopen(&run).expect("no error").expect("nobody else has it");
        store.go_on(&run).expect("recorded");
        Recorder::new(store, run.id(), lock).expect("starts")
    }

    fn run(&self, name: &str) -> Run {
        self.store().run(name).expect("reads").expect("a run")
    }

    fn records(&self, name: &str) -> Vec<Record> {
        let mut records = Vec::new();
        let take = |record: &Arc<Record>| {
            records.push(Record::clone(record));
            Ok(())
        };
        self.store().for_each_record(&self.run(name), take).expect("reads");
        records
    }

    /// Which devices would be run, and which only be settled.
    fn left(&self, name: &str) -> (Vec<String>, Vec<String>) {
        let devices = self.store().devices(&self.run(name)).expect("reads");
        let names = |which: fn(&RunDevice) -> bool| {
            devices.iter().filter(|device| which(device)).map(|device| device.name.clone()).collect()
        };
        (
            names(|device| device.standstill == Standstill::Left),
            names(|device| device.standstill == Standstill::Doubtful),
        )
    }
}

fn end(left: usize, interrupted: bool) -> RunEnd {
    RunEnd { makespan: Duration::from_secs(1), left, interrupted, tuned: None }
}

fn tell(recorder: &mut Recorder, record: &Record) {
    recorder.on(&RunEvent::DeviceDone(&record.clone().into())).expect("recorded");
}

fn json(record: &Record) -> String {
    serde_json::to_string(record).expect("JSON")
}

#[test]
fn records_come_back_as_they_were_in_inventory_order() {
    let fixture = Fixture::new();
    let mut rich = ok("c", "");
    rich.commands[0].output = b"caf\xe9 \0\x1b[2J".to_vec();
    rich.commands[0].parsed = Some(serde_json::json!([{"uptime": "3 weeks", "n": 1.5}]));
    rich.commands.push(command("show clock", ""));
    rich.commands[1].truncated = true;
    rich.commands[1].elapsed_ms = 0.1 + 0.2;
    rich.ssh_legacy = Some(vec!["ssh-rsa".into()]);
    rich.started = rich.started.map(|time| time + Duration::from_micros(1_234_567));
    let told = [rich, auth_failure("a"), skipped("b")];
    let mut recorder = fixture.begin("r1", &["a", "b", "c", "d"]);
    told.iter().for_each(|record| tell(&mut recorder, record));
    recorder.on(&RunEvent::Ended(&end(1, true))).expect("recorded");

    let records = fixture.records("r1");
    assert_eq!(records.iter().map(|record| &*record.device).collect::<Vec<_>>(), ["a", "b", "c"]);
    assert_eq!(records.iter().map(json).collect::<Vec<_>>(), [&told[1], &told[2], &told[0]].map(json));
    assert_eq!(records[2].commands[0].output, told[0].commands[0].output, "bytes stay bytes");
    assert_eq!(fixture.run("r1").tally, Tally { devices: 4, ok: 1, failed: 1, skipped: 1, left: 1 });
}

#[test]
fn what_is_dropped_without_an_end_is_all_there_and_is_left_as_killed() {
    let fixture = Fixture::new();
    let mut recorder = fixture.begin("r1", &["a", "b"]);
    assert_eq!(fixture.run("r1").standing, Standing::Running);
    tell(&mut recorder, &ok("a", "x"));
    drop(recorder);
    let run = fixture.run("r1");
    assert_eq!((run.standing, run.tally.left, run.commands.len()), (Standing::Killed, 1, 2));
    assert_eq!(fixture.left("r1"), (vec!["b".into()], vec![]));

    let mut recorder = fixture.resume("r1");
    assert!(fixture.store().reopen(&run).expect("no error").is_none(), "it is being written");
    tell(&mut recorder, &ok("b", "x"));
    recorder.on(&RunEvent::Ended(&end(0, false))).expect("recorded");
    drop(recorder);
    assert_eq!(fixture.run("r1").standing, Standing::Finished);
}

#[test]
fn a_device_has_one_outcome() {
    let fixture = Fixture::new();
    let mut recorder = fixture.begin("r1", &["a"]);
    tell(&mut recorder, &ok("a", "first"));
    drop(recorder);
    let mut recorder = fixture.resume("r1");
    tell(&mut recorder, &ok("a", "second"));
    recorder.on(&RunEvent::Ended(&end(0, false))).expect_err("a second outcome");
    drop(recorder);
    assert_eq!(fixture.records("r1")[0].commands[0].output, b"first");
}

#[test]
fn what_was_cut_short_is_run_again_unless_it_may_have_changed_something() {
    let fixture = Fixture::new();
    let cut = |device: &str, stage| {
        let mut record = failed(device, ErrorKind::Interrupted, "stopped");
        record.error = Some(Failure::new(ErrorKind::Interrupted, stage, "stopped").into());
        record
    };
    let mut recorder = fixture.begin("r1", &["reads", "rw-early", "rw-late"]);
    recorder.on(&RunEvent::HandingOut(&["rw-early", "rw-late"])).expect("recorded");
    tell(&mut recorder, &cut("reads", Stage::Commands));
    tell(&mut recorder, &cut("rw-early", Stage::Login));
    tell(&mut recorder, &cut("rw-late", Stage::Commands));
    recorder.on(&RunEvent::Ended(&end(0, true))).expect("recorded");
    drop(recorder);
    assert_eq!(fixture.left("r1"), (vec!["reads".into(), "rw-early".into()], vec![]));
    let run = fixture.run("r1");
    assert_eq!((run.tally.failed, run.tally.left), (1, 2));
    assert_eq!(run.standing, Standing::CutShort(Ended::Interrupted));

    let mut recorder = fixture.resume("r1");
    tell(&mut recorder, &ok("reads", "x"));
    tell(&mut recorder, &ok("rw-early", "x"));
    drop(recorder);
    assert_eq!(fixture.left("r1"), (vec![], vec![]));
    assert_eq!(fixture.records("r1").len(), 3);
}

#[test]
fn whoever_was_handed_out_and_never_heard_of_is_doubtful() {
    let fixture = Fixture::new();
    let mut recorder = fixture.begin("r1", &["rw-1", "rw-2", "rw-3", "rw-4"]);
    recorder.on(&RunEvent::HandingOut(&["rw-1", "rw-2", "rw-3"])).expect("recorded");
    assert_eq!(fixture.left("r1").1.len(), 3, "it is durable at once");
    let done = ok("rw-1", "x");
    assert!(recorder.comes_first(&RunEvent::DeviceDone(&done.clone().into())));
    tell(&mut recorder, &done);
    assert_eq!(fixture.left("r1").1, ["rw-2", "rw-3"], "and so is the outcome");
    let failure = Failure::new(ErrorKind::Connect, Stage::Connect, "refused");
    recorder
        .on(&RunEvent::AttemptFailed { device: "rw-2", worker: 0, failure: Some(&failure) })
        .expect("recorded");
    drop(recorder);
    assert_eq!(fixture.left("r1"), (vec!["rw-2".into(), "rw-4".into()], vec!["rw-3".into()]));
}

/// Cut short before its commands, handed out again, and then nobody knows.
#[test]
fn an_earlier_cut_does_not_hide_a_later_doubt() {
    let fixture = Fixture::new();
    let mut recorder = fixture.begin("r1", &["rw-1"]);
    let mut cut = failed("rw-1", ErrorKind::Interrupted, "stopped");
    cut.error = Some(Failure::new(ErrorKind::Interrupted, Stage::Login, "stopped").into());
    tell(&mut recorder, &cut);
    drop(recorder);
    assert_eq!(fixture.left("r1").0, ["rw-1"]);
    let mut recorder = fixture.resume("r1");
    recorder.on(&RunEvent::HandingOut(&["rw-1"])).expect("recorded");
    drop(recorder);
    assert_eq!(fixture.left("r1"), (vec![], vec!["rw-1".into()]));
}

/// Whatever a platform said of the commands when the run began.
#[test]
fn what_is_handed_out_as_changing_does_not_only_read() {
    let fixture = Fixture::new();
    let mut recorder = fixture.begin("r1", &["a"]);
    recorder.on(&RunEvent::HandingOut(&["a"])).expect("recorded");
    let mut cut = failed("a", ErrorKind::Interrupted, "stopped");
    cut.error = Some(Failure::new(ErrorKind::Interrupted, Stage::Commands, "stopped").into());
    tell(&mut recorder, &cut);
    drop(recorder);
    assert_eq!(fixture.left("r1"), (vec![], vec![]));
}

/// Those of devices that are run again are made again, as if there had been no earlier life.
#[test]
fn attempts_are_those_of_the_life_that_settled_the_device() {
    let fixture = Fixture::new();
    let failure = Failure::new(ErrorKind::Connect, Stage::Connect, "refused");
    let fail = |recorder: &mut Recorder, device| {
        let event = RunEvent::AttemptFailed { device, worker: 0, failure: Some(&failure) };
        recorder.on(&event).expect("recorded");
    };
    let attempts = || -> Vec<(String, u32)> {
        let devices = fixture.store().devices(&fixture.run("r1")).expect("reads");
        devices.into_iter().map(|device| (device.name, device.failed_attempts)).collect()
    };
    let mut recorder = fixture.begin("r1", &["done", "left", "rw"]);
    ["done", "left", "rw"].into_iter().for_each(|device| fail(&mut recorder, device));
    recorder.on(&RunEvent::HandingOut(&["rw"])).expect("recorded");
    tell(&mut recorder, &ok("done", "x"));
    drop(recorder);
    let named = |counts: [(&str, u32); 3]| counts.map(|(name, count)| (name.to_owned(), count)).to_vec();
    assert_eq!(attempts(), named([("done", 1), ("left", 1), ("rw", 1)]));
    drop(fixture.resume("r1"));
    assert_eq!(attempts(), named([("done", 1), ("left", 0), ("rw", 1)]));
}

#[test]
fn an_orderly_end_leaves_no_doubts() {
    let fixture = Fixture::new();
    let mut recorder = fixture.begin("r1", &["rw-1"]);
    recorder.on(&RunEvent::HandingOut(&["rw-1"])).expect("recorded");
    recorder.on(&RunEvent::Ended(&end(1, true))).expect("recorded");
    assert_eq!(fixture.left("r1"), (vec!["rw-1".into()], vec![]));
}

#[test]
fn the_newest_comes_first() {
    let fixture = Fixture::new();
    for name in ["r1", "r2", "r3"] {
        drop(fixture.begin(name, &["a"]));
    }
    let names: Vec<_> = fixture.store().runs().expect("reads").into_iter().map(|run| run.name).collect();
    assert_eq!(names, ["r3", "r2", "r1"]);
}
