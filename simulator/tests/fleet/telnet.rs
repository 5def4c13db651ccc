//! Telnet devices, seen from outside.

use std::io::ErrorKind;
use std::time::Duration;

use crate::client::{Client, PATIENCE, alone, device, fleet};
use netsweep_shared::fleet::Fault;
use netsweep_shared::job::Transport::{Ssh, Telnet};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// What a test takes for silence.
const QUIET: Duration = Duration::from_millis(300);

/// A session on a Cisco device, up to its first prompt.
async fn login(endpoint: std::net::SocketAddrV4) -> Client {
    let mut client = Client::connect(endpoint).await;
    client.until("Username: ").await;
    client.send("admin\r\n").await;
    client.until("Password: ").await;
    client.send("secret\r\n").await;
    client.until("sw1").await;
    client.during(Duration::from_millis(50)).await;
    client
}

#[tokio::test]
async fn a_router_negotiates_asks_and_answers() {
    let (fleet, endpoint) = alone("cisco_ios", Telnet, None);
    let mut client = login(endpoint).await;
    assert!(client.seen.starts_with(&[255, 251, 1, 255, 251, 3, 255, 253, 24, 255, 253, 31]));
    assert!(
        client.text().contains("User Access Verification\r\n\r\nUsername: admin\r\nPassword: \r\n\r\nsw1")
    );
    client.send("show version\r\n").await;
    let answer = client.until("Configuration register is 0xF").await;
    assert!(answer.contains("show version\r\n") && answer.contains("sw1 uptime is"), "{answer:?}");
    client.send("exit\r\n").await;
    client.end().await.expect("an orderly end");
    let report = fleet.report();
    assert_eq!((report.connections, report.logins, report.rejected, report.commands), (1, 1, 0, 2));
    assert!(!report.cpu.is_zero());
}

#[tokio::test]
async fn bytes_are_the_same_in_whatever_pieces_they_are_typed() {
    let (_fleet, endpoint) = alone("arista_eos", Telnet, None);
    let keys = b"admin\r\0pass\xff\xfd\x01word\r\nshow version\r\xff\xfb\x1f\xff\xfa\x1f\0\x50\0\x18\xff\xf0\nshow run\rq\rexit\r";
    let mut texts = vec![];
    for piece in [1, 5, keys.len()] {
        let mut client = Client::connect(endpoint).await;
        for keys in keys.chunks(piece) {
            client.send(keys).await;
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        client.end().await.expect("an orderly end");
        texts.push(client.text());
    }
    assert!(texts[0].contains("--More--"), "{:?}", texts[0]);
    assert_eq!(texts[0], texts[1]);
    assert_eq!(texts[0], texts[2]);
}

#[tokio::test]
async fn every_platform_lets_one_in_and_rejects() {
    for (platform, name, password, rejected, prompt) in [
        ("cisco_ios", "Username: ", "Password: ", "% Login invalid", "sw1"),
        ("arista_eos", "sw1 login: ", "Password: ", "Login incorrect", "sw1"),
        ("juniper_junos", "login: ", "Password:", "Login incorrect", "admin@sw1> "),
        ("huawei_vrp", "Username:", "Password:", "Error: Authentication failed.", "<sw1>"),
        ("linux", "sw1 login: ", "Password: ", "Login incorrect", "admin@sw1:~$ "),
    ] {
        for fault in [None, Some(Fault::Reject)] {
            let (fleet, endpoint) = alone(platform, Telnet, fault);
            let mut client = Client::connect(endpoint).await;
            client.until(name).await;
            client.send("admin\r\n").await;
            client.until(password).await;
            client.send("secret\r\n").await;
            client.until(if fault.is_some() { rejected } else { prompt }).await;
            assert!(!client.text().contains("secret"));
            assert_eq!(fleet.report().rejected, u64::from(fault.is_some()), "{platform}");
        }
    }
}

#[tokio::test]
async fn a_device_that_refuses_does_so_at_once() {
    let (_fleet, endpoint) = alone("cisco_ios", Telnet, Some(Fault::Refuse));
    let error = TcpStream::connect(endpoint).await.expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn a_silent_device_says_nothing() {
    let (_fleet, endpoint) = alone("cisco_ios", Telnet, Some(Fault::Silent));
    let mut client = Client::connect(endpoint).await;
    client.send("anybody?\r\n").await;
    client.during(QUIET).await;
    assert!(client.seen.is_empty());
}

#[tokio::test]
async fn a_trickle_is_slow_and_does_not_end() {
    let (_fleet, endpoint) = alone("cisco_ios", Telnet, Some(Fault::Trickle));
    let mut client = Client::connect(endpoint).await;
    client.at_least(3).await;
    assert!(client.seen.len() < 10, "a byte a second: {:?}", client.text());
}

#[tokio::test]
async fn a_stalled_login_stops_behind_the_name() {
    let (_fleet, endpoint) = alone("cisco_ios", Telnet, Some(Fault::StallLogin));
    let mut client = Client::connect(endpoint).await;
    client.until("Username: ").await;
    client.send("admin\r\n").await;
    client.until("admin\r\n").await;
    client.send("secret\r\n").await;
    client.during(QUIET).await;
    assert!(client.text().ends_with("admin\r\n"), "{:?}", client.text());
}

#[tokio::test]
async fn a_flood_leaves_its_neighbours_air() {
    let fleet = fleet(vec![
        device("bad", "cisco_ios", Telnet, Some(Fault::Flood)),
        device("sw1", "cisco_ios", Telnet, None),
    ]);
    let mut flooded = Client::connect(fleet.endpoints()[0]).await;
    flooded.at_least(200_000).await;
    assert!(!flooded.text().contains("Username"));
    login(fleet.endpoints()[1]).await;
}

#[tokio::test]
async fn outputs_are_cut_stalled_and_endless() {
    let sent = "show version\r\n";
    for (name, fault) in [("a", Fault::Cut), ("b", Fault::Cut), ("c", Fault::Cut), ("d", Fault::Cut)] {
        // Some devices reset the connection, some only end it.
        let fleet = fleet(vec![device(&format!("sw1{name}"), "cisco_ios", Telnet, Some(fault))]);
        let mut client = login(fleet.endpoints()[0]).await;
        client.send(sent).await;
        // The device asks for word that the output was taken in, and breaks off when it has it.
        const MARK: [u8; 3] = [255, 253, 6];
        while !client.seen.ends_with(&MARK) {
            client.at_least(client.seen.len() + 1).await;
        }
        assert!(timeout(QUIET, client.end()).await.is_err(), "it waits for the word");
        client.send([255, 252, 6]).await;
        match client.end().await {
            Ok(()) => {}
            Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
        }
        assert!(client.text().contains("Cisco IOS Software") && !client.text().contains("register is"));
    }

    let (_fleet, endpoint) = alone("cisco_ios", Telnet, Some(Fault::StallOutput));
    let mut client = login(endpoint).await;
    client.send(sent).await;
    client.until("Cisco IOS Software").await;
    client.send("\r\n").await;
    client.during(QUIET).await;
    assert!(!client.text().contains("register is"));

    let (_fleet, endpoint) = alone("cisco_ios", Telnet, Some(Fault::Endless));
    let mut client = login(endpoint).await;
    client.send(sent).await;
    client.at_least(300_000).await;
    assert!(client.text().matches("Cisco IOS Software").count() > 50);
}

#[tokio::test]
async fn a_lookalike_stands_at_the_end_of_a_write() {
    let (_fleet, endpoint) = alone("cisco_ios", Telnet, Some(Fault::Lookalike));
    let mut client = login(endpoint).await;
    client.send("show version\r\n").await;
    client.until("core-9#").await;
    let answer = client.until("end of the output\r\nsw1").await;
    assert!(answer.contains("register is 0xF"));
}

#[tokio::test]
async fn whoever_calls_a_wrong_address_is_let_go() {
    let fleet = fleet(vec![device("sw1", "cisco_ios", Telnet, None), device("sw2", "cisco_ios", Ssh, None)]);
    let mut other_transport = fleet.endpoints()[1];
    other_transport.set_port(fleet.endpoints()[0].port());
    let mut nobody = fleet.endpoints()[0];
    nobody.set_ip([127, 9, 9, 9].into());
    let mut outside = fleet.endpoints()[0];
    outside.set_ip([127, 0, 0, 1].into());
    for endpoint in [other_transport, nobody, outside] {
        let mut client = Client::connect(endpoint).await;
        let _ = client.end().await;
        assert!(client.seen.is_empty());
    }
    assert_eq!(fleet.report().connections, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_at_once() {
    let names: Vec<_> = (0..500).map(|n| format!("sw1-{n}")).collect();
    let fleet = fleet(names.iter().map(|name| device(name, "cisco_ios", Telnet, None)).collect());
    let all = tokio::sync::Barrier::new(500);
    let all = std::sync::Arc::new(all);
    let sessions: Vec<_> = names
        .into_iter()
        .zip(fleet.endpoints().to_vec())
        .map(|(name, endpoint)| {
            let all = std::sync::Arc::clone(&all);
            tokio::spawn(async move {
                let mut client = login(endpoint).await;
                all.wait().await;
                client.send("show version\r\n").await;
                let answer = client.until("register is 0xF").await;
                assert!(answer.contains(&format!("{name} uptime is")));
            })
        })
        .collect();
    for session in sessions {
        timeout(PATIENCE, session).await.expect("in time").expect("a session");
    }
    let report = fleet.report();
    assert_eq!((report.connections, report.logins, report.commands), (500, 500, 500));
}
