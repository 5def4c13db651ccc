//! Ends what has outstayed its deadline.
//!
//! A session thread checks its deadline whenever it waits ([`crate::link::Link::wait`]), but
//! libssh2 does not return from a call while it finds bytes to read: a device that floods could
//! keep a thread for ever. So one more thread per worker looks every [`PERIOD`] for sockets
//! whose deadline has passed and shuts them down, which makes any call on them return.

use std::io;
use std::net::Shutdown;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use netsweep_shared::outcome::Stage;
use socket2::Socket;

use crate::leave::Question;
use crate::transport::TransportError;
use crate::{effort, gil};

/// How often the deadlines are looked at, and so how late a flood may end.
pub const PERIOD: Duration = Duration::from_millis(50);

const NO_DEADLINE: u64 = u64::MAX;

/// Watches the sockets of one worker's sessions.
#[derive(Debug)]
pub struct Watchdog {
    kennel: Arc<Kennel>,
    thread: Option<JoinHandle<()>>,
}

/// What the watching thread and the session threads share.
#[derive(Debug)]
struct Kennel {
    epoch: Instant,
    /// The session threads' row, and behind it one for each slot that was asked for later.
    rows: Mutex<Vec<Arc<Row>>>,
    cancelled: AtomicBool,
    stopped: AtomicBool,
}

/// Slots side by side.
#[derive(Debug)]
struct Row {
    /// Nanoseconds since the kennel's epoch. Kept apart from the posts: a look at 5,000 is 40 kB.
    deadlines: Box<[AtomicU64]>,
    posts: Box<[Post]>,
}

/// One slot's session. The socket is shut down under its lock and only while it is the
/// session's own, so that a late shutdown never meets the next session.
#[derive(Debug)]
struct Post {
    socket: Mutex<Option<Arc<Socket>>>,
    /// What is to be asked before the session logs in.
    question: Mutex<Option<Question>>,
    /// What the session waits for instead of an answer of its device's has happened.
    news: Condvar,
    fired: AtomicU8,
    permit: AtomicU8,
    /// Place of the session's stage among [`STAGES`].
    stage: AtomicU8,
}

/// Where a session itself can be: its jump hosts are the hub's.
const STAGES: [Stage; 5] = [Stage::Connect, Stage::Handshake, Stage::Login, Stage::Prepare, Stage::Commands];

const QUIET: u8 = 0;
const DEADLINE: u8 = 1;
const CANCELLED: u8 = 2;
const WITHDRAWN: u8 = 3;

// Whether the session may log in; changed under the socket's lock.
const OPEN: u8 = 0;
const USED: u8 = 1;
const REVOKED: u8 = 2;
const TO_BE_ASKED_FOR: u8 = 3;

impl Watchdog {
    /// Starts the thread, with room for `slots` sessions at once.
    pub fn start(slots: usize) -> io::Result<Arc<Self>> {
        let kennel = Arc::new(Kennel {
            epoch: Instant::now(),
            rows: Mutex::new(vec![Row::of(slots)]),
            cancelled: AtomicBool::new(false),
            stopped: AtomicBool::new(false),
        });
        let thread = thread::Builder::new().name("watchdog".into()).spawn({
            let kennel = Arc::clone(&kennel);
            move || {
                while !kennel.stopped.load(Ordering::Acquire) {
                    kennel.look();
                    thread::park_timeout(PERIOD);
                }
            }
        })?;
        Ok(Arc::new(Self { kennel, thread: Some(thread) }))
    }

    /// The slot number `n`, for one session at a time.
    ///
    /// # Panics
    /// Where the watchdog was started with `n` slots or fewer.
    pub fn slot(self: &Arc<Self>, n: usize) -> Slot {
        let row = Arc::clone(&self.kennel.rows()[0]);
        assert!(n < row.posts.len(), "slot {n} of {}", row.posts.len());
        Slot { watchdog: Arc::clone(self), row, n }
    }

    /// One more slot, for a connection that belongs to no single session. Its room is given back
    /// when it is dropped.
    pub fn another_slot(self: &Arc<Self>) -> Slot {
        let row = Row::of(1);
        let mut rows = self.kennel.rows();
        // Those that nobody else holds are of slots that are gone; the first is the sessions'.
        let mut first = true;
        rows.retain(|row| std::mem::take(&mut first) || Arc::strong_count(row) > 1);
        rows.push(Arc::clone(&row));
        Slot { watchdog: Arc::clone(self), row, n: 0 }
    }

    /// Shuts every session's socket down; sessions begun later fail at once.
    pub fn cancel_all(&self) {
        // Before the posts: a session that begins meanwhile either sees this, or is seen below.
        self.kennel.cancelled.store(true, Ordering::SeqCst);
        for row in self.kennel.rows().iter() {
            for post in &row.posts {
                post.fire(&post.socket(), CANCELLED);
            }
        }
    }

    /// Whether [`Self::cancel_all`] was called.
    pub fn is_cancelled(&self) -> bool {
        self.kennel.cancelled.load(Ordering::SeqCst)
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.kennel.stopped.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // It ends by itself; a panic in it would have been reported already.
            let _ = thread.join();
        }
    }
}

impl Kennel {
    fn look(&self) {
        let now = self.nanos(Instant::now());
        self.rows().iter().for_each(|row| row.look(now));
    }

    fn rows(&self) -> MutexGuard<'_, Vec<Arc<Row>>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn nanos(&self, at: Instant) -> u64 {
        let since = at.saturating_duration_since(self.epoch).as_nanos();
        u64::try_from(since).unwrap_or(NO_DEADLINE).min(NO_DEADLINE - 1)
    }
}

impl Row {
    fn of(slots: usize) -> Arc<Self> {
        Arc::new(Self {
            deadlines: (0..slots).map(|_| AtomicU64::new(NO_DEADLINE)).collect(),
            posts: (0..slots)
                .map(|_| Post {
                    socket: Mutex::new(None),
                    question: Mutex::new(None),
                    news: Condvar::new(),
                    fired: AtomicU8::new(QUIET),
                    permit: AtomicU8::new(OPEN),
                    stage: AtomicU8::new(0),
                })
                .collect(),
        })
    }

    fn look(&self, now: u64) {
        for (deadline, post) in self.deadlines.iter().zip(&self.posts) {
            if deadline.load(Ordering::Relaxed) > now {
                continue;
            }
            let socket = post.socket();
            // Again under the lock: the slot may have changed hands.
            if deadline.load(Ordering::Relaxed) <= now {
                post.fire(&socket, DEADLINE);
                deadline.store(NO_DEADLINE, Ordering::Relaxed);
            }
        }
    }
}

impl Post {
    fn socket(&self) -> MutexGuard<'_, Option<Arc<Socket>>> {
        self.socket.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the session that holds the lock's socket, if there is one.
    fn fire(&self, socket: &Option<Arc<Socket>>, why: u8) {
        if let Some(socket) = socket {
            // The reason goes first: whoever meets the closed socket finds it.
            let _ = self.fired.compare_exchange(QUIET, why, Ordering::SeqCst, Ordering::SeqCst);
            // Fails where the peer was faster, which is as good.
            let _ = socket.shutdown(Shutdown::Both);
            self.news.notify_all();
        }
    }

    fn question(&self) -> MutexGuard<'_, Option<Question>> {
        self.question.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nobody has said yet whether the session may log in, nor ended it.
    fn is_open_question(&self) -> bool {
        let waits = self.permit.load(Ordering::SeqCst) == TO_BE_ASKED_FOR;
        waits && self.fired.load(Ordering::SeqCst) == QUIET
    }
}

/// A session thread's place at the watchdog.
#[derive(Clone, Debug)]
pub struct Slot {
    watchdog: Arc<Watchdog>,
    row: Arc<Row>,
    n: usize,
}

impl Slot {
    /// The next session begins here, and may log in; after it has asked `question`, where there is one.
    pub(crate) fn begin(&self, question: Option<Question>) {
        self.enter(Stage::Connect);
        let permit = if question.is_some() { TO_BE_ASKED_FOR } else { OPEN };
        *self.post().question() = question;
        self.post().permit.store(permit, Ordering::SeqCst);
    }

    /// The session has come to `stage`.
    pub(crate) fn enter(&self, stage: Stage) {
        let place = STAGES.iter().position(|known| *known == stage).unwrap_or_default();
        self.post().stage.store(place as u8, Ordering::Relaxed);
    }

    /// How far the session has come.
    pub(crate) fn stage(&self) -> Stage {
        let place = self.post().stage.load(Ordering::Relaxed);
        STAGES.get(usize::from(place)).copied().unwrap_or(Stage::Connect)
    }

    /// Ends the session, unless it has committed itself.
    pub(crate) fn withdraw(&self) {
        let post = self.post();
        let held = post.socket();
        if matches!(post.permit.load(Ordering::SeqCst), OPEN | TO_BE_ASKED_FOR) {
            post.permit.store(REVOKED, Ordering::SeqCst);
            post.fire(&held, WITHDRAWN);
        }
    }

    /// The session may log in, whether it has asked or not.
    pub(crate) fn give_leave(&self) {
        let post = self.post();
        let _held = post.socket();
        if post.permit.load(Ordering::SeqCst) == TO_BE_ASKED_FOR {
            post.permit.store(OPEN, Ordering::SeqCst);
            post.news.notify_all();
        }
    }

    /// Asks for leave to log in, where that is to be asked for, and waits for it. How long that took.
    pub(crate) fn await_leave(&self) -> Result<Duration, TransportError> {
        let post = self.post();
        let Some(Question { ask, thank, until }) = post.question().take() else { return Ok(Duration::ZERO) };
        let began = Instant::now();
        if post.is_open_question() {
            self.set_deadline(until);
            ask();
            let answered = || drop(post.news.wait_while(post.socket(), |_| post.is_open_question()));
            gil::while_waiting(|| effort::timed(|effort| &mut effort.leave, answered));
            if self.fired().is_none() {
                thank();
            }
        }
        self.fired().map_or(Ok(began.elapsed()), Err)
    }

    /// Asked before a password goes out: afterwards [`Self::withdraw`] comes too late.
    pub(crate) fn commit(&self) -> Result<(), TransportError> {
        let post = self.post();
        let _held = post.socket();
        match post.permit.swap(USED, Ordering::SeqCst) {
            REVOKED => Err(TransportError::Withdrawn),
            _ => {
                self.enter(Stage::Login);
                Ok(())
            }
        }
    }

    /// Has `socket` watched until [`Self::release`].
    pub(crate) fn watch(&self, socket: &Arc<Socket>, deadline: Instant) -> Result<(), TransportError> {
        let post = self.post();
        let mut held = post.socket();
        if self.is_cancelled() {
            return Err(TransportError::Cancelled);
        }
        if post.permit.load(Ordering::SeqCst) == REVOKED {
            return Err(TransportError::Withdrawn);
        }
        *held = Some(Arc::clone(socket));
        post.fired.store(QUIET, Ordering::SeqCst);
        self.set_deadline(deadline);
        Ok(())
    }

    /// Moves the deadline of the socket being watched.
    pub(crate) fn set_deadline(&self, deadline: Instant) {
        let kennel = &self.watchdog.kennel;
        self.row.deadlines[self.n].store(kennel.nanos(deadline), Ordering::Relaxed);
    }

    /// Forgets `socket`: from here on it is not touched any more.
    pub(crate) fn release(&self, socket: &Arc<Socket>) {
        let mut held = self.post().socket();
        if held.as_ref().is_some_and(|held| Arc::ptr_eq(held, socket)) {
            *held = None;
            self.row.deadlines[self.n].store(NO_DEADLINE, Ordering::Relaxed);
        }
    }

    /// Why the socket being watched was shut down, if it was.
    pub(crate) fn fired(&self) -> Option<TransportError> {
        match self.post().fired.load(Ordering::SeqCst) {
            DEADLINE => Some(TransportError::Deadline),
            CANCELLED => Some(TransportError::Cancelled),
            WITHDRAWN => Some(TransportError::Withdrawn),
            _ => None,
        }
    }

    /// Whether all sessions were told to end.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.watchdog.is_cancelled()
    }

    fn post(&self) -> &Post {
        &self.row.posts[self.n]
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::net::{TcpListener, TcpStream};

    use super::*;

    fn pair() -> (Arc<Socket>, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("listens");
        let ours = TcpStream::connect(listener.local_addr().expect("address")).expect("connects");
        (Arc::new(ours.into()), listener.accept().expect("accepts").0)
    }

    fn ends(mut socket: &Socket) -> bool {
        socket.set_read_timeout(Some(Duration::from_secs(20))).expect("sets");
        matches!(socket.read(&mut [0]), Ok(0))
    }

    fn stays_open(mut socket: &Socket) -> bool {
        socket.set_nonblocking(true).expect("sets");
        socket.read(&mut [0]).is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }

    #[test]
    fn a_deadline_shuts_the_socket_and_says_why() {
        let watchdog = Watchdog::start(3).expect("starts");
        let (slot, (ours, _theirs)) = (watchdog.slot(2), pair());
        slot.watch(&ours, Instant::now() + Duration::from_millis(30)).expect("watches");
        assert!(ends(&ours));
        assert!(matches!(slot.fired(), Some(TransportError::Deadline)));
    }

    #[test]
    fn the_next_session_is_not_touched_by_the_deadline_of_the_last() {
        let watchdog = Watchdog::start(1).expect("starts");
        let slot = watchdog.slot(0);
        let (later, _theirs) = pair();
        for _ in 0..50 {
            let (ours, _theirs) = pair();
            slot.watch(&ours, Instant::now() + Duration::from_millis(1)).expect("watches");
            thread::sleep(Duration::from_millis(2));
            slot.release(&ours);
            slot.watch(&later, Instant::now() + Duration::from_secs(60)).expect("watches");
            // Whoever shuts a socket down here holds the post's lock or is the watchdog.
            watchdog.kennel.look();
            assert!(slot.fired().is_none());
            assert!(stays_open(&later));
            slot.release(&later);
        }
    }

    #[test]
    fn a_late_release_leaves_the_next_session_watched() {
        let watchdog = Watchdog::start(1).expect("starts");
        let slot = watchdog.slot(0);
        let ((first, _a), (second, _b)) = (pair(), pair());
        slot.watch(&first, Instant::now() + Duration::from_secs(60)).expect("watches");
        slot.watch(&second, Instant::now() + Duration::from_millis(30)).expect("watches");
        slot.release(&first);
        assert!(ends(&second));
    }

    #[test]
    fn a_cancel_ends_all_sessions_and_every_later_one() {
        let watchdog = Watchdog::start(2).expect("starts");
        let (slot, (ours, _theirs)) = (watchdog.slot(0), pair());
        slot.watch(&ours, Instant::now() + Duration::from_secs(60)).expect("watches");
        watchdog.cancel_all();
        assert!(ends(&ours));
        assert!(matches!(slot.fired(), Some(TransportError::Cancelled)));
        let later = watchdog.slot(1).watch(&pair().0, Instant::now() + Duration::from_secs(60));
        assert!(matches!(later, Err(TransportError::Cancelled)));
    }

    #[test]
    fn a_withdrawn_session_ends_unless_it_has_committed_itself() {
        let watchdog = Watchdog::start(1).expect("starts");
        let (slot, (ours, _theirs)) = (watchdog.slot(0), pair());
        let later = Instant::now() + Duration::from_secs(60);
        for is_connected in [false, true] {
            slot.begin(None);
            if is_connected {
                slot.watch(&ours, later).expect("watches");
            }
            slot.commit().expect("may log in");
            slot.withdraw();
            slot.commit().expect("as before");
            assert!(slot.fired().is_none());
            slot.watch(&ours, later).expect("watches");
            assert!(stays_open(&ours));
        }
        slot.begin(None);
        slot.withdraw();
        assert!(ends(&ours));
        assert!(matches!(slot.fired(), Some(TransportError::Withdrawn)));
        assert!(
            matches!(slot.watch(&pair().0, later), Err(TransportError::Withdrawn)),
            "nor by another route"
        );
        assert!(matches!(slot.commit(), Err(TransportError::Withdrawn)));
        slot.begin(None);
        slot.watch(&pair().0, later).expect("the next is not meant");
    }

    #[test]
    fn a_slot_that_was_asked_for_later_is_watched_like_the_others() {
        let watchdog = Watchdog::start(1).expect("starts");
        let (slot, (ours, _theirs)) = (watchdog.another_slot(), pair());
        slot.watch(&ours, Instant::now() + Duration::from_millis(30)).expect("watches");
        assert!(ends(&ours));
        assert!(matches!(slot.fired(), Some(TransportError::Deadline)));
        let (slot, (ours, _theirs)) = (watchdog.another_slot(), pair());
        slot.watch(&ours, Instant::now() + Duration::from_secs(60)).expect("watches");
        watchdog.cancel_all();
        assert!(ends(&ours));
        for _ in 0..100 {
            drop(watchdog.another_slot());
        }
        assert!(watchdog.kennel.rows().len() < 5, "slots that are gone take no room");
    }

    #[test]
    fn its_thread_ends_with_it() {
        let watchdog = Watchdog::start(1).expect("starts");
        let kennel = Arc::downgrade(&watchdog.kennel);
        let slot = watchdog.slot(0);
        drop(watchdog);
        assert!(kennel.strong_count() > 1, "a slot keeps it watching");
        drop(slot);
        assert_eq!(kennel.strong_count(), 0);
    }

    #[test]
    fn five_thousand_slots_are_looked_at_in_no_time() {
        let watchdog = Watchdog::start(5_000).expect("starts");
        let best = (0..20).map(|_| {
            let began = Instant::now();
            watchdog.kennel.look();
            began.elapsed()
        });
        assert!(best.min().expect("looks") < PERIOD / 10, "a look must cost next to nothing");
    }
}
