use std::time::Duration;

use netsweep_shared::job::{Mode, Transport};
use netsweep_shared::secret::Secret;

use super::{load, rehearse};
use crate::secrets::SecretSource;

#[test]
fn the_nearest_value_wins() {
    let inventory = load(
        r#"
            [defaults]
            platform = "cisco_ios"
            username = "default"
            port = 1
            vars = { a = "default", b = "default", c = 3 }
            [groups.first]
            username = "first"
            port = 2
            vars = { a = "first", b = "first" }
            max_sessions = 7
            [groups.second]
            username = "second"
            transport = "telnet"
            [[devices]]
            name = "both"
            groups = ["first", "second"]
            port = 3
            vars = { a = "own" }
            [[devices]]
            name = "none"
            address = "192.0.2.1"
            "#,
    )
    .expect("it is good");
    let both = &inventory.devices[0];
    assert_eq!((&*both.credentials.username, both.route().port), ("first", 3));
    assert_eq!(both.route().transport, Transport::Telnet);
    assert_eq!(&*both.address, "both");
    let vars: Vec<_> = both.vars.iter().map(|(key, value)| format!("{key}={value}")).collect();
    assert_eq!(vars, ["a=own", "b=first", "c=3"]);
    let none = &inventory.devices[1];
    assert_eq!((&*none.credentials.username, none.route().port), ("default", 1));
    assert_eq!(none.route().transport, Transport::Ssh);
    assert_eq!(inventory.groups["first"].max_sessions, Some(7));
}

#[test]
fn an_entry_may_stand_for_many() {
    let inventory = load(
        "[defaults]\nplatform = \"cisco_ios\"\nusername = \"a\"\n[[devices]]\nname = \"leaf-[01-48]\"\naddress = \"10.0.0.0/24\"\n",
    )
    .expect("it is good");
    assert_eq!(inventory.devices.len(), 48);
    assert_eq!(&*inventory.devices[47].name, "leaf-48");
    assert_eq!(&*inventory.devices[47].address, "10.0.0.48");
    assert_eq!(inventory.devices[47].route().port, 22);
}

#[test]
fn everything_that_is_wrong_is_told_at_once_with_its_place() {
    let errors = load(
        r#"[default]
[defaults]
platform = "cisco_io"
username = "a"
connect_timeout = "soon"
[groups.core]
max_sesions = 3
[[devices]]
name = "core-1"
port = 70000
groups = ["cor"]
[[devices]]
name = "core-1"
transport = "tellnet"
password = { evn = "X" }
[[devices]]
address = "192.0.2.1"
[[devices]]
name = "x[2-1]"
[[devices]]
name = "y"
commands = ["show\nreload"]
"#,
    )
    .expect_err("it is bad");
    insta::assert_snapshot!(errors, @r#"
        devices.toml:1:2: unknown section "default": did you mean "defaults"?
        devices.toml:3:12: unknown platform "cisco_io": did you mean "cisco_ios"?
        devices.toml:5:19: connect_timeout must be a time, such as "30s" or "2m"
        devices.toml:7:1: unknown key "max_sesions" in [groups.core]: did you mean "max_sessions"?
        devices.toml:10:8: port must be a whole number from 1 to 65535
        devices.toml:11:10: unknown group "cor": did you mean "core"?
        devices.toml:13:8: a second device "core-1"; the first is at devices.toml:9
        devices.toml:14:13: unknown transport "tellnet": did you mean "telnet"?
        devices.toml:15:12: password must be text in quotes, { env = "…" }, { file = "…" }, { command = ["…"] } or { prompt = true }
        devices.toml:16:1: a [[devices]] entry without a name
        devices.toml:19:8: name: [2-1] is no range: 2 is more than 1
        devices.toml:22:13: each of commands must be one line without control characters
        12 errors; nothing was started
        "#);
}

#[test]
fn broken_toml_has_its_place() {
    let errors = load("[defaults]\nplatform = \n").expect_err("it is broken");
    assert!(errors.starts_with("devices.toml:2:"), "{errors}");
}

/// A list of transports, each with its port: `port` is the first one's.
#[test]
fn routes() {
    let routes = |defaults: &str, device: &str| {
        let text = format!(
            "[defaults]\nplatform = \"cisco_ios\"\nusername = \"a\"\n{defaults}\n[[devices]]\nname = \"x\"\n{device}\n"
        );
        let inventory = load(&text).expect(&text);
        let routes = inventory.devices[0].routes.iter().map(|it| format!("{}:{}", it.transport, it.port));
        routes.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(routes("", ""), "ssh:22");
    assert_eq!(routes(r#"transport = ["ssh", "telnet"]"#, ""), "ssh:22 telnet:23");
    assert_eq!(routes("port = 2022", r#"transport = ["telnet", "ssh:2222"]"#), "telnet:2022 ssh:2222");
    assert_eq!(routes("", r#"transport = "telnet:2323""#), "telnet:2323");
    // What is said nearer wins.
    assert_eq!(routes("port = 1", r#"transport = ["ssh:2", "telnet"]"#), "ssh:2 telnet:23");
    assert_eq!(routes(r#"transport = ["ssh:2", "telnet"]"#, "port = 1"), "ssh:1 telnet:23");
}

#[test]
fn how_a_session_is_made() {
    let inventory = load(
        r#"
        [defaults]
        platform = "cisco_ios"
        username = "a"
        agent = true
        encoding = "cp1251"
        keepalive = "30s"
        private_key = { file = "id", passphrase = { env = "PHRASE" } }
        [[devices]]
        name = "x"
        mode = "exec"
        [[devices]]
        name = "y"
        encoding = "UTF8"
        agent = false
        private_key = """
-----BEGIN RSA PRIVATE KEY-----
MIIC
-----END RSA PRIVATE KEY-----
"""
        "#,
    )
    .expect("it is good");
    let [x, y] = inventory.devices.as_slice() else { panic!("two devices") };
    assert_eq!((x.mode, x.keepalive), (Mode::Exec, Some(Duration::from_secs(30))));
    assert_eq!((x.encoding, y.encoding), (Some(encoding_rs::WINDOWS_1251), None));
    assert_eq!((x.credentials.agent, y.credentials.agent, y.mode), (true, false, Mode::Shell));
    let key = x.credentials.private_key.as_ref().expect("a key");
    assert_eq!(key.pem, SecretSource::File("id".into()));
    assert_eq!(key.passphrase, Some(SecretSource::Env("PHRASE".into())));
    let key = y.credentials.private_key.as_ref().expect("a key");
    let pem = "-----BEGIN RSA PRIVATE KEY-----\nMIIC\n-----END RSA PRIVATE KEY-----\n";
    assert_eq!(key.pem, SecretSource::Plain(Secret::new(pem)));
}

#[test]
fn values_that_make_no_session() {
    let errors = load(
        r#"[defaults]
platform = "cisco_ios"
username = "a"
transport = []
encoding = "windows-1252x"
[groups.one]
transport = ["ssh", "telnet:0", "ssh"]
private_key = { prompt = true }
mode = "exce"
agent = "yes"
[groups.two]
encoding = "utf-16"
jump = "user@"
keepalive = "0s"
private_key = { file = "id", env = "ID" }
[groups.three]
transport = ["ssh:2", "telnet"]
port = 3
private_key = { file = "id", passphrase = 3 }
[[devices]]
name = "x"
transport = ["ssh", "telnet"]
mode = "exec"
"#,
    )
    .expect_err("it is bad");
    insta::assert_snapshot!(errors, @r#"
    devices.toml:4:13: transport must be "ssh", "telnet" or a list of them, and not empty
    devices.toml:5:12: unknown encoding "windows-1252x": did you mean "windows-1252"?
    devices.toml:7:21: the port in "telnet:0" must be a whole number from 1 to 65535
    devices.toml:7:33: transport ssh is named twice
    devices.toml:8:15: private_key must be text in quotes, { file = "…" }, { env = "…" } or { command = ["…"] }, with passphrase = … beside it where it has one
    devices.toml:9:8: unknown mode "exce": did you mean "exec"?
    devices.toml:10:9: agent must be true or false
    devices.toml:12:12: encoding "utf-16" cannot be a terminal's: there the bytes of ASCII mean ASCII, and in this one they do not
    devices.toml:13:8: jump: "user@" is no [user@]host[:port]: a name is missing
    devices.toml:14:13: keepalive must be a time, such as "30s" or "2m"
    devices.toml:15:15: private_key must be text in quotes, { file = "…" }, { env = "…" } or { command = ["…"] }, with passphrase = … beside it where it has one
    devices.toml:18:8: port is 3, and 2 with the first transport: say it once
    devices.toml:19:43: passphrase must be text in quotes, { env = "…" }, { file = "…" }, { command = ["…"] } or { prompt = true }
    devices.toml:20:1: mode exec goes over SSH alone, and transport names telnet
    14 errors; nothing was started
    "#);
}

/// Who rehearses logs in nowhere, and a name may come from an SSH config that is not read then.
#[test]
fn a_rehearsal_needs_no_username() {
    let text = "[[devices]]\nname = \"x\"\nplatform = \"cisco_ios\"\n";
    assert!(load(text).is_err_and(|errors| errors.contains("devices.toml:1:1: no username")));
    rehearse(text).expect("it is good");
    rehearse(&(text.to_owned() + "transport = \"telnet\"\n")).expect("it is good");
    load(&(text.to_owned() + "transport = \"telnet\"\n")).expect("telnet may ask for nobody");
}
