//! Ends what has outstayed its deadline.
//!
//! A session thread checks its deadline whenever it waits ([`crate::link::Link::wait`]), but
//! libssh2 does not return from a call while it finds bytes to read: a device that floods could
//! keep a thread for ever. So one more thread per worker looks every [`PERIOD`] for sockets
//! whose deadline has passed and shuts them down, which makes any call on them return.

mod post;
mod slot;

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use self::post::{CANCELLED, DEADLINE, Post};
pub use self::slot::Slot;

/// How often the deadlines are looked at, and so how late a flood, or a read that waits, may end.
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
            posts: (0..slots).map(|_| Post::default()).collect(),
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

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::net::{TcpListener, TcpStream};

    use socket2::Socket;

    use super::*;
    use crate::transport::TransportError;

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
