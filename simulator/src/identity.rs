//! Who a device is: what its outputs are made from.

use std::net::Ipv4Addr;

use crate::dice::Dice;

/// A device's facts, all from the seed and its name. Nothing in it moves: a clock that ran would
/// make two runs differ.
pub(crate) struct Identity {
    /// Host name.
    pub(crate) name: String,
    /// Of the chassis: four letters and figures of the maker, week, and number.
    pub(crate) serial: String,
    /// Of the first port.
    pub(crate) mac: [u8; 6],
    /// Of the management interface.
    pub(crate) address: Ipv4Addr,
    /// Number of ports.
    pub(crate) ports: u32,
    /// Since the last restart.
    pub(crate) uptime: Uptime,
    /// The moment at which the device believes it lives.
    pub(crate) clock: Clock,
    seed: u64,
}

/// Weeks, days, hours and minutes since the last restart.
pub(crate) struct Uptime {
    pub(crate) weeks: u64,
    pub(crate) days: u64,
    pub(crate) hours: u64,
    pub(crate) minutes: u64,
}

/// A moment of the year 2025.
pub(crate) struct Clock {
    /// 1 to 12.
    pub(crate) month: u64,
    /// 1 to 28, so that it exists in every month.
    pub(crate) day: u64,
    pub(crate) hour: u64,
    pub(crate) minute: u64,
    pub(crate) second: u64,
    pub(crate) millisecond: u64,
}

impl Identity {
    /// The device called `name` of the fleet with this `seed`.
    pub(crate) fn new(seed: u64, name: &str) -> Self {
        let mut dice = Dice::new(seed, &[name, "identity"]);
        let serial = format!(
            "{}{:02}{:02}{}",
            dice.pick(["FOC", "FDO", "JPE", "SSJ", "TPA"]),
            dice.between(19, 28),
            dice.between(1, 52),
            dice.letters("0123456789ABCDEFGHJKLMNPQRSTUVWXYZ", 4)
        );
        let [a, b, c] = dice.bytes();
        let oui: [u8; 3] = dice.pick([[0x00, 0x1c, 0x73], [0x2c, 0x6b, 0xf5], [0x70, 0x69, 0x5a]]);
        let [x, y, z] = dice.bytes();
        Self {
            name: host_name(name),
            serial,
            mac: [oui[0], oui[1], oui[2], a, b, c & 0xc0],
            address: Ipv4Addr::new(10, x, y, z.clamp(1, 254)),
            ports: dice.pick([12, 16, 24, 28]),
            uptime: Uptime {
                weeks: dice.between(1, 140),
                days: dice.between(1, 6),
                hours: dice.between(1, 23),
                minutes: dice.between(1, 59),
            },
            clock: Clock {
                month: dice.between(1, 12),
                day: dice.between(1, 28),
                hour: dice.below(24),
                minute: dice.below(60),
                second: dice.below(60),
                millisecond: dice.below(1000),
            },
            seed,
        }
    }

    /// Chance for one purpose, such as a command.
    pub(crate) fn dice(&self, purpose: &str) -> Dice {
        Dice::new(self.seed, &[&self.name, purpose])
    }

    /// Address of port `n`: a /30 of its own, which other devices of the site share.
    pub(crate) fn port_address(&self, n: u32) -> Ipv4Addr {
        let [a, b, c, _] = self.address.octets();
        Ipv4Addr::new(a.wrapping_add(90), b, c, (n.wrapping_mul(4) % 252) as u8 + 1)
    }

    /// Hardware address of port `n`.
    pub(crate) fn port_mac(&self, n: u32) -> [u8; 6] {
        let [a, b, c, d, e, f] = self.mac;
        [a, b, c, d, e, f.wrapping_add(n as u8)]
    }
}

/// What a device called `name` in an inventory would be called on itself: letters, figures and a few
/// marks (RFC 1123, 2.1; systems of network devices also take the underscore), at most 63 of them.
fn host_name(name: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' };
    let mapped: String = name.chars().map(allowed).take(63).collect();
    match mapped.trim_matches(['-', '.', '_']) {
        "" => "device".to_owned(),
        host => host.to_owned(),
    }
}

impl Uptime {
    /// `3 weeks, 2 days, 5 hours, 41 minutes`, as Cisco's and Huawei's systems write it, with
    /// `between` as separator.
    pub(crate) fn words(&self, between: &str) -> String {
        let unit = |n: u64, unit: &str| format!("{n} {unit}{}", if n == 1 { "" } else { "s" });
        [
            unit(self.weeks, "week"),
            unit(self.days, "day"),
            unit(self.hours, "hour"),
            unit(self.minutes, "minute"),
        ]
        .join(between)
    }

    /// Whole days.
    pub(crate) fn all_days(&self) -> u64 {
        self.weeks * 7 + self.days
    }
}

impl Clock {
    /// Three letters.
    pub(crate) fn month_name(&self) -> &'static str {
        const NAMES: [&str; 12] =
            ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        NAMES[(self.month as usize).saturating_sub(1) % 12]
    }

    /// Three letters.
    pub(crate) fn weekday(&self) -> &'static str {
        const BEFORE: [u64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
        // 1 January 2025 was a Wednesday.
        const NAMES: [&str; 7] = ["Wed", "Thu", "Fri", "Sat", "Sun", "Mon", "Tue"];
        let day = BEFORE[(self.month as usize).saturating_sub(1) % 12] + self.day - 1;
        NAMES[(day % 7) as usize]
    }

    /// `2025-03-09`.
    pub(crate) fn date(&self) -> String {
        format!("2025-{:02}-{:02}", self.month, self.day)
    }

    /// `04:05:06`.
    pub(crate) fn time(&self) -> String {
        format!("{:02}:{:02}:{:02}", self.hour, self.minute, self.second)
    }
}

/// `001c.7300.0a40`, the way of Cisco and Arista.
pub(crate) fn dotted(mac: [u8; 6]) -> String {
    let [a, b, c, d, e, f] = mac;
    format!("{a:02x}{b:02x}.{c:02x}{d:02x}.{e:02x}{f:02x}")
}

/// `00:1c:73:00:0a:40`, the way of Linux and Junos.
pub(crate) fn colons(mac: [u8; 6]) -> String {
    mac.map(|byte| format!("{byte:02x}")).join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_differ_and_stay_the_same() {
        let (one, again, other) =
            (Identity::new(1, "core-1"), Identity::new(1, "core-1"), Identity::new(1, "core-2"));
        assert_eq!(one.serial, again.serial);
        assert_eq!(one.mac, again.mac);
        assert_ne!(one.serial, other.serial);
        assert_ne!(one.serial, Identity::new(2, "core-1").serial);
    }

    #[test]
    fn a_device_calls_itself_something_that_fits_into_a_prompt() {
        for (name, host) in [
            ("sw-1_a.lab", "sw-1_a.lab"),
            ("мск-core-1", "core-1"),
            ("rack 7/slot 2", "rack-7-slot-2"),
            ("日本", "device"),
        ] {
            assert_eq!(Identity::new(1, name).name, host);
        }
        assert_eq!(host_name(&"x".repeat(100)).len(), 63);
        assert_ne!(Identity::new(1, "日本").serial, Identity::new(1, "本日").serial);
    }

    #[test]
    fn the_calendar_is_right() {
        let mut clock = Identity::new(1, "x").clock;
        (clock.month, clock.day) = (3, 9);
        assert_eq!(
            (clock.weekday(), clock.month_name(), clock.date().as_str()),
            ("Sun", "Mar", "2025-03-09")
        );
    }
}
