use std::fs;

use super::{load_with, way};
use crate::secrets::SecretSource;

#[test]
fn the_config_fills_in_what_the_inventory_leaves_open() {
    let folder = tempfile::tempdir().expect("a directory");
    let key = folder.path().join("id");
    fs::write(&key, "").expect("written");
    let ssh = format!(
        "Host *\nHostName %h.example.net\nUser me\nPort 2222\nIdentityFile {}\nProxyJump gate\n",
        key.display()
    );
    let inventory = load_with(
        r#"
        [defaults]
        platform = "cisco_ios"
        [[devices]]
        name = "open"
        [[devices]]
        name = "said"
        username = "admin"
        port = 22
        agent = true
        jump = ""
        [[devices]]
        name = "fallback"
        transport = ["telnet", "ssh"]
        port = 2323
        [[devices]]
        name = "telnet"
        transport = "telnet"
        "#,
        &ssh.replace("Host *", "Host gate\nProxyJump none\nHost *"),
    )
    .expect("it is good");
    let open = inventory.named("open");
    assert_eq!((&*open.address, open.route().port), ("open.example.net", 2222));
    assert_eq!(&*open.credentials.username, "me");
    let source = open.credentials.private_key.as_ref().expect("a key");
    assert_eq!((&source.pem, &source.passphrase), (&SecretSource::File(key), &None));
    assert_eq!(way(open), ["me@gate.example.net:2222"]);

    let said = inventory.named("said");
    assert_eq!((&*said.address, said.route().port), ("said.example.net", 22));
    assert_eq!((&*said.credentials.username, &said.credentials.private_key), ("admin", &None));
    assert!(said.jumps.is_empty());

    let fallback = inventory.named("fallback");
    assert_eq!(fallback.routes.iter().map(|route| route.port).collect::<Vec<_>>(), [2323, 2222]);
    let telnet = inventory.named("telnet");
    assert_eq!((&*telnet.address, telnet.route().port), ("telnet", 23));
    assert!(telnet.jumps.is_empty() && telnet.credentials.username.is_empty());
}

/// A jump of the config is logged in to as the config says; a jump of the inventory as the inventory
/// says.
#[test]
fn who_logs_in_at_a_jump() {
    let folder = tempfile::tempdir().expect("a directory");
    let key = folder.path().join("id");
    fs::write(&key, "").expect("written");
    let ssh = format!(
        "Host by-config\nProxyJump gate\nHost gate\nHostName 192.0.2.9\nPort 2222\nUser keeper\nIdentityFile {}\n",
        key.display()
    );
    let inventory = load_with(
        r#"
        [defaults]
        platform = "cisco_ios"
        username = "admin"
        password = "x"
        [[devices]]
        name = "by-config"
        [[devices]]
        name = "by-inventory"
        jump = "gate"
        [[devices]]
        name = "gate"
        address = "192.0.2.7"
        [[devices]]
        name = "by-both"
        jump = "other@gate:22"
        "#,
        &ssh,
    )
    .expect("it is good");
    let by_config = inventory.named("by-config");
    assert_eq!(way(by_config), ["keeper@192.0.2.9:2222"]);
    assert!(by_config.jumps[0].credentials.private_key.is_some());
    assert!(by_config.credentials.private_key.is_none());
    assert_eq!(way(inventory.named("by-inventory")), ["admin@192.0.2.7:22"]);
    let by_both = inventory.named("by-both");
    assert_eq!(way(by_both), ["other@192.0.2.9:22"]);
    let credentials = &by_both.jumps[0].credentials;
    assert!(credentials.private_key.is_none() && credentials.password == by_config.credentials.password);
}

#[test]
fn a_config_can_go_round_as_well() {
    let text = "[defaults]\nplatform = \"cisco_ios\"\nusername = \"a\"\n[[devices]]\nname = \"x-[1-9]\"\n";
    let errors = load_with(text, "Host *\nProxyJump gate\n").expect_err("gate is reached through gate");
    assert_eq!(
        errors,
        "devices.toml:4:1: the jumps go in a circle: gate → gate; jump = \"\" is for a device that is reached directly"
    );
    load_with(text, "Host * !gate\nProxyJump gate\n").expect("it is good");
}

#[test]
fn no_username_anywhere() {
    let text = "[[devices]]\nname = \"x-[1-2]\"\nplatform = \"cisco_ios\"\n";
    let errors = load_with(text, "Host x-1\nUser me\n").expect_err("x-2 has none");
    assert!(errors.starts_with("devices.toml:1:1: no username") && !errors.contains('\n'), "{errors}");
    load_with(text, "User me\n").expect("it is good");
    let jump = text.to_owned() + "transport = \"telnet\"\njump = \"gate\"\n";
    let errors = load_with(&jump, "").expect_err("who is to log in at gate?");
    assert_eq!(errors, "devices.toml:1:1: jump \"gate\": no username: write user@host");
}
