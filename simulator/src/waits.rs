//! Where devices wait: every latency is slept through here, and counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::{sleep, sleep_until};

use crate::device::Settings;
use crate::report::nanoseconds;

/// The waits of one connection.
#[derive(Debug)]
pub(crate) struct Waits {
    settings: Arc<Settings>,
    /// Their sum so far, in nanoseconds.
    sum: AtomicU64,
}

impl Waits {
    pub(crate) fn new(settings: &Arc<Settings>) -> Self {
        Self { settings: Arc::clone(settings), sum: AtomicU64::new(0) }
    }

    /// Waits for `time`.
    pub(crate) async fn pause(&self, time: Duration) {
        // Even a sleep of nothing would last to the next tick.
        if !time.is_zero() {
            self.count(time);
            sleep(time).await;
        }
    }

    /// Waits until a login is judged, of which the device's own part is `time`.
    pub(crate) async fn login(&self, time: Duration) {
        self.pause(time).await;
        if let Some(server) = &self.settings.login_server {
            self.count(server.service());
            self.settings.counters.served.add(server.service());
            sleep_until(server.join()).await;
        }
    }

    fn count(&self, time: Duration) {
        let counters = &self.settings.counters;
        let nanoseconds = nanoseconds(time);
        counters.waited.add(time);
        let before = self.sum.fetch_add(nanoseconds, Ordering::Relaxed);
        counters.longest.at_least(Duration::from_nanos(before.saturating_add(nanoseconds)));
    }
}

#[cfg(test)]
mod tests {
    use netsweep_shared::fleet::{FleetReport, LoginServer};
    use tokio::time::Instant;

    use super::*;
    use crate::login_server::Server;

    const fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    async fn connection(settings: Arc<Settings>, login: Duration, command: Duration) {
        let waits = Waits::new(&settings);
        waits.login(login).await;
        waits.pause(command).await;
    }

    #[tokio::test(start_paused = true)]
    async fn waits_are_counted_and_the_server_lets_one_after_the_other_through() {
        let server = LoginServer { service: ms(100), comfortable: 2, strain: 1.0 };
        let settings = Settings { login_server: Some(Server::new(server)), ..Settings::default() };
        let settings = Arc::new(settings);
        let began = Instant::now();
        let connections = [(10, 500), (20, 0), (30, 0)]
            .map(|(login, command)| tokio::spawn(connection(Arc::clone(&settings), ms(login), ms(command))));
        for connection in connections {
            connection.await.expect("it ends");
        }
        // Through at 110, 210 and, because the third found two, 410 ms; the first then has a command.
        let took = began.elapsed();
        assert!(took >= ms(610) && took < ms(615), "{took:?}");
        let FleetReport { waited, longest, served, .. } = settings.counters.report();
        assert_eq!((waited, longest, served), (ms(60 + 300 + 500), ms(610), ms(300)));
    }

    #[tokio::test(start_paused = true)]
    async fn no_latency_takes_no_time() {
        let settings = Arc::new(Settings::default());
        let began = Instant::now();
        connection(Arc::clone(&settings), ms(0), ms(0)).await;
        assert_eq!((began.elapsed(), settings.counters.report().waited), (ms(0), ms(0)));
    }
}
