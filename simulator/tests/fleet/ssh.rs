//! SSH devices, seen by a client.

use std::borrow::Cow;
use std::io::ErrorKind;
use std::net::SocketAddrV4;
use std::sync::Arc;
use std::time::Duration;

use crate::client::{Client as Raw, PATIENCE, alone, device, fleet, spec};
use netsweep_shared::fleet::{Fault, Latencies, Latency};
use netsweep_shared::job::Transport::Ssh;
use netsweep_simulator::Fleet;
use russh::client::{self, AuthResult, Handle, KeyboardInteractiveAuthResponse, Msg};
use russh::{Channel, ChannelMsg, Preferred, kex};
use tokio::time::timeout;

/// What a test takes for silence.
const QUIET: Duration = Duration::from_millis(300);

struct TrustAll;

impl client::Handler for TrustAll {
    type Error = russh::Error;

    async fn check_server_key(
        &mut self,
        _: &russh::keys::PublicKeyOrCertificate,
    ) -> Result<bool, Self::Error> {
        Ok(true)
    }
}

async fn connect(endpoint: SocketAddrV4) -> Result<Handle<TrustAll>, russh::Error> {
    let preferred = Preferred { kex: Cow::Borrowed(&[kex::CURVE25519]), ..Preferred::DEFAULT };
    let config = client::Config { preferred, ..client::Config::default() };
    timeout(PATIENCE, client::connect(Arc::new(config), endpoint, TrustAll)).await.expect("in time")
}

/// A terminal on a device.
struct Terminal {
    channel: Channel<Msg>,
    seen: Vec<u8>,
    read: usize,
    ended: bool,
    status: Option<u32>,
    _session: Handle<TrustAll>,
}

impl Terminal {
    async fn open(endpoint: SocketAddrV4, rows: u32) -> Self {
        let mut session = connect(endpoint).await.expect("connects");
        let login = session.authenticate_password("admin", "secret").await.expect("an answer");
        assert!(login.success());
        let channel = session.channel_open_session().await.expect("a channel");
        // Asked together, as a client in a hurry does.
        channel.request_pty(false, "vt100", 511, rows, 0, 0, &[]).await.expect("sent");
        channel.request_shell(false).await.expect("sent");
        Self { channel, seen: vec![], read: 0, ended: false, status: None, _session: session }
    }

    /// Takes the next message; false at the end.
    async fn step(&mut self) -> bool {
        match self.channel.wait().await {
            Some(ChannelMsg::Data { data }) => self.seen.extend_from_slice(&data),
            Some(ChannelMsg::ExitStatus { exit_status }) => self.status = Some(exit_status),
            Some(ChannelMsg::Close) | None => self.ended = true,
            Some(_) => {}
        }
        !self.ended
    }

    async fn until(&mut self, pattern: &str) -> String {
        let waiting = async {
            loop {
                let new = &self.seen[self.read..];
                if let Some(at) = new.windows(pattern.len()).position(|part| part == pattern.as_bytes()) {
                    let end = self.read + at + pattern.len();
                    let text = String::from_utf8_lossy(&self.seen[self.read..end]).into_owned();
                    self.read = end;
                    return text;
                }
                assert!(self.step().await, "ended while waiting for {pattern:?}: {:?}", self.text());
            }
        };
        timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("{pattern:?} did not come"))
    }

    async fn during(&mut self, time: Duration) {
        let _ = timeout(time, async { while self.step().await {} }).await;
    }

    async fn end(&mut self) {
        timeout(PATIENCE, async { while self.step().await {} }).await.expect("the device ends");
    }

    async fn send(&self, bytes: &[u8]) {
        self.channel.data(bytes).await.expect("sent");
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.seen).into_owned()
    }
}

/// The whole of a session with these keys, which end it.
pub(crate) async fn session(endpoint: SocketAddrV4, keys: &[u8], piece: usize) -> String {
    let mut terminal = Terminal::open(endpoint, 0).await;
    for keys in keys.chunks(piece) {
        terminal.send(keys).await;
    }
    terminal.end().await;
    terminal.text()
}

#[tokio::test]
async fn a_switch_answers_in_its_terminal() {
    let (fleet, endpoint) = alone("juniper_junos", Ssh, None);
    let mut terminal = Terminal::open(endpoint, 24).await;
    terminal.until("admin@sw1> ").await;
    terminal.send(b"show interfaces\r").await;
    assert!(terminal.until("---(more)---").await.starts_with("show interfaces\r\nPhysical interface"));
    terminal.send(b"q").await;
    terminal.until("admin@sw1> ").await;
    terminal.channel.window_change(511, 0, 0, 0).await.expect("sent");
    terminal.send(b"show interfaces\r").await;
    assert!(!terminal.until("admin@sw1> ").await.contains("more"));
    terminal.send(b"exit\r").await;
    terminal.end().await;
    assert_eq!(terminal.status, Some(0));
    let report = fleet.report();
    assert_eq!((report.connections, report.logins, report.rejected, report.commands), (1, 1, 0, 3));
}

#[tokio::test]
async fn neither_pieces_nor_waits_change_a_byte() {
    let keys = b"show version\rterminal length 0\rshow inventory\rshow nonsense\rshow clock\rexit\r";
    let mut texts = vec![];
    for latency in [Duration::ZERO, Duration::from_millis(20)] {
        let mut spec = spec(vec![device("sw1", "cisco_ios", Ssh, None)]);
        spec.latency.command = Latency::Fixed(latency);
        let fleet = Fleet::start(spec).expect("the fleet starts");
        for piece in [1, 4, keys.len()] {
            texts.push(session(fleet.endpoints()[0], keys, piece).await);
        }
    }
    assert!(texts[0].contains("register is 0xF") && texts[0].contains("% Invalid input"));
    for text in &texts {
        assert_eq!(*text, texts[0]);
    }
}

#[tokio::test]
async fn latencies_are_waited_for() {
    let mut spec = spec(vec![device("sw1", "cisco_ios", Ssh, None)]);
    let each = Duration::from_millis(100);
    spec.latency = Latencies {
        connect: Latency::Fixed(each),
        login: Latency::Fixed(each),
        command: Latency::Fixed(each),
    };
    let fleet = Fleet::start(spec).expect("the fleet starts");
    let started = std::time::Instant::now();
    session(fleet.endpoints()[0], b"terminal length 0\rshow clock\rshow clock\rexit\r", 100).await;
    assert!(started.elapsed() >= 4 * each, "connect, login and two commands: {:?}", started.elapsed());
}

#[tokio::test]
async fn a_command_without_terminal_has_a_status() {
    let (_fleet, endpoint) = alone("linux", Ssh, None);
    for (command, output, status) in [
        ("hostname", "sw1\n", 0),
        ("foo", "-bash: foo: command not found\n", 127),
        ("echo a; exit 3", "a\n", 3),
    ] {
        let mut session = connect(endpoint).await.expect("connects");
        assert!(session.authenticate_password("admin", "").await.expect("an answer").success());
        let channel = session.channel_open_session().await.expect("a channel");
        channel.exec(true, command).await.expect("sent");
        let mut terminal =
            Terminal { channel, seen: vec![], read: 0, ended: false, status: None, _session: session };
        terminal.end().await;
        assert_eq!((terminal.text().as_str(), terminal.status), (output, Some(status)), "{command}");
    }
}

#[tokio::test]
async fn keyboard_interactive_logs_in() {
    let (_fleet, endpoint) = alone("cisco_ios", Ssh, None);
    let mut session = connect(endpoint).await.expect("connects");
    let asked = session.authenticate_keyboard_interactive_start("admin", None).await.expect("an answer");
    assert!(matches!(asked, KeyboardInteractiveAuthResponse::InfoRequest { .. }), "{asked:?}");
    let answer =
        session.authenticate_keyboard_interactive_respond(vec!["secret".into()]).await.expect("an answer");
    assert!(matches!(answer, KeyboardInteractiveAuthResponse::Success));
}

#[tokio::test]
async fn a_rejecting_device_rejects() {
    let (fleet, endpoint) = alone("cisco_ios", Ssh, Some(Fault::Reject));
    let mut session = connect(endpoint).await.expect("connects");
    for attempt in 1..=2 {
        let answer = session.authenticate_password("admin", "secret").await.expect("an answer");
        assert!(matches!(answer, AuthResult::Failure { .. }), "{answer:?}");
        assert_eq!(fleet.report().rejected, attempt);
    }
    assert_eq!(fleet.report().logins, 0);
}

#[tokio::test]
async fn a_device_that_refuses_does_so_at_once() {
    let (_fleet, endpoint) = alone("cisco_ios", Ssh, Some(Fault::Refuse));
    let error = tokio::net::TcpStream::connect(endpoint).await.expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn before_the_login_devices_are_silent_slow_or_loud() {
    let (_fleet, endpoint) = alone("cisco_ios", Ssh, Some(Fault::Silent));
    let mut client = Raw::connect(endpoint).await;
    client.send("SSH-2.0-test\r\n").await;
    client.during(QUIET).await;
    assert!(client.seen.is_empty());

    let (_fleet, endpoint) = alone("cisco_ios", Ssh, Some(Fault::Trickle));
    let mut client = Raw::connect(endpoint).await;
    client.at_least(2).await;
    assert!(client.seen.len() < 10 && b"SSH-2.0-Cisco".starts_with(&client.seen), "{:?}", client.text());

    let (_fleet, endpoint) = alone("cisco_ios", Ssh, Some(Fault::Flood));
    let mut client = Raw::connect(endpoint).await;
    client.at_least(200_000).await;
    assert!(client.text().lines().all(|line| !line.starts_with("SSH-")));
}

#[tokio::test]
async fn a_stalled_login_stops_in_the_key_exchange() {
    let (_fleet, endpoint) = alone("cisco_ios", Ssh, Some(Fault::StallLogin));
    let mut client = Raw::connect(endpoint).await;
    client.send("SSH-2.0-test\r\n").await;
    client.until("curve25519-sha256").await;
    assert!(client.text().starts_with("SSH-2.0-Cisco-1.25\r\n"));
    let version = "SSH-2.0-Cisco-1.25\r\n".len();
    client.during(QUIET).await;
    let packet = &client.seen[version..];
    let length = u32::from_be_bytes([packet[0], packet[1], packet[2], packet[3]]) as usize;
    assert_eq!(packet.len(), 4 + length, "one whole packet and no more");
    assert_eq!(packet.len() % 8, 0);

    // A real client takes it for the start of a key exchange and waits.
    let waiting = timeout(QUIET, connect(endpoint)).await;
    assert!(waiting.is_err(), "neither connected nor failed: {:?}", waiting.map(|session| session.err()));
}

#[tokio::test]
async fn outputs_are_cut_stalled_and_endless() {
    for name in ["a", "b", "c", "d"] {
        let fleet = fleet(vec![device(name, "cisco_ios", Ssh, Some(Fault::Cut))]);
        let mut terminal = Terminal::open(fleet.endpoints()[0], 0).await;
        terminal.send(b"show version\r").await;
        terminal.end().await;
        assert!(terminal.status.is_none());
        assert!(terminal.text().contains("Cisco IOS Software") && !terminal.text().contains("register is"));
    }

    let (_fleet, endpoint) = alone("cisco_ios", Ssh, Some(Fault::StallOutput));
    let mut terminal = Terminal::open(endpoint, 0).await;
    terminal.send(b"show version\r").await;
    terminal.until("Cisco IOS Software").await;
    terminal.send(b"\r").await;
    terminal.during(QUIET).await;
    assert!(!terminal.ended && !terminal.text().contains("register is"));

    let (_fleet, endpoint) = alone("cisco_ios", Ssh, Some(Fault::Endless));
    let mut terminal = Terminal::open(endpoint, 0).await;
    terminal.send(b"show version\r").await;
    while terminal.seen.len() < 300_000 {
        assert!(timeout(PATIENCE, terminal.step()).await.expect("more"), "it does not end");
    }
}

#[tokio::test]
async fn a_lookalike_is_healthy() {
    let (_fleet, endpoint) = alone("huawei_vrp", Ssh, Some(Fault::Lookalike));
    let mut terminal = Terminal::open(endpoint, 0).await;
    terminal.send(b"display version\r").await;
    terminal.until("<core-9>").await;
    assert!(terminal.until("end of the output\r\n<sw1>").await.contains("BarCode"));
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_at_once() {
    let names: Vec<_> = (0..500).map(|n| format!("sw1-{n}")).collect();
    let fleet = fleet(names.iter().map(|name| device(name, "cisco_ios", Ssh, None)).collect());
    let all = Arc::new(tokio::sync::Barrier::new(500));
    let sessions: Vec<_> = names
        .into_iter()
        .zip(fleet.endpoints().to_vec())
        .map(|(name, endpoint)| {
            let all = Arc::clone(&all);
            tokio::spawn(async move {
                let mut terminal = Terminal::open(endpoint, 0).await;
                terminal.until(&name).await;
                all.wait().await;
                terminal.send(b"show version\r").await;
                let answer = terminal.until("register is 0xF").await;
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
