//! Where a session's time goes, as far as only those know who spend it: added up by the thread, until its
//! attempt is over.

use std::cell::Cell;
use std::time::{Duration, Instant};

use netsweep_shared::outcome::Effort;
use nix::time::{ClockId, clock_gettime};

thread_local! {
    static SPENT: Cell<Effort> = Cell::default();
}

/// One of an effort's parts.
type Part = fn(&mut Effort) -> &mut Duration;

/// Adds `time` to `part` of what this thread's attempt has spent.
pub(crate) fn add(part: Part, time: Duration) {
    let mut spent = SPENT.get();
    *part(&mut spent) += time;
    SPENT.set(spent);
}

/// Does `what`, and adds the time that it takes to `part`.
pub(crate) fn timed<T>(part: Part, what: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let done = what();
    add(part, began.elapsed());
    done
}

/// Counts this thread's effort from the beginning of an attempt to its end.
pub(crate) struct Count {
    began: Duration,
}

impl Count {
    pub(crate) fn start() -> Self {
        SPENT.take();
        Self { began: cpu_time() }
    }

    /// CPU time since the beginning.
    pub(crate) fn so_far(&self) -> Duration {
        cpu_time().saturating_sub(self.began)
    }

    /// What was spent. The thread's number and the job's time in the queue are not known here.
    pub(crate) fn stop(self) -> Effort {
        Effort { compute: self.so_far(), ..SPENT.take() }
    }
}

/// CPU time that this thread has used.
pub(crate) fn cpu_time() -> Duration {
    // It is there wherever we run (clock_gettime(2)).
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map(Duration::from).unwrap_or_default()
}
