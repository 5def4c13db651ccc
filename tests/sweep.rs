//! Whole processes against the simulated fleet.

mod support;

use std::collections::BTreeSet;

use serde_json::json;
use support::{inventory, netsweep, run, tally, worker_binary};

/// The README's first command.
#[test]
fn the_sample_inventory_is_swept_without_a_failure() {
    let ran = run(netsweep().args(["run", "--simulate", "show version", "--format", "jsonl"]));
    ran.expect_code(0);
    let records = ran.records();
    assert!(records.len() >= 200, "{} devices", records.len());
    let transports: BTreeSet<_> = records.values().map(|record| record["transport"].to_string()).collect();
    assert_eq!(transports.len(), 2, "both transports are used: {transports:?}");
    for record in records.values() {
        assert_eq!(record["status"], "ok", "{record}");
        assert!(record["address"].as_str().is_some_and(|it| it.starts_with("127.")), "{record}");
        let commands = record["commands"].as_array().expect("commands");
        assert_eq!(commands.len(), 1);
        assert_eq!(commands[0]["command"], "show version");
        assert!(commands[0]["output"].as_str().is_some_and(|it| it.len() > 100), "{record}");
    }
    // Every device answers for itself.
    let outputs: BTreeSet<_> =
        records.values().map(|record| record["commands"][0]["output"].to_string()).collect();
    assert_eq!(outputs.len(), records.len());
}

#[test]
fn a_record_has_the_fields_of_the_contract_in_their_order() {
    let fleet = inventory(
        r#"
        [[devices]]
        name = "core-1"
        address = "192.0.2.1"
        platform = "cisco_ios"
        username = "admin"
        password = "not read in a rehearsal"
        "#,
    );
    let ran = run(netsweep()
        .args(["run", "--simulate", "show version", "show clock", "bogus", "-i"])
        .arg(fleet.path().join("devices.toml")));
    ran.expect_code(1);
    let keys = [
        "run",
        "device",
        "address",
        "port",
        "transport",
        "platform",
        "status",
        "error",
        "attempts",
        "worker",
        "started",
        "timing_ms",
        "commands",
    ];
    let mut from = 0;
    for key in keys {
        let at = ran.stdout[from..]
            .find(&format!("\"{key}\":"))
            .unwrap_or_else(|| panic!("{key} in {}", ran.stdout));
        from += at;
    }
    let records = ran.records();
    let record = &records["core-1"];
    assert_eq!(record["status"], "failed");
    assert_eq!(record["error"]["kind"], "command");
    assert_eq!(record["attempts"], 1);
    let statuses: Vec<_> =
        record["commands"].as_array().expect("commands").iter().map(|it| it["status"].clone()).collect();
    assert_eq!(statuses, [json!("ok"), json!("ok"), json!("failed")]);
    let refused = &record["commands"][2];
    assert!(refused["output"].as_str().is_some_and(|it| it.contains("Invalid input")), "{refused}");
    assert_eq!(refused["truncated"], false);
    assert!(refused["parsed"].is_null());
}

/// The shape of the sweep does not change what comes home.
#[test]
fn every_mix_brings_the_same_answers() {
    let answers = |mix: &[&str]| {
        let ran = run(netsweep().args(["run", "--simulate", "--limit", "*[0-4]", "show version"]).args(mix));
        ran.expect_code(0);
        let answers: Vec<_> = ran
            .records()
            .into_iter()
            .map(|(device, record)| (device, record["commands"][0]["output"].to_string()))
            .collect();
        assert!(answers.len() > 50);
        answers
    };
    let one_worker = answers(&["-P", "1", "-T", "64"]);
    assert_eq!(answers(&["-P", "4", "-T", "8"]), one_worker);
    let binary = worker_binary();
    assert_eq!(
        answers(&["-P", "2", "-T", "32", "--worker-binary", binary.to_str().expect("UTF-8")]),
        one_worker
    );
}

#[test]
fn the_output_directory_has_a_file_for_each_device() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let into = directory.path().join("out");
    let ran = run(netsweep()
        .args(["run", "--simulate", "--limit", "transport:telnet", "--format", "none", "show version", "-o"])
        .arg(&into));
    ran.expect_code(0);
    assert_eq!(ran.stdout, "");
    let files: Vec<_> = std::fs::read_dir(&into).expect("the directory").collect();
    assert!(files.len() > 10, "{} files", files.len());
    for file in files {
        let path = file.expect("an entry").path();
        let text = std::fs::read_to_string(&path).expect("text");
        assert!(text.contains("show version"), "{}: {text}", path.display());
    }
}

/// Two thousand devices at a thousand sessions. Its time is measured elsewhere; here nothing
/// may be lost.
#[test]
fn two_thousand_devices() {
    let fleet = inventory(
        r#"
        [defaults]
        platform = "cisco_ios"
        username = "admin"
        [[devices]]
        name = "edge-[0001-2000]"
        address = "198.18.0.0/20"
        "#,
    );
    let ran = run(netsweep()
        .args(["run", "--simulate", "-P", "2", "-T", "500", "--sim-login", "200ms", "--sim-command", "300ms"])
        .args(["--format", "jsonl", "show version", "show clock", "-i"])
        .arg(fleet.path().join("devices.toml")));
    ran.expect_code(0);
    let records = ran.records();
    assert_eq!(records.len(), 2000);
    assert_eq!(tally(&records).get("ok -"), Some(&2000));
    let workers: BTreeSet<_> = records.values().map(|record| record["worker"].to_string()).collect();
    assert_eq!(workers.len(), 2);
}

/// Nobody says how many sessions are good: that is found out, and told.
#[test]
fn a_mix_that_is_found_out_brings_every_device_home() {
    let fleet = inventory(
        "[defaults]\nplatform = \"cisco_ios\"\nusername = \"admin\"\n[[devices]]\nname = \"d-[001-400]\"\n",
    );
    let ran = run(netsweep()
        .args(["run", "--simulate", "--sim-connect", "0ms", "--sim-login", "20ms", "--sim-command", "30ms"])
        .args(["--no-store", "-P", "auto", "-T", "auto", "show version", "-i"])
        .arg(fleet.path().join("devices.toml")));
    ran.expect_code(0);
    assert_eq!(ran.records().len(), 400);
    assert!(ran.stderr.contains("found out: "), "{}", ran.stderr);
    let planned = run(netsweep()
        .args(["run", "--dry-run", "-T", "auto", "show version", "-i"])
        .arg(fleet.path().join("devices.toml")));
    planned.expect_code(0);
    assert!(planned.stdout.contains("which is found out"), "{}", planned.stdout);
    for wrong in ["automatic", "0", "-1", "16001"] {
        run(netsweep().args(["run", "--simulate", "show version"]).arg(format!("-T={wrong}"))).expect_code(2);
    }
}

/// On by default, and told to who asks for details.
#[test]
fn workers_are_shut_in_unless_told_otherwise() {
    let sweep = |flags: &[&str]| {
        let ran = run(netsweep()
            .args(["run", "--simulate", "show version", "--format", "none", "-P", "2", "--limit", "edge-*"])
            .args(flags));
        ran.expect_code(0);
        ran.stderr
    };
    let told = sweep(&["-v"]);
    assert_eq!(told.matches("INFO shut in: ").count(), 2, "{told}");
    let told = sweep(&["-v", "--no-sandbox"]);
    assert_eq!(told.matches("INFO not shut in, as asked").count(), 2, "{told}");
    assert!(!sweep(&[]).contains("shut in"));
}
