//! How gently a sweep logs in: the lockout guard, the rate, the order.

mod support;

use std::process::Command;
use std::time::SystemTime;

use support::{Ran, inventory, netsweep, run, tally};
use tempfile::TempDir;

/// `devices` of one platform, half of them over Telnet.
fn fleet(devices: usize) -> TempDir {
    let mut text = String::from("[defaults]\nplatform = \"cisco_ios\"\nusername = \"admin\"\n");
    for n in 0..devices {
        let transport = if n % 2 == 0 { "ssh" } else { "telnet" };
        text += &format!(
            "[[devices]]\nname = \"d{n:04}\"\naddress = \"192.0.2.1\"\ntransport = \"{transport}\"\n"
        );
    }
    inventory(&text)
}

fn sweep(fleet: &TempDir) -> Command {
    let mut command = netsweep();
    command.args(["run", "--simulate", "--format", "jsonl", "--sim-login", "20ms", "--sim-command", "1ms"]);
    command.args(["show version", "-i"]).arg(fleet.path().join("devices.toml"));
    command
}

/// As the simulated devices count them.
fn turned_away(ran: &Ran) -> usize {
    let words: Vec<_> = ran.stderr.split_whitespace().collect();
    let place = words.windows(2).position(|pair| pair == ["turned", "away,"]).expect("the fleet's report");
    words[place - 1].parse().expect("a number")
}

#[test]
fn one_wrong_password_on_a_thousand_devices_is_tried_three_times() {
    let fleet = fleet(1000);
    let ran = run(sweep(&fleet).args(["-P", "2", "-T", "200", "--sim-fault", "reject=100%"]));
    ran.expect_code(1);
    let records = ran.records();
    let expected = [("failed auth", 3), ("skipped lockout_guard", 997)];
    assert_eq!(tally(&records), expected.map(|(what, count)| (what.to_owned(), count)).into());
    assert_eq!(turned_away(&ran), 3);
    // Those that wait for leave to log in when it is over have been called, the others have not.
    let skipped = records.values().filter(|record| record["status"] == "skipped");
    let (called, others): (Vec<_>, Vec<_>) = skipped.partition(|record| record["attempts"] == 1);
    assert!(called.len() <= 2 * (200 + 32), "{} were called", called.len());
    assert!(others.iter().all(|it| it["attempts"] == 0 && it["worker"].is_null()), "{others:?}");
    let skipped = others.first().expect("most of them");
    assert!(skipped["error"]["message"].as_str().expect("a message").contains("--max-auth-failures"));
}

#[test]
fn the_guard_counts_to_what_it_is_told_and_can_be_turned_off() {
    let fleet = fleet(30);
    for (most, expected) in [("1", 1), ("7", 7), ("0", 30)] {
        let ran = run(sweep(&fleet).args(["--sim-fault", "reject=100%", "--max-auth-failures", most]));
        assert_eq!((turned_away(&ran), ran.records().len()), (expected, 30), "{}", ran.stderr);
    }
}

#[test]
fn logins_begin_no_faster_than_they_may() {
    let fleet = fleet(31);
    let ran = run(sweep(&fleet).args(["-P", "2", "-T", "31", "--login-rate", "20"]));
    ran.expect_code(0);
    let began = ran.records().into_values().map(|record| {
        let text = record["started"].as_str().expect("a time").to_owned();
        humantime::parse_rfc3339_weak(&text).expect("RFC 3339")
    });
    let mut began: Vec<SystemTime> = began.collect();
    began.sort();
    let whole = began[30].duration_since(began[0]).expect("sorted").as_secs_f64();
    // Thirty gaps of a twentieth of a second, of which some may be made up for.
    assert!(whole > 1.2, "31 logins have begun within {whole} s");
}

#[test]
fn a_seed_makes_the_order_again() {
    let fleet = fleet(24);
    let order = |seed: &str| -> Vec<String> {
        let ran = run(sweep(&fleet).args(["-P", "1", "-T", "1", "--seed", seed]));
        ran.expect_code(0);
        let device = |line: &str| line.split('"').nth(7).expect("a device").to_owned();
        ran.stdout.lines().map(device).collect()
    };
    let first = order("7");
    assert!(!first.is_sorted(), "{first:?}");
    assert_eq!(first, order("7"));
    assert_ne!(first, order("8"));
}
