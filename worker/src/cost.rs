//! What this process uses.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::Duration;

use netsweep_shared::protocol::Cost;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;

/// Reads the figures, again and again.
#[derive(Debug)]
pub(crate) struct Meter {
    /// The kernel's description of this process, opened before no file can be. The greatest memory in
    /// getrusage(2) is that of whoever started us, where it was greater: it outlives an exec.
    status: Option<File>,
}

impl Meter {
    /// To be opened before the process is shut in.
    pub(crate) fn open() -> Self {
        Self { status: File::open("/proc/self/status").ok() }
    }

    /// The figures up to now; zero where there are none.
    pub(crate) fn cost(&self) -> Cost {
        let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) else { return Cost::default() };
        let count = |switches: i64| u64::try_from(switches).unwrap_or_default();
        Cost {
            user: duration(usage.user_time()),
            system: duration(usage.system_time()),
            peak_memory: self.peak_memory().unwrap_or(1024 * count(usage.max_rss())),
            voluntary_switches: count(usage.voluntary_context_switches()),
            involuntary_switches: count(usage.involuntary_context_switches()),
        }
    }

    /// In bytes (proc_pid_status(5), VmHWM).
    fn peak_memory(&self) -> Option<u64> {
        let mut text = [0; 4096];
        let read = self.status.as_ref()?.read_at(&mut text, 0).ok()?;
        let text = String::from_utf8_lossy(&text[..read]);
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        Some(1024 * line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?)
    }
}

fn duration(time: TimeVal) -> Duration {
    let seconds = u64::try_from(time.tv_sec()).unwrap_or_default();
    Duration::from_secs(seconds) + Duration::from_micros(u64::try_from(time.tv_usec()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;
    use std::thread;

    use super::*;
    use crate::effort::cpu_time;

    #[test]
    fn threads_that_have_ended_count() {
        let meter = Meter::open();
        let before = meter.cost();
        let used = thread::spawn(|| {
            let mut memory = vec![0_u8; 1 << 26];
            memory.iter_mut().for_each(|byte| *byte = black_box(1));
            black_box(&memory);
            while cpu_time() < Duration::from_millis(50) {}
            for _ in 0..20 {
                thread::sleep(Duration::from_micros(100));
            }
            cpu_time()
        })
        .join()
        .expect("ends");
        let after = meter.cost();
        // Each of the two is an estimate, in microseconds; their sum is none.
        let cpu = |cost: Cost| cost.user + cost.system;
        let rounding = Duration::from_micros(4);
        assert!(cpu(after) + rounding >= cpu(before) + used, "{before:?}, {after:?}, {used:?} used");
        assert!(after.peak_memory >= 1 << 26, "{after:?}");
        assert!(after.voluntary_switches >= before.voluntary_switches + 20, "{before:?}, {after:?}");
    }

    #[test]
    fn without_the_kernels_description_there_is_still_a_figure() {
        assert!(Meter { status: None }.cost().peak_memory > 0);
    }
}
