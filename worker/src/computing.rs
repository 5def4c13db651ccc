//! Computing for its own sake: what an experiment has in place of the work on an output.

use std::hint::black_box;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use regex::bytes::Regex;

use crate::effort::{self, cpu_time};
use crate::gil;

/// How often whoever computes looks up.
const CHECK_EVERY: Duration = Duration::from_micros(100);

/// A few lines of a device's answer, and what takes them apart: some microseconds of work.
const OUTPUT: &[u8] = b"GigabitEthernet0/0/1 is up, line protocol is up (connected)\n  \
    Internet address is 192.0.2.1/30\n  MTU 1500 bytes, BW 1000000 Kbit/sec, DLY 10 usec,\n     \
    reliability 255/255, txload 1/255, rxload 1/255\n  5 minute input rate 32000 bits/sec, 28 packets/sec\n";

static WORDS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?P<name>[A-Za-z][A-Za-z ]*?)(?: is| rate)? (?P<value>\d[\d./]*)").ok());

/// Keeps this thread's core busy for `amount` of CPU time, or until `goes_on` says no; it is asked every
/// [`CHECK_EVERY`].
pub(crate) fn compute(amount: Duration, goes_on: impl Fn() -> bool) {
    if amount.is_zero() {
        return;
    }
    let began = cpu_time();
    let mut spent = Duration::ZERO;
    while spent < amount && goes_on() {
        work_for(CHECK_EVERY.min(amount - spent));
        gil::check_point();
        spent = cpu_time().saturating_sub(began);
    }
    effort::add(|effort| &mut effort.parse, spent);
}

/// Works for `time`, which is more than the CPU time where somebody else has the core meanwhile.
fn work_for(time: Duration) {
    let began = Instant::now();
    while began.elapsed() < time {
        let words = WORDS.as_ref().map(|words| words.captures_iter(black_box(OUTPUT)).count());
        black_box(words);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn it_takes_the_cpu_time_that_it_is_given() {
        let (amount, before) = (Duration::from_millis(20), cpu_time());
        let looks = Cell::new(0);
        compute(amount, || {
            looks.set(looks.get() + 1);
            true
        });
        assert!(cpu_time() - before >= amount);
        // Not more often than every 100 µs, its beginning and its end apart.
        assert!(looks.get() > 10, "{} looks", looks.get());
    }

    #[test]
    fn it_stops_when_it_is_told() {
        compute(Duration::from_secs(3600), || false);
        let looks = Cell::new(0);
        compute(Duration::from_secs(3600), || looks.replace(looks.get() + 1) < 3);
    }

    #[test]
    fn its_work_finds_something() {
        let words = WORDS.as_ref().expect("an expression");
        let found = words.captures_iter(OUTPUT).map(|found| found["name"].to_vec());
        let found: Vec<String> = found.map(|name| String::from_utf8_lossy(&name).into_owned()).collect();
        assert_eq!(
            found,
            ["Internet address", "MTU", "BW", "DLY", "reliability", "txload", "rxload", "minute input"]
        );
    }
}
