//! Host keys, the user's configuration, and what else OpenSSH's own tools have a say in.

use std::path::Path;
use std::process::Command;

use libtest_mimic::Trial;

use crate::peers::account::{Key, USER};
use crate::peers::{openssh, trial};
use crate::sweep::{SHELL, Sweep, answers, message};

pub(crate) fn trials() -> Vec<Trial> {
    let trial = |name, test| trial(name, &[openssh::NEEDS], test);
    vec![
        trial("known_hosts_is_shared_with_openssh", known_hosts_is_shared_with_openssh),
        trial("a_changed_host_key_is_refused", a_changed_host_key_is_refused),
        trial("the_ssh_configuration_says_what_the_inventory_does_not", the_configuration_is_read),
    ]
}

/// What one accepted the other finds, in the clear and hashed.
fn known_hosts_is_shared_with_openssh() {
    let server = openssh::password();
    let mut sweep = Sweep::new().device("host", server.port, SHELL).args(&["--host-keys", "strict"]);
    let unknown = sweep.fails(&["true"]);
    assert_eq!(unknown["error"]["kind"], "host_key", "{unknown}");
    assert!(message(&unknown).contains(&fingerprint(&server.file("host_key.pub"))), "{unknown}");

    let mut sweep = Sweep::new().device("host", server.port, SHELL).args(&["--host-keys", "accept-new"]);
    sweep.succeeds(&["true"]);
    let known_hosts = sweep.path(".ssh/known_hosts");
    let name = format!("[127.0.0.1]:{}", server.port);
    let found = keygen(&["-F", &name], &known_hosts);
    assert!(found.contains(&key(&server.file("host_key.pub"))), "{found}");

    keygen(&["-H"], &known_hosts);
    let hashed = std::fs::read_to_string(&known_hosts).expect("there");
    assert!(hashed.starts_with("|1|"), "{hashed}");
    let mut strict = Sweep::new().device("host", server.port, SHELL).file("hashed", &hashed).args(&[
        "--host-keys",
        "strict",
        "--known-hosts",
    ]);
    let file = strict.path("hashed").display().to_string();
    strict = strict.args(&[&file]);
    strict.succeeds(&["true"]);
    assert_eq!(std::fs::read_to_string(&file).expect("there"), hashed, "strict adds nothing");
}

fn a_changed_host_key_is_refused() {
    let (server, other) = (openssh::password(), openssh::password());
    let known = format!("[127.0.0.1]:{} {}\n", server.port, key(&other.file("host_key.pub")));
    let sweep = |policy| {
        let sweep = Sweep::new().device("host", server.port, SHELL).file(".ssh/known_hosts", &known);
        sweep.args(&["--host-keys", policy])
    };
    for policy in ["strict", "accept-new"] {
        let mut sweep = sweep(policy);
        let record = sweep.fails(&["true"]);
        assert_eq!(record["error"]["kind"], "host_key", "{record}");
        assert_eq!(record["attempts"], 1, "{record}");
        for peer in [&server, &other] {
            let fingerprint = fingerprint(&peer.file("host_key.pub"));
            assert!(message(&record).contains(&fingerprint), "{fingerprint}: {record}");
        }
        assert_eq!(std::fs::read_to_string(sweep.path(".ssh/known_hosts")).expect("there"), known);
    }
    sweep("off").succeeds(&["true"]);
    assert_eq!(openssh::logins(&server), 1, "nobody logs in to a server that is not itself");
}

/// Of this device the inventory says next to nothing.
fn the_configuration_is_read() {
    let server = openssh::keys_only();
    let config = format!(
        "Host lab-*\n  User {USER}\n  Port {}\n  IdentityFile {}\nHost lab-1\n  HostName 127.0.0.1\n\
         Host *\n  User nobody\n  ServerAliveInterval 30\n",
        server.port,
        Key::Ed25519.file().display()
    );
    let config = config.as_str();
    // No user by default: what the inventory says wins.
    let sweep = || Sweep::nobody().named("lab-1", "platform = \"linux\"\n");
    let records = sweep().file(".ssh/config", config).succeeds(&["id -un"]);
    assert_eq!(answers(&records["lab-1"]), [format!("{USER}\n")]);

    let mut elsewhere = sweep().file("elsewhere", config).args(&["--ssh-config"]);
    let file = elsewhere.path("elsewhere").display().to_string();
    elsewhere = elsewhere.args(&[&file]);
    assert_eq!(answers(&elsewhere.succeeds(&["id -un"])["lab-1"]), [format!("{USER}\n")]);
}

/// What OpenSSH's own tool says.
fn keygen(arguments: &[&str], file: &Path) -> String {
    let output =
        Command::new("ssh-keygen").args(arguments).arg("-f").arg(file).output().expect("ssh-keygen starts");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn fingerprint(public: &Path) -> String {
    let line = keygen(&["-l"], public);
    line.split(' ').nth(1).expect("a fingerprint").to_owned()
}

/// Algorithm and key, without the comment.
fn key(public: &Path) -> String {
    let line = std::fs::read_to_string(public).expect("there");
    line.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
}
