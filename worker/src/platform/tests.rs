use std::path::Path;

use netsweep_shared::platform::Enter;

use super::*;

fn definition(name: &str) -> Platform {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../platforms/{name}.toml"));
    let text = std::fs::read_to_string(&path).expect("the platform has a file");
    Platform { name: name.to_owned(), ..toml::from_str(&text).expect("a definition") }
}

fn compiled(name: &str) -> CompiledPlatform {
    CompiledPlatform::compile(&definition(name)).expect("its patterns compile")
}

#[test]
fn every_definition_compiles_and_says_what_it_is() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../platforms");
    let names: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("a file").path())
        .map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned())
        .collect();
    assert!(names.len() >= 6);
    for name in names {
        compiled(&name);
        let definition = definition(&name);
        assert!(!definition.description.is_empty(), "{name}");
        assert!(definition.prepare.iter().all(|command| !command.contains(['\r', '\n'])), "{name}");
    }
}

fn enter(platform: &mut Platform) -> &mut Enter {
    platform.modes[1].enter.as_mut().expect("it asks for a password")
}

#[test]
fn a_bad_pattern_is_named() {
    type Spoil = fn(&mut Platform);
    let cases: [(Spoil, &str); 11] = [
        (|platform| platform.modes.clear(), "modes: a platform needs at least one"),
        (|platform| platform.modes[0].prompt = "(".into(), "platform cisco_ios: modes[0].prompt: "),
        (
            |platform| platform.modes[1].prompt = "((?P<host>x))#".into(),
            "modes[1].prompt: the group `host` is not at the top",
        ),
        (|platform| enter(platform).from = "usr".into(), "modes[1].enter.from: there is no mode \"usr\""),
        (|platform| platform.errors.push("[z-a]".into()), "errors[3]: "),
        (|platform| platform.prompt_lead = vec!["a{9999999}".into()], "prompt_lead[0]: "),
        (|platform| platform.read_only[0] = "*".into(), "read_only[0]: "),
        (|platform| platform.pager[0].pattern = "(?".into(), "pager[0].pattern: "),
        (|platform| platform.login.username = ")".into(), "login.username: "),
        (|platform| platform.login.questions[0].pattern = r"\q".into(), "login.questions[0].pattern: "),
        (|platform| enter(platform).password = "x**(".into(), "modes[1].enter.password: "),
    ];
    for (spoil, message) in cases {
        let mut platform = definition("cisco_ios");
        spoil(&mut platform);
        let error = CompiledPlatform::compile(&platform).expect_err(message).to_string();
        assert!(error.contains(message), "{error}");
    }
}

#[test]
fn prompts() {
    // Of a session that began with the first, which lines are prompts?
    type Case = (&'static str, &'static str, &'static [(&'static str, bool)]);
    let cases: [Case; 10] = [
        (
            "cisco_ios",
            "core-1>",
            &[
                ("core-1#", true),
                ("core-1(config-if)#", true),
                ("core-1(config-ext-nacl)# ", true),
                ("core-2#", false),
                ("core-1#show version", false),
                ("hostname core-1", false),
                ("core-1", false),
                ("Router(config)#", false),
            ],
        ),
        ("cisco_ios", "10.0.0.1#", &[("10.0.0.1#", true), ("10.0.0.2#", false)]),
        ("cisco_nxos", "nexus-1# ", &[("nexus-1(config-if-range)# ", true), ("nexus-1#", true)]),
        (
            "cisco_xr",
            "RP/0/RP0/CPU0:pe-1#",
            &[("RP/0/RSP1/CPU0:pe-1(config)#", true), ("RP/0/RP0/CPU0:pe-2#", false)],
        ),
        (
            "arista_eos",
            "leaf-1.example.net>",
            &[
                ("leaf-1.example.net#", true),
                ("leaf-1.example.net(config-if-Et1)#", true),
                ("leaf-1.example.net(s1)#", true),
                ("leaf-1.example.net.12:00:01#", true),
                ("leaf-1.example.org#", false),
            ],
        ),
        (
            "arista_eos",
            "leaf-1.2026-01-01T12:00:00>",
            &[("leaf-1.2026-01-01T12:00:05#", true), ("leaf-2.2026-01-01T12:00:05#", false)],
        ),
        (
            "juniper_junos",
            "admin@mx1> ",
            &[
                ("admin@mx1#", true),
                ("admin@mx1:ls1> ", true),
                ("admin@mx2> ", false),
                ("{master:0}", false),
                ("admin@mx1% ", false),
            ],
        ),
        (
            "huawei_vrp",
            "<HUAWEI-1>",
            &[
                ("[HUAWEI-1]", true),
                ("[~HUAWEI-1-GigabitEthernet0/0/1]", true),
                ("[*HUAWEI-1-acl-adv-3000]", true),
                ("HRP_M<HUAWEI-1>", true),
                ("HRP_S[HUAWEI-1-policy-security]", true),
                ("<HUAWEI-2>", false),
                ("<HUAWEI-1>display", false),
            ],
        ),
        (
            "generic",
            "[admin@box-1] > ",
            &[("[admin@box-1] >", true), ("[admin@box-2] > ", false), ("(box-1) #", false)],
        ),
        (
            "generic",
            "user@box-1:~$ ",
            &[("user@box-1:/tmp$ ", true), ("user@box-2:~$ ", false), ("user@box-1:~# ", true)],
        ),
    ];
    for (platform, first, lines) in cases {
        let prompts = compiled(platform).prompts;
        let known = prompts.read(first.as_bytes()).expect("a prompt");
        for (line, same) in lines {
            assert_eq!(
                prompts.read_again(&known, line.as_bytes()).is_some(),
                *same,
                "{platform}: {line:?} after {first:?}"
            );
        }
    }
}

#[test]
fn what_is_no_prompt_of_anybody() {
    for (platform, line) in [
        ("cisco_ios", "Username: "),
        ("cisco_ios", "Password: "),
        ("cisco_ios", " --More-- "),
        ("cisco_ios", "#"),
        ("cisco_ios", "####"),
        ("juniper_junos", "root@mx1:~ # "),
        ("juniper_junos", "---(more)---"),
        ("huawei_vrp", "[Y/N]:"),
        ("huawei_vrp", "  ---- More ----"),
        ("generic", "login: "),
        ("generic", "#####"),
        ("linux", "Password: "),
        ("linux", "web-1 login: "),
    ] {
        assert_eq!(compiled(platform).prompts.read(line.as_bytes()), None, "{platform}: {line:?}");
    }
}

#[test]
fn refusals() {
    for (platform, line, refused) in [
        ("cisco_ios", "% Invalid input detected at '^' marker.", true),
        ("cisco_ios", "% Incomplete command.", true),
        ("cisco_ios", "% Ambiguous command:  \"sh\"", true),
        ("cisco_ios", "Command authorization failed.", true),
        ("cisco_ios", "%SYS-5-CONFIG_I: Configured from console", false),
        ("cisco_ios", "  5 minute input rate 0 bits/sec, 0% Invalid", false),
        ("cisco_ios", "% BGP not active", false),
        ("cisco_nxos", "% Invalid command at '^' marker.", true),
        ("cisco_xr", "% This command is not authorized", true),
        ("arista_eos", "% Unavailable command (not supported on this hardware platform)", true),
        ("juniper_junos", "unknown command.", true),
        ("juniper_junos", "syntax error, expecting <command>.", true),
        ("juniper_junos", "error: command is not valid on the mx204", true),
        ("juniper_junos", "  Input errors: 0", false),
        ("huawei_vrp", "Error: Unrecognized command found at '^' position.", true),
        ("huawei_vrp", "Error:Incomplete command found at '^' position.", true),
        ("huawei_vrp", " Input error: 0", false),
        ("frr", "% [ZEBRA] Unknown command: show foo", true),
        ("frr", "% Command incomplete.", true),
        ("hp_comware", " % Unrecognized command found at '^' position.", true),
        ("linux", "-bash: foo: command not found", false),
    ] {
        assert_eq!(compiled(platform).errors.is_match(line.as_bytes()), refused, "{platform}: {line:?}");
    }
}

#[test]
fn commands_that_only_read() {
    for (platform, command, read_only) in [
        ("cisco_ios", "show version", true),
        ("cisco_ios", " sh ver ", true),
        ("cisco_ios", "do show ip route", true),
        ("cisco_ios", "show run | include hostname", true),
        ("cisco_ios", "show run | i hostname", true),
        ("cisco_ios", "show run | sec bgp", true),
        ("cisco_ios", "show run | redirect flash:x", false),
        ("cisco_ios", "show run | append flash:x", false),
        ("cisco_ios", "show run | tee flash:x", false),
        ("cisco_ios", "show run | i x | redirect flash:x", false),
        ("cisco_ios", "showdown", false),
        ("cisco_ios", "shutdown", false),
        ("cisco_ios", "reload", false),
        ("cisco_ios", "configure terminal", false),
        ("cisco_ios", "write memory", false),
        ("cisco_ios", "clear counters", false),
        ("cisco_nxos", "show version > bootflash:x", false),
        ("cisco_nxos", "show version ; reload", false),
        ("cisco_nxos", "show version | json", true),
        ("cisco_xr", "show run | file disk0:x", false),
        ("arista_eos", "show version | json", true),
        ("arista_eos", "show version > flash:x", false),
        ("arista_eos", "bash rm x", false),
        ("juniper_junos", "show configuration | display set | match bgp", true),
        ("juniper_junos", "show configuration | save x", false),
        ("juniper_junos", "request system reboot", false),
        ("huawei_vrp", "display version", true),
        ("huawei_vrp", "dis cur | include bgp", true),
        ("huawei_vrp", "display version > x.txt", false),
        ("huawei_vrp", "reset saved-configuration", false),
        ("linux", "uptime", true),
        ("linux", "df -h", true),
        ("linux", "ip -4 addr show", true),
        ("linux", "hostname other", false),
        ("linux", "uptime; reboot", false),
        ("linux", "uname -a > /etc/passwd", false),
        ("linux", "cat /etc/../dev/sda", false),
        ("generic", "show version", false),
    ] {
        assert_eq!(compiled(platform).is_read_only(command), read_only, "{platform}: {command}");
    }
}

#[test]
fn questions_of_the_login() {
    let platform = compiled("cisco_ios");
    for (line, username, password) in [
        ("Username: ", true, false),
        ("login:", true, false),
        ("web-1 login: ", true, false),
        ("User:", true, false),
        ("Password: ", false, true),
        ("admin's password:", false, true),
        ("Password for admin: ", false, true),
        ("Password required, but none set", false, false),
        ("Your password: is your own", false, false),
        ("core-1>", false, false),
    ] {
        let line = line.as_bytes();
        assert_eq!(platform.login.username.is_match(line), username, "{line:?}");
        assert_eq!(platform.login.password.is_match(line), password, "{line:?}");
    }
    assert!(platform.login.ignore.is_match(b"Last login: "));
}
