//! Which platform has which manners.

use super::{Manners, arista_eos, cisco_ios, huawei_vrp, juniper_junos, linux};

/// The manners of a platform, by the name that inventories use. What is not known is taken for
/// the nearest relative by the maker's name, and behaves like Cisco IOS where there is none.
pub(crate) fn of(platform: &str) -> &'static Manners {
    const RELATIVES: [(&[&str], &Manners); 4] = [
        (&["arista", "eos"], &arista_eos::MANNERS),
        (&["juniper", "junos"], &juniper_junos::MANNERS),
        (&["huawei", "vrp", "hp_comware", "h3c"], &huawei_vrp::MANNERS),
        (&["linux", "debian", "ubuntu", "centos", "redhat", "cumulus", "sonic", "vyos"], &linux::MANNERS),
    ];
    let related = |names: &[&str]| names.iter().any(|name| platform.starts_with(name));
    RELATIVES.iter().find(|(names, _)| related(names)).map_or(&cisco_ios::MANNERS, |(_, manners)| manners)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Identity;
    use crate::manners::{Mode, Reply, State};

    const ALL: [(&str, &[&str]); 5] = [
        (
            "cisco_ios",
            &[
                "show version",
                "show ip interface brief",
                "show interfaces",
                "show running-config",
                "show inventory",
            ],
        ),
        (
            "arista_eos",
            &[
                "show version",
                "show ip interface brief",
                "show interfaces",
                "show running-config",
                "show inventory",
            ],
        ),
        (
            "juniper_junos",
            &["show version", "show interfaces terse", "show configuration", "show chassis hardware"],
        ),
        (
            "huawei_vrp",
            &[
                "display version",
                "display ip interface brief",
                "display interface",
                "display current-configuration",
                "display device",
            ],
        ),
        (
            "linux",
            &["uname -a", "hostname", "uptime", "cat /etc/os-release; hostname", "df; hostname", "ip addr"],
        ),
    ];

    fn output(platform: &str, name: &str, command: &str) -> String {
        let identity = Identity::new(7, name);
        match (of(platform).interpret)(&identity, &mut State::new("admin", Mode::Privileged), command) {
            Reply::Show { text, .. } => text,
            other => panic!("{platform} {command}: {other:?}"),
        }
    }

    #[test]
    fn outputs_are_of_one_device_and_always_the_same() {
        for (platform, commands) in ALL {
            for command in commands {
                let one = output(platform, "core-1", command);
                assert!(!one.is_empty());
                assert_eq!(one, output(platform, "core-1", command), "{platform} {command}");
                assert_ne!(one, output(platform, "core-2", command), "{platform} {command}");
                assert!(one.is_ascii() && !one.contains('\r') && one.ends_with('\n'), "{platform} {command}");
            }
        }
    }

    #[test]
    fn relatives_have_the_manners_of_the_family() {
        for (name, like) in [
            ("cisco_xe", "cisco_ios"),
            ("cisco_nxos", "cisco_ios"),
            ("nobody_knows", "cisco_ios"),
            ("arista_eos", "arista_eos"),
            ("huawei_vrpv8", "huawei_vrp"),
        ] {
            assert!(std::ptr::eq(of(name), of(like)), "{name}");
        }
    }
}
