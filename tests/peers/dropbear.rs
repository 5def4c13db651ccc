//! dropbear by itself.

use libtest_mimic::Trial;

use crate::openssh::{stranger, with_key};
use crate::outputs;
use crate::peers::account::{self, Key};
use crate::peers::{dropbear, frr, openssh, trial};
use crate::sweep::{INTRUDER, KEYS, SHELL, Sweep, VTYSH, answers, refused};

pub(crate) fn trials() -> Vec<Trial> {
    let keys: &[&[&str]] = &[dropbear::NEEDS, openssh::NEEDS];
    vec![
        trial(
            "dropbear_returns_what_the_commands_printed",
            &[dropbear::NEEDS],
            returns_what_the_commands_printed,
        ),
        trial("dropbear_refuses_a_wrong_password", &[dropbear::NEEDS], refuses_a_wrong_password),
        trial("dropbear_takes_keys", keys, takes_keys),
        trial("dropbear_serves_many_sessions", &[dropbear::NEEDS], serves_many_sessions),
        trial("dropbear_runs_commands_without_a_shell", &[dropbear::NEEDS], runs_commands_without_a_shell),
        trial("dropbear_forces_vtysh", &[dropbear::NEEDS, frr::NEEDS], forces_vtysh),
    ]
}

fn returns_what_the_commands_printed() {
    let server = dropbear::password();
    outputs::are_exact(Sweep::new().device("host", server.port, SHELL));
}

fn refuses_a_wrong_password() {
    let server = dropbear::password();
    refused(&Sweep::new().device("host", server.port, INTRUDER).fails(&["true"]));
}

fn takes_keys() {
    let server = dropbear::keys_only();
    let mut sweep = Sweep::new();
    for key in Key::ALL {
        sweep = sweep.device(&format!("{key:?}"), server.port, &with_key(key));
    }
    for record in sweep.succeeds(&["id -un"]).values() {
        assert_eq!(answers(record), [format!("{}\n", account::USER)]);
    }

    let (_directory, file) = stranger();
    let unknown = format!("{KEYS}private_key = {{ file = \"{file}\" }}\n");
    refused(&Sweep::new().device("host", server.port, &unknown).fails(&["true"]));
    // A password is nothing to it.
    refused(&Sweep::new().device("host", server.port, SHELL).fails(&["true"]));
}

/// More at once than it lets log in at once.
fn serves_many_sessions() {
    let server = dropbear::password();
    let records = Sweep::new()
        .devices(20, server.port, SHELL)
        .args(&["-P", "2", "-T", "10", "--retries", "8"])
        .succeeds(&["seq 1 500"]);
    assert_eq!(records.len(), 20);
    for (device, record) in &records {
        assert_eq!(answers(record), [outputs::numbers(500)], "{device}");
    }
}

fn runs_commands_without_a_shell() {
    let server = dropbear::password();
    outputs::are_exact(Sweep::new().device("host", server.port, &format!("{SHELL}mode = \"exec\"\n")));
}

fn forces_vtysh() {
    let router = frr::router();
    let server = dropbear::vtysh(&router);
    outputs::are_of(&router, Sweep::new().device("router", server.port, VTYSH));
}
