//! How long a run in some order takes.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

/// Time from the first begin to the last end when `sessions` at once (at least one) take devices that last so
/// long, in their order: list scheduling. Longest first this is at most 4/3 of the least possible (Graham,
/// "Bounds on multiprocessing timing anomalies", 1969).
pub fn makespan(durations: impl IntoIterator<Item = Duration>, sessions: u64) -> Duration {
    let mut free = BinaryHeap::new();
    let mut end = Duration::ZERO;
    for duration in durations {
        let begin = match (free.len() as u64) < sessions.max(1) {
            true => Duration::ZERO,
            false => free.pop().map_or(Duration::ZERO, |Reverse(begin)| begin),
        };
        let done = begin.saturating_add(duration);
        end = end.max(done);
        free.push(Reverse(done));
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(durations: &[u64], sessions: u64) -> u64 {
        makespan(durations.iter().copied().map(Duration::from_secs), sessions).as_secs()
    }

    #[test]
    fn whoever_is_free_takes_the_next() {
        assert_eq!(seconds(&[], 4), 0);
        assert_eq!(seconds(&[5, 3], 4), 5);
        assert_eq!(seconds(&[1, 2, 3], 1), 6);
        assert_eq!(seconds(&[1, 2, 3], 0), 6);
        assert_eq!(seconds(&[1, 1, 1, 1, 10], 2), 12);
        assert_eq!(seconds(&[10, 1, 1, 1, 1], 2), 10);
        // Graham's own example of 4/3 - 1/(3m).
        assert_eq!(seconds(&[5, 5, 4, 4, 3, 3, 3], 3), 11);
    }
}
