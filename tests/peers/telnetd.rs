//! telnetd by itself.

use libtest_mimic::Trial;

use crate::outputs;
use crate::peers::{Port, frr, openssh, telnetd, trial};
use crate::sweep::{INTRUDER, SHELL, Sweep, answers, refused};

pub(crate) fn trials() -> Vec<Trial> {
    let alone = |name, test| trial(name, &[telnetd::NEEDS], test);
    vec![
        alone("telnetd_returns_what_the_commands_printed", returns_what_the_commands_printed),
        alone("telnetd_refuses_a_wrong_password", refuses_a_wrong_password),
        alone("telnetd_serves_many_sessions", serves_many_sessions),
        trial("telnetd_without_a_login", &[telnetd::NEEDS, frr::NEEDS], without_a_login),
        trial("telnet_where_there_is_no_ssh", &[telnetd::NEEDS, openssh::NEEDS], falls_back),
    ]
}

/// The account over Telnet.
pub(crate) fn telnet() -> String {
    format!("{SHELL}transport = \"telnet\"\n")
}

fn returns_what_the_commands_printed() {
    let server = telnetd::login();
    outputs::are_exact(Sweep::new().device("host", server.port, &telnet()));
}

fn refuses_a_wrong_password() {
    let server = telnetd::login();
    let wrong = format!("{INTRUDER}transport = \"telnet\"\n");
    refused(&Sweep::new().device("host", server.port, &wrong).fails(&["true"]));
}

fn serves_many_sessions() {
    let server = telnetd::login();
    let records = Sweep::new().devices(20, server.port, &telnet()).succeeds(&["seq 1 500"]);
    assert_eq!(records.len(), 20);
    for (device, record) in &records {
        assert_eq!(answers(record), [outputs::numbers(500)], "{device}");
    }
}

fn without_a_login() {
    let router = frr::router();
    let server = telnetd::vtysh(&router);
    let keys = "platform = \"frr\"\ntransport = \"telnet\"\n";
    outputs::are_of(&router, Sweep::new().device("router", server.port, keys));
}

/// A refused login is no reason to try the next transport: the password would go out in the clear.
fn falls_back() {
    let (server, ssh) = (telnetd::login(), openssh::password());
    let fallback = |ssh: u16| format!("transport = [\"ssh:{ssh}\", \"telnet:{}\"]\n", server.port);
    let address = "address = \"127.0.0.1\"\n";
    let closed = Port::reserve();
    let keys = format!("{SHELL}{address}{}", fallback(closed.number));
    let records = Sweep::new().named("host", &keys).succeeds(&["echo by telnet"]);
    let record = &records["host"];
    assert_eq!(answers(record), ["by telnet\n"]);
    assert_eq!((&record["transport"], &record["port"]), (&"telnet".into(), &server.port.into()), "{record}");

    let keys = format!("{INTRUDER}{address}{}", fallback(ssh.port));
    let record = Sweep::new().named("host", &keys).fails(&["true"]);
    refused(&record);
    assert_eq!(record["transport"], "ssh", "{record}");
}
