//! Bad input: exit 2, a message with the place and the remedy, and nothing is started.

mod support;

use support::{inventory, netsweep, run};

/// Runs `netsweep run show-version` on `text` with `args`, which must be refused with all of `said`.
#[track_caller]
fn refused(text: &str, args: &[&str], said: &[&str]) {
    let directory = inventory(text);
    let ran = run(netsweep()
        .args(["run", "show version", "-i"])
        .arg(directory.path().join("devices.toml"))
        .args(args));
    ran.expect_code(2);
    assert_eq!(ran.stdout, "", "nothing is started");
    for part in said {
        assert!(ran.stderr.contains(part), "{part:?} is not said in:\n{}", ran.stderr);
    }
}

const GOOD: &str = r#"
[groups.core]
[[devices]]
name = "core-1"
platform = "cisco_ios"
username = "admin"
groups = ["core"]
"#;

#[test]
fn an_unknown_key() {
    refused(&GOOD.replace("username", "usrname"), &[], &["devices.toml:6:", "usrname", "username"]);
}

#[test]
fn a_value_of_the_wrong_type() {
    refused(&(GOOD.to_owned() + "port = \"ssh\"\n"), &[], &["devices.toml:8:", "port"]);
}

#[test]
fn a_duplicate_name() {
    let twice = GOOD.to_owned() + "[[devices]]\nname = \"core-1\"\n";
    refused(&twice, &[], &["devices.toml:9:", "core-1", ":4"]);
}

#[test]
fn every_error_of_the_file_is_told_at_once() {
    let text = GOOD.replace("username", "usrname").replace("[\"core\"]", "[\"cores\"]");
    refused(&text, &[], &["devices.toml:6:", "devices.toml:7:", "cores", "core"]);
}

#[test]
fn an_unknown_platform() {
    refused(&GOOD.replace("cisco_ios", "cisco_io"), &[], &["devices.toml:5:", "cisco_io", "cisco_ios"]);
}

#[test]
fn broken_toml() {
    refused("[[devices]\n", &[], &["devices.toml:1:"]);
}

#[test]
fn a_missing_file() {
    let ran = run(netsweep().args(["run", "show version", "-i", "nowhere/devices.toml"]));
    ran.expect_code(2);
    assert!(ran.stderr.contains("nowhere/devices.toml") && ran.stderr.contains("-i"), "{}", ran.stderr);
}

#[test]
fn an_empty_password() {
    let text = GOOD.to_owned() + "password = { env = \"NETSWEEP_TEST_EMPTY\" }\n";
    let directory = inventory(&text);
    let ran = run(netsweep()
        .env("NETSWEEP_TEST_EMPTY", "")
        .args(["run", "show version", "-i"])
        .arg(directory.path().join("devices.toml")));
    ran.expect_code(2);
    assert!(ran.stderr.contains("NETSWEEP_TEST_EMPTY is empty"), "{}", ran.stderr);
}

#[test]
fn a_bad_limit() {
    refused(GOOD, &["--limit", "group:cor"], &["--limit", "cor", "core"]);
    refused(GOOD, &["--limit", "core-1 &"], &["--limit"]);
}

#[test]
fn an_empty_selection() {
    refused(GOOD, &["--limit", "edge-*"], &["edge-*"]);
    refused("", &[], &["devices.toml"]);
}

#[test]
fn an_unreadable_secret() {
    let with = |password: &str| format!("{GOOD}password = {password}\n");
    refused(&with(r#"{ env = "NETSWEEP_TEST_UNSET" }"#), &[], &["NETSWEEP_TEST_UNSET", "core-1"]);
    refused(&with(r#"{ file = "no-such-file" }"#), &[], &["no-such-file"]);
    refused(&with(r#"{ command = ["false"] }"#), &[], &["false"]);
    refused(&with(r#"{ prompt = true }"#), &[], &["terminal"]);
}

#[test]
fn no_commands() {
    let directory = inventory(GOOD);
    let ran = run(netsweep().args(["run", "-i"]).arg(directory.path().join("devices.toml")));
    ran.expect_code(2);
    assert!(ran.stderr.contains("commands"), "{}", ran.stderr);
}

#[test]
fn a_command_with_a_line_break() {
    let directory = inventory(GOOD);
    let ran = run(netsweep()
        .args(["run", "show version\nreload", "-i"])
        .arg(directory.path().join("devices.toml")));
    ran.expect_code(2);
    assert!(ran.stderr.contains("line break") || ran.stderr.contains("control character"), "{}", ran.stderr);
}

#[test]
fn bad_usage() {
    for args in [
        &["run", "-T", "0"][..],
        &["run", "--format", "xml"],
        &["run", "--device-timeout", "soon"],
        &["sweep"],
    ] {
        run(netsweep().args(args)).expect_code(2);
    }
    refused(GOOD, &["--worker-binary", "/no/such/worker"], &["/no/such/worker"]);
    refused(GOOD, &["-f", "/no/such/commands"], &["/no/such/commands"]);
}

/// A rehearsal's flags without a rehearsal: were they ignored, real devices would be touched.
#[test]
fn flags_of_the_simulated_fleet_ask_for_simulate() {
    refused(GOOD, &["--sim-login", "1s"], &["--simulate"]);
}

/// An output directory that cannot be written is found out before anything is started.
#[test]
fn an_unwritable_output_directory() {
    refused(GOOD, &["--simulate", "-o", "/proc/netsweep"], &["/proc/netsweep"]);
}

#[test]
fn keys_and_agents_that_are_not_there() {
    let with = |keys: &str| format!("{GOOD}{keys}\n");
    refused(&with("private_key = { file = \"no-key\" }"), &[], &["core-1", "no-key"]);
    refused(&with("private_key = \"no PEM\""), &[], &["core-1", "no private key in PEM"]);
    refused(&with("agent = true"), &[], &["core-1", "SSH_AUTH_SOCK"]);
    refused(&with("jump = \"a b\""), &[], &["devices.toml:", "a b", "[user@]host[:port]"]);
}

#[test]
fn files_of_openssh_that_cannot_be_used() {
    refused(GOOD, &["--ssh-config", "/no/such/config"], &["/no/such/config"]);
    refused(
        GOOD,
        &["--known-hosts", "/proc/netsweep/known_hosts"],
        &["/proc/netsweep/known_hosts", "--known-hosts"],
    );
    refused(GOOD, &["--host-keys", "maybe"], &["accept-new"]);
}

#[test]
fn a_command_that_the_device_s_encoding_cannot_carry() {
    let directory = inventory(&format!("{GOOD}encoding = \"gbk\"\n"));
    let ran = run(netsweep().args(["run", "show ü", "-i"]).arg(directory.path().join("devices.toml")));
    ran.expect_code(2);
    assert!(ran.stderr.contains("show ü") && ran.stderr.contains("GBK"), "{}", ran.stderr);
}

#[test]
fn a_dry_run_connects_to_nothing_and_reads_no_secret() {
    let directory = inventory(&format!("{GOOD}password = {{ env = \"NETSWEEP_TEST_UNSET\" }}\n"));
    let ran = run(netsweep()
        .args(["run", "--dry-run", "show version", "-i"])
        .arg(directory.path().join("devices.toml")));
    ran.expect_code(0);
    assert!(ran.stdout.contains("core-1") && ran.stdout.contains("show version"), "{}", ran.stdout);
}
