//! `netsweep experiment`, as a user meets it: matrices, claims, budgets, interrupts, real devices.

mod support;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use support::{Ran, netsweep, run, worker_binary};
use tempfile::TempDir;

/// Devices that hardly keep one waiting.
const QUICK: [&str; 6] = ["--sim-connect", "0ms", "--sim-login", "2ms", "--sim-command", "2ms"];

/// An experiment that keeps its trials in `place`.
fn experiment(place: &TempDir) -> Command {
    let mut command = netsweep();
    command.arg("experiment").arg("--keep").arg(place.path().join("trials.jsonl"));
    command
}

fn place() -> TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stdout))
}

fn cells(section: &Value) -> &Vec<Value> {
    section["cells"].as_array().expect("cells")
}

fn trials(cell: &Value) -> &Vec<Value> {
    cell["trials"].as_array().expect("trials")
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is a number"))
}

#[test]
fn a_matrix_is_measured_and_its_figures_belong_together() {
    let place = place();
    let page = place.path().join("report.html");
    let ran = run(experiment(&place)
        .args([
            "--devices",
            "24",
            "--processes",
            "1,2",
            "--threads",
            "1,4",
            "--trials",
            "2",
            "--format",
            "json",
        ])
        .args(QUICK)
        .arg("--report")
        .arg(&page));
    ran.expect_code(0);
    let whole = json(&ran);
    let section = &whole["sections"][0];
    let mixes: Vec<_> =
        cells(section).iter().map(|cell| (cell["processes"].clone(), cell["threads"].clone())).collect();
    assert_eq!(mixes, [(1, 1), (1, 4), (2, 1), (2, 4)].map(|(p, t)| (Value::from(p), Value::from(t))));
    for cell in cells(section) {
        assert_eq!(trials(cell).len(), 2, "{cell}");
        for trial in trials(cell) {
            assert_eq!((&trial["sessions"], &trial["failures"]), (&24.into(), &0.into()), "{trial}");
            let (makespan, ideal) = (number(&trial["makespan"]), number(&trial["ideal"]));
            assert!(0.0 < ideal && ideal <= makespan, "no schedule beats {ideal} s, this took {makespan} s");
            let workers = trial["workers"].as_array().expect("workers");
            assert_eq!(Value::from(workers.len()), cell["processes"], "each worker tells its cost");
            assert!(workers.iter().all(|worker| number(&worker["peak_memory"]) > 0.0), "{workers:?}");
            let phases = &trial["phases"];
            // Two commands of 2 ms each on 24 devices.
            assert!(number(&phases["commands"]) >= 0.096, "{phases}");
            assert!(number(&phases["store"]) > 0.0 && number(&phases["compute"]) > 0.0, "{phases}");
            assert_eq!((number(&phases["lock"]), number(&phases["parse"])), (0.0, 0.0), "{phases}");
        }
        let spans = trials(cell)[0]["timeline"].as_array().expect("a timeline");
        assert_eq!(spans.len(), 24);
        let sessions = number(&cell["processes"]) * number(&cell["threads"]);
        for span in spans {
            let at = number(&span["began"]);
            let then =
                spans.iter().filter(|it| number(&it["began"]) <= at && at < number(&it["ended"])).count();
            // A session's end is told a little after it, when its thread may have begun another.
            assert!(then as f64 <= 2.0 * sessions, "{then} sessions at once with {sessions} threads");
        }
        assert!(trials(cell)[1]["timeline"].as_array().is_some_and(Vec::is_empty), "one timeline is enough");
    }
    let choice = &section["choice"];
    assert!(mixes.contains(&(choice["processes"].clone(), choice["threads"].clone())), "{choice}");
    let page = fs::read_to_string(page).expect("the page");
    assert!(page.contains("<!doctype html>") || page.contains("<!DOCTYPE html>"), "{}", &page[..200]);
}

#[test]
fn with_the_lock_and_without_and_with_another_worker() {
    let place = place();
    let ran = run(experiment(&place)
        .args([
            "--workload",
            "cpu",
            "--cpu-ms",
            "2",
            "--devices",
            "12",
            "-P",
            "1",
            "-T",
            "3",
            "--trials",
            "1",
        ])
        .args(["--gil", "--no-python", "--pin", "--format", "json", "--worker-binary"])
        .arg(worker_binary()));
    ran.expect_code(0);
    let whole = json(&ran);
    let cells = cells(&whole["sections"][0]);
    let variants: Vec<_> =
        cells.iter().map(|cell| (cell["gil"] == true, cell["worker"].is_string())).collect();
    assert_eq!(variants, [(false, false), (true, false), (false, true), (true, true)]);
    for cell in cells {
        assert_eq!(cell["pinned"], true);
        let phases = &trials(cell)[0]["phases"];
        // 2 ms for each of two commands on 12 devices.
        assert!(number(&phases["parse"]) >= 0.048, "{phases}");
        let waits_for_the_lock = number(&phases["lock"]) > 0.0;
        assert_eq!(Value::from(waits_for_the_lock), cell["gil"], "three threads and one lock: {phases}");
    }
}

#[test]
fn every_format_tells_of_every_cell() {
    for (format, beginning) in [("table", "netsweep"), ("csv", "section"), ("markdown", "#")] {
        let place = place();
        let ran = run(experiment(&place)
            .args(["--devices", "6", "-P", "1", "-T", "1,3", "--trials", "1", "--format", format])
            .args(QUICK));
        ran.expect_code(0);
        assert!(ran.stdout.to_lowercase().contains(beginning), "{format}: {}", ran.stdout);
        assert!(!ran.stdout.contains('\u{1b}'), "{format}: no colours in a pipe");
    }
}

#[test]
fn claims_are_judged_and_backed_by_figures() {
    let place = place();
    let ran = run(experiment(&place)
        .args(["--claim", "1", "--claim", "5", "--trials", "2", "--no-python", "--format", "json"])
        .args(QUICK));
    ran.expect_code(0);
    let whole = json(&ran);
    let sections = whole["sections"].as_array().expect("sections");
    assert_eq!(sections.iter().map(|section| &section["claim"]).collect::<Vec<_>>(), [1, 5]);
    for section in sections {
        assert!(cells(section).iter().all(|cell| trials(cell).len() == 2), "{section}");
        let reason = section["verdict"]["reason"].as_str().expect("a verdict");
        assert!(reason.chars().any(|c| c.is_ascii_digit()), "a verdict has figures: {reason}");
    }
}

#[test]
fn what_the_budget_leaves_out_is_said() {
    let place = place();
    let ran = run(experiment(&place).args(["--claim", "all", "--budget", "1ms", "--format", "json"]));
    ran.expect_code(0);
    let whole = json(&ran);
    let sections = whole["sections"].as_array().expect("sections");
    assert_eq!(sections.len(), 6);
    for section in sections {
        let left_out = section["left_out"].as_array().expect("a list");
        assert_eq!(left_out.len(), cells(section).len(), "nothing can be done in a millisecond");
        assert!(left_out.iter().all(|it| it["why"].as_str().is_some_and(|why| why.contains("--budget"))));
        assert_eq!(section["verdict"]["result"], "undecided");
    }
}

#[test]
fn an_interrupted_matrix_goes_on_where_it_was() {
    let place = place();
    let arguments =
        ["--devices", "8", "-P", "1", "-T", "1,2", "--trials", "3", "--seed", "7", "--format", "json"];
    let slow = ["--sim-login", "50ms", "--sim-command", "50ms"];
    let mut command = experiment(&place);
    command.args(arguments).args(slow).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    let mut told = BufReader::new(child.stderr.take().expect("piped"));
    let mut heard = String::new();
    while !heard.contains("trials left") {
        heard.clear();
        assert!(told.read_line(&mut heard).expect("reads") > 0, "it ended before a trial was over");
    }
    let pid = Pid::from_raw(child.id() as i32).expect("a process");
    kill_process(pid, Signal::INT).expect("it is there");
    let mut rest = String::new();
    told.read_to_string(&mut rest).expect("reads");
    let mut stdout = String::new();
    child.stdout.take().expect("piped").read_to_string(&mut stdout).expect("reads");
    assert_eq!(child.wait().expect("ends").code(), Some(3), "{rest}");
    assert!(rest.contains("--seed 7") && rest.contains("--continue"), "{rest}");
    let before: Value = serde_json::from_str(&stdout).expect("what was measured is told");
    let first: Vec<Value> = cells(&before["sections"][0]).iter().flat_map(trials).cloned().collect();
    assert!((1..6).contains(&first.len()), "{} trials", first.len());

    let other = run(experiment(&place).args(arguments).args(slow).args(["--gil", "--continue"]));
    other.expect_code(2);
    assert!(other.stderr.contains("--seed 7"), "it says which can be continued: {}", other.stderr);

    let ran = run(experiment(&place).args(arguments).args(slow).arg("--continue"));
    ran.expect_code(0);
    let whole = json(&ran);
    let cells = cells(&whole["sections"][0]);
    assert!(cells.iter().all(|cell| trials(cell).len() == 3), "{cells:?}");
    let all: Vec<&Value> = cells.iter().flat_map(trials).collect();
    assert!(first.iter().all(|trial| all.contains(&trial)), "what was measured is kept");
}

/// The devices of a fleet that stands, as if they were real ones.
#[test]
fn devices_of_an_inventory_are_swept() {
    let place = place();
    let inventory = place.path().join("fleet.toml");
    let mut fleet = netsweep();
    fleet
        .args(["simulate", "--devices", "6", "--sim-login", "1ms", "--sim-command", "1ms", "--output"])
        .arg(&inventory);
    let mut fleet = Standing(fleet.stderr(Stdio::null()).spawn().expect("it starts"));
    let deadline = Instant::now() + Duration::from_secs(60);
    while !fs::read_to_string(&inventory).is_ok_and(|text| text.matches("[[devices]]").count() == 6) {
        assert!(Instant::now() < deadline && fleet.0.try_wait().expect("waits").is_none(), "no fleet");
        std::thread::sleep(Duration::from_millis(20));
    }
    let ran = run(experiment(&place)
        .args(["-P", "1", "-T", "1,3", "--trials", "1", "--format", "json", "--limit", "sim-[1-4]", "-i"])
        .arg(&inventory)
        .arg("show version"));
    ran.expect_code(0);
    let whole = json(&ran);
    for cell in cells(&whole["sections"][0]) {
        assert_eq!(
            (&trials(cell)[0]["sessions"], &trials(cell)[0]["failures"]),
            (&4.into(), &0.into()),
            "{cell}"
        );
    }
}

struct Standing(std::process::Child);

impl Drop for Standing {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn what_cannot_be_measured_is_refused_before_anything_is() {
    let refused = |arguments: &[&str], said: &str| {
        let place = place();
        let ran = run(experiment(&place).args(arguments));
        ran.expect_code(2);
        assert!(ran.stderr.contains(said), "{arguments:?}: {}", ran.stderr);
        assert!(!ran.stderr.contains("trials left"), "{arguments:?}: {}", ran.stderr);
    };
    refused(&["--claim", "7"], "claims 1 to 6");
    refused(&["--claim", "1", "--workload", "cpu"], "cannot be used with");
    refused(&["--claim", "1", "--transport", "ssh"], "cannot be used with");
    refused(&["--workload", "oi"], "no workload is called");
    refused(&["--threads", "0"], "0 is not in 1..");
    refused(&["--cpu-ms", "many"], "number of milliseconds");
    refused(&["--worker-binary", "/nonexistent"], "/nonexistent");
    refused(&["--report", "/nonexistent/report.html"], "/nonexistent/report.html");
    refused(&["--continue"], "nothing to continue");
    refused(&["-i", "/nonexistent.toml"], "/nonexistent.toml");
}
