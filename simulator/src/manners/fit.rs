//! The manners against the platforms' own files: what a device says is what its platform waits for,
//! and what its platform types is what the device understands.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use netsweep_shared::platform::Platform;
use regex::bytes::{Regex, RegexBuilder};

use super::cli::{Action, Command};
use super::{Interpreter, Manners, Mode, Reply, State, last_line, of, platforms};
use crate::identity::Identity;

const NAMES: [&str; 5] =
    ["core-1", "sw_2.lab", "4500-x", "_odd_", "a-name-that-is-longer-than-fits-everywhere"];

/// The platforms that are built in, by name.
fn files() -> BTreeMap<String, Platform> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../platforms");
    let file = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).expect("it can be read");
        (name, toml::from_str(&text).expect("it is good"))
    };
    std::fs::read_dir(folder).expect("the platforms' folder").map(file).collect()
}

/// Calls `test` with each platform and each of the manners that its devices have.
fn each(mut test: impl FnMut(&str, &Platform, &Manners)) {
    for (name, platform) in files() {
        for manners in of(&name).expect("all are simulated") {
            test(&name, &platform, manners);
        }
    }
}

/// A pattern as the worker reads it: for ASCII. Each is compiled once.
fn regex(pattern: &str) -> Regex {
    thread_local!(static COMPILED: RefCell<HashMap<String, Regex>> = RefCell::default());
    let compile = || RegexBuilder::new(pattern).unicode(false).build().expect("it is good");
    COMPILED.with_borrow_mut(|compiled| compiled.entry(pattern.to_owned()).or_insert_with(compile).clone())
}

/// Matches a whole line.
fn whole(pattern: &str) -> Regex {
    regex(&format!("^(?:{pattern})$"))
}

/// Whether `pattern` is found at the end of `line`.
fn ends(pattern: &str, line: &str) -> bool {
    regex(&format!("(?:{pattern})$")).is_match(line.as_bytes())
}

fn found(patterns: &[String], line: &str) -> bool {
    patterns.iter().any(|pattern| regex(pattern).is_match(line.as_bytes()))
}

/// What a person would see: no escape sequences, no carriage returns.
fn seen(text: &str) -> String {
    let escapes = regex(r"\x1b(?:\[[0-9;?]*[A-Za-z]|\][^\x07]*\x07|[^\[\]])|\r");
    String::from_utf8_lossy(&escapes.replace_all(text.as_bytes(), b"")).into_owned()
}

fn modes(manners: &Manners) -> Vec<Mode> {
    let modes = [Mode::User, Mode::Privileged, Mode::Config, Mode::ConfigSection];
    modes.into_iter().filter(|mode| *mode != Mode::User || manners.has_user_mode).collect()
}

fn state() -> State {
    let mut state = State::new("admin", Mode::Privileged);
    state.rows = 24;
    state
}

fn commands(manners: &Manners) -> Vec<&'static Command> {
    match manners.interpreter {
        Interpreter::Cli(cli) => cli.commands.iter().copied().flatten().collect(),
        Interpreter::Other(_) => vec![],
    }
}

#[test]
fn every_platform_that_is_built_in_is_simulated() {
    let files: Vec<String> = files().into_keys().collect();
    assert_eq!(platforms().collect::<Vec<_>>(), files);
    assert!(of("nobody_knows").is_none());
}

#[test]
fn every_prompt_is_one_of_the_platforms_and_tells_the_host() {
    each(|name, platform, manners| {
        for host in NAMES {
            let identity = Identity::new(7, host);
            let mut hosts = vec![];
            for mode in modes(manners) {
                let mut state = state();
                state.mode = mode;
                let prompt = (manners.prompt)(&identity, &state);
                let line = last_line(&prompt);
                let fitting =
                    platform.modes.iter().find_map(|mode| whole(&mode.prompt).captures(line.as_bytes()));
                let captures = fitting.unwrap_or_else(|| panic!("{name}, {mode:?}: {line:?} is no prompt"));
                hosts.extend(
                    captures.name("host").map(|host| String::from_utf8_lossy(host.as_bytes()).into_owned()),
                );
                let seen = seen(&prompt);
                for lead in seen.lines().rev().skip(1) {
                    assert!(found(&platform.prompt_lead, lead), "{name}: {lead:?} above the prompt");
                }
            }
            // Where a section stands behind the host, a pattern alone cannot tell the two apart.
            assert!(hosts.iter().all(|host| host.starts_with(&hosts[0])), "{name}: {hosts:?}");
        }
    });
}

#[test]
fn the_login_asks_and_refuses_in_the_platforms_words() {
    each(|name, platform, manners| {
        let (login, words) = (&manners.login, &platform.login);
        let identity = Identity::new(7, "core-1");
        if let Some(username) = login.username {
            let line = username(&identity);
            assert!(ends(&words.username, &line) && !ends(&words.password, &line), "{name}: {line:?}");
            assert!(!found(&words.ignore, &line), "{name}: {line:?}");
        }
        assert!(ends(&words.password, login.password), "{name}: {:?}", login.password);
        // Without words the question is asked again, which says as much.
        let refused = login.rejected.lines().any(|line| found(&words.failed, line));
        assert!(refused || login.rejected.is_empty(), "{name}: {:?}", login.rejected);
        let greeting = (login.banner)(&identity) + &(manners.welcome)(&identity);
        for line in greeting.lines() {
            assert!(!found(&words.failed, line), "{name}: {line:?}");
        }
    });
}

#[test]
fn questions_before_the_first_prompt_have_the_answer_of_the_platform() {
    let mut asked = 0;
    each(|name, platform, manners| {
        let Some(question) = &manners.question else { return };
        let line = last_line(question.text);
        let answer = platform.login.questions.iter().find(|known| ends(&known.pattern, line));
        assert_eq!(answer.map(|known| &*known.answer), Some(question.answer), "{name}: {line:?}");
        asked += 1;
    });
    assert!(asked >= 4);
}

#[test]
fn what_is_sent_after_the_login_is_understood_and_turns_pages_off() {
    // These have no command for it.
    const ALWAYS_PAGED: [&str; 3] = ["fortinet_fortios", "generic", "mikrotik_routeros"];
    each(|name, platform, manners| {
        let (identity, mut state) = (Identity::new(7, "core-1"), state());
        let refused: Vec<&String> = platform
            .prepare
            .iter()
            .filter(|line| matches!(manners.interpret(&identity, &mut state, line), Reply::Refuse(_)))
            .collect();
        // Two command lines share this platform, and each refuses what belongs to the other.
        assert!(refused.is_empty() || name == "nokia_sros", "{name}: {refused:?}");
        let Some(pager) = &manners.pager else { return };
        let paged = state.page(pager.lines).is_some();
        assert_eq!(paged, ALWAYS_PAGED.contains(&name), "{name}");
        // Nobody has said how many lines there are.
        assert_eq!(State::new("", Mode::Privileged).page(pager.lines).is_some(), paged, "{name}");
    });
}

#[test]
fn every_pager_has_its_answer() {
    each(|name, platform, manners| {
        let Some(pager) = &manners.pager else { return };
        let answer = |question: &str| {
            let line = seen(&question.replace("{lines}", "1-23"));
            let known = platform.pager.iter().find(|known| ends(&known.pattern, &line));
            known.unwrap_or_else(|| panic!("{name}: {line:?}")).answer.clone()
        };
        let turns = answer(pager.question);
        assert!(
            turns == " " || Some(turns.as_bytes()) == pager.dump.as_ref().map(std::slice::from_ref),
            "{name}"
        );
        assert!(pager.end.is_none_or(|end| answer(end) == "q"), "{name}");
    });
}

#[test]
fn what_is_not_understood_is_refused_in_the_platforms_words() {
    each(|name, platform, manners| {
        let known = commands(manners);
        let first = known.first().map_or("", |command| command.0.split(' ').next().unwrap_or_default());
        let identity = Identity::new(7, "core-1");
        for line in
            ["fooo".to_owned(), format!("{first} fooo"), first.to_owned(), "fooo bar | include x".to_owned()]
        {
            match manners.interpret(&identity, &mut state(), &line) {
                Reply::Refuse(text) => {
                    let told = text.lines().any(|line| found(&platform.errors, line));
                    assert!(told || platform.errors.is_empty(), "{name}, {line:?}: {text:?}");
                }
                // A whole command of one word.
                other => assert!(line == first, "{name}, {line:?}: {other:?}"),
            }
        }
    });
}

#[test]
fn whoever_leaves_is_let_go() {
    each(|name, platform, manners| {
        let Some(leave) = &platform.leave else { return };
        let reply = manners.interpret(&Identity::new(7, "core-1"), &mut state(), leave);
        assert!(matches!(reply, Reply::Leave(_)), "{name}: {reply:?}");
    });
}

#[test]
fn outputs_are_of_one_device_and_always_the_same() {
    let output = |manners: &Manners, host: &str, command: &str| match manners.interpret(
        &Identity::new(7, host),
        &mut state(),
        command,
    ) {
        Reply::Show { text, .. } => text,
        other => panic!("{command}: {other:?}"),
    };
    let gap = regex(r"\{[a-z_]+(?::\d+)?\}");
    each(|name, platform, manners| {
        let mut known: Vec<&str> = commands(manners)
            .into_iter()
            .filter(|command| matches!(command.1, Action::Show(_) | Action::Print(_) | Action::PrintAny(_)))
            .map(|command| command.0)
            .collect();
        if known.is_empty() {
            known = vec![
                "uname -a",
                "hostname",
                "uptime",
                "cat /etc/os-release; hostname",
                "df; hostname",
                "ip addr",
            ];
        }
        for command in known {
            let one = output(manners, "core-1", command);
            assert_eq!(one, output(manners, "core-1", command), "{name} {command}");
            assert!(one.is_ascii() && !one.contains('\r') && one.ends_with('\n'), "{name} {command}");
            assert!(!gap.is_match(one.as_bytes()), "{name} {command}: {one}");
            assert!(
                one == "Security context mode: single \n" || one != output(manners, "core-2", command),
                "{name} {command}"
            );
            for line in seen(&one).lines() {
                assert!(!found(&platform.errors, line), "{name} {command}: {line:?}");
                assert!(
                    !platform
                        .modes
                        .iter()
                        .any(|mode| name != "linux" && whole(&mode.prompt).is_match(line.as_bytes())),
                    "{name} {command}: {line:?}"
                );
            }
        }
    });
}
