//! The lock, by the algorithm that CPython has had since 3.2 (Python/ceval_gil.c).

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// CPython waits no shorter than this, whatever it is told.
const SHORTEST: Duration = Duration::from_micros(1);

/// One lock for all of a worker's session threads. Threads are told apart by their numbers.
#[derive(Debug)]
pub(crate) struct Gil {
    /// How long a thread waits before it asks the holder to give the lock up.
    interval: Duration,
    state: Mutex<State>,
    /// The lock is free.
    free: Condvar,
    /// The lock was taken.
    taken: Condvar,
    /// The holder is asked to give it up. Set only by one who waits for `free`, and taken back by whoever
    /// gets the lock: so for as long as it is set somebody waits.
    wanted: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    held: bool,
    /// Who has, or had, the lock.
    last: Option<u32>,
    /// How often the lock went to another thread.
    switches: u64,
    // How many wait for each of the two: nobody is to be called where nobody listens.
    for_free: usize,
    for_taken: usize,
}

impl Gil {
    pub(crate) fn new(interval: Duration) -> Self {
        Self {
            interval: interval.max(SHORTEST),
            state: Mutex::default(),
            free: Condvar::new(),
            taken: Condvar::new(),
            wanted: AtomicBool::new(false),
        }
    }

    /// Takes the lock for thread `me`. Where it did not change hands for one interval, its holder is asked
    /// to give it up.
    pub(super) fn take(&self, me: u32) {
        let mut state = self.state();
        while state.held {
            let before = state.switches;
            state.for_free += 1;
            let woken = self.free.wait_timeout(state, self.interval).unwrap_or_else(PoisonError::into_inner);
            state = woken.0;
            state.for_free -= 1;
            if woken.1.timed_out() && state.held && state.switches == before {
                self.wanted.store(true, Ordering::Relaxed);
            }
        }
        state.held = true;
        if state.last != Some(me) {
            state.last = Some(me);
            state.switches += 1;
        }
        self.wanted.store(false, Ordering::Relaxed);
        if state.for_taken > 0 {
            self.taken.notify_all();
        }
    }

    /// Gives the lock up, which thread `me` holds. Who was asked for it returns only when another thread
    /// has taken it: else it might have it back before the other is awake.
    pub(super) fn give_up(&self, me: u32) {
        let mut state = self.state();
        state.held = false;
        if state.for_free > 0 {
            self.free.notify_one();
        }
        if self.is_wanted() {
            state.for_taken += 1;
            while state.last == Some(me) {
                state = self.taken.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            state.for_taken -= 1;
        }
    }

    /// Whether the holder is asked to give the lock up.
    pub(super) fn is_wanted(&self) -> bool {
        self.wanted.load(Ordering::Relaxed)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn switches(&self) -> u64 {
        self.state().switches
    }

    /// How many threads wait for it.
    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.state().for_free
    }
}
