//! Texts with gaps: what a device says, as data.
//!
//! `{name}` and its like stand for facts of the device, `{name:15}` for the same in a column of that
//! width, `{one|other}` for one of several, always the same one of a device. What stands between the
//! lines `{each port}` and `{end}` is said of every port. Other braces are text.

use crate::identity::{Identity, colons, dotted};

use super::{Mode, State};

/// What a device prints.
pub(super) fn output(template: &str, identity: &Identity) -> String {
    let mut text = String::with_capacity(2 * template.len());
    let mut rest = template;
    while let Some((before, section)) = rest.split_once("{each port}\n") {
        text += &fill(before, &|gap| fact(identity, gap));
        let (section, behind) = section.split_once("{end}\n").unwrap_or((section, ""));
        let mut dice = identity.dice("ports");
        for port in 1..=identity.ports {
            let up = dice.below(4) > 0;
            let about_port = |gap: &str| match gap {
                "port" => Some(port.to_string()),
                "state" => Some(if up { "up" } else { "down" }.to_owned()),
                "port_address" => Some(identity.port_address(port).to_string()),
                "port_mac" => Some(colons(identity.port_mac(port))),
                _ => fact(identity, gap),
            };
            text += &fill(section, &about_port);
        }
        rest = behind;
    }
    text + &fill(rest, &|gap| fact(identity, gap))
}

/// What a session shows: with `{user}` and `{count}`, the number of the command.
pub(super) fn shown(template: &str, identity: &Identity, state: &State) -> String {
    fill(template, &|gap| match gap {
        "user" => Some(state.user.clone()),
        "count" => Some((state.lines + 1).to_string()),
        _ => fact(identity, gap),
    })
}

/// A prompt: one template for each [`Mode`], in their order.
pub(super) fn prompt(of_modes: [&str; 4], identity: &Identity, state: &State) -> String {
    let [user, privileged, config, section] = of_modes;
    let template = match state.mode {
        Mode::User => user,
        Mode::Privileged => privileged,
        Mode::Config => config,
        Mode::ConfigSection => section,
    };
    shown(template, identity, state)
}

fn fact(identity: &Identity, gap: &str) -> Option<String> {
    let Identity { name, serial, mac, address, ports, uptime, clock, .. } = identity;
    Some(match gap {
        "name" => name.clone(),
        "serial" => serial.clone(),
        "mac" => colons(*mac),
        "mac_dotted" => dotted(*mac),
        "address" => address.to_string(),
        "ports" => ports.to_string(),
        "uptime" => uptime.words(", "),
        "up_days" => uptime.all_days().to_string(),
        "up_time" => format!("{:02}:{:02}:00", uptime.hours, uptime.minutes),
        "weekday" => clock.weekday().to_owned(),
        "month" => clock.month_name().to_owned(),
        "day" => clock.day.to_string(),
        "date" => clock.date(),
        "time" => clock.time(),
        "ms" => format!("{:03}", clock.millisecond),
        several => {
            let choices: Vec<&str> = several.split('|').collect();
            let [_, _, ..] = choices[..] else { return None };
            choices[identity.dice(several).below(choices.len() as u64) as usize].to_owned()
        }
    })
}

fn fill(template: &str, fact: &dyn Fn(&str) -> Option<String>) -> String {
    let mut text = String::with_capacity(2 * template.len());
    let mut pieces = template.split('{');
    text += pieces.next().unwrap_or_default();
    for piece in pieces {
        match piece.split_once('}').and_then(|(gap, behind)| Some((in_column(gap, fact)?, behind))) {
            Some((fact, behind)) => text.extend([&*fact, behind]),
            None => text.extend(["{", piece]),
        }
    }
    text
}

fn in_column(gap: &str, fact: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let column = gap.rsplit_once(':').and_then(|(gap, width)| Some((gap, width.parse::<usize>().ok()?)));
    match column {
        Some((gap, width)) => Some(format!("{:<width$}", fact(gap)?)),
        None => fact(gap),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn gaps_are_filled_and_other_braces_are_text() {
        let identity = Identity::new(1, "sw1");
        assert_eq!(
            output("<{name}> {name:5}| {\n  x {nothing} }", &identity),
            "<sw1> sw1  | {\n  x {nothing} }"
        );
        assert_eq!(output("{unfinished", &identity), "{unfinished");
        let mut state = State::new("admin", Mode::Privileged);
        state.lines = 4;
        assert_eq!(shown("{user}@{name}.{count} # ", &identity, &state), "admin@sw1.5 # ");
    }

    #[test]
    fn one_of_several_is_always_the_same() {
        let choices: Vec<String> =
            (0..40).map(|n| output("{a|b|c:3}", &Identity::new(1, &format!("sw{n}")))).collect();
        assert!(["a  ", "b  ", "c  "].iter().all(|one| choices.iter().any(|chosen| chosen == one)));
        let again = Identity::new(1, "sw7");
        assert_eq!(output("{a|b|c:3}{a|b|c:3}", &again), choices[7].repeat(2));
    }

    #[test]
    fn a_section_is_said_of_every_port() {
        let identity = Identity::new(1, "sw1");
        let text = output("top\n{each port}\nport{port:3} {state}\n  of {name}\n{end}\nbottom\n", &identity);
        assert!(text.starts_with("top\nport1  "), "{text}");
        assert!(text.ends_with("  of sw1\nbottom\n"), "{text}");
        assert_eq!(text.lines().count() as u32, 2 + 2 * identity.ports);
    }
}
