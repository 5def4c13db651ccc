//! How much may wait to be written.

use std::sync::{Condvar, Mutex, PoisonError};

/// Bytes that are in the queue or being written. Outputs are large: their number alone would be no
/// limit.
#[derive(Debug)]
pub(super) struct Budget {
    limit: usize,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    used: usize,
    closed: bool,
}

impl Budget {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, state: Mutex::default(), changed: Condvar::new() }
    }

    /// Bytes that are in use.
    pub(super) fn used(&self) -> usize {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).used
    }

    /// Waits until there is room for `bytes`; what is larger than all of it has to be alone. Once the
    /// budget is closed nobody waits. Says how many are in use then.
    pub(super) fn take(&self, bytes: usize) -> usize {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let full = |state: &mut State| !state.closed && state.used > 0 && state.used + bytes > self.limit;
        let mut state = self.changed.wait_while(state, full).unwrap_or_else(PoisonError::into_inner);
        state.used += bytes;
        state.used
    }

    pub(super) fn give_back(&self, bytes: usize) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).used -= bytes;
        self.changed.notify_all();
    }

    /// Nothing will be given back any more.
    pub(super) fn close(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    use super::Budget;

    /// Says when `take(bytes)` has returned.
    fn take<'s>(scope: &'s thread::Scope<'s, '_>, budget: &'s Budget, bytes: usize) -> mpsc::Receiver<()> {
        let (tell, taken) = mpsc::channel();
        scope.spawn(move || {
            budget.take(bytes);
            tell.send(())
        });
        taken
    }

    const SOON: Duration = Duration::from_millis(50);
    const LATE: Duration = Duration::from_secs(60);

    #[test]
    fn what_is_too_much_waits_and_what_is_larger_than_all_goes_alone() {
        let budget = Budget::new(10);
        budget.take(6);
        thread::scope(|scope| {
            let second = take(scope, &budget, 5);
            assert!(second.recv_timeout(SOON).is_err(), "it waits");
            budget.give_back(6);
            second.recv_timeout(LATE).expect("there is room");
            let large = take(scope, &budget, 100);
            assert!(large.recv_timeout(SOON).is_err(), "it waits");
            budget.give_back(5);
            large.recv_timeout(LATE).expect("it is alone");
            let last = take(scope, &budget, 1);
            assert!(last.recv_timeout(SOON).is_err(), "it waits");
            budget.close();
            last.recv_timeout(LATE).expect("nobody waits for ever");
        });
    }
}
