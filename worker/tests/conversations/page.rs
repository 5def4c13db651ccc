//! The page on platforms, `docs/platforms.md`: following it works, and it leaves nothing out.

use std::path::Path;

use netsweep_shared::platform::{Answer, CliMode, Enter, LoginDialogue, Platform, Shell, Terminal};
use netsweep_worker::platform::CompiledPlatform;

use crate::script::Conversation;
use crate::{ARRIVALS, replay};

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/platforms.md");
    std::fs::read_to_string(path).expect("the page is there")
}

/// The fenced block that the page shows as the content of `file`.
fn block(page: &str, file: &str) -> String {
    let is_fence = |line: &&str| line.starts_with("```") && line.split(' ').nth(1) == Some(file);
    let mut lines = page.lines().skip_while(|line| !is_fence(line));
    lines.next().unwrap_or_else(|| panic!("the page shows {file}"));
    lines.take_while(|line| *line != "```").flat_map(|line| [line, "\n"]).collect()
}

#[test]
fn its_example_goes_as_recorded() {
    let page = page();
    let definition: Platform = toml::from_str(&block(&page, "northwind_nos.toml")).expect("a definition");
    let platform = CompiledPlatform::compile(&Platform { name: "northwind_nos".into(), ..definition })
        .expect("its patterns compile");
    let conversation = Conversation::parse(&block(&page, "northwind_nos.txt"));
    assert_eq!(conversation.header.platform, "northwind_nos");
    assert!(conversation.outputs.len() > 2 && conversation.error.is_some(), "it shows something");
    for arrival in ARRIVALS {
        assert_eq!(replay(&conversation, &platform, arrival), Vec::<String>::new(), "{arrival:?}");
    }
    for (command, read_only) in
        [("show version", true), ("show log | find bgp", true), ("show log | into x", false), ("bye", false)]
    {
        assert_eq!(platform.is_read_only(command), read_only, "{command}");
    }
}

#[test]
fn it_lists_the_platforms_that_are_built_in() {
    let page = page();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../platforms");
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("a file").path();
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        assert!(page.contains(&format!("`{name}`")), "{name} is not on the page");
    }
}

/// A definition with something in every key. Without `..`, so that a new key has to come here.
fn with_every_key() -> Platform {
    let text = String::new;
    let answers = || vec![Answer { pattern: text(), answer: text() }];
    Platform {
        name: text(),
        description: text(),
        modes: vec![CliMode {
            name: text(),
            prompt: text(),
            enter: Some(Enter { from: text(), command: text(), password: text() }),
        }],
        prompt_lead: vec![],
        errors: vec![],
        read_only: vec![],
        prepare: vec![],
        type_ahead: false,
        pager: answers(),
        leave: Some(text()),
        login: LoginDialogue {
            username: text(),
            password: text(),
            failed: vec![],
            questions: answers(),
            interactive: false,
            ignore: vec![],
        },
        shell: Some(Shell { set_prompt: text(), prompt: text(), silent: text() }),
        terminal: Terminal { kind: text(), width: 0, height: 0 },
        line_end: text(),
    }
}

/// The keys of `value` as the page writes them.
fn keys(value: &toml::Value, path: &str, found: &mut Vec<String>) {
    match value {
        toml::Value::Table(table) => table.iter().for_each(|(key, value)| {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            if !value.is_table() {
                found.push(path.clone());
            }
            keys(value, &path, found);
        }),
        toml::Value::Array(values) => {
            values.iter().for_each(|value| keys(value, &format!("{path}[]"), found))
        }
        _ => {}
    }
}

#[test]
fn its_table_has_every_key_and_no_other() {
    let page = page();
    let (_, rest) = page.split_once("## Keys of a platform file").expect("the chapter");
    let (chapter, _) = rest.split_once("\n## ").expect("one behind it");
    let mut described: Vec<_> = chapter
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` |").map(|(key, _)| key.to_owned()))
        .collect();
    let mut existing = vec![];
    keys(&toml::Value::try_from(with_every_key()).expect("a table"), "", &mut existing);
    // The name is that of the file.
    existing.retain(|key| key != "name");
    described.sort();
    existing.sort();
    assert_eq!(described, existing);
}
