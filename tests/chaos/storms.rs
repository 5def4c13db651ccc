//! Large sweeps whose workers die all the time.

use std::fs;
use std::io::Read;
use std::process::{Child, Stdio};
use std::thread::{self, sleep};
use std::time::{Duration, UNIX_EPOCH};

use libtest_mimic::Trial;
use rustix::process::{Pid, Signal, kill_process};

use crate::cases::{Chaos, outcomes};
use crate::support::{Ran, inventory, netsweep, run, tally};
use crate::vice::{Step, Vice};

pub(crate) fn trials() -> Vec<Trial> {
    let trial = |name: &str, test: fn()| {
        Trial::test(name, move || {
            test();
            Ok(())
        })
    };
    vec![
        trial("two_thousand_devices_while_a_worker_is_killed_every_second", kill_storm),
        trial("three_that_bring_workers_down_are_found_among_a_thousand", needles_in_a_haystack),
    ]
}

/// The makespan, from the summary.
fn makespan(ran: &Ran) -> f64 {
    let words: Vec<_> = ran.stderr.split_whitespace().collect();
    let place = words.windows(2).position(|pair| pair == ["devices", "in"]).expect("a summary");
    words[place + 2].parse().expect("seconds")
}

fn workers(supervisor: &Child) -> Vec<Pid> {
    let pid = supervisor.id();
    let list = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let is_worker = |pid: &&str| {
        let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.split('\0').nth(1) == Some("worker")
    };
    list.split_whitespace().filter(is_worker).filter_map(|pid| Pid::from_raw(pid.parse().ok()?)).collect()
}

fn descriptors(process: &Child) -> usize {
    fs::read_dir(format!("/proc/{}/fd", process.id())).map_or(0, Iterator::count)
}

/// Every device is well all the same, and the supervisor keeps nothing of the dead.
fn kill_storm() {
    let text =
        "[defaults]\nplatform = \"cisco_ios\"\nusername = \"admin\"\n[[devices]]\nname = \"d-[0001-2000]\"\n";
    let fleet = inventory(text);
    let sweep = || {
        let mut command = netsweep();
        command.args(["run", "--simulate", "--no-store", "--format", "jsonl", "-P", "2", "-T", "200"]);
        command.args(["--sim-login", "200ms", "--sim-command", "300ms", "show version", "-i"]);
        command.arg(fleet.path().join("devices.toml")).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    };
    let quiet = run(&mut sweep());
    quiet.expect_code(0);

    let mut child = sweep().spawn().expect("it starts");
    let (mut stdout, mut stderr) = (child.stdout.take().expect("piped"), child.stderr.take().expect("piped"));
    let records = thread::spawn(move || read_all(&mut stdout));
    let log = thread::spawn(move || read_all(&mut stderr));
    let (mut killed, mut most) = (0, 0);
    while child.try_wait().expect("asked").is_none() {
        sleep(Duration::from_secs(1));
        let workers = workers(&child);
        let moment = UNIX_EPOCH.elapsed().expect("after 1970").subsec_micros() as usize;
        if let Some(victim) = workers.get(moment % workers.len().max(1)) {
            killed += usize::from(kill_process(*victim, Signal::KILL).is_ok());
            most = most.max(descriptors(&child));
        }
    }
    let ran = Ran {
        stdout: records.join().expect("read"),
        stderr: log.join().expect("read"),
        code: child.wait().expect("ended").code(),
    };
    ran.expect_code(0);
    assert_eq!(tally(&ran.records()), [("ok -".to_owned(), 2000)].into());
    assert!(killed >= 2, "the storm was a breeze");
    // Two workers' pipes, with their successors' while the old ones are read to their ends.
    assert!(most < 40, "{most} descriptors after {killed} deaths");
    let (quiet, storm) = (makespan(&quiet), makespan(&ran));
    println!("{killed} workers killed: {storm} s, {:.2} times the quiet {quiet} s", storm / quiet);
}

fn read_all(from: &mut impl Read) -> String {
    let mut bytes = Vec::new();
    from.read_to_end(&mut bytes).expect("read");
    String::from_utf8_lossy(&bytes).into_owned()
}

fn needles_in_a_haystack() {
    let devices = "[[devices]]\nname = \"hay-[001-997]\"\n[[devices]]\nname = \"victim-[1-3]\"\n";
    let chaos = Chaos::new(Vice::Abort(Step::Output), devices);
    let ran = run(chaos.sweep().args(["-P", "2", "-T", "64"]));
    ran.expect_code(1);
    let (victims, others) = outcomes(&ran);
    assert_eq!(victims, [("failed crashed".to_owned(), 3)].into(), "{}", ran.stderr);
    assert_eq!(others, [("ok -".to_owned(), 997)].into(), "{}", ran.stderr);
    let deaths = ran.stderr.matches("was lost").count();
    assert!((6..=40).contains(&deaths), "{deaths} workers died: {}", ran.stderr);
    println!("{deaths} workers died of three devices among a thousand");
    chaos.expect_no_orphans();
}
