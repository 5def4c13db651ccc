//! What an earlier run tells of a device.

use std::time::Duration;

use netsweep_shared::outcome::ErrorKind;

use crate::dispatch::back_off;

/// No device takes longer, whatever a store says: so sums do not overflow.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
/// Most attempts that are reckoned with.
const MOST_ATTEMPTS: u32 = 100;

/// What an earlier run tells of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// From its first attempt to its end, the pauses between attempts included.
    pub took: Duration,
    /// How that ended.
    pub health: Health,
}

/// How it was with a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// It let us in and answered.
    Well,
    /// It could not be reached, fell silent or broke off.
    Failed,
    /// It refused the login, or we its host key. What was wrong may have been put right, so the time that
    /// this took says nothing.
    Refused,
}

impl Known {
    /// What an outcome tells: its error, if any, its attempts, and what the last of these took. `None`
    /// where that is nothing: the device was not tried, or something else than the device ended it.
    pub fn from_outcome(error: Option<ErrorKind>, attempts: u32, last: Duration) -> Option<Self> {
        use ErrorKind::*;
        let health = match error {
            None | Some(Command) => Health::Well,
            Some(Resolve | Connect | Timeout | Handshake | Prompt | Disconnected) => Health::Failed,
            Some(HostKey | Auth) => Health::Refused,
            Some(LockoutGuard | Crashed | Interrupted) => return None,
        };
        let last = last.min(LONGEST);
        // What failed at last has failed alike before; what went well at last may do so at once.
        let took = match health {
            Health::Failed => {
                let attempts = attempts.clamp(1, MOST_ATTEMPTS);
                last * attempts + (1..attempts).map(back_off).sum::<Duration>()
            }
            Health::Well | Health::Refused => last,
        };
        Some(Self { took: took.min(LONGEST), health })
    }

    /// How long it is expected to take this time, where that is known.
    pub fn duration(&self) -> Option<Duration> {
        (self.health != Health::Refused).then_some(self.took)
    }
}

/// What each device is expected to take: of those of which that is not known, the median of the others.
/// `None` where nothing is known.
pub fn durations(known: &[Option<Known>]) -> Option<Vec<Duration>> {
    let duration = |known: &Option<Known>| known.as_ref().and_then(Known::duration);
    let mut told: Vec<Duration> = known.iter().filter_map(duration).collect();
    let middle = told.len() / 2;
    let median = (!told.is_empty()).then(|| *told.select_nth_unstable(middle).1)?;
    Some(known.iter().map(|known| duration(known).unwrap_or(median)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn an_outcome_tells_what_the_device_is_like_or_nothing() {
        let known = |error, attempts| {
            Known::from_outcome(error, attempts, SECOND).map(|known| (known.health, known.took.as_millis()))
        };
        assert_eq!(known(None, 1), Some((Health::Well, 1000)));
        assert_eq!(known(None, 3), Some((Health::Well, 1000)));
        assert_eq!(known(Some(ErrorKind::Command), 1), Some((Health::Well, 1000)));
        assert_eq!(known(Some(ErrorKind::Timeout), 1), Some((Health::Failed, 1000)));
        assert_eq!(known(Some(ErrorKind::Timeout), 2), Some((Health::Failed, 2500)));
        assert_eq!(known(Some(ErrorKind::Connect), 3), Some((Health::Failed, 4500)));
        assert_eq!(known(Some(ErrorKind::Auth), 1), Some((Health::Refused, 1000)));
        for kind in [ErrorKind::LockoutGuard, ErrorKind::Crashed, ErrorKind::Interrupted] {
            assert_eq!(known(Some(kind), 1), None);
        }
    }

    #[test]
    fn no_figure_of_a_store_is_too_large() {
        let known = Known::from_outcome(Some(ErrorKind::Timeout), u32::MAX, Duration::MAX);
        assert_eq!(known.map(|known| known.took), Some(LONGEST));
    }

    #[test]
    fn what_is_not_known_counts_as_the_median() {
        let known = |health, seconds| Some(Known { took: SECOND * seconds, health });
        let all = [
            known(Health::Well, 1),
            None,
            known(Health::Refused, 9),
            known(Health::Failed, 7),
            known(Health::Well, 2),
        ];
        let seconds = durations(&all).map(|all| all.iter().map(Duration::as_secs).collect::<Vec<_>>());
        assert_eq!(seconds, Some(vec![1, 2, 2, 7, 2]));
        assert_eq!(durations(&[None, known(Health::Refused, 9)]), None);
        assert_eq!(durations(&[]), None);
    }
}
