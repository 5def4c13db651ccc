//! An SSH server that does what a test asks of it, on russh.

use std::borrow::Cow;
use std::net::{Ipv4Addr, Shutdown};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use russh::keys::ssh_key::private::Ed25519Keypair;
use russh::keys::{PrivateKey, PublicKey};
use russh::server::{
    Auth, ChannelOpenHandle, Config, Handle, Handler, Msg, PublicKeyOffer, Response, Session,
    VerifiedPublicKey, run_stream,
};
use russh::{Channel, ChannelId, Limits, MethodKind, MethodSet, Sig};
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::Notify;
use tokio::time::sleep;

/// The only password that is right.
pub(crate) const PASSWORD: &str = "Right-Pw1";

/// One request of `keyboard-interactive`: questions, whether their answers are shown, and the right
/// answers.
pub(crate) type Round = &'static [(&'static str, bool, &'static str)];

/// How a server lets its users in.
#[derive(Clone, Default)]
pub(crate) struct Door {
    /// Each way is a list of methods that all have to succeed, one after the other, as with OpenSSH's
    /// `AuthenticationMethods`.
    pub(crate) ways: Vec<Vec<MethodKind>>,
    /// Keys that are let in, in OpenSSH's form.
    pub(crate) keys: Vec<String>,
    /// What `keyboard-interactive` asks.
    pub(crate) rounds: Vec<Round>,
    /// Everybody is let in who asks by `none`.
    pub(crate) open: bool,
    /// Refused attempts after which the connection is closed.
    pub(crate) patience: Option<usize>,
}

impl Door {
    /// One way of one method.
    pub(crate) fn with(method: MethodKind) -> Self {
        Self { ways: vec![vec![method]], ..Self::default() }
    }
}

/// A running server; it ends when this is dropped.
pub(crate) struct Server {
    pub(crate) port: u16,
    /// What was tried, in order.
    log: Arc<Mutex<Vec<String>>>,
    /// The host key as it travels in the key exchange.
    pub(crate) host_key: Vec<u8>,
    _runtime: Runtime,
}

impl Server {
    /// Starts a server.
    pub(crate) fn start(door: Door) -> Self {
        Self::start_within(door, Limits::default())
    }

    /// Starts a server that changes its keys at these limits.
    pub(crate) fn start_within(door: Door, limits: Limits) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let key = host_key(7);
        let log = Arc::new(Mutex::new(vec![]));
        let host_key = key.public_key().to_bytes().expect("encodes");
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).expect("listens");
        let port = listener.local_addr().expect("an address").port();
        let config = Arc::new(Config {
            keys: vec![key],
            methods: methods(&door.ways),
            auth_rejection_time: Duration::ZERO,
            auth_rejection_time_initial: Some(Duration::ZERO),
            max_auth_attempts: door.patience.unwrap_or(20),
            limits,
            ..Config::default()
        });
        runtime.spawn({
            let log = Arc::clone(&log);
            async move {
                while let Ok((socket, _)) = listener.accept().await {
                    let below = Arc::new(Below::default());
                    let guest = Guest {
                        ways: door.ways.clone(),
                        door: door.clone(),
                        round: 0,
                        log: Arc::clone(&log),
                        wire: Arc::clone(&below),
                        input_ended: Arc::new(Notify::new()),
                    };
                    let wire = Wire { socket, below };
                    let config = Arc::clone(&config);
                    tokio::spawn(async move {
                        if let Ok(session) = run_stream(config, wire, guest).await {
                            // How it ends is looked at from the other side.
                            let _ = session.await;
                        }
                    });
                }
            }
        });
        Self { port, log, host_key, _runtime: runtime }
    }

    /// What was tried since the last look.
    pub(crate) fn tried(&self) -> Vec<String> {
        std::mem::take(&mut self.log.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A host key of its own for each number.
pub(crate) fn host_key(number: u8) -> PrivateKey {
    PrivateKey::from(Ed25519Keypair::from_seed(&[number; 32]))
}

/// The methods that each way begins with.
fn methods(ways: &[Vec<MethodKind>]) -> MethodSet {
    let mut methods = MethodSet::empty();
    for way in ways {
        if let Some(first) = way.first() {
            methods.push(*first);
        }
    }
    methods
}

/// What is known of a connection, and done to it, below SSH.
#[derive(Default)]
struct Below {
    /// Bytes that have come.
    heard: AtomicUsize,
    /// What is sent next is the last: the connection closes right behind it.
    last_words: AtomicBool,
}

struct Wire {
    socket: TcpStream,
    below: Arc<Below>,
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.socket).poll_read(context, buffer);
        self.below.heard.fetch_add(buffer.filled().len() - before, Ordering::SeqCst);
        polled
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        let polled = Pin::new(&mut self.socket).poll_write(context, bytes);
        if self.below.last_words.load(Ordering::SeqCst) && polled.is_ready() {
            let _ = SockRef::from(&self.socket).shutdown(Shutdown::Both);
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}

/// The server's side of one connection.
struct Guest {
    door: Door,
    /// What is left of each way.
    ways: Vec<Vec<MethodKind>>,
    round: usize,
    log: Arc<Mutex<Vec<String>>>,
    wire: Arc<Below>,
    input_ended: Arc<Notify>,
}

impl Guest {
    fn note(&self, what: impl Into<String>) {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).push(what.into());
    }

    /// Judges what was shown by `method`.
    fn judge(&mut self, method: MethodKind, right: bool) -> Auth {
        let taken = self.ways.iter().any(|way| way.first() == Some(&method));
        if !taken || !right {
            return Auth::Reject { proceed_with_methods: Some(methods(&self.ways)), partial_success: false };
        }
        self.ways.retain(|way| way.first() == Some(&method));
        self.ways.iter_mut().for_each(|way| _ = way.remove(0));
        if self.ways.iter().any(Vec::is_empty) {
            return Auth::Accept;
        }
        Auth::Reject { proceed_with_methods: Some(methods(&self.ways)), partial_success: true }
    }

    fn run(&self, channel: ChannelId, command: String, session: &Session) {
        let running = Running {
            handle: session.handle(),
            channel,
            wire: Arc::clone(&self.wire),
            input_ended: Arc::clone(&self.input_ended),
        };
        // Outputs larger than the window have to wait, and the callbacks must not.
        tokio::spawn(async move { running.run(&command).await });
    }

    fn knows(&self, key: &PublicKey) -> bool {
        let shown = key.to_bytes().expect("encodes");
        self.door.keys.iter().any(|known| {
            let known: PublicKey = known.parse().expect("a public key");
            known.to_bytes().expect("encodes") == shown
        })
    }

    fn ask(&self) -> Auth {
        let questions = self.door.rounds[self.round].iter();
        Auth::Partial {
            name: Cow::Borrowed(""),
            instructions: Cow::Borrowed("please"),
            prompts: questions.map(|(text, echo, _)| (Cow::Borrowed(*text), *echo)).collect(),
        }
    }
}

impl Handler for Guest {
    type Error = russh::Error;

    async fn auth_none(&mut self, _: &str) -> Result<Auth, Self::Error> {
        self.note("none");
        Ok(if self.door.open { Auth::Accept } else { self.judge(MethodKind::None, false) })
    }

    async fn auth_password(&mut self, _: &str, password: &str) -> Result<Auth, Self::Error> {
        self.note(format!("password {password}"));
        Ok(self.judge(MethodKind::Password, password == PASSWORD))
    }

    async fn auth_publickey_offered(
        &mut self,
        _: &str,
        offer: PublicKeyOffer<'_>,
    ) -> Result<Auth, Self::Error> {
        self.note(format!("offer {}", offer.algorithm));
        if self.knows(offer.public_key) {
            return Ok(Auth::Accept);
        }
        Ok(self.judge(MethodKind::PublicKey, false))
    }

    async fn auth_publickey(&mut self, _: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, Self::Error> {
        self.note(format!("signature {}", key.algorithm));
        let known = self.knows(key.public_key);
        Ok(self.judge(MethodKind::PublicKey, known))
    }

    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        _: &str,
        _: &str,
        response: Option<Response<'a>>,
    ) -> Result<Auth, Self::Error> {
        let Some(response) = response else {
            self.note("questions");
            self.round = 0;
            return Ok(if self.door.rounds.is_empty() {
                self.judge(MethodKind::KeyboardInteractive, false)
            } else {
                self.ask()
            });
        };
        let answers: Vec<_> = response.map(|answer| String::from_utf8_lossy(&answer).into_owned()).collect();
        self.note(format!("answers {}", answers.join(" ")));
        let right: Vec<_> = self.door.rounds[self.round].iter().map(|(.., right)| *right).collect();
        self.round += 1;
        Ok(if answers != right {
            self.judge(MethodKind::KeyboardInteractive, false)
        } else if self.round < self.door.rounds.len() {
            self.ask()
        } else {
            self.judge(MethodKind::KeyboardInteractive, true)
        })
    }

    async fn channel_open_session(
        &mut self,
        _: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        reply.accept().await;
        Ok(())
    }

    async fn channel_eof(&mut self, _: ChannelId, _: &mut Session) -> Result<(), Self::Error> {
        self.input_ended.notify_one();
        Ok(())
    }

    async fn shell_request(&mut self, channel: ChannelId, session: &mut Session) -> Result<(), Self::Error> {
        session.channel_success(channel)?;
        session.data(channel, "\r\nrouter login: ")
    }

    /// What is typed in the shell is run, and leaves it open.
    async fn data(
        &mut self,
        channel: ChannelId,
        line: &[u8],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        let command = String::from_utf8_lossy(line.trim_ascii()).into_owned();
        self.run(channel, command, session);
        Ok(())
    }

    async fn pty_request(
        &mut self,
        channel: ChannelId,
        _: &str,
        _: u32,
        _: u32,
        _: u32,
        _: u32,
        _: &[(russh::Pty, u32)],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_success(channel)
    }

    async fn exec_request(
        &mut self,
        channel: ChannelId,
        command: &[u8],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        let command = String::from_utf8_lossy(command).into_owned();
        self.note(format!("exec {command}"));
        if command == "refuse" {
            return session.channel_failure(channel);
        }
        session.channel_success(channel)?;
        self.run(channel, command, session);
        Ok(())
    }
}

/// A command that runs.
struct Running {
    handle: Handle,
    channel: ChannelId,
    wire: Arc<Below>,
    input_ended: Arc<Notify>,
}

impl Running {
    /// Commands are named after what is strange about their end.
    async fn run(self, command: &str) -> Option<()> {
        let Self { handle, channel, .. } = &self;
        let channel = *channel;
        match command {
            "both outputs" => {
                for n in 0..3 {
                    self.print(&format!("out {n}\n")).await?;
                    handle.extended_data(channel, 1, format!("err {n}\n").into_bytes()).await.ok()?;
                }
                self.end(0).await
            }
            "bytes" => {
                self.print("\x1b[31mred\r\nrouter# \x08\0 --More-- \r").await?;
                self.end(0).await
            }
            "large" => {
                for n in 0..1000 {
                    self.print(&format!("{n:0>999}\n")).await?;
                }
                self.end(0).await
            }
            "without end" => {
                let mut lines = 0..;
                loop {
                    let lines: String = lines.by_ref().take(10).map(|n| format!("{n:0>999}\n")).collect();
                    self.print(&lines).await?;
                }
            }
            "fails" => {
                self.print("no such thing\n").await?;
                self.end(3).await
            }
            "refused politely" => {
                self.print("% Invalid input\n").await?;
                self.end(0).await
            }
            "signal" => {
                handle
                    .exit_signal_request(channel, Sig::KILL, false, String::new(), String::new())
                    .await
                    .ok()?;
                self.close().await
            }
            "no status" => {
                self.print("fine\n").await?;
                self.close().await
            }
            "late status" => {
                self.print("fine\n").await?;
                handle.eof(channel).await.ok()?;
                sleep(Duration::from_millis(500)).await;
                handle.exit_status_request(channel, 4).await.ok()?;
                handle.close(channel).await.ok()
            }
            "early status" => {
                handle.exit_status_request(channel, 5).await.ok()?;
                self.print("fine\n").await?;
                self.close().await
            }
            "never closed" => {
                self.print("fine\n").await?;
                handle.exit_status_request(channel, 6).await.ok()?;
                handle.eof(channel).await.ok()
            }
            "hangs up" => {
                self.print("fine\n").await?;
                handle.exit_status_request(channel, 0).await.ok()?;
                handle.eof(channel).await.ok()?;
                sleep(Duration::from_millis(300)).await;
                self.wire.last_words.store(true, Ordering::SeqCst);
                handle.close(channel).await.ok()
            }
            "dies with its last words" => {
                self.wire.last_words.store(true, Ordering::SeqCst);
                self.print("fine\n").await
            }
            "reads its input" => {
                self.input_ended.notified().await;
                self.print("read to the end\n").await?;
                self.end(0).await
            }
            "waits to be kept alive" => {
                // Until nothing more comes that belongs to the request.
                let mut before = self.wire.heard.load(Ordering::SeqCst);
                loop {
                    sleep(Duration::from_millis(700)).await;
                    let now = self.wire.heard.load(Ordering::SeqCst);
                    if now == before {
                        break;
                    }
                    before = now;
                }
                while self.wire.heard.load(Ordering::SeqCst) == before {
                    sleep(Duration::from_millis(50)).await;
                }
                self.print("alive\n").await?;
                self.end(0).await
            }
            _ => std::future::pending().await,
        }
    }

    async fn print(&self, text: &str) -> Option<()> {
        self.handle.data(self.channel, text.as_bytes().to_vec()).await.ok()
    }

    async fn end(&self, status: u32) -> Option<()> {
        self.handle.exit_status_request(self.channel, status).await.ok()?;
        self.close().await
    }

    async fn close(&self) -> Option<()> {
        self.handle.eof(self.channel).await.ok()?;
        self.handle.close(self.channel).await.ok()
    }
}
