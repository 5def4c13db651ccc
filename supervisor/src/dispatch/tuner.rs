//! How many sessions may run at once, where nobody has said it: found out while they run.
//!
//! It begins with few, takes leaps as long as there is no sign that there are too many and many were let
//! in since the last one, and then gropes on in small steps. The signs are those that TCP goes by: logins that take much longer than they did with
//! few sessions (Vegas), and logins that fail more often for reasons that can pass (Reno). What the
//! reason is (our cores, a server behind all logins, a jump host, the line) does not matter: more
//! sessions would only wait with the others.

use std::fmt;
use std::time::Duration;

use netsweep_shared::outcome::Failure;

/// Between which bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tuning {
    /// It begins with so many sessions, and has never fewer; at least one.
    pub least: u32,
    /// There are threads, descriptors and memory for no more.
    pub most: u32,
}

/// What was found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tuned {
    /// Sessions at once.
    pub sessions: u32,
    /// Why no more.
    pub because: Because,
}

/// Why there are not more sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Because {
    /// It was over before there was a reason.
    Over,
    /// There is room for no more.
    Most,
    /// With more of them logins took longer.
    Slower,
    /// With more of them logins failed.
    Failing,
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Over => "the devices were done before more were needed",
            Self::Most => "there is room for no more",
            Self::Slower => "with more of them logins took longer",
            Self::Failing => "with more of them logins failed",
        })
    }
}

/// Logins of which something is said at a time: the middle one of fewer may be anything.
const SAMPLE: usize = 5;
/// Longer than this many times what it was is a sign, above the trembling of short times.
const LONGER: u32 = 5;
const SHORTER: u32 = 2;
const TREMBLING: Duration = Duration::from_millis(20);
/// By how many times a leap takes it up.
const LEAP: u32 = 4;
/// Of the sessions, those that have to be let in before the next: one in so many.
const LET_IN: u32 = 8;
/// Leaps without waiting for that.
const BLIND: u32 = 1;
/// Doublings before anything was heard: a slow login is no reason to begin slowly.
const EARLY: u32 = 2;
/// Failing logins are a sign where they are more than twice the part that they were, and this.
const FAILING: f64 = 0.05;
/// Attempts of which that is said.
const ENOUGH: u32 = 20;
/// After a sign.
const REST: Duration = Duration::from_secs(1);

/// See the module's documentation. It has no clock: `now` is since the start of the run.
#[derive(Debug)]
pub(super) struct Tuner {
    bounds: Tuning,
    limit: u32,
    because: Because,
    /// Nothing has spoken against leaps.
    leaping: bool,
    blind: u32,
    rests_until: Duration,
    /// What logins took since the last look, and the least of what their middle one ever was.
    logins: Vec<Duration>,
    /// Since the last growth.
    let_in: u32,
    usual: Option<Duration>,
    /// When it first allowed more.
    grew: Option<Duration>,
    /// Attempts since the last verdict on them, and those that were what is usual: first of all those that
    /// began when there were few.
    recent: Attempts,
    usual_attempts: Attempts,
}

#[derive(Clone, Copy, Debug, Default)]
struct Attempts {
    ended: u32,
    failed: u32,
}

impl Attempts {
    /// Of them, those that failed.
    fn part(self) -> f64 {
        f64::from(self.failed) / f64::from(self.ended.max(1))
    }
}

impl Tuner {
    pub(super) fn new(bounds: Tuning) -> Self {
        let least = bounds.least.max(1);
        let bounds = Tuning { least, most: bounds.most.max(least) };
        Self {
            bounds,
            limit: bounds.least,
            because: Because::Over,
            leaping: true,
            blind: 0,
            rests_until: Duration::ZERO,
            logins: Vec::new(),
            let_in: 0,
            usual: None,
            grew: None,
            recent: Attempts::default(),
            usual_attempts: Attempts::default(),
        }
    }

    /// So many sessions may run at once.
    pub(super) fn limit(&self) -> u32 {
        self.limit
    }

    pub(super) fn tuned(&self) -> Tuned {
        Tuned { sessions: self.limit, because: self.because }
    }

    /// A device has let us in, so long after its session began.
    pub(super) fn logged_in(&mut self, after: Duration) {
        self.logins.push(after);
        self.let_in += 1;
    }

    /// An attempt has ended that began at `began`.
    pub(super) fn ended(&mut self, began: Duration, failure: Option<&Failure>) {
        let is_early = self.grew.is_none_or(|grew| began <= grew);
        let attempts = if is_early { &mut self.usual_attempts } else { &mut self.recent };
        attempts.ended += 1;
        attempts.failed += u32::from(failure.is_some_and(Failure::may_pass));
    }

    /// Looks at what has happened since the last time. `is_short` says that more sessions could run if
    /// they might. Whether the limit is another one now.
    pub(super) fn look(&mut self, now: Duration, is_short: bool) -> bool {
        if now < self.rests_until {
            return false;
        }
        let before = self.limit;
        let took = self.middle_login();
        if self.is_failing() {
            self.back_off(Because::Failing, self.limit * 3 / 4, now);
        } else if let Some(much) = took.and_then(|took| self.is_longer(took)) {
            let limit = if much { self.limit * 3 / 4 } else { self.limit };
            self.back_off(Because::Slower, limit, now);
        } else if is_short {
            self.grow(now);
        }
        self.limit != before
    }

    /// What the middle one of the last logins took, where there were enough.
    fn middle_login(&mut self) -> Option<Duration> {
        let middle = self.logins.len() / 2;
        let enough = self.logins.len() >= SAMPLE;
        let took = enough.then(|| *self.logins.select_nth_unstable(middle).1)?;
        self.logins.clear();
        self.usual = Some(self.usual.map_or(took, |usual| usual.min(took)));
        Some(took)
    }

    /// Whether logins take longer than they did; and if so, whether much.
    fn is_longer(&self, took: Duration) -> Option<bool> {
        let most = self.usual? * LONGER / SHORTER + TREMBLING;
        (took > most).then_some(took > most * 2)
    }

    fn is_failing(&mut self) -> bool {
        if self.recent.ended < ENOUGH || self.usual_attempts.ended == 0 {
            return false;
        }
        let recent = std::mem::take(&mut self.recent);
        let failing = recent.part() > 2.0 * self.usual_attempts.part() + FAILING;
        if !failing {
            self.usual_attempts.ended += recent.ended;
            self.usual_attempts.failed += recent.failed;
        }
        failing
    }

    fn back_off(&mut self, because: Because, limit: u32, now: Duration) {
        self.because = because;
        self.leaping = false;
        self.limit = limit.max(self.bounds.least);
        self.rests_until = now + REST;
    }

    fn grow(&mut self, now: Duration) {
        let is_blind = self.let_in < self.limit / LET_IN;
        self.blind = if is_blind { self.blind + 1 } else { 0 };
        let is_early = self.usual.is_none();
        if self.blind > if is_early { EARLY } else { BLIND } {
            return;
        }
        self.let_in = 0;
        let more = match self.leaping {
            true if is_early => self.limit,
            true => self.limit.saturating_mul(LEAP - 1),
            false => (self.limit / 16).max(1),
        };
        self.limit = self.limit.saturating_add(more).min(self.bounds.most);
        self.grew.get_or_insert(now);
        if self.limit == self.bounds.most {
            self.because = Because::Most;
        }
        if !self.leaping {
            self.rests_until = now + REST;
        }
    }
}

#[cfg(test)]
mod tests {
    use netsweep_shared::outcome::{ErrorKind, Stage};

    use super::*;

    const TICK: Duration = Duration::from_millis(100);

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    /// A world in which sessions log in after what `login` says for so many at once, and end half a second
    /// later; `fails` says how many in a hundred fail instead. The limit after so many seconds.
    fn settled(seconds: u64, login: impl Fn(u32) -> Duration, fails: impl Fn(u32) -> u32) -> Tuned {
        let mut tuner = Tuner::new(Tuning { least: 16, most: 2_000 });
        // When they are in, how long that took, when they began.
        let mut ahead: Vec<(Duration, Duration, Duration)> = Vec::new();
        let mut ended = 0_u32;
        for tick in 0..seconds * 10 {
            let now = TICK * tick as u32;
            while (ahead.len() as u32) < tuner.limit() {
                let takes = login(ahead.len() as u32 + 1);
                ahead.push((now + takes, takes, now));
            }
            let (done, left): (Vec<_>, Vec<_>) = ahead.into_iter().partition(|(at, ..)| *at + ms(500) <= now);
            ahead = left;
            for (at, takes, began) in done {
                ended += 1;
                if ended * 37 % 100 < fails(tuner.limit()) {
                    let failure = Failure::new(ErrorKind::Disconnected, Stage::Handshake, "too many");
                    tuner.ended(began, Some(&failure));
                } else {
                    assert!(at <= now);
                    tuner.logged_in(takes);
                    tuner.ended(began, None);
                }
            }
            tuner.look(now, true);
        }
        tuner.tuned()
    }

    #[test]
    fn where_nothing_speaks_against_it_all_there_is_room_for() {
        let it = settled(10, |_| ms(200), |_| 0);
        assert_eq!(it, Tuned { sessions: 2_000, because: Because::Most });
        // Two devices in a hundred are dead, whatever is done.
        assert_eq!(settled(10, |_| ms(200), |_| 2).because, Because::Most);
        assert_eq!(settled(10, |_| ms(200), |_| 30).because, Because::Most);
    }

    #[test]
    fn where_logins_take_longer_with_more_no_more_than_helps() {
        // Up to 100 at once nothing happens, beyond that they wait for each other.
        let it = settled(120, |sessions| ms(200) * sessions.max(100) / 100, |_| 0);
        assert_eq!(it.because, Because::Slower);
        assert!((150..700).contains(&it.sessions), "{it:?}");
    }

    #[test]
    fn where_one_server_lets_in_one_after_the_other_it_is_not_flooded() {
        // Ten a second, however many wait.
        let it = settled(60, |sessions| ms(100) * sessions, |_| 0);
        assert!(it.sessions <= 128, "{it:?}");
    }

    #[test]
    fn where_logins_fail_with_more_fewer() {
        let it = settled(120, |_| ms(200), |sessions| if sessions > 300 { 40 } else { 0 });
        assert!((16..=400).contains(&it.sessions), "{it:?}");
    }

    #[test]
    fn it_keeps_its_bounds() {
        let it = settled(60, |sessions| ms(10) * sessions * sessions, |_| 50);
        assert!(it.sessions >= 16, "{it:?}");
        let mut tuner = Tuner::new(Tuning { least: 0, most: 0 });
        (0..9).for_each(|_| tuner.logged_in(ms(1)));
        tuner.look(ms(100), true);
        assert_eq!(tuner.limit(), 1);
    }

    #[test]
    fn it_does_not_grow_for_nothing_nor_blindly_for_long() {
        let mut tuner = Tuner::new(Tuning { least: 16, most: 2_000 });
        (0..50).for_each(|tick| _ = tuner.look(TICK * tick, true));
        assert_eq!(tuner.limit(), 16 << EARLY, "nobody was let in yet");
        (0..64 / LET_IN).for_each(|_| tuner.logged_in(ms(200)));
        (50..100).for_each(|tick| _ = tuner.look(TICK * tick, true));
        assert_eq!(tuner.limit(), 64 * LEAP.pow(1 + BLIND), "nothing more was heard");
        let mut tuner = Tuner::new(Tuning { least: 16, most: 2_000 });
        for tick in 0..50 {
            (0..SAMPLE).for_each(|_| tuner.logged_in(ms(200)));
            tuner.look(TICK * tick, false);
        }
        assert_eq!(tuner.limit(), 16, "nobody wants more");
    }
}
