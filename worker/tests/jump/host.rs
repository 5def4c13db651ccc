//! Jump hosts: SSH servers on loopback that forward connections and do nothing else.

use std::collections::HashMap;
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use netsweep_shared::host_key::HostKeyCheck;
use netsweep_shared::job::{Jump, SshSettings};
use netsweep_shared::login::Login;
use netsweep_shared::secret::Secret;
use russh::keys::PrivateKey;
use russh::keys::ssh_key::private::Ed25519Keypair;
use russh::server::{Auth, ChannelOpenHandle, Config, Handler, Msg, Session};
use russh::{Channel, ChannelOpenFailure, Limits, MethodKind, MethodSet};
use tokio::runtime::Runtime;

/// What a jump host does about a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Connects to the target.
    Connects,
    /// Says no.
    Prohibits,
    /// Never answers.
    KeepsWaiting,
}

/// What a jump host saw.
#[derive(Debug, Default)]
pub(crate) struct Saw {
    pub(crate) connections: AtomicUsize,
    pub(crate) logins: AtomicUsize,
    pub(crate) channels: AtomicUsize,
}

impl Saw {
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn logins(&self) -> usize {
        self.logins.load(Ordering::SeqCst)
    }

    pub(crate) fn channels(&self) -> usize {
        self.channels.load(Ordering::SeqCst)
    }
}

/// A running jump host.
pub(crate) struct JumpHost {
    pub(crate) port: u16,
    pub(crate) saw: Arc<Saw>,
    open: Arc<AtomicUsize>,
    connections: Arc<Mutex<Vec<TcpStream>>>,
    manners: Arc<Mutex<HashMap<u16, Manner>>>,
    _runtime: Runtime,
}

/// The password that jump hosts let in.
pub(crate) const PASSWORD: &str = "right";

impl JumpHost {
    pub(crate) fn start() -> Self {
        Self::with(Limits::default())
    }

    /// One that exchanges keys again after so many bytes in one direction (RFC 4253, 9).
    pub(crate) fn that_exchanges_keys_every(bytes: usize) -> Self {
        Self::with(Limits { rekey_write_limit: bytes, rekey_read_limit: bytes, ..Limits::default() })
    }

    fn with(limits: Limits) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("listens");
        let port = listener.local_addr().expect("its address").port();
        let saw = Arc::new(Saw::default());
        let open = Arc::new(AtomicUsize::new(0));
        let connections = Arc::new(Mutex::new(vec![]));
        let manners = Arc::new(Mutex::new(HashMap::new()));
        let config = Arc::new(Config {
            keys: vec![PrivateKey::from(Ed25519Keypair::from_seed(&[7; 32]))],
            methods: MethodSet::from(&[MethodKind::Password][..]),
            limits,
            auth_rejection_time: Duration::ZERO,
            auth_rejection_time_initial: Some(Duration::ZERO),
            ..Config::default()
        });
        let handle = runtime.handle().clone();
        thread::spawn({
            let (saw, connections, manners) =
                (Arc::clone(&saw), Arc::clone(&connections), Arc::clone(&manners));
            let open = Arc::clone(&open);
            move || {
                for stream in listener.incoming().flatten() {
                    saw.connections.fetch_add(1, Ordering::SeqCst);
                    connections.lock().expect("no panic").push(stream.try_clone().expect("a descriptor"));
                    stream.set_nonblocking(true).expect("sets");
                    let server = Server { saw: Arc::clone(&saw), manners: Arc::clone(&manners) };
                    let (config, open) = (Arc::clone(&config), Arc::clone(&open));
                    open.fetch_add(1, Ordering::SeqCst);
                    handle.spawn(async move {
                        let stream = tokio::net::TcpStream::from_std(stream).expect("registers");
                        if let Ok(session) = russh::server::run_stream(config, stream, server).await {
                            let _ = session.await;
                        }
                        open.fetch_sub(1, Ordering::SeqCst);
                    });
                }
            }
        });
        Self { port, saw, open, connections, manners, _runtime: runtime }
    }

    /// How to treat channels to `port`.
    pub(crate) fn treat(&self, port: u16, manner: Manner) {
        self.manners.lock().expect("no panic").insert(port, manner);
    }

    /// Cuts every connection.
    pub(crate) fn die(&self) {
        for connection in self.connections.lock().expect("no panic").drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }

    /// Whether every connection was closed by the other side.
    pub(crate) fn is_left(&self) -> bool {
        self.open.load(Ordering::SeqCst) == 0
    }

    /// How a job names this host.
    pub(crate) fn jump(&self) -> Jump {
        self.jump_with(PASSWORD)
    }

    pub(crate) fn jump_with(&self, password: &str) -> Jump {
        Jump {
            address: "127.0.0.1".into(),
            port: self.port,
            login: Login::with_password("jumper", Secret::new(password)),
            ssh: SshSettings { host_key: HostKeyCheck::Off, legacy: false },
        }
    }
}

struct Server {
    saw: Arc<Saw>,
    manners: Arc<Mutex<HashMap<u16, Manner>>>,
}

impl Handler for Server {
    type Error = russh::Error;

    async fn auth_password(&mut self, _: &str, password: &str) -> Result<Auth, Self::Error> {
        self.saw.logins.fetch_add(1, Ordering::SeqCst);
        Ok(if password == PASSWORD { Auth::Accept } else { Auth::reject() })
    }

    async fn channel_open_direct_tcpip(
        &mut self,
        channel: Channel<Msg>,
        host: &str,
        port: u32,
        _: &str,
        _: u32,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        let port = u16::try_from(port).expect("a port");
        let manner = self.manners.lock().expect("no panic").get(&port).copied().unwrap_or(Manner::Connects);
        let (host, saw) = (host.to_owned(), Arc::clone(&self.saw));
        // Apart, so that one target does not hold up the others.
        tokio::spawn(async move {
            match manner {
                Manner::Prohibits => reply.reject(ChannelOpenFailure::AdministrativelyProhibited).await,
                Manner::KeepsWaiting => {
                    std::future::pending::<()>().await;
                    drop((channel, reply));
                }
                Manner::Connects => match tokio::net::TcpStream::connect((host.as_str(), port)).await {
                    Err(_) => reply.reject(ChannelOpenFailure::ConnectFailed).await,
                    Ok(mut target) => {
                        reply.accept().await;
                        saw.channels.fetch_add(1, Ordering::SeqCst);
                        let mut channel = channel.into_stream();
                        let _ = tokio::io::copy_bidirectional(&mut channel, &mut target).await;
                    }
                },
            }
        });
        Ok(())
    }
}
