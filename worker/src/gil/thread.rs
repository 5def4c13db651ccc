//! A thread's side of the lock. Kept with the thread and not handed around, so that the code of sessions
//! reads the same with the lock and without it; without it each of these is a look at nothing.

use std::cell::RefCell;
use std::sync::Arc;

use super::lock::Gil;
use crate::effort;

thread_local! {
    static OURS: RefCell<Option<Membership>> = const { RefCell::new(None) };
}

/// A thread among those that share a lock.
struct Membership {
    gil: Arc<Gil>,
    number: u32,
    holds: bool,
}

impl Membership {
    fn take(&mut self) {
        effort::timed(|effort| &mut effort.lock, || self.gil.take(self.number));
        self.holds = true;
    }

    fn give_up(&mut self) {
        self.holds = false;
        effort::timed(|effort| &mut effort.lock, || self.gil.give_up(self.number));
    }
}

/// Does `what` with this thread's membership, if it is a member and has the lock as `holds` says; whether
/// it was.
fn where_it(holds: bool, what: impl FnOnce(&mut Membership)) -> bool {
    OURS.with_borrow_mut(|ours| match ours {
        Some(ours) if ours.holds == holds => {
            what(ours);
            true
        }
        _ => false,
    })
}

/// Makes this thread one of those that share `gil`, by a number that no other has.
pub(crate) fn join(gil: Arc<Gil>, number: u32) {
    OURS.set(Some(Membership { gil, number, holds: false }));
}

/// Takes the lock, where there is one, until what is returned is dropped.
#[must_use]
pub(crate) fn compute() -> Computing {
    where_it(false, Membership::take);
    Computing(())
}

/// The thread computes, and holds the lock.
pub(crate) struct Computing(());

impl Drop for Computing {
    fn drop(&mut self) {
        where_it(true, Membership::give_up);
    }
}

/// Does `wait` without the lock. To be around whatever waits for others.
pub(crate) fn while_waiting<T>(wait: impl FnOnce() -> T) -> T {
    let given_up = where_it(true, Membership::give_up);
    // Also where `wait` panics: who unwinds computes.
    let _back = given_up.then(|| TakenBack(()));
    wait()
}

struct TakenBack(());

impl Drop for TakenBack {
    fn drop(&mut self) {
        where_it(false, Membership::take);
    }
}

/// Lets another thread have the lock if it has asked for it. To be passed often while the thread computes.
pub(crate) fn check_point() {
    where_it(true, |ours| {
        if ours.gil.is_wanted() {
            ours.give_up();
            ours.take();
        }
    });
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::sync::mpsc::{Receiver, channel};
    use std::thread;
    use std::time::{Duration, Instant};

    use super::*;

    /// Long enough on the busiest machine.
    const AMPLE: Duration = Duration::from_secs(60);
    /// An interval that does not end.
    const NEVER: Duration = Duration::from_secs(24 * 3600);
    const SHORT: Duration = Duration::from_millis(1);

    fn eventually(mut condition: impl FnMut() -> bool) {
        let deadline = Instant::now() + AMPLE;
        while !condition() {
            assert!(Instant::now() < deadline, "waited in vain");
            thread::yield_now();
        }
    }

    /// Runs `body` on a member's thread; told when it is over, by an end of the channel where it panicked.
    fn member(gil: &Arc<Gil>, number: u32, body: impl FnOnce() + Send + 'static) -> Receiver<()> {
        let (over, told) = channel();
        let gil = Arc::clone(gil);
        thread::spawn(move || {
            join(gil, number);
            body();
            let _ = over.send(());
        });
        told
    }

    /// Computes for a moment; nobody else may meanwhile.
    fn alone(busy: &AtomicBool) {
        assert!(!busy.swap(true, Ordering::SeqCst), "two compute at once");
        std::hint::black_box((0..200).sum::<u32>());
        assert!(busy.swap(false, Ordering::SeqCst), "another has left meanwhile");
    }

    /// Many threads that compute, pass check points and wait.
    fn crowd(interval: Duration) {
        const ROUNDS: usize = 200;
        let gil = Arc::new(Gil::new(interval));
        let busy = Arc::new(AtomicBool::new(false));
        let rounds = Arc::new(AtomicUsize::new(0));
        let members: Vec<_> = (0..64)
            .map(|number| {
                let (busy, rounds) = (Arc::clone(&busy), Arc::clone(&rounds));
                member(&gil, number, move || {
                    for round in 0..ROUNDS {
                        let _computing = compute();
                        alone(&busy);
                        check_point();
                        alone(&busy);
                        if round % 8 == 0 {
                            while_waiting(|| thread::sleep(Duration::from_micros(50)));
                            alone(&busy);
                        }
                        rounds.fetch_add(1, Ordering::SeqCst);
                    }
                })
            })
            .collect();
        for told in members {
            told.recv_timeout(AMPLE).expect("nobody waits for ever, and nobody fails");
        }
        assert_eq!(rounds.load(Ordering::SeqCst), 64 * ROUNDS);
        assert_eq!((gil.waiting(), gil.is_wanted()), (0, false));
    }

    /// Where the interval never ends, one lost call leaves a thread waiting.
    #[test]
    fn one_computes_at_a_time_and_no_call_is_lost() {
        crowd(NEVER);
    }

    #[test]
    fn nor_where_the_lock_is_always_asked_for() {
        crowd(Duration::ZERO);
    }

    #[test]
    fn who_computes_keeps_the_lock_for_the_interval_and_gives_it_up_to_wait() {
        let gil = Arc::new(Gil::new(NEVER));
        join(Arc::clone(&gil), 0);
        let computing = compute();
        let other = member(&gil, 1, || drop(compute()));
        eventually(|| gil.waiting() == 1);
        for _ in 0..100_000 {
            check_point();
        }
        assert_eq!((gil.switches(), gil.waiting()), (1, 1), "nobody has asked");
        while_waiting(|| other.recv_timeout(AMPLE)).expect("the other has had it");
        assert_eq!(gil.switches(), 3, "there and back");
        drop(computing);
    }

    #[test]
    fn who_computes_on_is_asked_and_stands_back_until_another_has_had_the_lock() {
        let gil = Arc::new(Gil::new(SHORT));
        let stop = Arc::new(AtomicBool::new(false));
        join(Arc::clone(&gil), 0);
        let computing = compute();
        let other = member(&gil, 1, {
            let stop = Arc::clone(&stop);
            move || {
                let _computing = compute();
                while !stop.load(Ordering::SeqCst) {
                    check_point();
                }
            }
        });
        for _ in 0..20 {
            let before = gil.switches();
            eventually(|| gil.is_wanted());
            assert_eq!(gil.switches(), before, "only a check point gives it up");
            check_point();
            // The other never waits, so it was asked in its turn.
            assert_eq!(gil.switches(), before + 2);
        }
        stop.store(true, Ordering::SeqCst);
        drop(computing);
        other.recv_timeout(AMPLE).expect("ends");
    }

    #[test]
    fn who_was_asked_may_wait_at_once() {
        let gil = Arc::new(Gil::new(SHORT));
        join(Arc::clone(&gil), 0);
        let computing = compute();
        let other = member(&gil, 1, || drop(compute()));
        eventually(|| gil.is_wanted());
        while_waiting(|| other.recv_timeout(AMPLE)).expect("the other has had it");
        drop(computing);
        assert!(!gil.is_wanted());
    }

    #[test]
    fn a_panic_leaves_the_lock_free() {
        let gil = Arc::new(Gil::new(NEVER));
        let told = member(&gil, 0, || {
            let caught = catch_unwind(AssertUnwindSafe(|| {
                let _computing = compute();
                while_waiting(|| panic!("on purpose"));
            }));
            assert!(caught.is_err());
        });
        told.recv_timeout(AMPLE).expect("it goes on");
        let told = member(&gil, 1, || {
            let _computing = compute();
            panic!("on purpose");
        });
        told.recv_timeout(AMPLE).expect_err("it dies");
        let told = member(&gil, 2, || drop(compute()));
        told.recv_timeout(AMPLE).expect("the lock is free");
        assert_eq!(gil.switches(), 3);
    }

    #[test]
    fn a_wait_within_a_wait_is_one() {
        let gil = Arc::new(Gil::new(NEVER));
        join(Arc::clone(&gil), 0);
        let computing = compute();
        while_waiting(|| {
            while_waiting(check_point);
            let other = member(&gil, 1, || drop(compute()));
            other.recv_timeout(AMPLE).expect("the lock is free");
        });
        let other = member(&gil, 2, || drop(compute()));
        eventually(|| gil.waiting() == 1);
        drop(computing);
        other.recv_timeout(AMPLE).expect("the lock is free");
    }

    #[test]
    fn a_thread_without_a_lock_computes_as_it_likes() {
        let _computing = compute();
        check_point();
        assert_eq!(while_waiting(|| 7), 7);
    }
}
