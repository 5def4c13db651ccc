//! How often logins begin, over all workers.

use std::time::Duration;

/// What was not used of the last moment may be made up for: ticks come only some ten times a
/// second.
const ARREARS: Duration = Duration::from_millis(200);

/// At most so many in a second.
#[derive(Debug)]
pub(super) struct Pace {
    /// From one to the next; none where there is no limit.
    gap: Option<Duration>,
    next: Duration,
}

impl Pace {
    pub(super) fn new(logins_per_second: Option<f64>) -> Self {
        let gap = logins_per_second.map(|rate| Duration::from_secs_f64((1.0 / rate).min(86_400.0)));
        Self { gap, next: Duration::ZERO }
    }

    pub(super) fn is_limited(&self) -> bool {
        self.gap.is_some()
    }

    /// Whether another login may begin at `now`.
    pub(super) fn allows(&self, now: Duration) -> bool {
        self.gap.is_none() || self.next <= now
    }

    /// A login begins at `now`.
    pub(super) fn note(&mut self, now: Duration) {
        if let Some(gap) = self.gap {
            self.next = self.next.max(now.saturating_sub(ARREARS.min(gap * 2))) + gap;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun(rate: f64, tick: u64, seconds: u64) -> u64 {
        let mut pace = Pace::new(Some(rate));
        let mut begun = 0;
        for now in (0..seconds * 1000).step_by(tick as usize).map(Duration::from_millis) {
            while pace.allows(now) {
                pace.note(now);
                begun += 1;
            }
        }
        begun
    }

    #[test]
    fn the_rate_is_kept_whatever_the_ticks() {
        for tick in [1, 10, 100] {
            assert!((49..=52).contains(&begun(5.0, tick, 10)), "{}", begun(5.0, tick, 10));
            assert_eq!(begun(0.5, tick, 10), 5);
        }
    }

    #[test]
    fn a_pause_is_not_made_up_for() {
        let mut pace = Pace::new(Some(10.0));
        pace.note(Duration::ZERO);
        let later = Duration::from_secs(60);
        let burst = std::iter::repeat_with(|| pace.allows(later).then(|| pace.note(later)));
        assert!(burst.take_while(Option::is_some).count() <= 3);
    }
}
