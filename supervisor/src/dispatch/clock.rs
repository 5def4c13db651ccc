//! The time that the dispatcher goes by.

use std::time::Duration;

/// Two events further apart than this mean that we were held up ourselves: ticks come several
/// times a second.
pub(super) const HELD_UP: Duration = Duration::from_secs(1);

/// The caller's time without our own stops: a blocked terminal, a suspended machine. Whoever could
/// not be heard meanwhile is not taken to be silent or late.
#[derive(Clone, Debug, Default)]
pub(super) struct Clock {
    seen: Duration,
    counted: Duration,
}

impl Clock {
    /// What time it is for the dispatcher, when it is `now` for the caller.
    pub(super) fn advance(&mut self, now: Duration) -> Duration {
        self.counted += now.saturating_sub(self.seen).min(HELD_UP);
        self.seen = self.seen.max(now);
        self.counted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_hardly_counts_and_nothing_counts_twice() {
        let mut clock = Clock::default();
        let millis = Duration::from_millis;
        assert_eq!(clock.advance(millis(100)), millis(100));
        assert_eq!(clock.advance(millis(60_100)), millis(1_100));
        assert_eq!(clock.advance(millis(60_000)), millis(1_100));
        assert_eq!(clock.advance(millis(60_300)), millis(1_300));
    }
}
