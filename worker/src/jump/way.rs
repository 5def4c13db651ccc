//! What waits for the same way, and the connections that serve it.

use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use netsweep_shared::job::Jump;
use netsweep_shared::outcome::Failure;
use rustix::event::{EventfdFlags, eventfd};

use super::hub::Blocked;
use super::request::{News, Request};

/// Channels of one connection. As many as a worker has session threads by default, so that it needs
/// one connection; all share one thread and one TCP stream, and servers have limits of their own:
/// Dropbear's was 100 for long.
pub const MOST_CHANNELS: usize = 64;

/// Connections that open channels side by side. libssh2 opens one after another, each for as long as
/// the jump host takes to reach its target, so more sessions than that are better served by more
/// connections.
const MOST_SIDE_BY_SIDE: usize = 4;

/// How long a session waits for its turn before a further connection is begun.
const PATIENCE: Duration = Duration::from_millis(250);

/// How long a target may keep the connection that asks for it from serving others. Beyond that it
/// counts for no one else: a device that never answers must not hold up its neighbours.
const HELD_UP: Duration = Duration::from_secs(1);

/// How long a way that works is left as it is where a further connection could not be had, because
/// the jump host takes no more (OpenSSH: MaxStartups).
const REST: Duration = Duration::from_secs(2);

/// Connections that a worker keeps although nobody uses them: enough for jump hosts that many devices
/// share. Where each device has one of its own they would only pile up.
const MOST_SPARE: usize = 16;

/// All sessions that go through the same jumps, with the same logins and settings.
pub(super) struct Way {
    /// The jumps, from here to the one that this way ends at; never none.
    pub(super) chain: Vec<Jump>,
    state: Mutex<State>,
    /// How many connections of the worker nobody uses.
    spare: Arc<AtomicUsize>,
}

/// A connection that nobody uses, for as long as this lives.
pub(super) struct Spare {
    counted: Arc<AtomicUsize>,
    /// There were enough before.
    pub(super) is_one_too_many: bool,
}

impl Drop for Spare {
    fn drop(&mut self) {
        self.counted.fetch_sub(1, Ordering::SeqCst);
    }
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Request>,
    connections: Vec<Served>,
    /// A connection is about to be.
    begun: bool,
    /// No further connection before this.
    rests_until: Option<Instant>,
    /// Nobody will ask any more.
    over: bool,
    /// Number of the next connection.
    next: u64,
}

/// What is known of a connection besides its pump.
struct Served {
    number: u64,
    wake: Arc<OwnedFd>,
    /// Since when it waits for the jump host's answer about a channel.
    opening: Option<Instant>,
    channels: usize,
    /// Takes no further channel.
    retired: bool,
}

impl Served {
    fn takes_more(&self) -> bool {
        !self.retired && self.channels < MOST_CHANNELS
    }
}

impl Way {
    /// The way through `chain`, in a worker with so many `spare` connections.
    pub(super) fn new(chain: &[Jump], spare: &Arc<AtomicUsize>) -> Self {
        Self { chain: chain.to_vec(), state: Mutex::default(), spare: Arc::clone(spare) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // The sessions' side.

    /// Puts a session's wish at the end of the queue.
    pub(super) fn ask(&self, request: Request) {
        let mut state = self.state();
        state.waiting.push_back(request);
        state.wake(Served::takes_more);
    }

    /// Has the pumps look after those that have given up.
    pub(super) fn look_around(&self) {
        self.state().wake(|_| true);
    }

    /// Whether it is time to begin a connection; who is told so has to begin it.
    pub(super) fn wants_another(&self) -> bool {
        let now = Instant::now();
        let mut state = self.state();
        state.waiting.retain(|request| !request.is_given_up());
        let Some(first) = state.waiting.front() else { return false };
        if state.over || state.begun || state.rests_until.is_some_and(|until| now < until) {
            return false;
        }
        let waited = now.saturating_duration_since(first.asked);
        let is_quick = |served: &&Served| {
            served.opening.is_none_or(|since| now.saturating_duration_since(since) < HELD_UP)
        };
        let open: Vec<_> = state.connections.iter().filter(|served| served.takes_more()).collect();
        let wanted = open.is_empty()
            || (waited >= PATIENCE && open.into_iter().filter(is_quick).count() < MOST_SIDE_BY_SIDE);
        state.begun |= wanted;
        wanted
    }

    /// Whether nothing is going on here.
    pub(super) fn is_forgotten(&self) -> bool {
        let state = self.state();
        state.waiting.is_empty() && state.connections.is_empty() && !state.begun
    }

    /// Nobody will ask any more: the connections end.
    pub(super) fn close(&self) {
        let mut state = self.state();
        state.over = true;
        state.waiting.clear();
        state.wake(|_| true);
    }

    // The side of who begins a connection.

    /// Has one of those who wait tell of a key that was unknown; whether someone did.
    pub(super) fn tell_of_key(&self, hop: u32, key: &[u8]) -> bool {
        let tellers: Vec<_> = self.state().waiting.iter().map(Request::teller).collect();
        tellers.into_iter().any(|teller| {
            let (told, heard) = channel();
            // Whoever has given up, or been served meanwhile, hangs up.
            teller.send(News::NewKey { hop, key: key.to_vec(), told }).is_ok() && heard.recv().is_ok()
        })
    }

    /// No connection came of it. Where there is none, all who wait share the failure.
    pub(super) fn failed(&self, failure: &Failure) {
        let mut state = self.state();
        state.begun = false;
        if state.connections.is_empty() {
            for request in state.waiting.drain(..) {
                request.tell(News::Done(Err(Blocked::Jump(failure.clone()))));
            }
        } else {
            tracing::debug!("no further connection: {failure}");
            state.rests_until = Some(Instant::now() + REST);
        }
    }

    // The pumps' side.

    /// A connection is there: its number, and what wakes it.
    pub(super) fn join(&self) -> Result<(u64, Arc<OwnedFd>), rustix::io::Errno> {
        let wake = Arc::new(eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?);
        let mut state = self.state();
        let number = state.next;
        state.next += 1;
        state.begun = false;
        let wake_too = Arc::clone(&wake);
        state.connections.push(Served { number, wake: wake_too, opening: None, channels: 0, retired: false });
        Ok((number, wake))
    }

    /// The next wish for connection `number` to fulfil.
    pub(super) fn take(&self, number: u64) -> Option<Request> {
        let mut state = self.state();
        state.waiting.retain(|request| !request.is_given_up());
        let served = state.connections.iter().position(|served| served.number == number)?;
        let request = state.waiting.pop_front()?;
        let served = &mut state.connections[served];
        served.opening = Some(Instant::now());
        served.channels += 1;
        Some(request)
    }

    /// What connection `number` has open now.
    pub(super) fn report(&self, number: u64, is_opening: bool, channels: usize, retired: bool) {
        let mut state = self.state();
        if let Some(served) = state.connections.iter_mut().find(|served| served.number == number) {
            served.channels = channels;
            served.retired = retired;
            if !is_opening {
                served.opening = None;
            }
        }
    }

    /// Puts a wish back that a connection broke over.
    pub(super) fn ask_again(&self, mut request: Request) {
        request.again = true;
        request.tell(News::Queued);
        let mut state = self.state();
        state.waiting.push_front(request);
        state.wake(Served::takes_more);
    }

    /// A connection has become one that nobody uses.
    pub(super) fn spare(&self) -> Spare {
        let before = self.spare.fetch_add(1, Ordering::SeqCst);
        Spare { counted: Arc::clone(&self.spare), is_one_too_many: before >= MOST_SPARE }
    }

    /// Connection `number` would end for want of work; whether it may.
    pub(super) fn may_leave(&self, number: u64) -> bool {
        let mut state = self.state();
        let wanted = !state.over
            && state.waiting.iter().any(|request| !request.is_given_up())
            && state.connections.iter().any(|served| served.number == number && served.takes_more());
        if !wanted {
            state.connections.retain(|served| served.number != number);
        }
        !wanted
    }

    /// Connection `number` is no more.
    pub(super) fn leave(&self, number: u64) {
        self.state().connections.retain(|served| served.number != number);
    }

    /// Whether nobody will ask any more.
    pub(super) fn is_over(&self) -> bool {
        self.state().over
    }
}

impl State {
    fn wake(&self, which: impl Fn(&Served) -> bool) {
        for served in self.connections.iter().filter(|served| which(served)) {
            // Fails where it was woken four thousand million times and did not look.
            let _ = rustix::io::write(&*served.wake, &1u64.to_ne_bytes());
        }
    }
}
