//! A Linux host with bash. Its programs; the shell itself is in [`bash`].

use super::{Interpreter, Login, Manners, bash};
use crate::identity::{Identity, colons};

pub(super) const MANNERS: Manners = Manners {
    server_id: "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3",
    login: Login {
        banner: |identity| {
            let (pretty, ..) = distribution(identity);
            format!("{pretty}\n")
        },
        username: Some(|identity| format!("{} login: ", identity.name)),
        password: "Password: ",
        starred: false,
        rejected: "\nLogin incorrect\n",
        attempts: 5,
    },
    has_user_mode: false,
    welcome: |identity| {
        let clock = &identity.clock;
        let [a, b, c, _] = identity.address.octets();
        format!(
            "{}\nLast login: {} {} {:>2} {} 2025 from {a}.{b}.{c}.250\n",
            uname(identity),
            clock.weekday(),
            clock.month_name(),
            clock.day,
            clock.time()
        )
    },
    question: None,
    prompt: bash::prompt,
    returned: |_, state, _| if state.bracketed_paste { "\r\n\x1b[?2004l\r" } else { "\r\n" }.to_owned(),
    line_end: "\r\n",
    pager: None,
    interpreter: Interpreter::Other(bash::interpret),
    interrupted: "^C\r\n",
    suspend: None,
    plain_line_ends: true,
};

/// What a program prints, and its exit status.
pub(super) type Printed = (String, u32);

/// A program that prints: the words behind its name are its arguments.
pub(super) fn program(identity: &Identity, user: &str, name: &str, arguments: &[&str]) -> Option<Printed> {
    let text = match name {
        "uname" if arguments == ["-a"] => format!("{}\n", uname(identity)),
        "uname" if arguments == ["-r"] => format!("{}\n", distribution(identity).3),
        "uname" if arguments == ["-n"] => format!("{}\n", identity.name),
        "uname" => "Linux\n".to_owned(),
        "hostname" if arguments == ["-f"] => format!("{}.example.net\n", identity.name),
        "hostname" => format!("{}\n", identity.name),
        "uptime" => uptime(identity),
        "whoami" => format!("{user}\n"),
        "id" => format!("uid=1000({user}) gid=1000({user}) groups=1000({user}),27(sudo)\n"),
        "pwd" => format!("/home/{user}\n"),
        "date" => date(identity),
        "df" => df(identity, arguments.contains(&"-h")),
        "free" => free(identity),
        "ip" => ip_address(identity),
        "ls" => "backup  notes.txt  scripts\n".to_owned(),
        "cat" => return Some(cat(identity, arguments)),
        _ => return None,
    };
    Some((text, 0))
}

/// Name, identifier, version and kernel.
fn distribution(identity: &Identity) -> (&'static str, &'static str, &'static str, &'static str) {
    identity.dice("software").pick([
        ("Debian GNU/Linux 12 (bookworm)", "debian", "12", "6.1.0-18-amd64"),
        ("Debian GNU/Linux 11 (bullseye)", "debian", "11", "5.10.0-28-amd64"),
        ("Ubuntu 22.04.4 LTS", "ubuntu", "22.04", "5.15.0-101-generic"),
        ("Rocky Linux 9.3 (Blue Onyx)", "rocky", "9.3", "5.14.0-362.18.1.el9_3.x86_64"),
    ])
}

fn uname(identity: &Identity) -> String {
    let (.., kernel) = distribution(identity);
    format!("Linux {} {kernel} #1 SMP PREEMPT_DYNAMIC x86_64 GNU/Linux", identity.name)
}

fn uptime(identity: &Identity) -> String {
    let (clock, up) = (&identity.clock, &identity.uptime);
    let mut dice = identity.dice("load");
    let mut load = || format!("0.{:02}", dice.below(100));
    format!(
        " {} up {} days, {:2}:{:02},  1 user,  load average: {}, {}, {}\n",
        clock.time(),
        up.all_days(),
        up.hours,
        up.minutes,
        load(),
        load(),
        load()
    )
}

fn date(identity: &Identity) -> String {
    let clock = &identity.clock;
    format!("{} {} {:>2} {} UTC 2025\n", clock.weekday(), clock.month_name(), clock.day, clock.time())
}

fn df(identity: &Identity, human: bool) -> String {
    let mut dice = identity.dice("df");
    let mut text = String::from(if human {
        "Filesystem      Size  Used Avail Use% Mounted on\n"
    } else {
        "Filesystem     1K-blocks     Used Available Use% Mounted on\n"
    });
    for (system, size, place) in [
        ("udev", 4_u64, "/dev"),
        ("tmpfs", 1, "/run"),
        ("/dev/vda1", 40, "/"),
        ("/dev/vda15", 1, "/boot/efi"),
        ("/dev/vdb1", 200, "/srv"),
    ] {
        let percent = dice.between(1, 90);
        let blocks = size * 1_048_576;
        let used = blocks / 100 * percent;
        if human {
            line!(
                text,
                "{system:<14} {:>5} {:>5} {:>5} {percent:>3}% {place}",
                format!("{size}G"),
                format!("{}M", used / 1024),
                format!("{}M", (blocks - used) / 1024)
            );
        } else {
            line!(text, "{system:<14} {blocks:>9} {used:>8} {:>9} {percent:>3}% {place}", blocks - used);
        }
    }
    text
}

fn free(identity: &Identity) -> String {
    let mut dice = identity.dice("free");
    let total = dice.pick([4_028_456, 8_145_020, 16_393_512]);
    let (used, cache) = (dice.below(total / 2), dice.below(total / 3));
    let mut text =
        String::from("               total        used        free      shared  buff/cache   available\n");
    line!(
        text,
        "Mem:    {total:>12}{used:>12}{:>12}{:>12}{cache:>12}{:>12}",
        total - used - cache,
        1204,
        total - used
    );
    line!(text, "Swap:   {:>12}{:>12}{:>12}", 0, 0, 0);
    text
}

fn ip_address(identity: &Identity) -> String {
    let mut text = String::new();
    line!(
        text,
        "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000"
    );
    line!(text, "    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00");
    line!(text, "    inet 127.0.0.1/8 scope host lo");
    line!(
        text,
        "2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc fq_codel state UP group default qlen 1000"
    );
    line!(text, "    link/ether {} brd ff:ff:ff:ff:ff:ff", colons(identity.mac));
    let [a, b, c, _] = identity.address.octets();
    line!(text, "    inet {}/24 brd {a}.{b}.{c}.255 scope global eth0", identity.address);
    text
}

fn cat(identity: &Identity, files: &[&str]) -> Printed {
    let (pretty, id, version, _) = distribution(identity);
    let (mut text, mut status) = (String::new(), 0);
    for file in files {
        match *file {
            "/etc/os-release" => {
                let name = pretty.split([' ', '(']).next().unwrap_or(pretty);
                line!(text, "PRETTY_NAME=\"{pretty}\"");
                line!(text, "NAME=\"{name}\"");
                line!(text, "VERSION_ID=\"{version}\"");
                line!(text, "VERSION=\"{version}\"");
                line!(text, "ID={id}");
                line!(text, "HOME_URL=\"https://{id}.example.net/\"");
            }
            "/etc/hostname" => line!(text, "{}", identity.name),
            "/etc/machine-id" => line!(text, "{}", identity.dice("machine").letters("0123456789abcdef", 32)),
            other => {
                line!(text, "cat: {other}: No such file or directory");
                status = 1;
            }
        }
    }
    (text, status)
}
