use std::fs;
use std::path::Path;

use super::query::glob_matches;
use super::{HostSays, SshConfig};

fn load(text: &str) -> Result<SshConfig, String> {
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), text).expect("written");
    let place = file.path().display().to_string();
    SshConfig::load(file.path()).map_err(|error| error.to_string().replace(&place, "config"))
}

fn of(text: &str, alias: &str) -> HostSays {
    load(text).expect("it is good").of(alias)
}

#[test]
fn the_first_value_counts() {
    let text = "
        User early
        Host core-* !core-9
            HostName %h.example.net
            User late
            Port 2222
            ProxyJump me@bastion:22, other
        Host *
            port = 22   # the rest
            IdentityFile \"~/.ssh/a key\"
    ";
    let core = of(text, "core-1");
    assert_eq!(core.host_name.as_deref(), Some("core-1.example.net"));
    assert_eq!((core.user.as_deref(), core.port), (Some("early"), Some(2222)));
    let hops: Vec<&str> = core.proxy_jump.iter().flat_map(|hops| hops.iter().map(|hop| &*hop.text)).collect();
    assert_eq!(hops, ["me@bastion:22", "other"]);
    assert_eq!(core.identity_files.iter().map(|file| &**file).collect::<Vec<_>>(), ["~/.ssh/a key"]);
    let other = of(text, "core-9");
    assert_eq!((other.host_name, other.port, other.proxy_jump), (None, Some(22), None));
}

/// Values that other programs' readers stumble over, though OpenSSH takes them.
#[test]
fn what_is_not_for_us_is_passed_over() {
    let text = "
        AddKeysToAgent confirm
        ForwardAgent /run/agent
        Nonsense
        NewKeyword some \"unclosed value
        Host a
            User right
            SetEnv A=b
    ";
    assert_eq!(of(text, "a").user.as_deref(), Some("right"));
}

/// The lines of a Match that is not understood must not be taken for those of the Host before it.
#[test]
fn matches() {
    let text = "
        Host a
            HostName a.example.net
        Match exec true
            User wrong
        Match host *.example.net originalhost a
            User right
        Match all
            Port 7
    ";
    let config = load(text).expect("it is good");
    assert_eq!(config.of("a").user.as_deref(), Some("right"));
    assert_eq!((config.of("b").user, config.of("b").port), (None, Some(7)));
    assert_eq!(config.notices.len(), 1, "{:?}", config.notices);
    assert!(config.notices[0].contains(":4: only Match all"), "{:?}", config.notices);
    assert!(load("Match exec true\n Ciphers x\n").expect("good").notices.is_empty(), "nothing is missed");
}

#[test]
fn includes_hold_where_they_stand() {
    let folder = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("written");
    write("b.conf", "User inner\nHost x\nPort 5\n");
    write(
        "config",
        &format!(
            "Host a x\nInclude {0}/*.conf {0}/missing\nHostName a.example.net\nHost *\nPort 9\n",
            folder.path().display()
        ),
    );
    let config = SshConfig::load(&folder.path().join("config")).expect("it is good");
    let a = config.of("a");
    assert_eq!((a.user.as_deref(), a.host_name.as_deref()), (Some("inner"), Some("a.example.net")));
    assert_eq!((a.port, config.of("x").port), (Some(9), Some(5)));
    assert_eq!((config.of("b").user, config.of("b").port), (None, Some(9)));

    write("loop", &format!("Include {}/loop\n", folder.path().display()));
    let error = SshConfig::load(&folder.path().join("loop")).expect_err("it has no end").to_string();
    assert!(error.contains("loop:1: Include goes deeper than 16"), "{error}");
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    let error =
        load("Host a\n  Port ssh\nHost\n  User \"me\n  ProxyJump a:b:\n ProxyJump x:0").expect_err("bad");
    insta::assert_snapshot!(error, @r#"
    config:2: Port must be a number from 1 to 65535
    config:3: Host has no value
    config:4: a quote is not closed
    config:6: ProxyJump: "x:0" is no [user@]host[:port]: the port must be a number from 1 to 65535
    "#);
    let error = SshConfig::load(Path::new("/no/such/config")).expect_err("missing").to_string();
    assert!(error.starts_with("cannot read the ssh config /no/such/config: "), "{error}");
}

#[test]
fn a_key_that_is_missing_is_passed_over() {
    let folder = tempfile::tempdir().expect("a directory");
    let key = folder.path().join("id_ops");
    fs::write(&key, "").expect("written");
    let folder = folder.path().display();
    let text = format!("IdentityFile none\nIdentityFile {folder}/nothing\nIdentityFile {folder}/id_%r\n");
    assert_eq!(of(&text, "a").identity_file("a", "ops"), Some(key));
    assert_eq!(of(&text, "a").identity_file("a", "other"), None);
}

#[test]
fn globs() {
    for (glob, text) in
        [("*", ""), ("a*c", "abbc"), ("a?c", "abc"), ("*.net", "a.b.net"), ("a*b*c", "axbxbxc")]
    {
        assert!(glob_matches(glob, text), "{glob} {text}");
    }
    for (glob, text) in [("a", "ab"), ("a?", "a"), ("*.net", "a.net.org"), ("", "a"), ("[a]", "a")] {
        assert!(!glob_matches(glob, text), "{glob} {text}");
    }
}
