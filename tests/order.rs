//! Devices are begun longest first, once a run has shown which those are.

mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use support::{Ran, inventory, netsweep, run};
use tempfile::TempDir;

const DEAD: usize = 6;
const WELL: usize = 54;
const THREADS: usize = 8;

/// Devices of one login, some of which never say a word.
fn fleet() -> TempDir {
    inventory(&format!(
        "[defaults]\nplatform = \"cisco_ios\"\nusername = \"admin\"\n\
         [[devices]]\nname = \"dead-[1-{DEAD}]\"\nvars = {{ sim_fault = \"silent\" }}\n\
         [[devices]]\nname = \"well-[01-{WELL}]\"\n"
    ))
}

/// `netsweep run --simulate` of it, with a run store beside the inventory.
fn sweep(folder: &Path) -> Command {
    let mut command = netsweep();
    command
        .args(["run", "--simulate", "--sim-connect", "1ms", "--sim-login", "5ms", "--sim-command", "40ms"])
        .args(["--login-timeout", "1s", "-P", "1", "--format", "jsonl", "-T"])
        .arg(THREADS.to_string())
        .args(["show version", "-i"])
        .arg(folder.join("devices.toml"));
    command
}

fn with_store(folder: &Path) -> Command {
    let mut command = sweep(folder);
    command.arg("--store").arg(folder.join("runs.db"));
    command
}

/// Names in the order in which the devices were begun.
fn begun(ran: &Ran) -> Vec<String> {
    let records: BTreeMap<String, Value> = ran.records();
    let started = |record: &Value| record["started"].as_str().expect("a time").to_owned();
    let mut begun: Vec<(String, String)> =
        records.into_iter().map(|(name, record)| (started(&record), name)).collect();
    begun.sort();
    begun.into_iter().map(|(_, name)| name).collect()
}

#[test]
fn the_dead_are_begun_first_once_they_are_known() {
    let fleet = fleet();
    let first = run(with_store(fleet.path()).arg("-v"));
    first.expect_code(1);
    assert!(first.stderr.contains("the order of the devices is random; --seed "), "{}", first.stderr);

    let second = run(with_store(fleet.path()).arg("-v"));
    second.expect_code(1);
    let said = format!("{} of {} devices known, {DEAD} of them failed", DEAD + WELL, DEAD + WELL);
    assert!(
        second.stderr.contains("the order of the devices: longest first, as of run "),
        "{}",
        second.stderr
    );
    assert!(second.stderr.contains(&said), "{said:?} is not said in:\n{}", second.stderr);
    let begun = begun(&second);
    let last_dead = begun.iter().rposition(|name| name.starts_with("dead-")).expect("there are some");
    // One that is known to be let in is begun with them; and sessions that begin at once may be heard of in any order.
    assert!(last_dead < DEAD + 1 + THREADS, "number {last_dead} is dead: {begun:?}");
    let records = second.records();
    assert!(records.iter().all(|(name, record)| name.starts_with("well-") || record["attempts"] == 2));
}

#[test]
fn a_dry_run_says_what_the_order_goes_by() {
    let fleet = fleet();
    let dry_run = |command: &mut Command, flags: &[&str]| {
        let ran = run(command.arg("--dry-run").args(flags));
        ran.expect_code(0);
        ran.stdout
    };
    let said = dry_run(&mut with_store(fleet.path()), &[]);
    assert!(
        said.contains("order: shuffled: no earlier run tells anything of these devices\nexpected: 8 waves")
    );
    assert!(!fleet.path().join("runs.db").exists(), "nothing is created");

    run(&mut with_store(fleet.path())).expect_code(1);
    let said = dry_run(&mut with_store(fleet.path()), &[]);
    for part in [
        "order: longest first, as of run ",
        ": 60 of 60 devices known, 6 of them failed\n  longest: dead-",
        " s, failed), dead-",
        "were all devices to take what they last took\nbounds: 8 waves",
    ] {
        assert!(said.contains(part), "{part:?} is not said in:\n{said}");
    }
    // Another selection of the same devices, and other commands: they are known as well.
    let said = dry_run(&mut with_store(fleet.path()), &["--limit", "dead-1,well-0?", "show clock"]);
    assert!(said.contains(": 10 of 10 devices known, 1 of them failed\n"), "{said}");
    // Real devices are not those of a rehearsal.
    let mut real = netsweep();
    real.args(["run", "show version", "-i"]).arg(fleet.path().join("devices.toml"));
    let said = dry_run(real.arg("--store").arg(fleet.path().join("runs.db")), &[]);
    assert!(said.contains("order: shuffled: no earlier run"), "{said}");
    for (flags, why) in [
        (&["--seed", "5"][..], "--seed 5 asks for that order"),
        (&["-T", "auto"], "-T auto goes by"),
        (&["--no-store"], "there is no run store"),
    ] {
        let mut command = netsweep();
        command.args(["run", "--simulate", "show version", "-i"]).arg(fleet.path().join("devices.toml"));
        if flags != ["--no-store"] {
            command.arg("--store").arg(fleet.path().join("runs.db"));
        }
        let said = dry_run(&mut command, flags);
        assert!(said.contains(&format!("order: shuffled: {why}")), "{flags:?}:\n{said}");
    }
}

/// A run that could not be recorded is refused; one that is not made has nothing to record.
#[test]
fn a_dry_run_does_not_fail_for_the_store() {
    let fleet = fleet();
    std::fs::write(fleet.path().join("runs.db"), "this is no store at all".repeat(100)).expect("written");
    run(&mut with_store(fleet.path())).expect_code(2);
    let ran = run(with_store(fleet.path()).arg("--dry-run"));
    ran.expect_code(0);
    assert!(ran.stdout.contains("cannot use the run store"), "{}", ran.stdout);
    assert!(ran.stdout.contains("order: shuffled"), "{}", ran.stdout);
}
