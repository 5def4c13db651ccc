//! Which lines are prompts, and which are not.

use super::*;

#[test]
fn prompts() {
    // Of a session that began with the first, which lines are prompts?
    type Case = (&'static str, &'static str, &'static [(&'static str, bool)]);
    let cases: &[Case] = &[
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
        (
            "cisco_xe",
            "core-9300#",
            &[("core-9300(config-if)#", true), ("core-9300(ca-trustpoint)#", true), ("core-9301#", false)],
        ),
        (
            "cisco_asa",
            "ciscoasa> ",
            &[
                ("ciscoasa# ", true),
                ("ciscoasa(config)# ", true),
                ("ciscoasa(config-network-object)# ", true),
                ("ciscoasa/admin# ", true),
                ("ciscoasa-2# ", false),
                ("ciscoasa up 173 days", false),
            ],
        ),
        (
            "cisco_asa",
            "fw/pri/act# ",
            &[
                ("fw/sec/act# ", true),
                ("fw/pri/stby# ", true),
                ("fw/dmz/pri/act(config-if)# ", true),
                ("fx/pri/act# ", false),
            ],
        ),
        (
            "mikrotik_routeros",
            "[admin@MikroTik] > ",
            &[
                ("[admin@MikroTik] >", true),
                ("[admin@MikroTik] /ip/address> ", true),
                ("[admin@MikroTik] /ip address> ", true),
                ("[admin@MikroTik] <SAFE> ", true),
                ("[admin@MikroTik] /interface <SAFE> > ", true),
                ("[admin@MikroTik-2] > ", false),
                ("[admin@MikroTik] > /ip", false),
            ],
        ),
        (
            "mikrotik_routeros",
            "[ops@example.net@rb 3011 roof] > ",
            &[
                ("[ops@example.net@rb 3011 roof] /ip/address> ", true),
                ("[ops@example.net@rb 3012 roof] > ", false),
            ],
        ),
        (
            "nokia_sros",
            "A:pe-1# ",
            &[
                ("*A:pe-1# ", true),
                ("B:pe-1# ", true),
                ("A:pe-1>config>router>bgp# ", true),
                ("*A:pe-1>config>service>vprn$ ", true),
                (r"A:pe-1>file cf3:\ # ", true),
                ("A:pe-2# ", false),
                ("A:pe-1", false),
                ("[/]", false),
            ],
        ),
        (
            "nokia_sros",
            "A:admin@pe-1# ",
            &[("B:admin@pe-1#", true), ("A:admin@pe-2# ", false), ("(ex)[/configure]", false)],
        ),
        (
            "dell_os10",
            "OS10# ",
            &[
                ("OS10(config)# ", true),
                ("OS10(conf-if-eth1/1/1)# ", true),
                ("OS10(conf-range-eth1/1/1-1/1/4)# ", true),
                ("OS10> ", true),
                ("leaf-1# ", false),
            ],
        ),
        (
            "extreme_exos",
            "X440-G2-24t.1 # ",
            &[
                ("X440-G2-24t.12 # ", true),
                ("* X440-G2-24t.13 # ", true),
                ("! * X440-G2-24t.14 # ", true),
                ("* (debug-mode) X440-G2-24t.15 # ", true),
                ("X440-G2-24t.16 > ", true),
                ("X440-G2-24x.17 # ", false),
                ("X440-G2-24t.1", false),
            ],
        ),
        (
            "extreme_exos",
            "Slot-1 core.stack.1 # ",
            &[("* Slot-2 core.stack.2 # ", true), ("Slot-1 core.2 # ", false)],
        ),
        (
            "fortinet_fortios",
            "FortiGate-VM64-KVM # ",
            &[
                ("FortiGate-VM64-KVM (global) # ", true),
                ("FortiGate-VM64-KVM (port1) # ", true),
                ("FortiGate-VM64-KVM (my policy) # ", true),
                ("FortiGate-VM64 # ", false),
                ("FortiGate-VM64-KVM # get", false),
            ],
        ),
        (
            "fortinet_fortios",
            "forti-fw~-01 $ ",
            &[("forti-fw~-01 (vdom) $ ", true), ("forti-fw~-02 $ ", false)],
        ),
        (
            "fortinet_fortios",
            "FortiMgr2(Primary) # ",
            &[("FortiMgr2(Secondary) # ", true), ("FortiMgr3 # ", false)],
        ),
        (
            "paloalto_panos",
            "admin@PA-5250(active)> ",
            &[
                ("admin@PA-5250(active)# ", true),
                ("admin@PA-5250(passive)> ", true),
                ("admin@PA-5250(active-primary)> ", true),
                ("admin@PA-5250> ", true),
                ("admin@PA-5260(active)> ", false),
                ("[edit]", false),
            ],
        ),
        (
            "paloalto_panos",
            "ops@example.net@Panorama hq> ",
            &[("ops@example.net@Panorama hq# ", true), ("ops@example.net@Panorama> ", false)],
        ),
        (
            "vyos",
            "vyos@fw1:~$ ",
            &[
                ("vyos@fw1# ", true),
                ("vyos@fw1:/config$ ", true),
                ("vyos@fw1> ", true),
                ("vyos@fw2:~$ ", false),
                ("vyos@fw1:~$ show", false),
                ("[edit]", false),
            ],
        ),
    ];
    for (platform, first, lines) in cases {
        let prompts = compiled(platform).prompts;
        let known = prompts.read(first.as_bytes()).unwrap_or_else(|| panic!("{platform}: {first:?}"));
        for (line, same) in *lines {
            let again = prompts.read_again(&known, line.as_bytes());
            assert_eq!(again.is_some(), *same, "{platform}: {line:?} after {first:?}");
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
        ("cisco_xe", "rommon 1 > "),
        ("cisco_xe", "[guestshell@guestshell ~]$ "),
        ("cisco_xe", "Would you like to enter the initial configuration dialog? [yes/no]: "),
        ("cisco_asa", "<--- More --->"),
        ("cisco_asa", "Username: "),
        ("cisco_asa", "Failed logins since the last login: 0.  "),
        ("mikrotik_routeros", "-- [Q quit|D dump|down]"),
        ("mikrotik_routeros", "new password> "),
        ("mikrotik_routeros", "Reboot, yes? [y/N]: "),
        ("mikrotik_routeros", "[SAFE mode released by another user]"),
        ("nokia_sros", "Login: "),
        ("nokia_sros", "*(ex)[/configure router \"Base\"]"),
        ("nokia_sros", "Press any key to continue (Q to quit)"),
        ("nokia_sros", "MINOR: CLI #2001: Missing element value"),
        ("dell_os10", "--more--"),
        ("dell_os10", "OS10 login: "),
        ("extreme_exos", "Press <SPACE> to continue or <Q> to quit:"),
        ("extreme_exos", "10.1 # "),
        ("extreme_exos", "Do you wish to save your configuration changes to primary.cfg? (y or n) "),
        ("fortinet_fortios", "--More-- "),
        ("fortinet_fortios", "(Press 'a' to accept):"),
        ("fortinet_fortios", "FortiGate login: "),
        ("fortinet_fortios", "#config-version=FGT60F-7.2.8-FW-build1639:opmode=0:vdom=0"),
        ("paloalto_panos", "lines 1-23 "),
        ("paloalto_panos", "[edit]"),
        ("paloalto_panos", "Do you accept and acknowledge the statement above ? (yes/no) : "),
        ("vyos", "[edit]"),
        ("vyos", ":"),
        ("vyos", "vyos login: "),
    ] {
        assert_eq!(compiled(platform).prompts.read(line.as_bytes()), None, "{platform}: {line:?}");
    }
}

#[test]
fn what_stands_above_a_prompt() {
    for (platform, line, lead) in [
        ("juniper_junos", "{master:0}[edit interfaces]", true),
        ("nokia_sros", "", true),
        ("nokia_sros", "[/]", true),
        ("nokia_sros", "[]", true),
        ("nokia_sros", "(ro)[/]", true),
        ("nokia_sros", "(ex:bof)[/]", true),
        ("nokia_sros", "*(ex)[/configure router \"Base\" interface \"x[1]\"]", true),
        ("nokia_sros", "!*[pr:/configure system lldp]", true),
        ("nokia_sros", "[ro:configure router \"Base\"]", true),
        ("nokia_sros", "[12:00]", false),
        ("nokia_sros", "No. of entries: 3", false),
        ("fortinet_fortios", "", true),
        ("fortinet_fortios", "end", false),
        ("paloalto_panos", "[edit]                    ", true),
        ("paloalto_panos", "[edit network interface]", true),
        ("paloalto_panos", "[x]", false),
        ("vyos", "[edit]", true),
        ("vyos", "[edit interfaces ethernet eth0]", true),
        ("vyos", "[edi]", false),
        ("cisco_xe", "", false),
    ] {
        assert_eq!(compiled(platform).prompt_lead.is_match(line.as_bytes()), lead, "{platform}: {line:?}");
    }
}
