//! Whom a session asks for a way through jump hosts.

use std::sync::atomic::AtomicUsize;
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use netsweep_shared::job::Jump;
use netsweep_shared::outcome::{ErrorKind, Failure, Stage};

use super::begin::begin;
use super::request::{News, Request};
use super::way::Way;
use crate::connect::Readable;
use crate::gil;
use crate::link::Link;
use crate::watchdog::{Slot, Watchdog};

/// How often a session that waits hears a cancel and sees whether a connection is to be begun.
const STEP: Duration = Duration::from_millis(100);

/// How long a session's steps may take on the way.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Each connection: the first jump host's, and for each host behind it what the one before takes
    /// to connect to it.
    pub connect: Duration,
    /// Each jump host's handshake and login.
    pub login: Duration,
    /// The end of it all.
    pub until: Instant,
}

/// Where a way ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Blocked {
    /// Before its last jump host could be asked for the target: another port of the target is no
    /// nearer.
    Jump(Failure),
    /// The last jump host could not connect to the target.
    Target(Failure),
}

impl Blocked {
    /// What happened, wherever it was.
    pub fn into_failure(self) -> Failure {
        match self {
            Self::Jump(failure) | Self::Target(failure) => failure,
        }
    }
}

/// A worker's connections to jump hosts, shared by its sessions.
///
/// A connection is begun when a session needs it, and ended when it was idle for a while or one of
/// too many that are, when the watchdog cancels everything, or when the hub is dropped.
pub struct Hub {
    watchdog: Arc<Watchdog>,
    ways: Mutex<Vec<Arc<Way>>>,
    refusals: Mutex<Vec<Refusal>>,
    /// Connections that nobody uses.
    spare: Arc<AtomicUsize>,
}

/// A jump host that will not let us in however often we ask.
#[derive(Clone)]
struct Refusal {
    chain: Vec<Jump>,
    failure: Failure,
}

impl Hub {
    /// A hub without any connection, whose connections `watchdog` is to watch.
    pub fn new(watchdog: &Arc<Watchdog>) -> Arc<Self> {
        Arc::new(Self {
            watchdog: Arc::clone(watchdog),
            ways: Mutex::default(),
            refusals: Mutex::default(),
            spare: Arc::default(),
        })
    }

    /// Connects to `port` of `host` through `jumps`, which must not be empty, and puts the connection
    /// under the watch of `slot`. `new_key` is told of the key of a jump host, by its index, of which
    /// nothing was known, before anyone logs in there, and says whether it has passed that on: a jump
    /// host of which nobody hears is not logged in to. Of the sessions that share a connection only
    /// one is told.
    ///
    /// # Errors
    /// Messages begin with the jump host that they are about.
    /// - On the way, as a jump host's connection fails ([`connect`](crate::connect::connect),
    ///   [`Connection::open`](crate::transport::ssh::Connection::open)). One that cannot pass, such
    ///   as a refused login, is remembered: who comes later is told the same, and the jump host is
    ///   not asked again.
    /// - At the target, all at [`Stage::Connect`]: `connect` where the jump host refuses the channel
    ///   or cannot connect, `timeout` where it does not answer.
    /// - `timeout` at the end of `patience`, `interrupted` after a cancel.
    pub fn reach(
        self: &Arc<Self>,
        jumps: &[Jump],
        (host, port): (&str, u16),
        patience: Patience,
        slot: &Slot,
        new_key: &mut dyn FnMut(u32, &[u8]) -> bool,
    ) -> Result<Link, Blocked> {
        let through = name(jumps);
        if port == 0 || host.contains('\0') {
            let message = format!("{host:?} cannot be reached on port {port}");
            return Err(Blocked::Target(Failure::new(ErrorKind::Connect, Stage::Connect, message)));
        }
        let way = self.way(jumps);
        let (request, waiter) = Request::new(host, port);
        way.ask(request);
        let hops = u32::try_from(jumps.len()).unwrap_or(u32::MAX);
        let on_the_way = patience
            .connect
            .saturating_add(patience.login)
            .saturating_mul(hops)
            .saturating_add(patience.connect);
        let began = Instant::now();
        let (mut opening, mut deadline) = (None, patience.until.min(began + on_the_way));
        let interrupted = || {
            let message = format!("interrupted while waiting for {through}");
            Blocked::Jump(Failure::new(ErrorKind::Interrupted, Stage::Connect, message))
        };
        loop {
            if slot.is_cancelled() {
                return Err(interrupted());
            }
            if way.wants_another() {
                self.begin(&way, patience);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match gil::while_waiting(|| waiter.news.recv_timeout(left.min(STEP))) {
                Ok(News::NewKey { hop, key, told }) => {
                    if new_key(hop, &key) {
                        // Who showed it may have gone since.
                        let _ = told.send(());
                    }
                }
                Ok(News::Opening) => {
                    let now = Instant::now();
                    opening = Some(now);
                    deadline = patience.until.min(now + patience.connect);
                }
                Ok(News::Queued) => {
                    opening = None;
                    deadline = patience.until.min(began + on_the_way);
                }
                Ok(News::Done(Ok(socket))) => {
                    return Link::new(socket, slot, patience.until).map_err(|error| {
                        Blocked::Jump(error.at(Stage::Connect, &format!("connecting through {through}")))
                    });
                }
                Ok(News::Done(Err(blocked))) => return Err(blocked),
                Err(RecvTimeoutError::Timeout) if left > STEP => {}
                Err(RecvTimeoutError::Timeout) => {
                    drop(waiter);
                    way.look_around();
                    let allowed = deadline.saturating_duration_since(opening.unwrap_or(began));
                    return Err(too_late(&through, host, port, allowed, opening.is_some()));
                }
                Err(RecvTimeoutError::Disconnected) if slot.is_cancelled() => return Err(interrupted()),
                Err(RecvTimeoutError::Disconnected) => {
                    let message = format!("{through}: the connection to it ended unexpectedly");
                    return Err(Blocked::Jump(Failure::new(
                        ErrorKind::Disconnected,
                        Stage::Connect,
                        message,
                    )));
                }
            }
        }
    }

    /// The queue of who goes through `jumps`.
    fn way(&self, jumps: &[Jump]) -> Arc<Way> {
        let mut ways = self.ways.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(way) = ways.iter().find(|way| way.chain == jumps) {
            return Arc::clone(way);
        }
        ways.retain(|way| !way.is_forgotten());
        let way = Arc::new(Way::new(jumps, &self.spare));
        ways.push(Arc::clone(&way));
        way
    }

    /// Begins a connection for `way`, unless its jump host has refused before.
    fn begin(self: &Arc<Self>, way: &Arc<Way>, patience: Patience) {
        let refused = self.refusals().iter().find(|refusal| refusal.is_of(&way.chain)).cloned();
        match refused {
            Some(refusal) => way.failed(&refusal.failure),
            None => begin(self, way, self.watchdog.another_slot(), patience),
        }
    }

    /// Remembers that the jump host at the end of `chain` will not let us in.
    pub(super) fn remember(&self, chain: &[Jump], failure: &Failure) {
        self.refusals().push(Refusal { chain: chain.to_vec(), failure: failure.clone() });
    }

    fn refusals(&self) -> MutexGuard<'_, Vec<Refusal>> {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        let ways = self.ways.get_mut().unwrap_or_else(PoisonError::into_inner);
        ways.iter().for_each(|way| way.close());
    }
}

impl Refusal {
    /// Whether this is what `chain` would end in. The account counts, and where the way to its host
    /// leads; a change of the host keys that are known does not make a refused login a new one.
    fn is_of(&self, chain: &[Jump]) -> bool {
        let place = |jump: &Jump| (jump.address.clone(), jump.port);
        let (Some(ours), Some(theirs)) = (self.chain.last(), chain.last()) else { return false };
        ours.login == theirs.login
            && self.chain.iter().map(place).eq(chain.iter().map(place))
            && (self.failure.kind == ErrorKind::Auth
                || self.failure.stage == Stage::Login
                || ours.ssh == theirs.ssh)
    }
}

/// How messages call the last of `jumps`.
pub(super) fn name(jumps: &[Jump]) -> String {
    format!("jump host {}", jumps.last().map_or("?", |jump| jump.address.as_str()))
}

/// The wait was too long: for the target's answer, or for a connection that could ask for it.
fn too_late(through: &str, host: &str, port: u16, allowed: Duration, is_opening: bool) -> Blocked {
    let allowed = Readable(allowed);
    let timeout = |message| Failure::new(ErrorKind::Timeout, Stage::Connect, message);
    if is_opening {
        Blocked::Target(timeout(format!("{through}: no answer from {host}:{port} within {allowed}")))
    } else {
        Blocked::Jump(timeout(format!("{through}: no connection to it within {allowed}")))
    }
}
