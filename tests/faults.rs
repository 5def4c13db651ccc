//! Every fault of a device in one sweep.

mod support;

use support::{inventory, netsweep, run};

/// A fault, and the kind that its devices fail with; `None` for those that are well.
const FAULTS: [(&str, Option<&str>); 11] = [
    ("none", None),
    ("lookalike", None),
    ("refuse", Some("connect")),
    ("silent", Some("timeout")),
    ("trickle", Some("timeout")),
    ("stall-login", Some("timeout")),
    ("reject", Some("auth")),
    ("flood", Some("timeout")),
    ("cut", Some("disconnected")),
    ("stall-output", Some("timeout")),
    ("endless", Some("timeout")),
];

/// 330 devices, a tenth with each fault, half of them over Telnet: each has its one record with
/// the right kind, the healthy are well, and no thread or worker is lost to the others.
#[test]
fn each_faulty_device_fails_with_its_kind_and_no_other() {
    let mut text = String::from("[defaults]\nplatform = \"cisco_ios\"\nusername = \"admin\"\n");
    for (fault, _) in FAULTS {
        for (transport, names) in [("ssh", "01-15"), ("telnet", "16-30")] {
            text += &format!(
                "[[devices]]\nname = \"{fault}-[{names}]\"\naddress = \"198.18.0.0/27\"\ntransport = \"{transport}\"\n"
            );
            if fault != "none" {
                text += &format!("vars = {{ sim_fault = \"{fault}\" }}\n");
            }
        }
    }
    let fleet = inventory(&text);
    let ran = run(netsweep()
        .args(["run", "--simulate", "-P", "2", "-T", "165", "--retries", "0"])
        .args([
            "--sim-login",
            "50ms",
            "--sim-command",
            "50ms",
            "--login-timeout",
            "4s",
            "--command-timeout",
            "4s",
        ])
        .args([
            "--connect-timeout",
            "4s",
            "--device-timeout",
            "6s",
            "--max-output",
            "2",
            "show version",
            "-i",
        ])
        .arg(fleet.path().join("devices.toml")));
    ran.expect_code(1);
    let records = ran.records();
    assert_eq!(records.len(), 330);
    for (device, record) in &records {
        let fault = device.rsplit_once('-').expect("fault-number").0;
        let expected = FAULTS.iter().find(|(name, _)| *name == fault).expect("a known fault").1;
        assert_eq!(record["error"]["kind"].as_str(), expected, "{device}: {}", record["error"]);
        assert_eq!(record["status"], if expected.is_none() { "ok" } else { "failed" }, "{device}");
        let total = record["timing_ms"]["total"].as_f64().expect("a total");
        // The device's time is six seconds; the rest is for a machine that does other things too.
        assert!(total < 20_000.0, "{device} took {total} ms");
        let keeps_output = matches!(fault, "cut" | "stall-output" | "endless");
        let output = record["commands"][0]["output"].as_str().unwrap_or_default();
        assert!(!keeps_output || !output.is_empty(), "{device}: what it printed before it failed is kept");
    }
    assert!(!ran.stderr.contains("worker 0:"), "no worker is lost: {}", ran.stderr);
}

/// What can pass is tried again, and only that.
#[test]
fn a_refused_connection_is_retried_and_a_refused_password_is_not() {
    let fleet = inventory(
        r#"
        [defaults]
        platform = "cisco_ios"
        username = "admin"
        [[devices]]
        name = "refuse"
        vars = { sim_fault = "refuse" }
        [[devices]]
        name = "reject"
        vars = { sim_fault = "reject" }
        "#,
    );
    let ran = run(netsweep()
        .args(["run", "--simulate", "--retries", "2", "show version", "-i"])
        .arg(fleet.path().join("devices.toml")));
    ran.expect_code(1);
    let records = ran.records();
    assert_eq!(records["refuse"]["attempts"], 3);
    assert_eq!(records["refuse"]["error"]["kind"], "connect");
    assert_eq!(records["reject"]["attempts"], 1);
    assert_eq!(records["reject"]["error"]["kind"], "auth");
}
