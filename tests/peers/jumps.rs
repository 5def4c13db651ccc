//! Jump hosts, in front of servers that nothing else reaches.

use libtest_mimic::Trial;

use crate::outputs;
use crate::peers::account::USER;
use crate::peers::network::{self, Network};
use crate::peers::{openssh, trial};
use crate::sweep::{INTRUDER, SHELL, Sweep, answers};

pub(crate) fn trials() -> Vec<Trial> {
    let trial = |name, test| trial(name, &[openssh::NEEDS, network::NEEDS], test);
    vec![
        trial("a_jump_host_leads_where_nothing_else_does", one),
        trial("two_jump_hosts_in_a_row", two),
        trial("a_jump_host_is_told_a_wrong_password_once", is_told_a_wrong_password_once),
        trial("many_devices_share_a_jump_host", many_devices_share_a_jump_host),
    ]
}

/// In both ways of naming it.
fn one() {
    let inside = Network::new();
    let jump = openssh::jump(None, &inside);
    let server = openssh::password_within(&inside);

    let direct = Sweep::new().device("host", server.port, SHELL).fails(&["true"]);
    assert_eq!(direct["error"]["kind"], "connect", "{direct}");

    let by_address = format!("{SHELL}jump = \"{USER}@127.0.0.1:{}\"\n", jump.port);
    outputs::are_exact(Sweep::new().device("host", server.port, &by_address));

    let by_name = format!("{SHELL}jump = \"bastion\"\n");
    let sweep = Sweep::new().device("bastion", jump.port, SHELL).device("host", server.port, &by_name);
    outputs::are_exact(sweep.args(&["--limit", "host"]));
}

/// Each stands in a network that the one before it leads to.
fn two() {
    let (outer, inner) = (Network::new(), Network::new());
    let first = openssh::jump(None, &outer);
    let second = openssh::jump(Some(&outer), &inner);
    let server = openssh::password_within(&inner);

    let first_hop = format!("{USER}@127.0.0.1:{}", first.port);
    let chain = format!("{SHELL}jump = \"{first_hop}, {USER}@127.0.0.1:{}\"\n", second.port);
    outputs::are_exact(Sweep::new().device("host", server.port, &chain));

    // A jump host that has a jump of its own.
    let sweep = Sweep::new()
        .device("second", second.port, &format!("{SHELL}jump = \"{first_hop}\"\n"))
        .device("host", server.port, &format!("{SHELL}jump = \"second\"\n"));
    outputs::are_exact(sweep.args(&["--limit", "host"]));
}

fn is_told_a_wrong_password_once() {
    let inside = Network::new();
    let jump = openssh::jump(None, &inside);
    let server = openssh::password_within(&inside);
    let mut sweep = Sweep::new()
        .device("bastion", jump.port, INTRUDER)
        .devices(20, server.port, &format!("{SHELL}jump = \"bastion\"\n"))
        .args(&["--limit", "host-*", "-P", "4", "-T", "8"]);
    let ran = sweep.run(&["true"]);
    ran.expect_code(1);
    let records = ran.records();
    let of = |kind: &str| records.values().filter(|record| record["error"]["kind"] == kind).count();
    assert_eq!((of("auth"), of("lockout_guard")), (1, 19), "{records:#?}");
    assert_eq!((openssh::rejections(&jump), openssh::logins(&server)), (1, 0));
}

fn many_devices_share_a_jump_host() {
    let inside = Network::new();
    let jump = openssh::jump(None, &inside);
    let server = openssh::password_within(&inside);
    let keys = format!("{SHELL}jump = \"{USER}@127.0.0.1:{}\"\n", jump.port);
    let records =
        Sweep::new().devices(30, server.port, &keys).args(&["-P", "1", "-T", "30"]).succeeds(&["seq 1 500"]);
    assert_eq!(records.len(), 30);
    for (device, record) in &records {
        assert_eq!(answers(record), [outputs::numbers(500)], "{device}");
    }
    let logins = openssh::logins(&jump);
    assert!(logins < 30, "{logins} logins on the jump host: its connections are not shared");
}
