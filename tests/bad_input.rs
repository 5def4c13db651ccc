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
        &["run", "--login-rate", "0"],
        &["run", "--login-rate", "often"],
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
fn values_that_make_no_session() {
    let with = |line: &str| format!("{GOOD}{line}\n");
    refused(&with("transport = []"), &[], &["devices.toml:8:", "transport"]);
    refused(&with("transport = [\"ssh\", \"telent\"]"), &[], &["devices.toml:8:", "telent", "\"telnet\""]);
    refused(&with("transport = [\"ssh\", \"ssh:2222\"]"), &[], &["devices.toml:8:", "twice"]);
    refused(&with("mode = \"exce\""), &[], &["devices.toml:8:", "exce", "\"exec\""]);
    refused(&with("mode = \"exec\"\ntransport = [\"ssh\", \"telnet\"]"), &[], &["devices.toml:3:", "exec"]);
    refused(&with("encoding = \"koi8r-\""), &[], &["devices.toml:8:", "\"koi8-r\""]);
    refused(&with("encoding = \"utf-16\""), &[], &["devices.toml:8:", "utf-16", "ASCII"]);
    refused(&with("keepalive = \"often\""), &[], &["devices.toml:8:", "keepalive"]);
    refused(&with("jump = \"user@\""), &[], &["devices.toml:8:", "[user@]host[:port]"]);
}

#[test]
fn jumps_in_a_circle() {
    let text = GOOD.to_owned()
        + "jump = \"core-2\"\n"
        + &GOOD[GOOD.find("[[").expect("it has")..].replace("core-1", "core-2");
    refused(&(text + "jump = \"core-1\"\n"), &[], &["devices.toml:3:", "core-1 → core-2 → core-1"]);
    let itself = GOOD.to_owned() + "jump = \"core-1\"\n";
    refused(&itself, &[], &["devices.toml:3:", "core-1 → core-1"]);
    refused(&itself, &["--simulate"], &["core-1 → core-1"]);
}

#[test]
fn a_command_that_the_device_would_read_as_another() {
    let text = GOOD.to_owned() + "encoding = \"cp1251\"\n";
    let directory = inventory(&text);
    let path = directory.path().join("devices.toml");
    let ran = run(netsweep().args(["run", "show interface Стенд", "-i"]).arg(path));
    ran.expect_code(2);
    for part in ["core-1", "show interface Стенд", "ASCII", "windows-1251"] {
        assert!(ran.stderr.contains(part), "{part:?} is not said in:\n{}", ran.stderr);
    }
}

/// A private key of OpenSSH's that `open sesame` decrypts.
fn encrypted_key() -> String {
    use ssh_key::private::{Ed25519Keypair, KeypairData, PrivateKey};
    let key =
        PrivateKey::new(KeypairData::Ed25519(Ed25519Keypair::from_seed(&[3; 32])), "test").expect("a key");
    let kdf = ssh_key::Kdf::Bcrypt { salt: vec![1; 16], rounds: 1 };
    let key = key.encrypt_with(ssh_key::Cipher::Aes256Ctr, kdf, 1, "open sesame").expect("it encrypts");
    key.to_openssh(ssh_key::LineEnding::LF).expect("it encodes").to_string()
}

#[test]
fn keys_that_cannot_be_used() {
    let directory = inventory("");
    let path = directory.path().join("id");
    let file = path.display();
    let with = |key: &str| format!("{GOOD}private_key = {key}\n");
    let from_file = with(&format!("{{ file = \"{file}\" }}"));
    let write = |text: &str| std::fs::write(&path, text).expect("written");

    refused(&from_file, &[], &["private_key of device \"core-1\"", "/id", "No such file"]);
    write("hunter2");
    refused(&from_file, &[], &["private_key of device \"core-1\"", "/id", "no private key"]);
    write("ssh-ed25519 AAAAC3 me");
    refused(&from_file, &[], &["/id", "public key"]);
    write(&encrypted_key());
    refused(&from_file, &[], &["/id", "is encrypted", "passphrase", "terminal"]);
    let wrong = with(&format!("{{ file = \"{file}\", passphrase = \"hunter2\" }}"));
    refused(&wrong, &[], &["passphrase does not fit", "/id", "core-1"]);
    let unset = with(&format!("{{ file = \"{file}\", passphrase = {{ env = \"NETSWEEP_TEST_UNSET\" }} }}"));
    refused(&unset, &[], &["NETSWEEP_TEST_UNSET", "passphrase", "core-1"]);
    refused(&with("\"hunter2\""), &[], &["core-1", "no private key"]);
    refused(&with("{ prompt = true }"), &[], &["devices.toml:8:", "private_key"]);
    for text in [&wrong, &with("\"hunter2\"")] {
        let fleet = inventory(text);
        let ran = run(netsweep().args(["run", "show version", "-i"]).arg(fleet.path().join("devices.toml")));
        assert!(!ran.stderr.contains("hunter2"), "a secret was printed");
    }
}

#[test]
fn an_agent_that_is_not_there() {
    let text = GOOD.to_owned() + "agent = true\n";
    refused(&text, &[], &["agent of device \"core-1\"", "SSH_AUTH_SOCK"]);
}

#[test]
fn ssh_configs_that_cannot_be_used() {
    let directory = inventory("");
    let path = directory.path().join("ssh config");
    let config = path.to_str().expect("UTF-8");
    refused(GOOD, &["--ssh-config", config], &["--ssh-config", "ssh config", "No such file"]);
    std::fs::write(&path, "Host *\n  Port many\n").expect("written");
    refused(GOOD, &["--ssh-config", config], &["ssh config:2: Port must be"]);
    let nameless = GOOD.replace("username = \"admin\"\n", "");
    refused(&nameless, &["--ssh-config", "none"], &["devices.toml:3:", "no username"]);
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

/// What the SSH config says is shown, and a rehearsal does without it.
#[test]
fn a_dry_run_shows_the_way() {
    let text = GOOD.replace("username = \"admin\"\n", "transport = [\"ssh\", \"telnet\"]\n");
    let directory = inventory(&text);
    let config = directory.path().join("config");
    let said = "Host core-1\nHostName 192.0.2.7\nPort 2222\nUser me\nProxyJump gate\nHost gate\nPort 22022\n";
    std::fs::write(&config, said).expect("written");
    let dry_run = |config: &std::path::Path, simulate: &[&str]| {
        let mut command = netsweep();
        command.args(["run", "--dry-run", "show version", "--ssh-config"]).arg(config).args(simulate);
        let ran = run(command.arg("-i").arg(directory.path().join("devices.toml")));
        ran.expect_code(0);
        ran.stdout
    };
    let told = dry_run(&config, &[]);
    assert!(
        told.contains("  core-1  192.0.2.7:2222 ssh, else :23 telnet cisco_ios via gate:22022\n"),
        "{told}"
    );
    let told = dry_run("nowhere".as_ref(), &["--simulate"]);
    assert!(told.contains("  core-1  core-1:22 ssh, else :23 telnet cisco_ios\n"), "{told}");
}
