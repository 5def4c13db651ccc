//! Ramp-up: the threads of a worker begin their first sessions one after the other, as fast as one core can log
//! them in.
//!
//! Begun all at once, they would have the processor all at once and then wait for their devices all at once, wave
//! after wave, while it has nothing to do. One after the other nobody loses: the last is logged in no later.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// What a login is taken to cost before any is over: one over SSH.
const FIRST_GUESS: Duration = Duration::from_millis(1);
/// A login counts for one in so many of what is known.
const MEMORY: u64 = 8;

/// One worker's.
#[derive(Debug)]
pub(crate) struct Ramp {
    /// When the next may begin.
    next: Mutex<Option<Instant>>,
    /// CPU time of a login, in nanoseconds.
    login: AtomicU64,
}

impl Ramp {
    pub(crate) fn new() -> Self {
        Self { next: Mutex::default(), login: AtomicU64::new(nanoseconds(FIRST_GUESS)) }
    }

    /// Takes a thread's first job with `take`, when it is that thread's turn. Jobs that wait for theirs are nobody's:
    /// they can still be given back.
    pub(crate) fn first<T>(&self, take: impl FnOnce() -> T) -> T {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let early = next.map_or(Duration::ZERO, |next| next.saturating_duration_since(Instant::now()));
        if !early.is_zero() {
            thread::sleep(early);
        }
        let job = take();
        *next = Some(Instant::now() + self.login_cost());
        job
    }

    /// Takes note of what a login cost.
    pub(crate) fn logged_in(&self, cost: Duration) {
        let known = self.login.load(Ordering::Relaxed);
        // Two at the same moment may forget one of them.
        self.login.store((known * (MEMORY - 1) + nanoseconds(cost)) / MEMORY, Ordering::Relaxed);
    }

    fn login_cost(&self) -> Duration {
        Duration::from_nanos(self.login.load(Ordering::Relaxed))
    }
}

/// As much as fits.
fn nanoseconds(time: Duration) -> u64 {
    // A login that computes for longer is none.
    u64::try_from(time.min(Duration::from_secs(1)).as_nanos()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_jobs_are_taken_one_after_the_other() {
        let ramp = Ramp::new();
        let began = Instant::now();
        let taken: Vec<Instant> = thread::scope(|scope| {
            let threads: Vec<_> = (0..20).map(|_| scope.spawn(|| ramp.first(Instant::now))).collect();
            threads.into_iter().map(|thread| thread.join().expect("ends")).collect()
        });
        let last = taken.into_iter().max().expect("twenty");
        assert!(last - began >= 19 * FIRST_GUESS, "the last after {:?}", last - began);
    }

    #[test]
    fn the_pace_is_what_logins_cost() {
        let ramp = Ramp::new();
        for _ in 0..100 {
            ramp.logged_in(Duration::from_micros(50));
        }
        let cost = ramp.login_cost();
        assert!((Duration::from_micros(49)..Duration::from_micros(52)).contains(&cost), "{cost:?}");
        // A figure that is none does no harm for long.
        ramp.logged_in(Duration::MAX);
        assert!(ramp.login_cost() < Duration::from_millis(200));
    }
}
