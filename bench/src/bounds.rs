//! What must hold: the bounds of the project's performance, and what of them a figure meets.

/// A bound.
#[derive(Debug)]
pub struct Bound {
    /// Its name in the code.
    pub id: &'static str,
    /// What it bounds.
    pub figure: &'static str,
    /// Whether the figure must be at most, or at least, the limit.
    pub side: Side,
    /// The limit.
    pub limit: f64,
    /// Its unit, with the space before it.
    pub unit: &'static str,
}

/// On which side of its limit a figure has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// `≤`
    AtMost,
    /// `≥`
    AtLeast,
}

use Side::{AtLeast, AtMost};

const fn bound(id: &'static str, figure: &'static str, side: Side, limit: f64, unit: &'static str) -> Bound {
    Bound { id, figure, side, limit, unit }
}

/// All bounds, in the order of the report.
pub const BOUNDS: &[Bound] = &[
    bound("cpu-ssh", "CPU per SSH session ÷ floor's", AtMost, 1.15, ""),
    bound("cpu-ssh-other-worker", "the same, with the other worker (AWS-LC)", AtMost, 0.80, ""),
    bound("cpu-telnet", "CPU per Telnet session ÷ floor's", AtMost, 1.5, ""),
    bound("rate-ssh", "SSH sessions a second without latency ÷ floor's", AtLeast, 0.90, ""),
    bound("makespan", "makespan at 2,000 devices with latencies ÷ floor's", AtMost, 1.05, ""),
    bound("asyncssh-cpu", "CPU per session ÷ asyncssh's", AtMost, 0.25, ""),
    bound("asyncssh-cpu-own", "the same, without the start of Python", AtMost, 0.25, ""),
    bound("asyncssh-makespan", "makespan at 2,000 devices with latencies ÷ asyncssh's", AtMost, 0.5, ""),
    bound("asyncssh-makespan-own", "the same, without the start of Python", AtMost, 0.5, ""),
    bound("ten-thousand-ok", "10,000 concurrent sessions: share that is ok", AtLeast, 100.0, " %"),
    bound(
        "ten-thousand-memory",
        "10,000 concurrent sessions: workers' memory a session",
        AtMost,
        130.0,
        " KB",
    ),
    bound("ten-thousand-up", "10,000 concurrent sessions: all are up within", AtMost, 15.0, " s"),
    bound("efficiency-64", "latency-bound efficiency against the ideal at 2×64", AtLeast, 0.93, ""),
    bound("efficiency-256", "latency-bound efficiency against the ideal at 2×256", AtLeast, 0.85, ""),
    bound("history", "makespan ÷ ideal, 2 % dead devices known from history", AtMost, 1.05, ""),
    bound("supervisor", "supervisor's share of the CPU", AtMost, 5.0, " %"),
    bound("first-login", "inventory of 100,000 devices: start to first login", AtMost, 1.0, " s"),
    bound("overhead", "overhead per device beyond its own latencies", AtMost, 15.0, " ms"),
];

impl Bound {
    /// Whether a figure keeps it.
    pub fn is_met(&self, figure: f64) -> bool {
        match self.side {
            AtMost => figure <= self.limit,
            AtLeast => figure >= self.limit,
        }
    }

    /// The bound as it is written.
    pub fn words(&self) -> String {
        let sign = if self.side == AtMost { '≤' } else { '≥' };
        format!("{sign} {}{}", self.limit, self.unit)
    }
}
