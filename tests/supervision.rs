//! Real processes that die, hang, are interrupted or are not what they should be.

mod support;

use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use netsweep_shared::frame;
use netsweep_shared::protocol::Hello;
use rustix::process::{Pid, Signal, kill_process};
use support::{Ran, netsweep, run, tally};

const PATIENCE: Duration = Duration::from_secs(60);

/// A sweep of the sample inventory that takes a few seconds.
fn slow_sweep() -> Command {
    sweep_at("300ms")
}

/// A sweep of the sample inventory in which each command takes `latency`.
fn sweep_at(latency: &str) -> Command {
    let mut command = netsweep();
    command.args(["run", "--simulate", "--format", "jsonl", "-P", "2", "-T", "10", "--sim-command", latency]);
    command.arg("show version").stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The processes that `parent` started, with their first argument.
fn children(parent: u32) -> Vec<(u32, String)> {
    let list = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap_or_default();
    let named = |pid: &str| {
        let pid = pid.parse().ok()?;
        let arguments = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).ok()?;
        Some((pid, arguments.split('\0').nth(1).unwrap_or_default().to_owned()))
    };
    list.split_whitespace().filter_map(named).collect()
}

fn workers(parent: u32) -> Vec<u32> {
    children(parent).into_iter().filter(|(_, what)| what == "worker").map(|(pid, _)| pid).collect()
}

fn signal(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(pid.cast_signed()).expect("a process");
    let _ = kill_process(pid, signal);
}

/// Waits until `done` says so.
#[track_caller]
fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "never {what}");
        sleep(Duration::from_millis(10));
    }
}

/// Reads `lines` lines of the child's stdout, so that the sweep is under way.
fn under_way(child: &mut Child, lines: usize) -> BufReader<std::process::ChildStdout> {
    let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
    let mut line = String::new();
    for _ in 0..lines {
        stdout.read_line(&mut line).expect("a record");
    }
    stdout
}

fn finish(mut child: Child, stdout: impl Read) -> Ran {
    let mut stderr = child.stderr.take().expect("piped");
    let log = std::thread::spawn(move || {
        let mut text = String::new();
        stderr.read_to_string(&mut text).map(|_| text)
    });
    let stdout = std::io::read_to_string(stdout).expect("UTF-8");
    let code = child.wait().expect("it ends").code();
    Ran { stdout, stderr: log.join().expect("read").expect("UTF-8"), code }
}

/// Workers killed from outside cost time and nothing else: the commands only read.
#[test]
fn killed_workers_lose_nothing() {
    let mut child = slow_sweep().spawn().expect("it starts");
    let supervisor = child.id();
    let mut stdout = under_way(&mut child, 5);
    let mut killed = 0;
    for _ in 0..3 {
        if let Some(victim) = workers(supervisor).first() {
            signal(*victim, Signal::KILL);
            killed += 1;
        }
        let mut line = String::new();
        for _ in 0..20 {
            stdout.read_line(&mut line).expect("a record");
        }
    }
    assert!(killed > 0);
    let ran = finish(child, stdout);
    ran.expect_code(0);
    assert!(ran.stderr.contains("killed from outside"), "it is told: {}", ran.stderr);
    // Sixty-five records were read on the way.
    assert_eq!(tally(&ran.records()).keys().collect::<Vec<_>>(), ["ok -"]);
}

/// A worker that is stopped answers nobody: it is killed and replaced.
#[test]
fn a_worker_that_hangs_is_replaced() {
    let mut child = slow_sweep().spawn().expect("it starts");
    // Five waves of half a second: there was a heartbeat.
    let stdout = under_way(&mut child, 100);
    let stopped = *workers(child.id()).first().expect("a worker");
    signal(stopped, Signal::STOP);
    let ran = finish(child, stdout);
    ran.expect_code(0);
    let said = ran.stderr.lines().find(|line| line.contains("said nothing for"));
    let said = said.unwrap_or_else(|| panic!("it is not told: {}", ran.stderr));
    assert!(said.contains("its sessions were at: "), "{said}");
}

/// Ctrl-C, an orderly end asked for from elsewhere, and a terminal that goes away.
#[test]
fn the_first_interrupt_lets_sessions_finish() {
    for interrupt in [Signal::INT, Signal::TERM, Signal::HUP] {
        let mut child = slow_sweep().spawn().expect("it starts");
        let supervisor = child.id();
        let stdout = under_way(&mut child, 5);
        signal(supervisor, interrupt);
        let ran = finish(child, stdout);
        ran.expect_code(3);
        let records = ran.records();
        assert!(!records.is_empty(), "running sessions finish");
        assert_eq!(tally(&records).keys().collect::<Vec<_>>(), ["ok -"], "and are not cut short");
        assert!(records.len() < 100, "no new ones begin: {}", records.len());
        assert!(ran.stderr.contains("finish the run with: netsweep resume "), "{}", ran.stderr);
    }
}

#[test]
fn the_second_interrupt_ends_at_once_and_says_what_was_cut() {
    let mut child = sweep_at("25s").args(["--sim-login", "1ms"]).spawn().expect("it starts");
    let supervisor = child.id();
    wait_until("two workers", || workers(supervisor).len() == 2);
    sleep(Duration::from_millis(500));
    signal(supervisor, Signal::INT);
    sleep(Duration::from_millis(200));
    signal(supervisor, Signal::TERM);
    let began = Instant::now();
    let stdout = child.stdout.take().expect("piped");
    let ran = finish(child, stdout);
    ran.expect_code(3);
    assert!(began.elapsed() < Duration::from_secs(20), "it did not wait for the sessions");
    assert_eq!(tally(&ran.records()).keys().collect::<Vec<_>>(), ["failed interrupted"]);
}

/// Nobody outlives a supervisor that is killed.
#[test]
fn a_killed_supervisor_leaves_no_orphans() {
    let mut child = slow_sweep().spawn().expect("it starts");
    let stdout = under_way(&mut child, 5);
    let family = children(child.id());
    assert!(family.len() >= 3, "two workers and the fleet: {family:?}");
    child.kill().expect("killed");
    child.wait().expect("reaped");
    drop(stdout);
    wait_until("all of them gone", || family.iter().all(|(pid, _)| !lives(*pid)));
}

/// A zombie is dead: its new parent has only not asked yet.
fn lives(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat.rsplit(") ").next().unwrap_or_default().starts_with('Z'))
}

/// Quietly, and in order: sessions that run are brought to their ends and recorded.
#[test]
fn a_closed_stdout_ends_the_run_quietly() {
    let folder = tempfile::tempdir().expect("a directory");
    let store = folder.path().join("runs.db");
    let mut child = slow_sweep().arg("--quiet").arg("--store").arg(&store).spawn().expect("it starts");
    drop(under_way(&mut child, 1));
    let family = children(child.id());
    let ran = finish(child, std::io::empty());
    ran.expect_code(3);
    assert_eq!(ran.stderr, "");
    wait_until("all of them gone", || family.iter().all(|(pid, _)| !lives(*pid)));
    let listed = run(netsweep().args(["runs", "list", "--store"]).arg(&store)).stdout;
    assert!(listed.contains("interrupted"), "{listed}");
    let exported = run(netsweep().args(["runs", "export", "--store"]).arg(&store)).records();
    assert!((1..100).contains(&exported.len()), "{listed}");
    assert_eq!(tally(&exported).keys().collect::<Vec<_>>(), ["ok -"], "none was cut short");
}

/// A worker that is none, or of another version: one clear line, and no device is touched.
fn refused_worker(script: &str, said: &str) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path: PathBuf = directory.path().join("worker");
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("written");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("set");
    let ran = run(netsweep()
        .args(["run", "--simulate", "show version", "--format", "jsonl", "--worker-binary"])
        .arg(&path));
    ran.expect_code(4);
    assert_eq!(ran.stdout, "");
    assert!(ran.stderr.contains(said), "{said:?} is not said in:\n{}", ran.stderr);
}

#[test]
fn a_plan_that_is_read_in_part_is_no_failure() {
    let mut child = netsweep()
        .args(["run", "--dry-run", "show version"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("it starts");
    // Before it has written anything, or after the pipe took it all: neither is to be complained of.
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
}

#[test]
fn a_worker_of_another_version_is_refused() {
    let mut bytes = Vec::new();
    let hello = Hello { protocol: 99, build: "netsweep 9.9.9".into(), ..Hello::ours() };
    frame::encode(&hello, &mut bytes).expect("encodes");
    let octal: String = bytes.iter().map(|byte| format!("\\{byte:03o}")).collect();
    refused_worker(&format!("printf '{octal}'; exec cat >/dev/null"), "speaks protocol 99");
}

#[test]
fn something_that_is_no_worker_is_refused() {
    refused_worker(
        "echo 'usage: something else entirely, with enough text to look like a frame'; exec cat >/dev/null",
        "hello",
    );
    refused_worker("exit 7", "exit status: 7");
    refused_worker("exit 0", "is it a netsweep worker?");
}
