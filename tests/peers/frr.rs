//! FRR's VTYs by themselves; its shell is tested with the servers that lead to it.

use libtest_mimic::Trial;

use crate::peers::frr::{self, Daemon};
use crate::peers::trial;
use crate::sweep::{Sweep, answers, refused};

pub(crate) fn trials() -> Vec<Trial> {
    let trial = |name, test| trial(name, &[frr::NEEDS], test);
    vec![
        trial("frr_answers_over_its_vtys", answers_over_its_vtys),
        trial("frr_refuses_a_wrong_password", refuses_a_wrong_password),
        trial("frr_refuses_a_wrong_enable_password", refuses_a_wrong_enable_password),
        trial("frr_says_what_it_does_not_know", says_what_it_does_not_know),
    ]
}

/// A VTY asks for passwords and for no name.
pub(crate) const VTY: &str =
    "platform = \"frr\"\ntransport = \"telnet\"\npassword = { env = \"VTY_PASSWORD\" }\n";

/// The same, to privileged mode where it does not begin there.
pub(crate) fn vty(daemon: &Daemon) -> String {
    let enable = if daemon.privileged { "" } else { "enable_password = { env = \"VTY_ENABLE\" }\n" };
    format!("{VTY}{enable}")
}

/// With the passwords of the VTYs.
pub(crate) fn sweep() -> Sweep {
    Sweep::new().env("VTY_PASSWORD", frr::PASSWORD).env("VTY_ENABLE", frr::ENABLE)
}

/// Some of what they have to show is longer than any screen.
fn answers_over_its_vtys() {
    let router = frr::router();
    let mut sweep = sweep();
    for daemon in &router.daemons {
        sweep = sweep.device(daemon.name, daemon.port(), &vty(daemon));
    }
    let commands = ["show version", "show running-config"];
    let records = sweep.succeeds(&commands);
    for daemon in &router.daemons {
        for (command, output) in commands.iter().zip(answers(&records[daemon.name])) {
            assert_eq!(output, daemon.answer(command), "{}: {command}", daemon.name);
        }
    }
    let zebra = answers(&records["zebra"]);
    assert!(zebra[1].lines().count() > 200, "{}", zebra[1]);
    router.routes_are_untouched();
}

fn refuses_a_wrong_password() {
    let router = frr::router();
    let wrong = "platform = \"frr\"\ntransport = \"telnet\"\npassword = { env = \"PEER_WRONG\" }\n";
    refused(&sweep().device("router", router.daemons[0].port(), wrong).fails(&["show version"]));
}

fn refuses_a_wrong_enable_password() {
    let router = frr::router();
    let wrong = format!("{VTY}enable_password = {{ env = \"PEER_WRONG\" }}\n");
    refused(&sweep().device("router", router.daemons[0].port(), &wrong).fails(&["show version"]));
}

/// And goes on with what it knows.
fn says_what_it_does_not_know() {
    let router = frr::router();
    let zebra = &router.daemons[0];
    let record =
        sweep().device("router", zebra.port(), &vty(zebra)).fails(&["show nonsense", "show version"]);
    assert_eq!(record["error"]["kind"], "command", "{record}");
    assert_eq!(answers(&record)[1], zebra.answer("show version"));
}
