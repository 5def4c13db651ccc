//! Connecting to a job's device by one of its routes, through the jump hosts on the way.

use std::sync::Arc;
use std::time::Instant;

use netsweep_shared::job::{Job, Route, Transport};
use netsweep_shared::outcome::{ErrorKind, Failure, Stage};

use crate::connect::connect;
use crate::jump::{Blocked, Hub, Patience};
use crate::link::Link;
use crate::watchdog::Slot;

/// The routes that were tried, and why those before the last gave no connection.
#[derive(Debug, Default)]
pub(crate) struct Tried {
    missed: Vec<Failure>,
}

impl Tried {
    /// Index of the last route that was tried.
    pub(crate) fn last(&self) -> u32 {
        u32::try_from(self.missed.len()).unwrap_or(u32::MAX)
    }

    /// What `last`, which happened on the last route, is for the attempt: it names every route that
    /// was tried, where there was more than one.
    pub(crate) fn account(&self, last: Failure, job: &Job) -> Failure {
        if self.missed.is_empty() {
            return last;
        }
        // A route that answered, if only to refuse, tells more than one that was silent.
        let refused = last.stage == Stage::Connect
            && last.kind == ErrorKind::Timeout
            && self.missed.iter().any(|missed| missed.kind == ErrorKind::Connect);
        let kind = if refused { ErrorKind::Connect } else { last.kind };
        let failures = self.missed.iter().chain([&last]);
        let told: Vec<_> = job
            .routes
            .iter()
            .zip(failures)
            .map(|(route, failure)| format!("{}: {}", route.transport, failure.message))
            .collect();
        Failure::new(kind, last.stage, told.join("; "))
    }
}

/// Connects to the device of `job` before `device`, by the first of its routes that gives a connection.
/// Each has its own time to connect.
///
/// Only a device that could not be connected to is tried by the next route: where something answered,
/// whoever breaks or bends what it says must not get us to speak a protocol without protection.
// Not a part of its caller, as with `attempt::run`.
#[inline(never)]
pub(crate) fn reach(
    job: &Job,
    slot: &Slot,
    hub: &Arc<Hub>,
    device: Instant,
    new_key: &dyn Fn(u32, &[u8]),
    tried: &mut Tried,
) -> Result<(Link, Transport), Failure> {
    loop {
        let Some(route) = job.routes.get(tried.missed.len()) else {
            return Err(Failure::new(ErrorKind::Connect, Stage::Connect, "the worker was given no route"));
        };
        match by_route(job, *route, slot, hub, device, new_key) {
            Ok(link) => return Ok((link, route.transport)),
            Err(Blocked::Target(failure)) if is_unreached(&failure) => {
                let is_last = tried.missed.len() + 1 == job.routes.len();
                if is_last || Instant::now() >= device {
                    return Err(failure);
                }
                tried.missed.push(failure);
            }
            // Nobody has asked the device: this says nothing about it or its password.
            Err(Blocked::Jump(failure)) => {
                let out = failure.kind == ErrorKind::Auth || failure.stage == Stage::Login;
                let stage = if out { Stage::JumpLogin } else { Stage::Jump };
                return Err(Failure { stage, ..failure });
            }
            Err(Blocked::Target(failure)) => return Err(failure),
        }
    }
}

/// Whether another port of the device may be worth a try.
fn is_unreached(failure: &Failure) -> bool {
    failure.stage == Stage::Connect && matches!(failure.kind, ErrorKind::Connect | ErrorKind::Timeout)
}

fn by_route(
    job: &Job,
    route: Route,
    slot: &Slot,
    hub: &Arc<Hub>,
    device: Instant,
    new_key: &dyn Fn(u32, &[u8]),
) -> Result<Link, Blocked> {
    let times = &job.timeouts;
    if job.jumps.is_empty() {
        let deadline = device.min(Instant::now() + times.connect);
        return connect(&job.address, route.port, slot, deadline).map_err(Blocked::Target);
    }
    let patience = Patience { connect: times.connect, login: times.login, until: device };
    hub.reach(&job.jumps, (&job.address, route.port), patience, slot, &mut |hop, key| {
        new_key(hop, key);
        true
    })
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};
    use std::time::Duration;

    use netsweep_shared::host_key::HostKeyCheck;
    use netsweep_shared::job::{JobId, Mode, SshSettings, Timeouts};
    use netsweep_shared::login::Login;
    use netsweep_shared::secret::Secret;

    use super::*;
    use crate::watchdog::Watchdog;

    fn job(address: &str, ports: [u16; 2]) -> Job {
        let ample = Duration::from_secs(20);
        Job {
            id: JobId(0),
            attempt: 1,
            device: "core-1".into(),
            address: address.into(),
            routes: vec![
                Route { transport: Transport::Ssh, port: ports[0] },
                Route { transport: Transport::Telnet, port: ports[1] },
            ],
            jumps: vec![],
            platform: "generic".into(),
            login: Login::with_password("admin", Secret::new("right")),
            asks_first: false,
            ssh: SshSettings { host_key: HostKeyCheck::Off, legacy: false },
            mode: Mode::Shell,
            keepalive: None,
            encoding: None,
            commands: vec![],
            read_only: true,
            timeouts: Timeouts { connect: ample, login: ample, command: ample, device: 3 * ample },
        }
    }

    fn refusing() -> u16 {
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|l| l.local_addr()).expect("a free port").port()
    }

    /// How `job` is reached, or what its failure is in the end; and the route.
    fn reached(job: &Job) -> (Result<Transport, Failure>, u32) {
        let watchdog = Watchdog::start(1).expect("starts");
        let mut tried = Tried::default();
        let device = Instant::now() + job.timeouts.device;
        let result = reach(job, &watchdog.slot(0), &Hub::new(&watchdog), device, &|_, _| {}, &mut tried);
        (result.map(|(_, transport)| transport).map_err(|failure| tried.account(failure, job)), tried.last())
    }

    #[test]
    fn the_first_route_that_answers_is_taken() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("listens");
        let port = listener.local_addr().expect("its address").port();
        assert_eq!(reached(&job("127.0.0.1", [port, refusing()])), (Ok(Transport::Ssh), 0));
        assert_eq!(reached(&job("127.0.0.1", [refusing(), port])), (Ok(Transport::Telnet), 1));
    }

    #[test]
    fn a_failure_names_every_route() {
        let ports = [refusing(), refusing()];
        let (result, route) = reached(&job("127.0.0.1", ports));
        let failure = result.expect_err("nobody listens");
        assert_eq!((failure.kind, failure.stage, route), (ErrorKind::Connect, Stage::Connect, 1));
        let [ssh, telnet] = ports.map(|port| format!("connection refused by 127.0.0.1:{port}"));
        assert_eq!(failure.message, format!("ssh: {ssh}; telnet: {telnet}"));
    }

    #[test]
    fn a_refusal_tells_more_than_silence() {
        let tried = Tried { missed: vec![Failure::new(ErrorKind::Connect, Stage::Connect, "refused")] };
        let silent = Failure::new(ErrorKind::Timeout, Stage::Connect, "no answer");
        let failure = tried.account(silent, &job("192.0.2.1", [22, 23]));
        assert_eq!(
            (failure.kind, failure.message.as_str()),
            (ErrorKind::Connect, "ssh: refused; telnet: no answer")
        );
        // What came after the connection is as it is.
        let later = Failure::new(ErrorKind::Timeout, Stage::Handshake, "no login prompt");
        assert_eq!(tried.account(later, &job("192.0.2.1", [22, 23])).kind, ErrorKind::Timeout);
    }

    #[test]
    fn a_name_without_address_has_none_on_another_port() {
        let (result, route) = reached(&job("router.invalid", [22, 23]));
        assert_eq!((result.expect_err("no such name").kind, route), (ErrorKind::Resolve, 0));
    }

    #[test]
    fn a_job_without_routes_fails() {
        let mut job = job("127.0.0.1", [1, 2]);
        job.routes.clear();
        assert_eq!(reached(&job).0.expect_err("no route").kind, ErrorKind::Connect);
    }
}
