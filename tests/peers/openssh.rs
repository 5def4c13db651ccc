//! Each of OpenSSH's tempers by itself.

use libtest_mimic::Trial;
use tempfile::TempDir;

use crate::outputs;
use crate::peers::account::{self, Key};
use crate::peers::openssh::{self, Agent};
use crate::peers::{frr, trial};
use crate::sweep::{INTRUDER, KEYS, SHELL, Sweep, VTYSH, answers, message, refused};

pub(crate) fn trials() -> Vec<Trial> {
    let alone = |name, test| trial(name, &[openssh::NEEDS], test);
    vec![
        alone("openssh_returns_what_the_commands_printed", returns_what_the_commands_printed),
        alone("openssh_refuses_a_wrong_password", refuses_a_wrong_password),
        alone("openssh_serves_many_sessions", serves_many_sessions),
        alone("openssh_asks_for_the_password_interactively", asks_interactively),
        alone("openssh_takes_keys_in_every_form", takes_keys_in_every_form),
        alone("openssh_refuses_an_unknown_key", refuses_an_unknown_key),
        alone("a_wrong_passphrase_starts_nothing", a_wrong_passphrase_starts_nothing),
        alone("openssh_takes_a_key_of_the_agent", takes_a_key_of_the_agent),
        alone("openssh_with_old_algorithms_needs_ssh_legacy", old_algorithms_need_ssh_legacy),
        alone("a_throttled_openssh_serves_all_in_the_end", a_throttled_server_serves_all_in_the_end),
        alone("a_refused_key_leaves_a_try_for_the_password", a_refused_key_leaves_a_try_for_the_password),
        alone("openssh_runs_commands_without_a_shell", runs_commands_without_a_shell),
        alone("openssh_with_another_encoding", another_encoding),
        alone("openssh_may_change_its_keys_at_any_time", keys_may_change_at_any_time),
        trial("openssh_without_a_terminal", &[openssh::NEEDS, frr::NEEDS], without_a_terminal),
        trial("openssh_forces_vtysh", &[openssh::NEEDS, frr::NEEDS], forces_vtysh),
    ]
}

fn returns_what_the_commands_printed() {
    let server = openssh::password();
    outputs::are_exact(Sweep::new().device("host", server.port, SHELL));
}

fn refuses_a_wrong_password() {
    for server in [openssh::password(), openssh::questions(), openssh::throttled()] {
        refused(&Sweep::new().device("host", server.port, INTRUDER).fails(&["true"]));
    }
}

fn serves_many_sessions() {
    let server = openssh::password();
    let records = Sweep::new().devices(40, server.port, SHELL).succeeds(&["hostname", "seq 1 500"]);
    assert_eq!(records.len(), 40);
    for (device, record) in &records {
        assert_eq!(answers(record)[1], outputs::numbers(500), "{device}");
    }
}

fn asks_interactively() {
    let server = openssh::questions();
    outputs::are_exact(Sweep::new().device("host", server.port, SHELL));
}

/// Of each form one device.
fn takes_keys_in_every_form() {
    let server = openssh::keys_only();
    let mut sweep = Sweep::new();
    for key in Key::ALL {
        sweep = sweep.device(&format!("{key:?}"), server.port, &with_key(key));
    }
    let records = sweep.succeeds(&["id -un"]);
    for key in Key::ALL {
        assert_eq!(answers(&records[&format!("{key:?}")]), [format!("{}\n", account::USER)]);
    }
}

/// A device of the account that lets in with `key`.
pub(crate) fn with_key(key: Key) -> String {
    let passphrase = if key == Key::Encrypted { ", passphrase = { env = \"PEER_PASSPHRASE\" }" } else { "" };
    format!("{KEYS}private_key = {{ file = \"{}\"{passphrase} }}\n", key.file().display())
}

/// Another key than the account's, in a directory that goes with it.
pub(crate) fn stranger() -> (TempDir, String) {
    let directory = TempDir::new().expect("a temporary directory");
    let file = directory.path().join("stranger");
    account::make_key(&file, &["-t", "ed25519", "-N", ""]);
    let file = file.display().to_string();
    (directory, file)
}

fn refuses_an_unknown_key() {
    let server = openssh::keys_only();
    let (_directory, file) = stranger();
    let keys = format!("{KEYS}private_key = {{ file = \"{file}\" }}\n");
    refused(&Sweep::new().device("host", server.port, &keys).fails(&["true"]));
}

fn a_wrong_passphrase_starts_nothing() {
    let server = openssh::keys_only();
    let file = Key::Encrypted.file();
    let keys = format!(
        "{KEYS}private_key = {{ file = \"{}\", passphrase = {{ env = \"PEER_WRONG\" }} }}\n",
        file.display()
    );
    let ran = Sweep::new().device("host", server.port, &keys).run(&["true"]);
    ran.expect_code(2);
    assert!(ran.stderr.contains("passphrase"), "{}", ran.stderr);
    assert!(ran.stdout.is_empty(), "{}", ran.stdout);
    assert!(!server.log().contains("Connection from"), "{}", server.log());
}

/// The agent offers a key first that the account does not know.
fn takes_a_key_of_the_agent() {
    let server = openssh::keys_only();
    let (_directory, stranger) = stranger();
    let agent = Agent::with(&[stranger.clone().into(), Key::Ed25519.file()]);
    let keys = format!("{KEYS}agent = true\n");
    let sweep = || Sweep::new().device("host", server.port, &keys);
    let records = sweep().env("SSH_AUTH_SOCK", agent.socket()).succeeds(&["id -un"]);
    assert_eq!(answers(&records["host"]), [format!("{}\n", account::USER)]);

    let strangers = Agent::with(&[stranger.into()]);
    refused(&sweep().env("SSH_AUTH_SOCK", strangers.socket()).fails(&["true"]));
}

/// Equipment of its day has one of each; modern devices beside it are asked for nothing old.
fn old_algorithms_need_ssh_legacy() {
    for key_exchange in ["diffie-hellman-group14-sha1", "diffie-hellman-group1-sha1"] {
        for cipher in ["aes128-cbc", "3des-cbc"] {
            let server = openssh::legacy(key_exchange, cipher);
            let refused = Sweep::new().device("host", server.port, SHELL).fails(&["true"]);
            assert_eq!(refused["error"]["kind"], "handshake", "{key_exchange} {cipher}: {refused}");
            let legacy = format!("{SHELL}ssh_legacy = true\n");
            outputs::are_exact(Sweep::new().device("host", server.port, &legacy));
        }
    }
}

fn a_throttled_server_serves_all_in_the_end() {
    let server = openssh::throttled();
    let records = Sweep::new()
        .devices(40, server.port, SHELL)
        .args(&["-P", "2", "-T", "20", "--retries", "8"])
        .succeeds(&["echo served"]);
    assert_eq!(records.len(), 40);
    assert!(records.values().all(|record| answers(record) == ["served\n"]));
    // Otherwise it has shown nothing.
    assert!(records.values().any(|record| record["attempts"] != 1), "nobody was turned away");
}

/// This server lets nobody try a third time.
fn a_refused_key_leaves_a_try_for_the_password() {
    let server = openssh::throttled();
    let (_directory, file) = stranger();
    let keys = format!("{SHELL}private_key = {{ file = \"{file}\" }}\n");
    let records = Sweep::new().device("host", server.port, &keys).succeeds(&["echo in"]);
    assert_eq!(answers(&records["host"]), ["in\n"]);
    assert_eq!(records["host"]["attempts"], 1);
}

/// A router's command line prompts all the same; bash on a pipe never does.
fn without_a_terminal() {
    let router = frr::router();
    let server = openssh::vtysh_without_a_terminal(&router);
    outputs::are_of(&router, Sweep::new().device("router", server.port, VTYSH));

    let server = openssh::no_terminal();
    let mut sweep = Sweep::new().device("host", server.port, SHELL).args(&["--login-timeout", "3s"]);
    let record = sweep.fails(&["true"]);
    assert_eq!(record["error"]["kind"], "prompt", "{record}");
}

/// Each command by itself: nothing of one is left for the next.
fn runs_commands_without_a_shell() {
    let exec = format!("{SHELL}mode = \"exec\"\n");
    for server in [openssh::password(), openssh::no_terminal()] {
        outputs::are_exact(Sweep::new().device("host", server.port, &exec));
        let record =
            Sweep::new().device("host", server.port, &exec).fails(&["cd /usr", "pwd", "exit 3", "true"]);
        let home = format!("{}\n", account::home().display());
        assert_eq!(answers(&record), ["", &home, "", ""]);
        assert_eq!(record["error"]["kind"], "command", "{record}");
        assert!(message(&record).contains("exit 3"), "{record}");
    }
}

fn another_encoding() {
    let server = openssh::password();
    let latin = format!("{SHELL}encoding = \"latin1\"\n");
    let records = Sweep::new().device("host", server.port, &latin).succeeds(&["printf 'Gr\\374\\337e\\n'"]);
    assert_eq!(answers(&records["host"]), ["Grüße\n"]);
}

/// In the middle of a long output, between two of them, and while a prompt is looked at.
fn keys_may_change_at_any_time() {
    const LONG: u32 = 1_500_000;
    let server = openssh::restless();
    let lasts: Vec<u32> = std::iter::once(LONG).chain((0..150).map(|n| 9_000 + 37 * n)).collect();
    let commands: Vec<String> = lasts.iter().map(|last| format!("seq 1 {last}")).collect();
    let commands: Vec<&str> = commands.iter().map(String::as_str).collect();
    let records = Sweep::new()
        .device("shell", server.port, SHELL)
        .device("exec", server.port, &format!("{SHELL}mode = \"exec\"\n"))
        .succeeds(&commands);
    for (device, record) in &records {
        for (last, output) in lasts.iter().zip(answers(record)) {
            assert!(output == outputs::numbers(*last), "{device}: seq 1 {last} came home changed");
        }
    }
    // Otherwise it has shown nothing. 20 MB each, and more than 64 KiB between two changes only where
    // they wait in line.
    let changes = openssh::new_keys(&server);
    assert!(changes > 100, "keys were changed {changes} times");
}

/// By itself, and with the pager that its administrator has chosen.
fn forces_vtysh() {
    let router = frr::router();
    for server in [openssh::vtysh(&router), openssh::vtysh_with_a_pager(&router)] {
        outputs::are_of(&router, Sweep::new().device("router", server.port, VTYSH));
    }
}
