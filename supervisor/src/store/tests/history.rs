//! What earlier runs tell of a device.

use super::*;

/// What the store tells of devices that are all at `address` and are to run `commands`.
fn history(fixture: &Fixture, names: &[&str], address: &str, commands: &[&str]) -> History {
    let commands: Arc<[String]> = commands.iter().map(|&command| command.to_owned()).collect();
    let sought: Vec<_> = names.iter().map(|&name| Sought { name, address, commands: &commands }).collect();
    fixture.store().history(false, &sought).expect("reads")
}

/// The record of a device that took so many milliseconds.
fn took(name: &str, millis: f64, error: Option<ErrorKind>) -> Record {
    let mut record = match error {
        None => ok(name, ""),
        Some(kind) => failed(name, kind, "it did not"),
    };
    record.timing_ms.total = millis;
    record.attempts = 1;
    record
}

const SAME: [&str; 2] = ["show version", "show clock"];

fn told(history: &History) -> Vec<Option<(u128, Health)>> {
    history.known.iter().map(|known| known.map(|known| (known.took.as_millis(), known.health))).collect()
}

#[test]
fn the_newest_outcome_that_tells_something_is_what_is_known() {
    let fixture = Fixture::new();
    assert_eq!(told(&history(&fixture, &["a"], "192.0.2.1", &SAME)), [None]);
    let names = ["a", "b", "c", "d", "e"];
    let mut first = fixture.begin("r1", &names);
    for name in ["a", "b", "c", "d"] {
        tell(&mut first, &took(name, 100.0, None));
    }
    drop(first);
    let mut second = fixture.begin("r2", &names);
    tell(&mut second, &took("a", 200.0, None));
    tell(&mut second, &took("b", 300.0, Some(ErrorKind::Timeout)));
    tell(&mut second, &took("c", 400.0, Some(ErrorKind::Interrupted)));
    tell(&mut second, &took("d", 1.0, Some(ErrorKind::Auth)));
    drop(second);
    let known = history(&fixture, &["e", "d", "c", "b", "a", "f"], "192.0.2.1", &SAME);
    let well = |millis| Some((millis, Health::Well));
    let (refused, badly) = (Some((1, Health::Refused)), Some((300, Health::Failed)));
    assert_eq!(told(&known), [None, refused, well(100), badly, well(200), None]);
    assert_eq!(known.runs, ["r2", "r1"]);
    assert_eq!(told(&history(&fixture, &["a"], "192.0.2.9", &SAME)), [None], "another device of that name");
}

#[test]
fn the_same_commands_tell_more_unless_the_device_has_failed_since() {
    let fixture = Fixture::new();
    let mut first = fixture.begin("r1", &["a", "b", "c"]);
    for (name, error) in [("a", None), ("b", None), ("c", Some(ErrorKind::Timeout))] {
        tell(&mut first, &took(name, 100.0, error));
    }
    drop(first);
    let mut second = fixture.begin_with("r2", &["a", "b", "c"], &["show running-config"]);
    for (name, error) in [("a", None), ("b", Some(ErrorKind::Connect)), ("c", None)] {
        tell(&mut second, &took(name, 900.0, error));
    }
    drop(second);
    let well = |millis| Some((millis, Health::Well));
    let badly = Some((900, Health::Failed));
    let known = |commands: &[&str]| told(&history(&fixture, &["a", "b", "c"], "192.0.2.1", commands));
    assert_eq!(known(&SAME), [well(100), badly, well(900)]);
    assert_eq!(known(&["show running-config"]), [well(900), badly, well(900)]);
    assert_eq!(known(&["show interfaces"]), [well(900), badly, well(900)]);
}

/// Few devices are looked up by their names, many are read in one go.
#[test]
fn few_of_many_and_many_are_found_alike() {
    let fixture = Fixture::new();
    let names: Vec<String> = (0..500).map(|n| format!("d{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut run = fixture.begin("r1", &names);
    for (name, n) in names.iter().zip(1_u32..) {
        tell(&mut run, &took(name, f64::from(n), None));
    }
    drop(run);
    let all = told(&history(&fixture, &names, "192.0.2.1", &SAME));
    assert!(all.iter().zip(1..).all(|(told, n)| *told == Some((n, Health::Well))));
    assert_eq!(told(&history(&fixture, &names[100..103], "192.0.2.1", &SAME)), all[100..103]);
}
