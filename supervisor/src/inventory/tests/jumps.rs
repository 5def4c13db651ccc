use super::{load, way};

const HEAD: &str = "[defaults]\nplatform = \"cisco_ios\"\nusername = \"ops\"\npassword = \"x\"\n";

/// A device for each pair of name and further keys.
fn inventory(devices: &[(&str, &str)]) -> String {
    let entries = devices.iter().map(|(name, keys)| format!("[[devices]]\nname = {name:?}\n{keys}\n"));
    HEAD.to_owned() + &entries.collect::<String>()
}

#[test]
fn a_device_as_jump_has_its_own_login_and_way() {
    let text = inventory(&[
        ("core-1", "jump = \"inner\"\nusername = \"admin\""),
        ("inner", "address = \"192.0.2.1\"\nport = 2222\nssh_legacy = true\njump = \"outer\""),
        (
            "outer",
            "username = \"gate\"\npassword = { env = \"GATE\" }\ntransport = [\"telnet\", \"ssh:22022\"]",
        ),
    ]);
    let inventory = load(&text).expect("it is good");
    let core = inventory.named("core-1");
    assert_eq!(way(core), ["gate@outer:22022", "ops@192.0.2.1:2222"]);
    assert_eq!(core.jumps.iter().map(|hop| hop.ssh_legacy).collect::<Vec<_>>(), [false, true]);
    assert_eq!(core.jumps[0].credentials.password, inventory.named("outer").credentials.password);
}

#[test]
fn a_host_as_jump_is_logged_in_to_as_to_the_device() {
    let text = inventory(&[
        ("a", "jump = \"bastion\""),
        ("b", "jump = \"me@bastion:2222, [2001:db8::1]:22\"\nssh_legacy = true"),
        ("c", "transport = \"telnet\"\njump = \"bastion\""),
    ]);
    let inventory = load(&text).expect("it is good");
    assert_eq!(way(inventory.named("a")), ["ops@bastion:22"]);
    assert_eq!(way(inventory.named("b")), ["me@bastion:2222", "ops@2001:db8::1:22"]);
    assert_eq!(way(inventory.named("c")), ["ops@bastion:22"]);
    for hop in inventory.devices.iter().flat_map(|device| device.jumps.iter()) {
        assert_eq!(hop.credentials.password, inventory.named("a").credentials.password);
        assert!(!hop.ssh_legacy);
    }
}

#[test]
fn a_group_s_jump_can_be_left_out() {
    let devices = [("a", ""), ("b", "jump = \"\""), ("c", "jump = \"none\"")];
    let text = inventory(&devices).replace("password", "jump = \"me@bastion\"\npassword");
    let inventory = load(&text).expect("it is good");
    assert_eq!(way(inventory.named("a")), ["me@bastion:22"]);
    assert!(inventory.named("b").jumps.is_empty() && inventory.named("c").jumps.is_empty());
}

/// Where a list says the way itself, only what comes before its first is looked up.
#[test]
fn a_list_says_the_way() {
    let text =
        inventory(&[("a", "jump = \"x, y\""), ("x", "jump = \"first\""), ("y", "jump = \"elsewhere\"")]);
    assert_eq!(way(load(&text).expect("it is good").named("a")), ["ops@first:22", "ops@x:22", "ops@y:22"]);
}

#[test]
fn circles() {
    let text = inventory(&[
        ("leaf-[1-3]", "jump = \"b\""),
        ("b", "jump = \"c\""),
        ("c", "jump = \"me@host, b\""),
        ("d", "jump = \"c\""),
        ("e", "jump = \"e\""),
        ("old", "transport = \"telnet\""),
        ("f", "jump = \"old\""),
    ]);
    insta::assert_snapshot!(load(&text).expect_err("it goes round"), @r#"
    devices.toml:8:1: the jumps go in a circle: b → c → b; jump = "" is for a device that is reached directly
    devices.toml:17:1: the jumps go in a circle: e → e; jump = "" is for a device that is reached directly
    devices.toml:23:1: jump "old": this device is not reached over SSH
    3 errors; nothing was started
    "#);
}

/// Whoever sets a jump for all devices must except the jump itself, also behind another in a list.
#[test]
fn a_jump_for_all_is_its_own_too() {
    for jump in ["bastion", "gate, bastion"] {
        let text = inventory(&[("a", ""), ("bastion", ""), ("gate", "jump = \"\"")])
            .replace("password", &format!("jump = {jump:?}\npassword"));
        let errors = load(&text).expect_err("the bastion would be reached through itself");
        assert!(errors.contains("in a circle: bastion → bastion;"), "{errors}");
    }
}

#[test]
fn too_many_jumps_in_a_row() {
    let devices: Vec<(String, String)> =
        (0..3000).map(|n| (format!("r{n}"), format!("jump = \"r{}\"", n + 1))).collect();
    let devices: Vec<(&str, &str)> = devices.iter().map(|(name, jump)| (&**name, &**jump)).collect();
    let errors = load(&inventory(&devices)).expect_err("too many");
    assert_eq!(errors, "devices.toml:5:1: more than 16 jumps in a row");
}
