//! Runs that are cut short in every way, and finished by another process.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use support::place::{Place, essence};
use support::{netsweep, run, tally};

const PATIENCE: Duration = Duration::from_secs(60);

fn signal(child: &Child, signal: Signal) {
    let pid = Pid::from_raw(child.id().cast_signed()).expect("a process");
    kill_process(pid, signal).expect("it lives");
}

#[track_caller]
fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "never {what}");
        sleep(Duration::from_millis(10));
    }
}

/// Devices of either transport, some of them with a fault that is over quickly.
const FLEET: &str = r#"
[[devices]]
name = "ssh-[001-200]"
[[devices]]
name = "telnet-[001-080]"
transport = "telnet"
[[devices]]
name = "bad-[1-4]"
vars = { sim_fault = "cut" }
[[devices]]
name = "locked-[1-4]"
vars = { sim_fault = "reject" }
"#;

/// Runs `command` until it has told of a device, kills it, and returns what it told.
fn killed_early(command: &mut Command) -> Value {
    let mut child = command.spawn().expect("it starts");
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().expect("piped")).read_line(&mut line).expect("a record");
    child.kill().expect("killed");
    child.wait().expect("reaped");
    serde_json::from_str(&line).expect("JSON")
}

/// A rehearsal goes on with the same fleet.
#[test]
fn a_rehearsal_that_is_killed_ends_as_if_nothing_had_been() {
    let words =
        ["-P", "2", "-T", "4", "--sim-seed", "7", "--sim-login", "5ms", "--sim-command", "10ms..40ms"];
    let commands = ["show version", "show clock"];
    let quiet = Place::new(FLEET);
    run(quiet.rehearsal(&words).args(["--sim-fault", "lookalike=5%"]).args(commands)).expect_code(1);
    let undisturbed = quiet.export().records();

    let place = Place::new(FLEET);
    killed_early(place.rehearsal(&words).args(["--sim-fault", "lookalike=5%"]).args(commands));
    killed_early(&mut place.resume());
    let left = undisturbed.len() - place.export().records().len();
    let last = run(&mut place.resume());
    last.expect_code(1);
    assert_eq!(last.records().len(), left);
    let connections = format!("simulated fleet: {left} connections");
    assert!(last.stderr.contains(&connections), "{connections} are not said in {}", last.stderr);
    let finished = place.export();
    finished.expect_code(0);
    assert_eq!(essence(&finished.records()), essence(&undisturbed));
}

const TWENTY: &str = "[[devices]]\nname = \"r-[01-20]\"\n";

/// Commands that may change a device are not sent a second time, whatever the supervisor's death
/// leaves unknown.
#[test]
fn what_may_have_changed_a_device_is_not_run_again() {
    let place = Place::new(TWENTY);
    let words = ["-P", "1", "-T", "4", "--sim-login", "1ms", "--sim-command", "400ms"];
    let mut child = place.rehearsal(&words).args(["configure terminal", "end"]).spawn().expect("it starts");
    let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
    let mut line = String::new();
    stdout.read_line(&mut line).expect("a record");
    child.kill().expect("killed");
    child.wait().expect("reaped");

    let before = place.export().records();
    let first: Value = serde_json::from_str(line.lines().next().expect("a line")).expect("JSON");
    assert!(before.contains_key(first["device"].as_str().expect("a name")), "durable before it is told");
    let resumed = run(&mut place.resume());
    resumed.expect_code(1);
    let counts = tally(&resumed.records());
    let doubtful = *counts.get("failed crashed").expect("those that were handed out");
    assert!((1..=8).contains(&doubtful), "no more than were handed out: {counts:?}");
    assert_eq!(counts.values().sum::<usize>(), 20 - before.len());
    let contacted = 20 - before.len() - doubtful;
    assert!(
        resumed.stderr.contains(&format!("simulated fleet: {contacted} connections")),
        "{}",
        resumed.stderr
    );
    let all = place.export().records();
    assert_eq!(all.len(), 20);
    for record in all.values().filter(|record| record["error"]["kind"] == "crashed") {
        let message = record["error"]["message"].as_str().expect("a message");
        assert!(message.contains("not run again"), "{message}");
    }
}

#[test]
fn an_interrupt_says_how_to_go_on_and_so_it_goes_on() {
    let place = Place::new(TWENTY);
    let words = ["-P", "1", "-T", "2", "--sim-command", "200ms", "show version"];
    let mut child = place.rehearsal(&words).spawn().expect("it starts");
    let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
    let mut first = String::new();
    stdout.read_line(&mut first).expect("a record");
    signal(&child, Signal::INT);
    let rest = std::io::read_to_string(stdout).expect("UTF-8");
    let stderr = std::io::read_to_string(child.stderr.take().expect("piped")).expect("UTF-8");
    assert_eq!(child.wait().expect("it ends").code(), Some(3));
    let said = stderr.lines().find_map(|line| line.split_once("finish the run with: netsweep "));
    let (_, words) = said.unwrap_or_else(|| panic!("no way to go on in {stderr}"));

    let listed = run(&mut place.netsweep(&["runs", "list"]));
    assert!(
        listed.stdout.contains("interrupted") && listed.stdout.contains("show version"),
        "{}",
        listed.stdout
    );
    let shown = run(&mut place.netsweep(&["runs", "show"]));
    assert!(shown.stdout.contains("left: r-"), "{}", shown.stdout);
    let resumed = run(netsweep().args(words.split(' ')).args(["--format", "jsonl", "-T", "4"]));
    resumed.expect_code(0);
    let done = first.lines().count() + rest.lines().count();
    assert_eq!(resumed.records().len(), 20 - done);
    assert!(resumed.stderr.contains("1 process × 4 threads"), "a mix of its own: {}", resumed.stderr);

    // And the store tells what was printed, to the letter.
    let exported = place.export();
    let told: BTreeSet<&str> = first.lines().chain(rest.lines()).chain(resumed.stdout.lines()).collect();
    assert_eq!(exported.stdout.lines().collect::<BTreeSet<_>>(), told);
    let csv = run(&mut place.netsweep(&["runs", "export", "--format", "csv"]));
    assert!(csv.stdout.starts_with("run,device,address,port,"), "{}", csv.stdout);
    let listed = run(&mut place.netsweep(&["runs", "list"]));
    assert!(listed.stdout.contains("finished"), "{}", listed.stdout);
}

/// Cut short at once: what was running counts as not run.
#[test]
fn devices_that_were_interrupted_are_run_again() {
    let place = Place::new(TWENTY);
    let words =
        ["-P", "1", "-T", "4", "--sim-login", "1ms", "--sim-command", "25s", "--grace", "0s", "show version"];
    let mut child = place.rehearsal(&words).spawn().expect("it starts");
    wait_until("recorded", || place.store().exists());
    sleep(Duration::from_millis(1000));
    signal(&child, Signal::INT);
    let stdout = std::io::read_to_string(child.stdout.take().expect("piped")).expect("UTF-8");
    assert_eq!(child.wait().expect("it ends").code(), Some(3));
    assert!(stdout.contains(r#""kind":"interrupted""#), "{stdout}");
    let listed = run(&mut place.netsweep(&["runs", "list"]));
    let counts = listed.stdout.lines().nth(1).expect("a run").split_whitespace().collect::<Vec<_>>();
    assert_eq!(counts[3..8], ["20", "0", "0", "0", "20"], "{}", listed.stdout);
}

#[test]
fn a_run_that_somebody_works_at_is_left_to_them() {
    let place = Place::new(TWENTY);
    let words = ["-P", "1", "-T", "1", "--sim-command", "300ms", "show version"];
    let mut child = place.rehearsal(&words).spawn().expect("it starts");
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().expect("piped")).read_line(&mut line).expect("a record");
    let record: Value = serde_json::from_str(&line).expect("JSON");
    let name = record["run"].as_str().expect("a name");
    let refused = run(place.resume().arg(name));
    refused.expect_code(2);
    assert!(refused.stderr.contains("another process works at run"), "{}", refused.stderr);
    let none = run(&mut place.resume());
    none.expect_code(0);
    assert!(none.stderr.contains("nothing to resume"), "{}", none.stderr);
    let listed = run(&mut place.netsweep(&["runs", "list"]));
    assert!(listed.stdout.contains("running"), "{}", listed.stdout);
    child.kill().expect("killed");
    child.wait().expect("reaped");
}

/// The inventory, with `new` in place of `old`.
fn edit(place: &Place, old: &str, new: &str) {
    let text = fs::read_to_string(place.inventory()).expect("reads");
    assert!(text.contains(old), "{text}");
    fs::write(place.inventory(), text.replace(old, new)).expect("written");
}

#[test]
fn devices_that_the_inventory_no_longer_has_are_named_and_nothing_is_done() {
    let place = Place::new(TWENTY);
    let words = ["-P", "1", "-T", "1", "--sim-command", "300ms", "show version"];
    let mut child = place.rehearsal(&words).spawn().expect("it starts");
    let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
    stdout.read_line(&mut String::new()).expect("a record");
    signal(&child, Signal::INT);
    std::io::read_to_string(stdout).expect("UTF-8");
    assert_eq!(child.wait().expect("it ends").code(), Some(3));
    let before = run(&mut place.netsweep(&["runs", "list"])).stdout;
    assert!(before.contains("interrupted"), "{before}");

    edit(&place, "r-[01-20]", "r-[01-18]");
    let refused = run(&mut place.resume());
    refused.expect_code(2);
    assert!(refused.stderr.contains("no longer has r-19, r-20"), "{}", refused.stderr);
    assert_eq!(run(&mut place.netsweep(&["runs", "list"])).stdout, before);
    let unknown = run(place.resume().arg("yesterday"));
    unknown.expect_code(2);
    assert!(unknown.stderr.contains("there is no run \"yesterday\""), "{}", unknown.stderr);
}

#[test]
fn devices_that_the_inventory_has_changed_are_named_and_run_as_it_has_them_now() {
    let place = Place::new(TWENTY);
    let words = ["-P", "1", "-T", "1", "--sim-command", "300ms", "show version"];
    killed_early(&mut place.rehearsal(&words));
    edit(&place, "cisco_ios", "arista_eos");
    let resumed = run(&mut place.resume());
    resumed.expect_code(0);
    let said = "which is not as they were when the run began: r-";
    assert!(resumed.stderr.contains(said), "{}", resumed.stderr);
    assert!(resumed.stderr.contains("(platform arista_eos, was cisco_ios); r-"), "{}", resumed.stderr);
    assert!(resumed.records().values().all(|record| record["platform"] == "arista_eos"));
}

/// Nobody is called, and so the inventory need not know them.
#[test]
fn devices_of_which_nobody_knows_are_settled_without_being_called() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    silent.set_nonblocking(true).expect("set");
    let port = silent.local_addr().expect("an address").port();
    let device = |name| format!("[[devices]]\nname = \"{name}\"\naddress = \"127.0.0.1\"\nport = {port}\n");
    let place = Place::new(&format!("password = \"x\"\n{}{}", device("r-1"), device("r-2")));
    let mut command = place.netsweep(&["run", "--max-auth-failures", "0", "configure terminal"]);
    let mut child = command.arg("-i").arg(place.inventory()).spawn().expect("it starts");
    // Both are being called, and so both have been handed out.
    let mut calls = Vec::new();
    wait_until("called", || {
        calls.extend(silent.accept().ok());
        calls.len() == 2
    });
    child.kill().expect("killed");
    child.wait().expect("reaped");
    drop((silent, calls));

    edit(&place, "\"r-1\"", "\"another\"");
    edit(&place, "\"r-2\"", "\"third\"");
    let resumed = run(&mut place.resume());
    resumed.expect_code(1);
    assert_eq!(tally(&resumed.records()), BTreeMap::from([("failed crashed".to_owned(), 2)]));
    assert!(resumed.stderr.contains("2 devices not run again"), "{}", resumed.stderr);
    assert_eq!(place.export().records()["r-1"]["port"], port);
    assert!(run(&mut place.resume()).stderr.contains("nothing to resume"));
}

/// The exit code is the run's: a device that failed before is a device that failed.
#[test]
fn what_failed_before_is_not_forgotten() {
    let place = Place::new(
        "[[devices]]\nname = \"r-[1-3]\"\n[[devices]]\nname = \"bad\"\nvars = { sim_fault = \"reject\" }\n",
    );
    let words = ["-P", "1", "-T", "4", "--sim-login", "1ms", "--sim-command", "2s", "show version"];
    let mut child = place.rehearsal(&words).spawn().expect("it starts");
    let recorded = || place.store().exists() && place.export().stdout.contains("\"auth\"");
    wait_until("recorded", recorded);
    child.kill().expect("killed");
    child.wait().expect("reaped");
    let resumed = run(&mut place.resume());
    assert_eq!(tally(&resumed.records()), BTreeMap::from([("ok -".to_owned(), 3)]), "{}", resumed.stderr);
    resumed.expect_code(1);
    let said = "1 of 4 devices have their results (1 of them failed or skipped), 3 left";
    assert!(resumed.stderr.contains(said), "{}", resumed.stderr);
}

#[test]
fn no_secret_is_stored() {
    let place = Place::new(
        "password = \"hunter2-in-the-inventory\"\n[[devices]]\nname = \"r-1\"\naddress = \"127.0.0.1\"\nport = 1\n",
    );
    let mut command = place.netsweep(&["run", "--retries", "0", "show version"]);
    run(command.arg("-i").arg(place.inventory())).expect_code(1);
    for file in fs::read_dir(place.folder.path()).expect("reads") {
        let path = file.expect("an entry").path();
        let bytes = fs::read(&path).expect("reads");
        let found = bytes.windows(7).any(|window| window == b"hunter2");
        assert_eq!(found, path.ends_with("devices.toml"), "{}", path.display());
    }
}

#[test]
fn without_a_store_nothing_is_written() {
    let home = tempfile::tempdir().expect("a directory");
    let command = |words: &[&str]| {
        let mut command = netsweep();
        command
            .env("HOME", home.path())
            .args(["run", "--simulate", "-l", "core-*", "show version"])
            .args(words);
        command
    };
    run(&mut command(&["--no-store"])).expect_code(0);
    assert!(!home.path().join(".local").exists());
    run(&mut command(&["--no-store", "--store", "x"])).expect_code(2);
    run(&mut command(&[])).expect_code(0);
    assert!(home.path().join(".local/share/netsweep/runs.db").exists());
    let listed = run(netsweep().env("HOME", home.path()).args(["runs", "list"]));
    assert_eq!(listed.stdout.lines().count(), 2, "{}", listed.stdout);
}

/// A store that cannot be used is told before anything is started.
fn refused(store: &Path, said: &str) {
    let ran =
        run(netsweep().args(["run", "--simulate", "-l", "core-*", "show version", "--store"]).arg(store));
    ran.expect_code(2);
    assert_eq!(ran.stdout, "");
    let path = store.display().to_string();
    assert!(
        ran.stderr.contains(said) && ran.stderr.contains(&path),
        "{said:?} is not said in {}",
        ran.stderr
    );
    assert!(ran.stderr.contains("--store FILE"), "nor is a remedy: {}", ran.stderr);
}

#[test]
fn a_store_that_cannot_be_used_is_told_before_anything_is_started() {
    let folder = tempfile::tempdir().expect("a directory");
    let damaged = folder.path().join("damaged.db");
    fs::write(&damaged, "what is this? ".repeat(1000)).expect("written");
    refused(&damaged, "file is not a database");
    refused(&folder.path().join("missing/runs.db"), "No such file or directory");
    // Nobody may create a file there, root included.
    refused(Path::new("/sys/runs.db"), "Permission denied");
}

/// The disk is full in the middle of it: running sessions finish, what was recorded stays, and the
/// run can be finished later. Says what the store has after that.
fn on_a_full_disk(commands: &[&str]) -> BTreeMap<String, usize> {
    let place = Place::new(FLEET);
    let words = ["-P", "2", "-T", "4", "--sim-login", "1ms", "--sim-command", "5ms", "--sim-output", "40000"];
    // The system refuses to let any file grow beyond that, as a full disk does.
    let mut command = Command::new("sh");
    let mut sweep = place.rehearsal(&words);
    sweep.args(commands);
    command.args(["-c", "trap '' XFSZ; ulimit -f 3000; exec \"$@\"", "sh"]).arg(sweep.get_program());
    command.args(sweep.get_args()).current_dir(support::repository());
    command.envs(sweep.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let ran = run(&mut command);
    ran.expect_code(4);
    assert!(ran.stderr.contains("cannot write to the run store"), "{}", ran.stderr);
    assert!(ran.stderr.contains("no new devices; running sessions may finish"), "{}", ran.stderr);
    assert!(ran.stderr.contains("what is left can be run with `netsweep resume "), "{}", ran.stderr);
    let told = ran.records();
    // A session that waits for leave to log in, after another was rejected, has begun nothing that it could finish.
    let waits = "interrupted while waiting to log in";
    let cut_short = told.values().filter(|record| record["error"]["kind"] == "interrupted");
    for record in cut_short {
        assert!(record["error"]["message"].as_str().is_some_and(|why| why.starts_with(waits)), "{record}");
        assert_eq!(record["commands"].as_array().map(Vec::len), Some(0), "{record}");
    }
    let recorded = place.export().records();
    assert!(!recorded.is_empty() && recorded.len() < 288, "{}", recorded.len());
    assert!(recorded.keys().all(|device| told.contains_key(device)));
    let resumed = run(&mut place.resume());
    resumed.expect_code(1);
    assert_eq!(resumed.records().len(), 288 - recorded.len());
    let all = place.export().records();
    assert_eq!(all.len(), 288);
    tally(&all)
}

#[test]
fn a_full_disk_ends_the_run_and_loses_nothing_that_was_recorded() {
    let after = on_a_full_disk(&["show version"]);
    assert_eq!(after.get("ok -"), Some(&280), "{after:?}");
}

/// What was handed out and could not be recorded is not run again.
#[test]
fn a_full_disk_makes_no_change_happen_twice() {
    let after = on_a_full_disk(&["configure terminal", "end", "show version"]);
    let doubtful = after.get("failed crashed").copied().unwrap_or_default();
    // Each worker has a job for each of its four threads, and two in hand.
    assert!((1..=12).contains(&doubtful), "no more than were at work: {after:?}");
}
