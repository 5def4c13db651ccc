use std::time::Duration;

use super::*;
use crate::device::Settings;
use netsweep_shared::fleet::{Latencies, Latency, SimulatedDevice};
use netsweep_shared::job::Transport;

const COMMAND: Duration = Duration::from_millis(300);
const LOGIN: Duration = Duration::from_millis(200);

fn device(name: &str, platform: &str, fault: Option<Fault>) -> Arc<Device> {
    let latency = Latencies {
        connect: Latency::default(),
        login: Latency::Fixed(LOGIN),
        command: Latency::Fixed(COMMAND),
    };
    let settings = Arc::new(Settings { seed: 1, latency, ..Settings::default() });
    let spec =
        SimulatedDevice { name: name.into(), platform: platform.into(), transport: Transport::Telnet, fault };
    Arc::new(Device::new(spec, &settings).expect("a known platform"))
}

/// A session in the privileged mode, its greeting read.
fn session(platform: &str, fault: Option<Fault>) -> Shell {
    begun(Shell::new(device("sw1", platform, fault), "admin"))
}

/// The same with the manners at `place` of those that the platform has.
fn session_with(platform: &str, place: usize) -> Shell {
    let manners = crate::manners::of(platform).expect("a known platform")[place];
    let device = Device { manners, name: "sw1".into(), ..plain(platform) };
    begun(Shell::new(Arc::new(device), "admin"))
}

fn plain(platform: &str) -> Device {
    Arc::into_inner(device("sw1", platform, None)).expect("nobody else has it")
}

fn begun(mut shell: Shell) -> Shell {
    shell.state.mode = Mode::Privileged;
    shell.welcome();
    let question = shell.device.manners.question.as_ref();
    if let Some(answer) = question.map(|question| question.answer) {
        typed(&mut shell, answer);
    }
    shell
}

/// What a script shows, with each wait as `{ms}` and each end as `{…}`.
fn shown(script: Script) -> String {
    let text = |step| match step {
        Step::Send(bytes) => String::from_utf8(bytes).expect("devices speak UTF-8"),
        Step::Pause(time) => format!("{{{}}}", time.as_millis()),
        Step::JudgeLogin(time) => format!("{{login {}}}", time.as_millis()),
        Step::Endless(_) => "{endless}".to_owned(),
        Step::Cut => "{cut}".to_owned(),
        Step::Exit(status) => format!("{{exit {status}}}"),
    };
    script.into_steps().map(text).collect()
}

fn typed(shell: &mut Shell, keys: &str) -> String {
    shown(shell.keys(keys.as_bytes()))
}

#[test]
fn a_command_is_echoed_waits_answers_and_prompts() {
    let mut shell = session("cisco_ios", None);
    let answer = typed(&mut shell, "show clock\r");
    assert!(answer.starts_with("show clock\r\n{300}*"), "{answer:?}");
    assert!(answer.ends_with(" 2025\r\nsw1#"), "{answer:?}");
}

#[test]
fn keys_give_the_same_bytes_in_whatever_pieces_they_come() {
    let keys = b"terminal length 0\r\nshow versoin\x08\x08\x08ion\r\0show version\rshow nonsense\nexit\r";
    for platform in crate::platforms() {
        let bytes = |shell: &mut Shell, keys: &[u8]| shown(shell.keys(keys));
        let whole = bytes(&mut session(platform, None), keys);
        for size in [1, 2, 7] {
            let mut shell = session(platform, None);
            let pieces: String = keys.chunks(size).map(|piece| bytes(&mut shell, piece)).collect();
            assert_eq!(pieces, whole, "{platform} in pieces of {size}");
        }
    }
}

#[test]
fn every_platform_prompts_in_its_way() {
    for (platform, prompt) in [
        ("cisco_ios", "\r\nsw1#"),
        ("arista_eos", "\r\nsw1#"),
        ("huawei_vrp", "\r\n<sw1>"),
        ("juniper_junos", "\r\nadmin@sw1> "),
        ("linux", "\r\n\x1b[?2004h\x1b]0;admin@sw1: ~\x07admin@sw1:~$ "),
    ] {
        let mut shell = Shell::new(device("sw1", platform, None), "admin");
        shell.state.mode = Mode::Privileged;
        let greeting = shown(shell.welcome());
        assert!(greeting.ends_with(prompt), "{platform}: {greeting:?}");
    }
}

/// What makes each platform harder than the last.
#[test]
fn oddities_are_those_of_the_platforms() {
    let mut shell = session_with("cisco_nxos", 0);
    assert_eq!(typed(&mut shell, "show hostname\r"), "show hostname\r\r\n{300}sw1.example.net \r\n\rsw1# ");

    let mut shell = session_with("cisco_xr", 0);
    let stamped = typed(&mut shell, "terminal length 0\r");
    assert!(stamped.ends_with(" UTC\r\nRP/0/RP0/CPU0:sw1#"), "{stamped:?}");
    typed(&mut shell, "terminal exec prompt no-timestamp\r");
    assert_eq!(typed(&mut shell, "terminal length 0\r"), "terminal length 0\r\nRP/0/RP0/CPU0:sw1#");

    let mut shell = session_with("extreme_exos", 1);
    assert_eq!(typed(&mut shell, "disable clipaging\r"), "disable clipaging\r\n* Slot-1 sw1.2 # ");
    assert!(typed(&mut shell, "\r").ends_with("sw1.2 # "), "an empty line is no command");

    let mut shell = session_with("fortinet_fortios", 0);
    assert_eq!(typed(&mut shell, "end\r"), "end\r\r\n\r\nsw1 # ");

    let mut shell = session_with("mikrotik_routeros", 0);
    let prompt = format!("\r\r\r\r[admin@sw1] > {}\r[admin@sw1] > ", " ".repeat(60));
    assert_eq!(typed(&mut shell, "/\r"), format!("/\r[admin@sw1] > /\r\n{prompt}"));
    let printed = "/system/identity/print\r[admin@sw1] > /system/identity/print\r\n\r{300}  name: sw1\r\n";
    assert_eq!(typed(&mut shell, "/system/identity/print\r"), format!("{printed}{prompt}"));
    assert!(typed(&mut shell, "/ip address print detail where disabled\r").contains("ADDRESS"));

    let (classic, md) = ("environment no more\r", "environment more false\r");
    let mut shell = session_with("nokia_sros", 0);
    assert!(typed(&mut shell, md).contains("Error: Bad command."));
    assert_eq!(typed(&mut shell, classic), "environment no more\r\nA:sw1# ");
    let mut shell = session_with("nokia_sros", 1);
    assert!(typed(&mut shell, classic).contains("MINOR: MGMT_CORE #2201: Unknown element - 'no'"));
    assert_eq!(typed(&mut shell, md), "environment more false\r\n\r\n[/]\r\nA:admin@sw1# ");

    let mut shell = session_with("vyos", 0);
    let refused = "show foo\r\n\x1b[?2004l\r\r\n  Invalid command: show [foo]\r\n\r\n\x1b[?2004h";
    assert!(typed(&mut shell, "show foo\r").starts_with(refused));
}

#[test]
fn a_question_waits_for_its_answer_and_no_other() {
    let manners = crate::manners::of("paloalto_panos").expect("known")[1];
    let mut shell = Shell::new(Arc::new(Device { manners, ..plain("paloalto_panos") }), "admin");
    assert!(shown(shell.welcome()).ends_with("(yes/no) : "));
    assert_eq!(typed(&mut shell, "no\rshow clock\r"), "");
    let greeting = typed(&mut shell, "yes\r");
    assert!(
        greeting.starts_with("\r\nLast login") && greeting.ends_with("admin@sw1(active)> "),
        "{greeting:?}"
    );
}

#[test]
fn less_shows_where_it_is_and_has_to_be_left() {
    let mut shell = session_with("paloalto_panos", 0);
    shell.resize(10);
    let page = typed(&mut shell, "show system info\r");
    assert!(page.ends_with("\x1b[7mlines 1-9 \x1b[27m\x1b[K"), "{page:?}");
    let last = typed(&mut shell, " ");
    assert!(last.ends_with("\x1b[7mlines 1-14 (END) \x1b[27m\x1b[K"), "{last:?}");
    assert_eq!(typed(&mut shell, " \r"), "", "behind the end there is nothing");
    assert_eq!(typed(&mut shell, "q"), "\r\x1b[K\r\nadmin@sw1> ");
}

#[test]
fn a_dump_is_the_whole_rest() {
    let mut shell = session_with("mikrotik_routeros", 0);
    shell.resize(10);
    let page = typed(&mut shell, "/export\r");
    assert!(page.ends_with("-- [Q quit|D dump|down]"), "{page:?}");
    let rest = typed(&mut shell, "D");
    assert!(rest.contains("set name=sw1") && rest.ends_with("[admin@sw1] > "), "{rest:?}");
}

#[test]
fn a_password_can_be_all_that_is_asked_for_and_be_shown_as_stars() {
    let mut shell = Shell::new(device("sw1", "frr", None), "");
    assert!(shown(shell.ask_login()).ends_with("User Access Verification\r\n\r\nPassword: "));
    let greeting = typed(&mut shell, "secret\r");
    assert!(
        greeting.starts_with("\r\n{login 200}") && greeting.contains("this is FRRouting"),
        "{greeting:?}"
    );
    let mut shell = Shell::new(device("sw1", "cisco_asa", None), "");
    shell.ask_login();
    typed(&mut shell, "admin\r");
    assert!(typed(&mut shell, "secret\r").starts_with("******\r\n"));
}

#[test]
fn unknown_commands_are_refused_in_the_platforms_words() {
    for (platform, line, answer) in [
        (
            "cisco_ios",
            "show nonsense",
            "\r\n         ^\r\n% Invalid input detected at '^' marker.\r\n\r\nsw1#",
        ),
        ("cisco_ios", "foo", "\r\n    ^\r\n% Invalid input detected at '^' marker.\r\n\r\nsw1#"),
        ("cisco_ios", "show", "\r\n% Incomplete command.\r\n\r\nsw1#"),
        ("arista_eos", "show foo", "\r\n% Invalid input (at token 1: 'foo')\r\nsw1#"),
        ("huawei_vrp", "foo", "\r\n     ^\r\nError: Unrecognized command found at '^' position.\r\n<sw1>"),
        ("linux", "foo", "\r\n\x1b[?2004l\r-bash: foo: command not found\r\n"),
    ] {
        let shown = typed(&mut session(platform, None), &format!("{line}\r"));
        assert!(shown.starts_with(&format!("{line}{answer}")), "{platform} {line}: {shown:?}");
    }
    let shown = typed(&mut session("juniper_junos", None), "foo\r");
    assert!(shown.starts_with("foo\r\n           ^\r\nunknown command.\r\n"), "{shown:?}");
}

#[test]
fn settings_answer_at_once() {
    for (platform, line) in [
        ("cisco_ios", "terminal length 0"),
        ("cisco_ios", "terminal width 511"),
        ("arista_eos", "terminal length 0"),
        ("huawei_vrp", "screen-length 0 temporary"),
        ("huawei_vrp", "screen-length disable"),
        ("juniper_junos", "set cli screen-length 0"),
        ("juniper_junos", "set cli complete-on-space off"),
        ("linux", "PS1='x '; unset PROMPT_COMMAND; stty -echo"),
        ("cisco_ios", "enable"),
    ] {
        let shown = typed(&mut session(platform, None), &format!("{line}\r"));
        assert!(!shown.contains('{') || shown.contains("{master"), "{platform} {line}: {shown:?}");
        for error in ["%", "Error", "unknown", "syntax", "not found"] {
            assert!(!shown.contains(error), "{platform} {line}: {shown:?}");
        }
    }
}

#[test]
fn pages_stop_and_go_on() {
    for (platform, command, question) in [
        ("cisco_ios", "show running-config", " --More-- "),
        ("arista_eos", "show running-config", " --More-- "),
        ("juniper_junos", "show configuration", "---(more)---"),
        ("huawei_vrp", "display current-configuration", "  ---- More ----"),
    ] {
        let mut whole = session(platform, None);
        let whole = typed(&mut whole, &format!("{command}\r"));

        let mut shell = session(platform, None);
        shell.resize(24);
        let first = typed(&mut shell, &format!("{command}\r"));
        assert!(first.ends_with(question), "{platform}: {first:?}");
        assert_eq!(first.matches("\r\n").count(), 24, "{platform}: the echo and 23 lines");
        let mut joined = first;
        while let Some(page) = joined.strip_suffix(question) {
            joined.truncate(page.len());
            joined += &typed(&mut shell, " ");
        }
        let erase = shell.device.manners.pager.as_ref().expect("a pager").erase;
        assert_eq!(joined.replace(erase, ""), whole, "{platform}");

        // One line, then no more of it.
        typed(&mut shell, &format!("{command}\r"));
        assert_eq!(typed(&mut shell, "\r\n").matches("\r\n").count(), 1);
        let quit = typed(&mut shell, "q");
        assert!(quit.len() < 200 && quit.contains("sw1"), "{platform}: {quit:?}");
    }
}

#[test]
fn paging_is_turned_off_by_command() {
    for (platform, off, command) in [
        ("cisco_ios", "terminal length 0", "show running-config"),
        ("arista_eos", "terminal length 0", "show running-config"),
        ("juniper_junos", "set cli screen-length 0", "show configuration"),
        ("juniper_junos", "", "show configuration | no-more"),
        ("huawei_vrp", "screen-length 0 temporary", "display current-configuration"),
    ] {
        let mut shell = session(platform, None);
        shell.resize(24);
        typed(&mut shell, &format!("{off}\r"));
        let shown = typed(&mut shell, &format!("{command}\r"));
        assert!(
            !shown.to_lowercase().contains("more-") && !shown.contains("(more)"),
            "{platform}: {shown:?}"
        );
    }
}

#[test]
fn modes_lead_up_and_down() {
    let mut shell = session("cisco_ios", None);
    shell.state.mode = Mode::User;
    for (line, shown) in [
        ("enable", "enable\r\nPassword: "),
        ("secret", "\r\nsw1#"),
        (
            "configure terminal",
            "configure terminal\r\nEnter configuration commands, one per line.  End with CNTL/Z.\r\nsw1(config)#",
        ),
        ("hostname x", "hostname x\r\nsw1(config)#"),
        ("interface Gi1/0/1", "interface Gi1/0/1\r\nsw1(config-if)#"),
        ("exit", "exit\r\nsw1(config)#"),
        ("end", "end\r\nsw1#"),
        ("disable", "disable\r\nsw1>"),
        ("exit", "exit\r\n{exit 0}"),
        ("show clock", ""),
    ] {
        assert_eq!(typed(&mut shell, &format!("{line}\r")), shown);
    }
    let mut shell = session("huawei_vrp", None);
    assert!(typed(&mut shell, "system-view\r").ends_with("\r\n[sw1]"));
    assert!(typed(&mut shell, "\x1a").ends_with("\r\n<sw1>"));
    let mut shell = session("juniper_junos", None);
    assert!(typed(&mut shell, "configure\r").ends_with("[edit]\r\nadmin@sw1# "));
    assert!(typed(&mut shell, "exit\r").ends_with("\r\nadmin@sw1> "));
}

#[test]
fn show_commands_work_in_user_mode() {
    let mut shell = session("cisco_ios", None);
    shell.state.mode = Mode::User;
    assert!(typed(&mut shell, "sh ver\r").ends_with("register is 0xF\r\n\r\nsw1>"));
}

#[test]
fn the_prompt_of_bash_changes_and_echo_goes() {
    let mut shell = session("linux", None);
    typed(&mut shell, "bind 'set enable-bracketed-paste off'\r");
    assert!(typed(&mut shell, "PS1='net''sweep$ '; stty -echo\r").ends_with("\r\nnetsweep$ "));
    assert_eq!(typed(&mut shell, "hostname\r"), "\r\n{300}sw1\r\nnetsweep$ ");
}

#[test]
fn a_login_in_the_terminal_waits_before_the_password_is_answered() {
    let mut shell = Shell::new(device("sw1", "cisco_ios", None), "");
    assert_eq!(shown(shell.ask_login()), "\r\n\r\nUser Access Verification\r\n\r\nUsername: ");
    assert_eq!(typed(&mut shell, "admin\r\n"), "admin\r\nPassword: ");
    let welcome = typed(&mut shell, "secret\r\n");
    assert!(welcome.starts_with("\r\n{login 200}") && welcome.contains("sw1"), "{welcome:?}");
    assert!(!welcome.contains("secret"));
}

#[test]
fn a_rejected_login_is_asked_again_and_then_ended() {
    for (platform, words, attempts) in [
        ("cisco_ios", "% Login invalid", 3),
        ("arista_eos", "Login incorrect", 3),
        ("linux", "Login incorrect", 5),
    ] {
        let mut shell = Shell::new(device("sw1", platform, Some(Fault::Reject)), "");
        shell.ask_login();
        for attempt in 1..=attempts {
            typed(&mut shell, "admin\r");
            let answer = typed(&mut shell, "secret\r");
            assert!(answer.contains(words), "{platform}: {answer:?}");
            assert_eq!(answer.contains("{exit"), attempt == attempts, "{platform}: {answer:?}");
        }
    }
}

#[test]
fn faults_come_in_the_middle_of_an_output() {
    let whole = typed(&mut session("cisco_ios", None), "show version\r");
    let half = |fault, ending: &str| {
        let mut shell = session("cisco_ios", Some(fault));
        let shown = typed(&mut shell, "show version\r");
        let begun = shown.strip_suffix(ending).unwrap_or_else(|| panic!("{fault}: {shown:?}")).to_owned();
        assert!(whole.starts_with(&begun), "{fault}: {begun:?}");
        assert!(begun.len() > whole.len() / 3 && begun.len() < whole.len() * 2 / 3, "{fault}");
        assert_eq!(typed(&mut shell, "show clock\r"), "", "{fault}: nothing is heard any more");
    };
    half(Fault::Cut, "{cut}");
    half(Fault::StallOutput, "");
    let endless = typed(&mut session("cisco_ios", Some(Fault::Endless)), "show version\r");
    assert!(endless.ends_with("\r\n\r\n{endless}"), "{endless:?}");
}

#[test]
fn a_login_that_stalls_says_nothing_behind_the_name() {
    let mut shell = Shell::new(device("sw1", "cisco_ios", Some(Fault::StallLogin)), "");
    shell.ask_login();
    assert_eq!(typed(&mut shell, "admin\r"), "admin\r\n");
    assert_eq!(typed(&mut shell, "secret\rshow version\r"), "");
}

#[test]
fn lookalikes_are_extra_lines_of_a_healthy_output() {
    let plain = |shown: &str| shown.replace("{300}", "").replace("\x1b[?2004l\r", "");
    for (platform, command) in
        [("cisco_ios", "show version"), ("huawei_vrp", "display version"), ("linux", "df")]
    {
        let whole = typed(&mut session(platform, None), &format!("{command}\r"));
        let disguised = typed(&mut session(platform, Some(Fault::Lookalike)), &format!("{command}\r"));
        let disguised = plain(&disguised);
        let mut lines = disguised.split("\r\n");
        for line in plain(&whole).split("\r\n") {
            assert!(lines.any(|other| other == line), "{platform}: {line:?} is missing or out of order");
        }
        assert!(
            disguised.contains("core-9") && disguised.contains("password: {30}"),
            "{platform}: {disguised:?}"
        );
    }
}

#[test]
fn a_command_without_terminal_is_answered_and_over() {
    let exec = |platform, line: &str| shown(session(platform, None).execute(line));
    assert_eq!(exec("linux", "hostname"), "{300}sw1\n{exit 0}");
    assert_eq!(exec("linux", "foo"), "-bash: foo: command not found\n{exit 127}");
    assert!(exec("cisco_ios", "show clock").ends_with(" 2025\r\n{exit 0}"));
    assert!(exec("cisco_ios", "foo").ends_with("{exit 1}"));
}

#[test]
fn outputs_are_scaled() {
    let mut shell = session("cisco_ios", None);
    for bytes in [200, 5_000, 100_000] {
        let settings = Settings { seed: 1, output_bytes: Some(bytes), ..Settings::default() };
        shell.device = Arc::new(Device { settings: Arc::new(settings), ..plain("cisco_ios") });
        let shown = typed(&mut shell, "show version\r").len() as u64;
        assert!(shown > bytes && shown < bytes + bytes / 10 + 200, "{bytes}: {shown}");
    }
}

#[test]
fn random_keys_never_panic() {
    let mut dice = crate::dice::Dice::new(1, &["keys"]);
    for platform in crate::platforms() {
        for _ in 0..100 {
            let mut shell = session(platform, None);
            shell.resize(dice.below(4) as u32);
            for _ in 0..20 {
                let words = [
                    "show",
                    "display",
                    " ",
                    "|",
                    "'",
                    "\"",
                    "\\",
                    "$",
                    ">",
                    "&",
                    ";",
                    "PS1=",
                    "include",
                    "\r",
                    "é",
                    "do",
                    "terminal length",
                    "9",
                    "q",
                    "conf t\r",
                    "run",
                    "#",
                    "!",
                ];
                let text = if dice.below(3) == 0 {
                    dice.bytes::<6>().to_vec()
                } else {
                    dice.pick(words).as_bytes().to_vec()
                };
                shell.keys(&text);
            }
        }
    }
}
