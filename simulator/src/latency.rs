//! How long a device makes one wait: always the same for the same seed, name and command.

use std::time::Duration;

use netsweep_shared::fleet::{Latencies, Latency};
use rand_distr::{Distribution, LogNormal};

use crate::dice::Dice;

/// The 99th percentile of the standard normal distribution.
const Z99: f64 = 2.326_347_9;

/// No device is slower than this: a log-normal tail has no end of its own.
const SLOWEST: Duration = Duration::from_secs(3600);

/// The waiting times of one device.
pub(crate) struct Pace<'a> {
    pub(crate) latencies: Latencies,
    pub(crate) seed: u64,
    /// The device's name.
    pub(crate) name: &'a str,
}

impl Pace<'_> {
    /// Wait before its first byte.
    pub(crate) fn connect(&self) -> Duration {
        self.sample(self.latencies.connect, &["connect"])
    }

    /// Wait before it answers a password.
    pub(crate) fn login(&self) -> Duration {
        self.sample(self.latencies.login, &["login"])
    }

    /// Wait before the output of a session's `nth` command, which is `command`.
    pub(crate) fn command(&self, nth: u32, command: &str) -> Duration {
        self.sample(self.latencies.command, &["command", &nth.to_string(), command])
    }

    fn sample(&self, latency: Latency, purpose: &[&str]) -> Duration {
        let path: Vec<&str> = [self.name].into_iter().chain(purpose.iter().copied()).collect();
        sample(latency, &mut Dice::new(self.seed, &path))
    }
}

/// One waiting time of `latency`. Bounds given the wrong way round are taken the right way.
pub(crate) fn sample(latency: Latency, dice: &mut Dice) -> Duration {
    match latency {
        Latency::Fixed(always) => always,
        Latency::Uniform(one, other) => {
            let (low, high) = (one.min(other), one.max(other));
            let nanoseconds = |d: Duration| u64::try_from(d.as_nanos()).unwrap_or(u64::MAX);
            Duration::from_nanos(dice.between(nanoseconds(low), nanoseconds(high)))
        }
        Latency::LogNormal(median, p99) => {
            let (median, p99) = (median.min(p99).as_secs_f64(), median.max(p99).as_secs_f64());
            if median <= 0.0 {
                return Duration::ZERO;
            }
            match LogNormal::new(median.ln(), (p99 / median).ln() / Z99) {
                Ok(distribution) => {
                    let seconds = distribution.sample(dice.rng()).min(SLOWEST.as_secs_f64());
                    Duration::try_from_secs_f64(seconds).unwrap_or(SLOWEST)
                }
                Err(_) => Duration::from_secs_f64(median),
            }
        }
    }
    .min(SLOWEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    fn samples(latency: Latency) -> Vec<Duration> {
        let mut all: Vec<_> =
            (0..10_000).map(|n| sample(latency, &mut Dice::new(1, &[&n.to_string()]))).collect();
        all.sort();
        all
    }

    #[test]
    fn fixed_is_always_the_same() {
        assert_eq!(sample(Latency::Fixed(ms(300)), &mut Dice::new(1, &[])), ms(300));
    }

    #[test]
    fn uniform_fills_its_range() {
        for latency in [Latency::Uniform(ms(100), ms(500)), Latency::Uniform(ms(500), ms(100))] {
            let all = samples(latency);
            assert!(all[0] >= ms(100) && all[0] < ms(110), "{:?}", all[0]);
            assert!(all[9_999] <= ms(500) && all[9_999] > ms(490), "{:?}", all[9_999]);
        }
    }

    #[test]
    fn log_normal_has_its_median_and_99th_percentile() {
        let all = samples(Latency::LogNormal(ms(300), ms(2000)));
        assert!(all[5_000] > ms(280) && all[5_000] < ms(320), "median {:?}", all[5_000]);
        assert!(all[9_900] > ms(1700) && all[9_900] < ms(2300), "99th percentile {:?}", all[9_900]);
    }

    #[test]
    fn nonsense_does_not_panic() {
        for latency in [
            Latency::LogNormal(Duration::ZERO, ms(5)),
            Latency::LogNormal(Duration::MAX, Duration::MAX),
            Latency::Uniform(Duration::ZERO, Duration::MAX),
        ] {
            assert!(sample(latency, &mut Dice::new(1, &[])) <= SLOWEST);
        }
    }
}
