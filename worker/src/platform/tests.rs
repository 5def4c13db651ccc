mod prompts;

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
        ("cisco_xe", "% Invalid input detected at '^' marker.", true),
        ("cisco_xe", "% Bad IP address or host name% Unknown command or computer name", true),
        ("cisco_xe", "syntax error: unknown command", true),
        ("cisco_xe", "% BGP not active", false),
        ("cisco_xe", "     5 input errors, 0 CRC, Invalid 0", false),
        ("cisco_asa", "ERROR: % Invalid input detected at '^' marker.", true),
        ("cisco_asa", "ERROR: % Ambiguous command:  \"sho r\"", true),
        ("cisco_asa", "Command not valid in current execution space", true),
        ("cisco_asa", "Command authorization failed", true),
        ("cisco_asa", "WARNING: This command will not take effect", false),
        ("cisco_asa", "    0 input errors, 0 CRC, 0 frame", false),
        ("mikrotik_routeros", "bad command name foo (line 1 column 2)", true),
        ("mikrotik_routeros", "expected end of command (line 1 column 8)", true),
        ("mikrotik_routeros", "syntax error (line 1 column 2)", true),
        ("mikrotik_routeros", "no such item", true),
        ("mikrotik_routeros", "input does not match any value of interface", true),
        ("mikrotik_routeros", "not enough permissions (9)", true),
        ("mikrotik_routeros", "failure: already have such address", true),
        ("mikrotik_routeros", "12:00:01 system,error login failure for user x via ssh", false),
        ("mikrotik_routeros", "  status: no such host", false),
        ("nokia_sros", "Error: Bad command.", true),
        ("nokia_sros", "MINOR: MGMT_CORE #2201: Unknown element - 'tt'", true),
        ("nokia_sros", "MINOR: CLI #2001: Missing element value - 'destination-address'", true),
        ("nokia_sros", "MINOR: CLI Command not allowed for this user.", true),
        ("nokia_sros", "INFO: CLI #2060: Entering exclusive configuration mode", false),
        ("nokia_sros", "82 2026/01/01 12:00:00.00 UTC MINOR: SYSTEM #2103 Base", false),
        ("nokia_sros", "MINOR: 3 alarms", false),
        ("dell_os10", "% Error: Unrecognized command.", true),
        ("dell_os10", "%Error: Illegal parameter", true),
        ("dell_os10", "% Incomplete command", true),
        ("dell_os10", "Input error 0", false),
        ("extreme_exos", "%% Invalid input detected at '^' marker.", true),
        ("extreme_exos", "%% Incomplete command", true),
        ("extreme_exos", "Error: VLAN \"foo\" not found", true),
        ("extreme_exos", "Rx Error: 0", false),
        ("fortinet_fortios", "command parse error before 'foo'", true),
        ("fortinet_fortios", "Command fail. Return code -61", true),
        ("fortinet_fortios", "Unknown action 0", true),
        ("fortinet_fortios", "value parse error before 'unexist'", true),
        ("fortinet_fortios", "failover status: unset", false),
        ("fortinet_fortios", "    set action deny", false),
        ("paloalto_panos", "Unknown command: foo", true),
        ("paloalto_panos", "Invalid syntax.", true),
        ("paloalto_panos", "Server error : op command for client dagger timed out", true),
        ("paloalto_panos", "rx-error 0", false),
        ("vyos", "  Invalid command: show [foo]", true),
        ("vyos", "  Incomplete command: show interfaces", true),
        ("vyos", "  Configuration path: [interfaces foo] is not valid", true),
        ("vyos", "  Set failed", true),
        ("vyos", "vbash: foo: command not found", true),
        ("vyos", "RX:  bytes    packets     errors", false),
    ] {
        assert_eq!(compiled(platform).errors.has(line.as_bytes()), refused, "{platform}: {line:?}");
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
        ("cisco_xe", "show run | sec bgp", true),
        ("cisco_xe", "show ip route | inc 10.0 | exc 10.1", true),
        ("cisco_xe", "show sdwan control connections | tab", true),
        ("cisco_xe", "more flash:x", true),
        ("cisco_xe", "show run | redirect flash:x", false),
        ("cisco_xe", "show run | append flash:x", false),
        ("cisco_xe", "show run | tee flash:x", false),
        ("cisco_xe", "show sdwan running-config | save x", false),
        ("cisco_xe", "show run | i x | tee flash:x", false),
        ("cisco_xe", "write memory", false),
        ("cisco_xe", "request platform software system shell", false),
        ("cisco_xe", "monitor capture x start", false),
        ("cisco_asa", "show run | grep nat", true),
        ("cisco_asa", "show conn count", true),
        ("cisco_asa", "show tech | redirect disk0:x", false),
        ("cisco_asa", "show tech | append disk0:x", false),
        ("cisco_asa", "terminal width 511", false),
        ("cisco_asa", "changeto context x", false),
        ("cisco_asa", "clear xlate", false),
        ("cisco_asa", "capture x interface outside", false),
        ("mikrotik_routeros", "/ip address print", true),
        ("mikrotik_routeros", "/ip/address/print detail without-paging", true),
        ("mikrotik_routeros", "/interface print where running name=ether1", true),
        ("mikrotik_routeros", "ipv6 route print terse", true),
        ("mikrotik_routeros", "/export terse", true),
        ("mikrotik_routeros", "/ping 192.0.2.1 count=3", true),
        ("mikrotik_routeros", "/export file=x", false),
        ("mikrotik_routeros", "/ip address print file=x", false),
        ("mikrotik_routeros", "/ip address print where name=[/system reboot]", false),
        ("mikrotik_routeros", "/ip address print; /system reboot", false),
        ("mikrotik_routeros", "/ip address remove [find]", false),
        ("mikrotik_routeros", "/system reboot", false),
        ("mikrotik_routeros", "/ip address remove 0", false),
        ("mikrotik_routeros", "print", false),
        ("nokia_sros", "show router interface | match pe-2", true),
        ("nokia_sros", "//show version", true),
        ("nokia_sros", "admin display-config", true),
        ("nokia_sros", "admin show configuration | no-more", true),
        ("nokia_sros", "show version > cf3:x", false),
        ("nokia_sros", "admin save", false),
        ("nokia_sros", "admin reboot", false),
        ("nokia_sros", "info | file x", false),
        ("nokia_sros", "configure router", false),
        ("nokia_sros", "tools perform router isis", false),
        ("dell_os10", "show running-configuration | grep ntp", true),
        ("dell_os10", "show version | no-more", true),
        ("dell_os10", "show running-configuration | save x", false),
        ("dell_os10", "system \"ls\"", false),
        ("dell_os10", "write memory", false),
        ("extreme_exos", "show ports no-refresh", true),
        ("extreme_exos", "show configuration | include vlan", true),
        ("extreme_exos", "show configuration > x.txt", false),
        ("extreme_exos", "save configuration", false),
        ("extreme_exos", "configure vlan x", false),
        ("fortinet_fortios", "get system status | grep Version", true),
        ("fortinet_fortios", "show full-configuration system interface", true),
        ("fortinet_fortios", "diagnose ip arp list", true),
        ("fortinet_fortios", "execute ping 192.0.2.1", true),
        ("fortinet_fortios", "diagnose sys session clear", false),
        ("fortinet_fortios", "diagnose ip arp flush port1", false),
        ("fortinet_fortios", "execute reboot", false),
        ("fortinet_fortios", "config system global", false),
        ("paloalto_panos", "show system info | match hostname", true),
        ("paloalto_panos", "set cli config-output-format set", true),
        ("paloalto_panos", "run show clock", true),
        ("paloalto_panos", "set deviceconfig system hostname x", false),
        ("paloalto_panos", "request restart system", false),
        ("paloalto_panos", "clear session all", false),
        ("paloalto_panos", "test vpn ike-sa", false),
        ("vyos", "show configuration commands | match 'ntp server'", true),
        ("vyos", "show interfaces | no-more", true),
        ("vyos", "run show version", true),
        ("vyos", "show version > /tmp/x", false),
        ("vyos", "show version | tee /tmp/x", false),
        ("vyos", "show version | sudo reboot", false),
        ("vyos", "show version; reboot", false),
        ("vyos", "show version & reboot", false),
        ("vyos", "show `reboot`", false),
        ("vyos", "show $(reboot)", false),
        ("vyos", "set interfaces dummy dum0", false),
        ("vyos", "reboot now", false),
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

#[test]
fn pages_in_the_middle_of_an_output() {
    // What is typed at the end of which line; nothing is typed at others.
    for (platform, line, answer) in [
        ("cisco_xe", " --More-- ", Some(" ")),
        ("cisco_asa", "<--- More --->", Some(" ")),
        ("cisco_asa", "-- More or less", None),
        ("mikrotik_routeros", "-- [Q quit|D dump|down]", Some("D")),
        ("mikrotik_routeros", "-- [Q quit|D dump|right|up|down]", Some("D")),
        ("mikrotik_routeros", "-- [Q quit|D dump|C-z pause]", Some("Q")),
        ("mikrotik_routeros", "-- [Q quit|D dump", None),
        ("nokia_sros", "Press any key to continue (Q to quit)", Some(" ")),
        (
            "nokia_sros",
            "Press Q to quit, Enter to print next line or any other key to print next page.",
            Some(" "),
        ),
        ("nokia_sros", "Press any key", None),
        ("dell_os10", "--more--", Some(" ")),
        ("extreme_exos", "Press <SPACE> to continue or <Q> to quit:", Some(" ")),
        ("extreme_exos", "Press <SPACE> to continue", None),
        ("fortinet_fortios", "--More-- ", Some(" ")),
        ("fortinet_fortios", "    set comment \"--More-- or less\"", None),
        ("paloalto_panos", "lines 1-23 ", Some(" ")),
        ("paloalto_panos", "lines 24-40/40 (END) ", Some("q")),
        ("paloalto_panos", "12 lines 1-23 ", None),
        ("vyos", ":", Some(" ")),
        ("vyos", "(END)", Some("q")),
        ("vyos", "eth0:", None),
    ] {
        let pager = compiled(platform).pager;
        let typed = pager.iter().find(|pager| pager.pattern.is_match(line.as_bytes()));
        assert_eq!(typed.map(|pager| pager.answer.as_str()), answer, "{platform}: {line:?}");
    }
}

#[test]
fn questions_before_the_first_prompt() {
    for (platform, line, answer) in [
        ("cisco_xe", "Press RETURN to get started!", Some("\r")),
        ("mikrotik_routeros", "Do you want to see the software license? [Y/n]: ", Some("n")),
        ("mikrotik_routeros", "Please press \"Enter\" to continue!", Some("\r")),
        ("mikrotik_routeros", "new password> ", Some("\x03")),
        ("mikrotik_routeros", "[admin@MikroTik] > ", None),
        ("extreme_exos", "Would you like to disable Telnet? [y/N/q]: ", Some("q\r")),
        ("fortinet_fortios", "(Press 'a' to accept):", Some("a")),
        ("paloalto_panos", "Do you accept and acknowledge the statement above ? (yes/no) : ", Some("yes\r")),
        ("paloalto_panos", "Do you accept?", None),
    ] {
        let login = compiled(platform).login;
        let typed = login.questions.iter().find(|question| question.pattern.is_match(line.as_bytes()));
        assert_eq!(typed.map(|question| question.answer.as_str()), answer, "{platform}: {line:?}");
    }
}
