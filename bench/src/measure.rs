//! What a command costs: its time, and the processor time and memory of all its processes.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, anyhow};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::signal::{Signal, kill};
use nix::sys::time::TimeValLike;
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;

/// A command that takes longer hangs, and is killed.
const LONGEST: Duration = Duration::from_secs(600);

/// How often memory is looked at.
const SAMPLED: Duration = Duration::from_millis(100);

/// What a command cost.
#[derive(Debug)]
pub struct Measured {
    /// When it was started.
    pub began: SystemTime,
    /// Seconds from its start to its end.
    pub wall_s: f64,
    /// Processor seconds, user and system, of it and all its descendants that were waited for.
    pub cpu_s: f64,
    /// Those of the process itself, without its children, to a hundredth.
    pub own_cpu_s: f64,
    /// Peak resident memory of the process itself, in KiB.
    pub own_peak_kb: u64,
    /// Peak resident memory of its descendants together, in KiB.
    pub children_peak_kb: u64,
    /// How it ended.
    pub status: ExitStatus,
    /// What it printed.
    pub stdout: String,
    /// What it complained of.
    pub stderr: String,
}

/// Runs a command to its end. No other command may run meanwhile that this process waits for:
/// getrusage(2) has the children's time in one sum. Fails where it cannot be started.
pub fn measure(command: &mut Command) -> Result<Measured> {
    let before = children_cpu()?;
    let (began, clock) = (SystemTime::now(), Instant::now());
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", command.get_program().display()))?;
    let pid = Pid::from_raw(child.id().cast_signed());
    let stdout = child.stdout.take().map(reader);
    let stderr = child.stderr.take().map(reader);
    let (ended, end) = mpsc::channel();
    let watch = thread::spawn(move || watch(pid, &end));

    // The process is kept as it ended, so that its own share can still be read.
    waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT)?;
    let wall_s = clock.elapsed().as_secs_f64();
    let own_cpu_s = own_cpu(&child)?;
    let _ = ended.send(());
    let (own_peak_kb, children_peak_kb) = watch.join().map_err(|_| anyhow!("the watch panicked"))?;
    let status = child.wait()?;
    let text = |reader: Option<thread::JoinHandle<String>>| {
        reader.and_then(|reader| reader.join().ok()).unwrap_or_default()
    };
    Ok(Measured {
        began,
        wall_s,
        cpu_s: (children_cpu()? - before).as_secs_f64(),
        own_cpu_s,
        own_peak_kb,
        children_peak_kb,
        status,
        stdout: text(stdout),
        stderr: text(stderr),
    })
}

fn reader(mut pipe: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = vec![];
        // What came before an error is what there is.
        let _ = pipe.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Processor time of all children that were waited for.
fn children_cpu() -> Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let microseconds = (usage.user_time() + usage.system_time()).num_microseconds();
    Ok(Duration::from_micros(microseconds.unsigned_abs()))
}

/// Processor time of a child alone, all its threads (proc(5), `utime` and `stime`).
fn own_cpu(child: &Child) -> Result<f64> {
    /// Linux counts in hundredths in these files, whatever its own clock is.
    const TICK: f64 = 0.01;
    let stat = fs::read_to_string(format!("/proc/{}/stat", child.id()))?;
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
    let ticks: f64 = fields.skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
    Ok(ticks * TICK)
}

/// Looks at the memory of a process and of its descendants until the end is told; the peaks of both, in KiB.
fn watch(pid: Pid, end: &mpsc::Receiver<()>) -> (u64, u64) {
    let begun = Instant::now();
    let (mut own, mut children) = (0, 0);
    while end.recv_timeout(SAMPLED) == Err(RecvTimeoutError::Timeout) {
        if begun.elapsed() > LONGEST {
            let _ = kill(pid, Signal::SIGKILL);
        }
        own = own.max(peak_kb(pid.as_raw()));
        children = children.max(descendants(pid.as_raw()).into_iter().map(peak_kb).sum());
    }
    (own, children)
}

/// The highest resident memory that a process has had, in KiB; 0 where it has gone.
fn peak_kb(pid: i32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.and_then(|peak| peak.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// A process's children, their children and so on.
fn descendants(pid: i32) -> BTreeSet<i32> {
    let mut found = BTreeSet::new();
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    for thread in threads {
        let children = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
        for child in children.split_whitespace().filter_map(|pid| pid.parse().ok()) {
            found.insert(child);
            found.extend(descendants(child));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_process_and_of_its_children_are_told_apart() {
        let busy = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done";
        let run = |script: &str| measure(Command::new("sh").args(["-c", script])).expect("runs");
        let own = run(busy);
        assert!(own.own_cpu_s > 0.0 && own.own_cpu_s > 0.7 * own.cpu_s, "{own:?}");
        let child = run(&format!("({busy}); true"));
        assert!(child.cpu_s > 0.0 && child.own_cpu_s < 0.5 * child.cpu_s, "{child:?}");
    }

    #[test]
    fn what_it_printed_and_how_it_ended_is_kept() {
        let ran = measure(Command::new("sh").args(["-c", "echo out; echo err >&2; exit 3"])).expect("runs");
        assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("out\n", "err\n"));
        assert_eq!(ran.status.code(), Some(3));
    }
}
