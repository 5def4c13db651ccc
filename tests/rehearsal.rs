//! Every platform that is built in is rehearsed as its devices behave: login, questions before the
//! prompt, paging, refusals and leaving, over both transports.

mod support;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use support::{Ran, inventory, netsweep, repository, run};

/// A platform and what its devices are asked: a command and a part of its output, and one with a long
/// output and the end of that.
const ASKED: [(&str, &str, &str, &str, &str); 19] = [
    ("arista_eos", "show version", "Software image version", "show running-config", "\nend\n"),
    ("cisco_asa", "show mode", "single", "show running-config", "\n: end\n"),
    ("cisco_ios", "show version", "Cisco IOS Software", "show running-config", "\nend\n\n"),
    ("cisco_nxos", "show hostname", ".example.net", "show running-config", "ip address 10."),
    ("cisco_xe", "show version", "IOS XE Software", "show running-config", "\nend\n\n"),
    ("cisco_xr", "show version", "IOS XR Software", "show running-config", "\nend\n"),
    ("dell_os10", "show version", "System Type", "show running-configuration", "\n!\n"),
    ("extreme_exos", "show version", "ExtremeXOS version", "show configuration", "255.255.255.0\n"),
    ("fortinet_fortios", "get system status", "Hostname: ", "show", "\nend\n"),
    ("frr", "show version", "FRRouting", "show running-config", "\nend\n"),
    ("generic", "info", "serial:", "show running-config", "/30\n"),
    ("hp_comware", "display version", "Comware Software", "display current-configuration", "\nreturn\n"),
    ("huawei_vrp", "display version", "Versatile Routing", "display current-configuration", "\nreturn\n"),
    ("juniper_junos", "show version", "Junos: ", "show configuration", "\n}\n"),
    ("linux", "uname -a", "GNU/Linux", "df", "/srv\n"),
    ("mikrotik_routeros", "/system/identity/print", "name: ", "/export", "set name="),
    ("nokia_sros", "show version", "TiMOS", "show router interface", "====\n"),
    ("paloalto_panos", "show system info", "hostname: ", "show config running", "\n}\n"),
    ("vyos", "show version", "VyOS", "show configuration", "\n}\n"),
];

/// Eight devices of each platform over each transport, so that those whose devices differ show each of
/// their kinds; two of them print lines that look like prompts.
fn fleet(commands: impl Fn(&str, &str, &str) -> Vec<String>) -> String {
    let mut text = String::from("[defaults]\nusername = \"admin\"\nenable_password = \"secret\"\n");
    for (platform, short, _, long, _) in ASKED {
        for transport in ["ssh", "telnet"] {
            for (names, vars) in [("1-6", ""), ("7-8", "vars = { sim_fault = \"lookalike\" }\n")] {
                text += &format!(
                    "[[devices]]\nname = \"{platform}.{transport}-[{names}]\"\naddress = \"198.18.0.0/28\"\n\
                     platform = \"{platform}\"\ntransport = \"{transport}\"\ncommands = {:?}\n{vars}",
                    commands(platform, short, long)
                );
            }
        }
    }
    text
}

fn rehearse(inventory_text: &str, arguments: &[&str]) -> Ran {
    let directory = inventory(inventory_text);
    let inventory = directory.path().join("devices.toml");
    run(netsweep()
        .args(["run", "--simulate", "--format", "jsonl", "--sim-login", "1ms", "--sim-command", "1ms", "-i"])
        .arg(inventory)
        .args(arguments))
}

/// The records of each platform; as many as there are devices.
fn by_platform(ran: &Ran) -> BTreeMap<String, Vec<Value>> {
    let mut platforms: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for record in ran.records().into_values() {
        platforms
            .entry(record["platform"].as_str().expect("a platform").to_owned())
            .or_default()
            .push(record);
    }
    assert!(platforms.values().all(|records| records.len() == 16), "{:?}", ran.stderr);
    platforms
}

fn output(record: &Value, number: usize) -> &str {
    record["commands"][number]["output"].as_str().unwrap_or_else(|| panic!("no output: {record}"))
}

#[test]
fn every_platform_that_is_built_in_is_rehearsed_here() {
    let files = std::fs::read_dir(repository().join("platforms")).expect("the folder");
    let built_in: BTreeSet<String> = files
        .map(|file| {
            file.expect("an entry").path().file_stem().expect("a name").to_string_lossy().into_owned()
        })
        .collect();
    assert_eq!(built_in, ASKED.iter().map(|(platform, ..)| (*platform).to_owned()).collect());
}

#[test]
fn every_platform_answers_over_both_transports() {
    let text = fleet(|_, short, long| vec![short.to_owned(), long.to_owned(), short.to_owned()]);
    let ran = rehearse(&text, &[]);
    ran.expect_code(0);
    let platforms = by_platform(&ran);
    for (platform, _, part, _, end) in ASKED {
        let longest = platforms[platform].iter().map(|record| output(record, 1).lines().count()).max();
        assert!(platform == "linux" || longest > Some(24), "{platform}: more than a page");
        for record in &platforms[platform] {
            let (short, long) = (output(record, 0), output(record, 1));
            assert!(short.contains(part), "{part:?} is not in {record}");
            let disguised = long.ends_with("end of the output\n");
            assert!(
                disguised || long[long.len().saturating_sub(60)..].contains(end),
                "{end:?} does not end {record}"
            );
            for text in [short, long] {
                assert!(text.ends_with('\n') && !text.contains(['\u{1b}', '\r', '\u{8}']), "{record}");
                for rest in
                    ["--More", "--more", "---- More", "Press any key", "[Q quit", "Press <SPACE>", "(END)"]
                {
                    assert!(!text.contains(rest), "{rest:?} is left in {record}");
                }
            }
            // A look-alike quotes the prompt, and some prompts count the commands.
            assert!(disguised || short == output(record, 2), "the same command, another answer: {record}");
        }
    }
    // What the fleet counts, too, is a login for each device and no more.
    assert!(ran.stderr.contains("304 connections, 304 let in, 0 turned away"), "{}", ran.stderr);
}

#[test]
fn every_platform_refuses_what_it_does_not_know() {
    // The first words of a command that is known, too: not everything with them is one.
    let known = |short: &str| short.split(' ').next().expect("a word").to_owned();
    let text = fleet(|_, short, _| vec!["fooo".into(), known(short) + " fooo", short.to_owned()]);
    let ran = rehearse(&text, &[]);
    ran.expect_code(1);
    let platforms = by_platform(&ran);
    for (platform, short, part, ..) in ASKED {
        for record in &platforms[platform] {
            // A program says by its exit status that it failed, which no terminal shows.
            let refuses = platform != "linux";
            assert_eq!(record["error"]["kind"].as_str(), refuses.then_some("command"), "{record}");
            assert_eq!(record["commands"][0]["status"], if refuses { "failed" } else { "ok" }, "{record}");
            let second_refused = refuses && short.contains(' ');
            assert!(!second_refused || record["commands"][1]["status"] == "failed", "{record}");
            assert!(output(record, 0).trim().len() > 3, "{record}");
            assert!(output(record, 2).contains(part), "the session goes on: {record}");
        }
    }
}

#[test]
fn commands_are_run_one_by_one_without_a_terminal() {
    let text = fleet(|_, short, _| vec![short.to_owned()]).replace("transport = \"ssh\"", "mode = \"exec\"");
    let ran = rehearse(&text, &["--limit", "transport:ssh"]);
    ran.expect_code(0);
    for record in ran.records().values() {
        let asked = ASKED.iter().find(|(platform, ..)| record["platform"] == *platform).expect("asked");
        assert!(output(record, 0).contains(asked.2), "{record}");
    }
}

const OWN: &str = r#"
description = "Northwind NOS"
[[modes]]
name = "user"
prompt = 'nw:(?P<host>[\w\-]+)[>#]'
"#;

#[test]
fn a_platform_of_ones_own_cannot_be_rehearsed_and_the_others_can() {
    let platforms = tempfile::tempdir().expect("a directory");
    std::fs::write(platforms.path().join("northwind.toml"), OWN).expect("written");
    let text = "[defaults]\nusername = \"admin\"\n\
                [[devices]]\nname = \"nw-[1-5]\"\nplatform = \"northwind\"\n\
                [[devices]]\nname = \"core-1\"\nplatform = \"cisco_ios\"\n";
    let directory = platforms.path().to_str().expect("UTF-8");
    for dry in [&[][..], &["--dry-run"]] {
        let ran = rehearse(text, &[&["--platform-dir", directory, "show clock"], dry].concat());
        ran.expect_code(2);
        assert_eq!(ran.stdout, "", "nothing is started");
        for part in
            ["\"northwind\"", "nw-1, nw-2, nw-3 and 2 more", "--limit '!platform:northwind'", "cisco_ios"]
        {
            assert!(ran.stderr.contains(part), "{part:?} is not said in:\n{}", ran.stderr);
        }
    }
    let ran = rehearse(text, &["--platform-dir", directory, "show clock", "--limit", "!platform:northwind"]);
    ran.expect_code(0);
    assert_eq!(ran.records().into_keys().collect::<Vec<_>>(), ["core-1"]);
}

/// A definition that stands in for one that is built in is rehearsed with the devices of that name.
#[test]
fn a_definition_of_ones_own_for_a_known_platform_is_rehearsed() {
    let platforms = tempfile::tempdir().expect("a directory");
    let definition = std::fs::read_to_string(repository().join("platforms/vyos.toml")).expect("text");
    std::fs::write(platforms.path().join("vyos.toml"), definition).expect("written");
    let text = "[[devices]]\nname = \"fw-1\"\nusername = \"admin\"\nplatform = \"vyos\"\n";
    let directory = platforms.path().to_str().expect("UTF-8");
    rehearse(text, &["--platform-dir", directory, "show version"]).expect_code(0);
}
