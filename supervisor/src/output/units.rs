//! Quantities for people.

use std::time::Duration;

/// `4.92 s`, `41.3 s`, `2m03s` or `1h02m`.
pub fn seconds(time: Duration) -> String {
    let tenths = (time.as_secs_f64() * 10.0).round() as u64;
    let whole = (tenths + 5) / 10;
    match tenths {
        0..100 => format!("{:.2} s", time.as_secs_f64()),
        100..600 => format!("{}.{} s", tenths / 10, tenths % 10),
        600..36_000 => format!("{}m{:02}s", whole / 60, whole % 60),
        _ => format!("{}h{:02}m", whole / 3600, whole % 3600 / 60),
    }
}

/// `0:07`, `12:34` or `1:02:03`.
pub(super) fn clock(time: Duration) -> String {
    let s = time.as_secs();
    match s / 3600 {
        0 => format!("{}:{:02}", s / 60, s % 60),
        hours => format!("{hours}:{:02}:{:02}", s / 60 % 60, s % 60),
    }
}

/// A record's milliseconds; what is no time is none.
pub(super) fn from_millis(millis: f64) -> Duration {
    Duration::try_from_secs_f64(millis / 1000.0).unwrap_or_default()
}

/// `512 kB`, `48 MB` or `1.2 GB`, in powers of a thousand.
pub fn bytes(n: u64) -> String {
    match n {
        0..1_000_000 => format!("{} kB", n.div_ceil(1000)),
        1_000_000..1_000_000_000 => format!("{} MB", (n + 500_000) / 1_000_000),
        _ => format!("{:.1} GB", n as f64 / 1e9),
    }
}

/// `1 device`, `2 devices`.
pub fn count(n: usize, noun: &str) -> String {
    let plural = match noun {
        _ if n == 1 => "",
        noun if noun.ends_with('s') => "es",
        _ => "s",
    };
    format!("{n} {noun}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_as_exact_as_they_are_of_use() {
        let said = |ms| seconds(Duration::from_millis(ms));
        assert_eq!(said(4), "0.00 s");
        assert_eq!(said(4_921), "4.92 s");
        assert_eq!(said(41_349), "41.3 s");
        assert_eq!(said(59_960), "1m00s");
        assert_eq!(said(123_400), "2m03s");
        assert_eq!(said(3_720_000), "1h02m");
        assert_eq!(clock(Duration::from_secs(7)), "0:07");
        assert_eq!(clock(Duration::from_secs(754)), "12:34");
        assert_eq!(clock(Duration::from_secs(3_723)), "1:02:03");
    }

    #[test]
    fn sizes_and_counts() {
        assert_eq!(
            [bytes(0), bytes(511_001), bytes(48_300_000), bytes(1_234_000_000)],
            ["0 kB", "512 kB", "48 MB", "1.2 GB"]
        );
        assert_eq!(
            [count(1, "device"), count(0, "device"), count(2, "process")],
            ["1 device", "0 devices", "2 processes"]
        );
    }
}
