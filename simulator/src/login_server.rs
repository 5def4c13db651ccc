//! The server that a fleet's logins may have to pass: a queue that is mere arithmetic, and its clock.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use netsweep_shared::fleet::LoginServer;
use tokio::time::Instant;

/// A login server and the logins that are at it. Times are since any moment that stays the same.
#[derive(Debug)]
pub(crate) struct Queue {
    server: LoginServer,
    /// When each of them will be through, in their order.
    ends: VecDeque<Duration>,
}

impl Queue {
    pub(crate) fn new(server: LoginServer) -> Self {
        Self { server, ends: VecDeque::new() }
    }

    /// A login arrives at `now`, no earlier than the one before it; the answer is when it is through.
    ///
    /// How long its service takes is decided by what it finds. And because each end follows from the one before,
    /// a timer that wakes somebody late makes nobody else late.
    pub(crate) fn join(&mut self, now: Duration) -> Duration {
        while self.ends.front().is_some_and(|end| *end <= now) {
            self.ends.pop_front();
        }
        let others = u32::try_from(self.ends.len()).unwrap_or(u32::MAX);
        let begin = self.ends.back().map_or(now, |last| now.max(*last));
        let end = begin.saturating_add(self.server.service_among(others));
        self.ends.push_back(end);
        end
    }
}

/// The server behind a fleet's logins.
#[derive(Debug)]
pub(crate) struct Server {
    service: Duration,
    epoch: Instant,
    queue: Mutex<Queue>,
}

impl Server {
    pub(crate) fn new(server: LoginServer) -> Self {
        Self { service: server.service, epoch: Instant::now(), queue: Mutex::new(Queue::new(server)) }
    }

    /// What a login takes there that is alone.
    pub(crate) fn service(&self) -> Duration {
        self.service
    }

    /// Joins the queue; the answer is when it is over.
    pub(crate) fn join(&self) -> Instant {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let end = queue.join(self.epoch.elapsed());
        self.epoch.checked_add(end).unwrap_or(self.epoch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[test]
    fn one_is_served_at_a_time_and_an_idle_server_at_once() {
        let mut queue = Queue::new(LoginServer { service: ms(100), comfortable: 9, strain: 1.0 });
        assert_eq!(queue.join(ms(0)), ms(100));
        assert_eq!(queue.join(ms(10)), ms(200));
        assert_eq!(queue.join(ms(20)), ms(300));
        assert_eq!(queue.join(ms(300)), ms(400), "who leaves as another comes is gone");
        assert_eq!(queue.join(ms(1_000)), ms(1_100));
    }

    #[test]
    fn beyond_what_is_comfortable_each_one_makes_it_slower() {
        let mut queue = Queue::new(LoginServer { service: ms(100), comfortable: 2, strain: 0.5 });
        let ends: Vec<_> = (0..5).map(|_| queue.join(ms(0))).collect();
        assert_eq!(ends, [ms(100), ms(200), ms(350), ms(550), ms(800)]);
        assert_eq!(queue.join(ms(800)), ms(900), "and it recovers");
    }

    #[test]
    fn nonsense_does_not_panic() {
        for strain in [f64::NAN, f64::INFINITY, -1.0] {
            let mut queue = Queue::new(LoginServer { service: Duration::MAX, comfortable: 0, strain });
            queue.join(ms(1));
            assert!(queue.join(Duration::MAX) >= ms(1));
        }
    }
}
