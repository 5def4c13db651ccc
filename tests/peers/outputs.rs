//! Outputs that have everything that a terminal might spoil.

use crate::peers::frr::Router;
use crate::sweep::{Sweep, answers};

/// Commands, and what they print.
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

/// Holds the only device of `sweep` to printing what the commands print, to the byte.
#[track_caller]
pub(crate) fn are_exact(mut sweep: Sweep) {
    let mut commands: Vec<&str> = COMMANDS.iter().map(|(command, _)| *command).collect();
    commands.push("seq 1 20000");
    let records = sweep.succeeds(&commands);
    let outputs = answers(records.values().next().expect("a record"));
    for ((command, printed), output) in COMMANDS.iter().zip(&outputs) {
        assert_eq!(output, printed, "{command}");
    }
    assert!(outputs[COMMANDS.len()] == numbers(20_000), "seq 1 20000 came home changed");
}

/// Holds the only device of `sweep`, which leads to FRR's shell, to printing what that prints.
#[track_caller]
pub(crate) fn are_of(router: &Router, mut sweep: Sweep) {
    let commands = ["show version", "show running-config", "show ip prefix-list"];
    let records = sweep.succeeds(&commands);
    let record = records.values().next().expect("a record");
    for (command, output) in commands.iter().zip(answers(record)) {
        assert_eq!(output, router.answer(command), "{command}");
    }
}

/// What `seq 1 last` prints.
pub(crate) fn numbers(last: u32) -> String {
    (1..=last).map(|n| format!("{n}\n")).collect()
}
