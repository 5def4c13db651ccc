//! Against servers that this project did not write. See `support/peers.rs` for when they run.

#[path = "support/peers.rs"]
mod peers;
mod support;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use peers::{OPENSSH, PASSWORD, Peer, TELNETD, USER, Wanted, installed};
use serde_json::Value;
use support::{Ran, inventory, netsweep, run};

fn main() -> ExitCode {
    let trials = vec![
        peer_trial("openssh_returns_what_the_commands_printed", &OPENSSH, || {
            the_shell_tells_the_truth("ssh")
        }),
        peer_trial("openssh_refuses_a_wrong_password", &OPENSSH, || a_wrong_password_is_auth("ssh")),
        peer_trial("openssh_serves_many_sessions", &OPENSSH, openssh_serves_many_sessions),
        peer_trial("telnetd_returns_what_the_commands_printed", &TELNETD, || {
            the_shell_tells_the_truth("telnet")
        }),
        peer_trial("telnetd_refuses_a_wrong_password", &TELNETD, || a_wrong_password_is_auth("telnet")),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn peer_trial(name: &str, needs: &'static [&'static str], test: fn()) -> Trial {
    let wanted = Wanted::from_environment();
    let there = installed(needs);
    let ignored = wanted == Wanted::No || (wanted == Wanted::IfInstalled && !there);
    let body = move || {
        if !there {
            return Err(Failed::from(format!("this peer is required and not installed: {needs:?}")));
        }
        test();
        Ok(())
    };
    Trial::test(name, body).with_ignored_flag(ignored)
}

fn start(transport: &str) -> Peer {
    if transport == "ssh" { peers::openssh() } else { peers::telnetd() }
}

fn sweep(peer: &Peer, transport: &str, password: &str, devices: u32, commands: &[&str]) -> Ran {
    let mut text = format!(
        r#"
        [defaults]
        port = {}
        transport = "{transport}"
        platform = "linux"
        username = "{USER}"
        password = {{ env = "NETSWEEP_TEST_PASSWORD" }}
        "#,
        peer.port
    );
    for number in 1..=devices {
        text += &format!("[[devices]]\nname = \"host-{number}\"\naddress = \"127.0.0.1\"\n");
    }
    let fleet = inventory(&text);
    let mut command = netsweep();
    command.args(["run", "--format", "jsonl", "-i"]).arg(fleet.path().join("devices.toml")).args(commands);
    let ran = run(command.env("NETSWEEP_TEST_PASSWORD", password));
    for secret in [PASSWORD, "Wrong-Pw1"] {
        assert!(!ran.stdout.contains(secret) && !ran.stderr.contains(secret), "a secret was printed");
    }
    ran
}

/// Commands whose output has everything that a terminal might spoil, and what they print.
const COMMANDS: [(&str, &str); 12] = [
    ("echo hello", "hello\n"),
    ("printf 'no newline at the end'", "no newline at the end"),
    ("printf '\\n\\n  blank lines around\\n\\n'", "\n\n  blank lines around\n\n"),
    ("printf 'a\\tb\\tc\\n'", "a\tb\tc\n"),
    ("printf 'Grüße, 世界\\n'", "Grüße, 世界\n"),
    ("printf '\\033[31mred\\033[0m \\033]0;title\\007\\n'", "\x1b[31mred\x1b[0m \x1b]0;title\x07\n"),
    ("printf 'over\\rwritten back\\bspace\\n'", "over\rwritten back\x08space\n"),
    ("printf 'crlf\\r\\n \\001\\002 trailing  \\n'", "crlf\r\n \x01\x02 trailing  \n"),
    ("true", ""),
    ("printf '%s\\n' 'router# ' 'user@host:~$ ' 'password: '", "router# \nuser@host:~$ \npassword: \n"),
    ("cd / && pwd", "/\n"),
    ("head -c 3000 /dev/zero | tr '\\0' x", X3000),
];

const X3000: &str = {
    const BYTES: [u8; 3000] = [b'x'; 3000];
    match std::str::from_utf8(&BYTES) {
        Ok(text) => text,
        Err(_) => panic!("ASCII"),
    }
};

fn the_shell_tells_the_truth(transport: &str) {
    let peer = start(transport);
    let mut commands: Vec<&str> = COMMANDS.iter().map(|(command, _)| *command).collect();
    commands.push("seq 1 20000");
    let ran = sweep(&peer, transport, PASSWORD, 1, &commands);
    ran.expect_code(0);
    let records = ran.records();
    let outputs: Vec<&str> = answers(&records["host-1"]);
    for ((command, printed), output) in COMMANDS.iter().zip(&outputs) {
        assert_eq!(output, printed, "{command}");
    }
    let numbers: String = (1..=20_000).map(|n| format!("{n}\n")).collect();
    assert!(outputs[COMMANDS.len()] == numbers, "seq 1 20000 came home changed");
}

fn answers(record: &Value) -> Vec<&str> {
    let commands = record["commands"].as_array().expect("commands");
    commands.iter().map(|command| command["output"].as_str().expect("an output")).collect()
}

fn a_wrong_password_is_auth(transport: &str) {
    let peer = start(transport);
    let ran = sweep(&peer, transport, "Wrong-Pw1", 1, &["true"]);
    ran.expect_code(1);
    let record = &ran.records()["host-1"];
    assert_eq!(record["error"]["kind"], "auth", "{record}");
    assert_eq!(record["attempts"], 1);
}

fn openssh_serves_many_sessions() {
    let peer = start("ssh");
    let ran = sweep(&peer, "ssh", PASSWORD, 40, &["hostname", "seq 1 500"]);
    ran.expect_code(0);
    let records = ran.records();
    assert_eq!(records.len(), 40);
    let numbers: String = (1..=500).map(|n| format!("{n}\n")).collect();
    for (device, record) in &records {
        assert_eq!(answers(record)[1], numbers, "{device}");
    }
}
