//! All peers in one inventory, which one sweep has answer the same commands.

use libtest_mimic::Trial;

use crate::frr::{sweep as frr_sweep, vty};
use crate::openssh::with_key;
use crate::peers::account::{Key, USER};
use crate::peers::network::{self, Network};
use crate::peers::openssh::Agent;
use crate::peers::{Port, dropbear, frr, openssh, telnetd, trial};
use crate::sweep::{KEYS, SHELL, VTYSH, answers};

pub(crate) fn trials() -> Vec<Trial> {
    let all = [openssh::NEEDS, dropbear::NEEDS, telnetd::NEEDS, frr::NEEDS, network::NEEDS];
    vec![trial("all_peers_answer_in_one_sweep", &all, all_peers_answer_in_one_sweep)]
}

/// Every device is a way to the one router: through its shell, through an account with a `show`
/// that calls that shell, or to one of its daemons, which speaks for itself alone.
fn all_peers_answer_in_one_sweep() {
    const COMMANDS: [&str; 2] = ["show version", "show running-config"];
    let router = frr::router();
    let mut sweep = frr_sweep();

    let exec = format!("{SHELL}mode = \"exec\"\n");
    let password = openssh::password();
    sweep = sweep.device("openssh-password", password.port, SHELL);
    sweep = sweep.device("openssh-exec", password.port, &exec);
    sweep = sweep.device("openssh-keepalive", password.port, &format!("{SHELL}keepalive = \"10s\"\n"));
    let questions = openssh::questions();
    sweep = sweep.device("openssh-questions", questions.port, SHELL);
    let keys_only = openssh::keys_only();
    for key in Key::ALL {
        sweep = sweep.device(&format!("openssh-{key:?}"), keys_only.port, &with_key(key));
    }
    let agent = Agent::with(&[Key::Ed25519.file()]);
    sweep = sweep.env("SSH_AUTH_SOCK", agent.socket());
    sweep = sweep.device("openssh-agent", keys_only.port, &format!("{KEYS}agent = true\n"));
    let legacy = [("diffie-hellman-group14-sha1", "aes128-cbc"), ("diffie-hellman-group1-sha1", "3des-cbc")]
        .map(|(key_exchange, cipher)| openssh::legacy(key_exchange, cipher));
    for (name, server) in ["openssh-group14", "openssh-group1"].into_iter().zip(&legacy) {
        sweep = sweep.device(name, server.port, &format!("{SHELL}ssh_legacy = true\n"));
    }
    let throttled = openssh::throttled();
    for number in 1..=6 {
        sweep = sweep.device(&format!("openssh-throttled-{number}"), throttled.port, SHELL);
    }
    let no_terminal = openssh::no_terminal();
    sweep = sweep.device("openssh-no-terminal", no_terminal.port, &exec);
    let forced = openssh::vtysh(&router);
    sweep = sweep.device("openssh-vtysh", forced.port, VTYSH);

    let (outer, inner) = (Network::new(), Network::new());
    let (first, second) = (openssh::jump(None, &outer), openssh::jump(Some(&outer), &inner));
    let (behind_one, behind_two) = (openssh::password_within(&outer), openssh::password_within(&inner));
    let hop = |port| format!("{USER}@127.0.0.1:{port}");
    let one = format!("{SHELL}jump = \"{}\"\n", hop(first.port));
    let two = format!("{SHELL}jump = \"{}, {}\"\n", hop(first.port), hop(second.port));
    sweep = sweep.device("behind-one-jump", behind_one.port, &one);
    sweep = sweep.device("behind-two-jumps", behind_two.port, &two);

    let small = [dropbear::password(), dropbear::keys_only(), dropbear::vtysh(&router)];
    sweep = sweep.device("dropbear-password", small[0].port, SHELL);
    sweep = sweep.device("dropbear-key", small[1].port, &with_key(Key::Ed25519));
    sweep = sweep.device("dropbear-vtysh", small[2].port, VTYSH);

    let (login, no_login) = (telnetd::login(), telnetd::vtysh(&router));
    sweep = sweep.device("telnetd-login", login.port, &crate::telnetd::telnet());
    sweep = sweep.device("telnetd-vtysh", no_login.port, "platform = \"frr\"\ntransport = \"telnet\"\n");
    let closed = Port::reserve();
    let fallback = format!("transport = [\"ssh:{}\", \"telnet:{}\"]\n", closed.number, login.port);
    sweep = sweep.named("telnetd-fallback", &format!("address = \"127.0.0.1\"\n{SHELL}{fallback}"));

    for daemon in &router.daemons {
        sweep = sweep.device(daemon.name, daemon.port(), &vty(daemon));
    }

    let records = sweep.args(&["--retries", "8"]).succeeds(&COMMANDS);
    assert_eq!(records.len(), 31);
    let by_shell = COMMANDS.map(|command| router.answer(command));
    for (device, record) in &records {
        let daemon = router.daemons.iter().find(|daemon| daemon.name == device);
        let expected = match daemon {
            Some(daemon) => COMMANDS.map(|command| daemon.answer(command)),
            None => by_shell.clone(),
        };
        assert_eq!(answers(record), expected, "{device}");
    }
    router.routes_are_untouched();
}
