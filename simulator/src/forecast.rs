//! How long a sweep of a simulated fleet takes when the sweeping itself takes no time: a model of the fleet,
//! event by event, to hold measurements and published figures against.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use netsweep_shared::fleet::{Fault, FleetSpec, LoginServer, SimulatedDevice};

use crate::latency::Pace;
use crate::login_server::Queue;

/// What one device makes a session wait for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Visit {
    /// From the connection to the moment when its login is at the fleet's login server, or would be if it had one.
    pub before: Duration,
    /// It gets that far.
    pub logs_in: bool,
    /// From the server's answer to the session's end.
    pub after: Duration,
}

/// The waits of a session with each device of `spec`, which are those that the fleet deals out.
///
/// `commands` are those that print something: settings are answered at once. A session gives a device up that says
/// nothing for `patience`, or nothing to the purpose.
pub fn visits(spec: &FleetSpec, commands: &[&str], patience: Duration) -> Vec<Visit> {
    let one = |device: &SimulatedDevice| {
        let pace = Pace { latencies: spec.latency, seed: spec.seed, name: &device.name };
        let given_up = Visit { before: patience, ..Visit::default() };
        let login = Visit { before: pace.connect() + pace.login(), logs_in: true, after: Duration::ZERO };
        let command = |(nth, command): (u32, &&str)| pace.command(nth, command.trim());
        let first = || (1..).zip(commands).next().map_or(Duration::ZERO, command);
        match device.fault {
            None | Some(Fault::Lookalike) => Visit { after: (1..).zip(commands).map(command).sum(), ..login },
            Some(Fault::Refuse) => Visit::default(),
            Some(Fault::Silent | Fault::Trickle | Fault::StallLogin | Fault::Flood) => given_up,
            Some(Fault::Reject) => login,
            Some(Fault::Cut) => Visit { after: first(), ..login },
            Some(Fault::StallOutput | Fault::Endless) => {
                Visit { after: first().saturating_add(patience), ..login }
            }
        }
    };
    spec.devices.iter().map(one).collect()
}

/// Time from the first connection to the last end when `threads` sessions at once take `visits` in their order.
pub fn makespan(visits: &[Visit], threads: u32, server: Option<LoginServer>) -> Duration {
    /// What happens next to a session.
    #[derive(PartialEq, Eq, PartialOrd, Ord)]
    enum Next {
        /// Its login is at the server.
        Login(usize),
        /// It is over, and its thread takes another.
        End,
    }
    let mut queue = server.map(Queue::new);
    let mut waiting = visits.iter().enumerate();
    // The earliest first; of those at the same moment, in the order of the devices.
    let mut agenda = BinaryHeap::new();
    let mut begin = |now: Duration, agenda: &mut BinaryHeap<_>| {
        if let Some((index, visit)) = waiting.next() {
            let next = if visit.logs_in { Next::Login(index) } else { Next::End };
            agenda.push(Reverse((now.saturating_add(visit.before), next)));
        }
    };
    for _ in 0..threads {
        begin(Duration::ZERO, &mut agenda);
    }
    let mut end = Duration::ZERO;
    while let Some(Reverse((now, next))) = agenda.pop() {
        match next {
            Next::Login(index) => {
                let through = queue.as_mut().map_or(now, |queue| queue.join(now));
                agenda.push(Reverse((through.saturating_add(visits[index].after), Next::End)));
            }
            Next::End => {
                end = now;
                begin(now, &mut agenda);
            }
        }
    }
    end
}

#[cfg(test)]
mod tests {
    use netsweep_shared::fleet::{Latencies, Latency};
    use netsweep_shared::job::Transport;

    use super::*;

    const fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    fn visit(before: u64, after: u64) -> Visit {
        Visit { before: ms(before), logs_in: true, after: ms(after) }
    }

    #[test]
    fn threads_share_the_visits() {
        let all = [visit(100, 100), visit(100, 500), visit(100, 0), visit(100, 200)];
        assert_eq!(makespan(&all, 1, None), ms(1_200));
        assert_eq!(makespan(&all, 2, None), ms(600));
        assert_eq!(makespan(&all, 4, None), ms(600));
        assert_eq!(makespan(&[], 4, None), ms(0));
    }

    #[test]
    fn a_login_server_is_a_bound_for_any_number_of_threads() {
        let server = LoginServer { service: ms(50), comfortable: 10, strain: 0.1 };
        let all = [visit(10, 0); 20];
        assert_eq!(makespan(&all, 1, Some(server)), ms(20 * 60));
        assert_eq!(makespan(&all, 2, Some(server)), ms(10 + 20 * 50));
        assert_eq!(makespan(&all, 10, Some(server)), ms(10 + 20 * 50));
        assert!(makespan(&all, 20, Some(server)) > ms(10 + 20 * 50), "it suffers");
    }

    #[test]
    fn faults_end_sessions_as_they_do_in_the_fleet() {
        let always = |n| Latency::Fixed(ms(n));
        let device = |fault| SimulatedDevice {
            name: "d".into(),
            platform: "cisco_ios".into(),
            transport: Transport::Telnet,
            fault,
        };
        let faults = [None, Some(Fault::Refuse), Some(Fault::Silent), Some(Fault::Reject), Some(Fault::Cut)];
        let spec = FleetSpec {
            devices: faults.into_iter().map(device).collect(),
            latency: Latencies { connect: always(1), login: always(10), command: always(100) },
            login_server: None,
            output_bytes: None,
            seed: 1,
        };
        let silent = Visit { before: ms(7_000), ..Visit::default() };
        assert_eq!(
            visits(&spec, &["show clock", "show version"], ms(7_000)),
            [visit(11, 200), Visit::default(), silent, visit(11, 0), visit(11, 100)]
        );
    }
}
