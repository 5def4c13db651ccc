//! The file: who may have it, at the same time too, and what is no store or breaks.

use super::*;

#[test]
fn a_store_that_has_the_index_of_older_versions_is_used_as_any_other() {
    let fixture = Fixture::new();
    let index = "CREATE INDEX devices_of_command_list ON devices (commands)";
    fixture.store().db.execute_batch(index).expect("made");
    let mut recorder = fixture.begin("r1", &["a", "b"]);
    tell(&mut recorder, &ok("a", "x"));
    drop(recorder);
    let mut recorder = fixture.resume("r1");
    tell(&mut recorder, &ok("b", "x"));
    recorder.on(&RunEvent::Ended(&end(0, false))).expect("recorded");
    drop(recorder);
    assert_eq!(fixture.records("r1").len(), 2);
    let damage: String =
        fixture.store().db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("reads");
    assert_eq!(damage, "ok");
}

/// The process that created it was killed before it came to that.
#[test]
fn a_store_without_tables_is_as_good_as_none() {
    let fixture = Fixture::new();
    fs::write(&fixture.path, "").expect("written");
    assert!(Store::open(Some(&fixture.path)).expect("opens").is_none());
    drop(fixture.begin("r1", &["a"]));
    assert!(Store::open(Some(&fixture.path)).expect("opens").is_some());
}

#[test]
fn two_runs_are_written_at_once() {
    let fixture = Fixture::new();
    let names: Vec<String> = (0..500).map(|n| format!("sw-{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    std::thread::scope(|scope| {
        for run in ["r1", "r2"] {
            let (fixture, names) = (&fixture, &names);
            scope.spawn(move || {
                let mut recorder = fixture.begin(run, names);
                for name in names {
                    tell(&mut recorder, &ok(name, &"x".repeat(5000)));
                }
                recorder.on(&RunEvent::Ended(&end(0, false))).expect("recorded");
            });
        }
    });
    for run in ["r1", "r2"] {
        assert_eq!(fixture.run(run).tally.ok, 500);
    }
}

#[test]
fn many_may_create_it_at_once() {
    for _ in 0..20 {
        let fixture = Fixture::new();
        std::thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| drop(fixture.store()));
            }
        });
        assert!(fixture.store().runs().expect("reads").is_empty());
    }
}

#[test]
fn nobody_else_may_read_it() {
    let fixture = Fixture::new();
    let recorder = fixture.begin("r1", &["a"]);
    for file in fs::read_dir(fixture.path.parent().expect("a folder")).expect("reads") {
        let file = file.expect("an entry");
        let mode = file.metadata().expect("metadata").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{:?}", file.path());
    }
    drop(recorder);
}

/// What is said of a file that cannot be used, which stays as it is.
fn refusal(path: &Path) -> String {
    let before = fs::read(path).ok();
    let created = Store::create(Some(path)).expect_err("refused").to_string();
    Store::open(Some(path)).expect_err("refused");
    assert_eq!(fs::read(path).ok(), before);
    assert!(created.contains(&path.display().to_string()), "{created}");
    created
}

#[test]
fn files_that_are_no_run_store_are_refused_and_left_alone() {
    let folder = tempfile::tempdir().expect("a directory");
    let text = folder.path().join("text");
    fs::write(&text, "no database, but long enough to be taken for one at first sight. ".repeat(50))
        .expect("written");
    assert!(refusal(&text).contains("file is not a database; it is damaged or no run store"));

    let other = folder.path().join("other.db");
    Connection::open(&other)
        .expect("opens")
        .execute_batch("CREATE TABLE bookmarks (url TEXT)")
        .expect("creates");
    assert!(refusal(&other).contains("it is an SQLite file, but no run store of netsweep"));

    let newer = Fixture::new();
    drop(newer.store());
    Connection::open(&newer.path).expect("opens").pragma_update(None, "user_version", 99).expect("set");
    assert!(refusal(&newer.path).contains("newer netsweep (version 99 of its tables, this one knows 1)"));

    assert!(refusal(&folder.path().join("missing/runs.db")).contains("No such file or directory"));
    assert!(refusal(folder.path()).contains("Is a directory"));
}

#[test]
fn a_store_whose_pages_are_damaged_is_refused() {
    let fixture = Fixture::new();
    let mut recorder = fixture.begin("r1", &["a"]);
    tell(&mut recorder, &ok("a", &"x".repeat(100_000)));
    drop(recorder);
    let mut bytes = fs::read(&fixture.path).expect("reads");
    bytes[100..4096].fill(0xa5);
    fs::write(&fixture.path, bytes).expect("written");
    let said = Store::create(Some(&fixture.path)).expect_err("refused").to_string();
    assert!(said.contains("it is damaged or no run store"), "{said}");
}

/// As on a full disk, which SQLite cannot tell from a file that may not grow.
#[test]
fn a_full_disk_is_told_once_keeps_what_was_there_and_lets_nothing_be_handed_out() {
    let fixture = Fixture::new();
    let mut recorder = fixture.begin("r1", &["a", "b", "c", "rw-1"]);
    tell(&mut recorder, &ok("a", "x"));
    drop(recorder);
    let store = fixture.store();
    let pages: i64 = store.db.pragma_query_value(None, "page_count", |row| row.get(0)).expect("pages");
    store.db.pragma_update_and_check(None, "max_page_count", pages + 2, |_| Ok(())).expect("set");
    let run = fixture.run("r1");
    let lock = store.reopen(&run).expect("no error").expect("free");
    let mut recorder = Recorder::new(store, run.id(), lock).expect("starts");
    tell(&mut recorder, &ok("b", &"x".repeat(100_000)));
    let error = recorder.on(&RunEvent::HandingOut(&["rw-1"])).expect_err("no room");
    let said = error.downcast::<StoreFailed>().expect("the store's").to_string();
    assert!(said.contains("no room is left on the disk") && said.contains("runs.db"), "{said}");
    recorder.on(&RunEvent::DeviceDone(&ok("c", "x").into())).expect("it has been told");
    recorder.on(&RunEvent::HandingOut(&["rw-1"])).expect_err("not handed out");
    drop(recorder);
    assert_eq!(fixture.left("r1"), (vec!["b".into(), "c".into(), "rw-1".into()], vec![]));
    assert_eq!(fixture.records("r1").len(), 1);
}

#[test]
fn a_store_that_another_program_keeps_locked_is_told() {
    let fixture = Fixture::new();
    drop(fixture.store());
    let other = Connection::open(&fixture.path).expect("opens");
    other.execute_batch("BEGIN EXCLUSIVE").expect("locks");
    let said = Store::create(Some(&fixture.path)).expect_err("locked").to_string();
    assert!(said.contains("database is locked; another program holds it locked"), "{said}");
}
