//! Sessions with simulated devices, through a whole worker: routes and jumps together.

use std::net::{Shutdown, SocketAddrV4};
use std::time::Duration;

use netsweep_shared::fleet::{Fault, FleetSpec, Latencies, SimulatedDevice};
use netsweep_shared::host_key::HostKeyCheck;
use netsweep_shared::job::Jump;
use netsweep_shared::job::Transport::{self, Ssh, Telnet};
use netsweep_shared::outcome::{ErrorKind, Stage};
use netsweep_shared::protocol::FromWorker;
use netsweep_simulator::Fleet;
use tokio::runtime::Runtime;

use crate::host::{JumpHost, Manner};
use crate::worker::{Worker, hasty, job};
use crate::{eventually, hold, refusing, target};

/// Simulated devices, up for as long as this lives.
pub(crate) struct Devices {
    endpoints: Vec<SocketAddrV4>,
    _fleet: Fleet,
    _runtime: Runtime,
}

impl Devices {
    pub(crate) fn start(devices: &[(Transport, Option<Fault>)]) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let device = |(number, &(transport, fault)): (usize, &(Transport, Option<Fault>))| SimulatedDevice {
            name: format!("core-{number}"),
            platform: "cisco_ios".into(),
            transport,
            fault,
        };
        let spec = FleetSpec {
            devices: devices.iter().enumerate().map(device).collect(),
            latency: Latencies::default(),
            login_server: None,
            output_bytes: None,
            seed: 1,
        };
        let fleet = {
            let _inside = runtime.enter();
            Fleet::start(spec).expect("starts")
        };
        Self { endpoints: fleet.endpoints().to_vec(), _fleet: fleet, _runtime: runtime }
    }

    pub(crate) fn address(&self, device: usize) -> String {
        self.endpoints[device].ip().to_string()
    }

    pub(crate) fn port(&self, device: usize) -> u16 {
        self.endpoints[device].port()
    }
}

#[test]
fn devices_answer_through_jumps_as_they_do_directly() {
    let devices = Devices::start(&[(Ssh, None), (Telnet, None)]);
    let (first, second) = (JumpHost::start(), JumpHost::start());
    let mut worker = Worker::start(2, &["cisco_ios"]);
    for (device, transport) in [(0, Ssh), (1, Telnet)] {
        let routes = [(transport, devices.port(device))];
        let (end, direct) = worker.run(job(0, &devices.address(device), &routes, &[]));
        assert_eq!(end.failure, None, "{transport}");
        assert!(direct.contains("Cisco"), "{direct}");
        for jumps in [vec![first.jump()], vec![first.jump(), second.jump()]] {
            let (end, output) = worker.run(job(1, &devices.address(device), &routes, &jumps));
            assert_eq!((end.failure, end.route), (None, 0), "{transport}");
            assert_eq!(output, direct, "{transport} through {} jumps", jumps.len());
            assert!(end.timing.connect > Duration::ZERO);
        }
    }
    // The way to the second is another one than the way that ends at the first.
    assert_eq!((first.saw.connections(), second.saw.connections()), (1, 1));
}

#[test]
fn the_second_route_is_tried_where_the_first_cannot_be_connected_to() {
    let devices = Devices::start(&[(Telnet, None)]);
    let (host, closed) = (JumpHost::start(), refusing());
    let mut worker = Worker::start(1, &["cisco_ios"]);
    let routes = [(Ssh, closed), (Telnet, devices.port(0))];
    for jumps in [vec![], vec![host.jump()]] {
        let (end, output) = worker.run(job(0, &devices.address(0), &routes, &jumps));
        assert_eq!((end.failure, end.route), (None, 1));
        assert!(output.contains("Cisco"), "{output}");
    }
    // A jump host that forbids one port may allow the other.
    host.treat(closed, Manner::Prohibits);
    assert_eq!(worker.run(job(0, &devices.address(0), &routes, &[host.jump()])).0.failure, None);
    // A port that does not answer has its time to connect, and no more.
    host.treat(closed, Manner::KeepsWaiting);
    let waits = hasty(job(0, &devices.address(0), &routes, &[host.jump()]), Duration::from_secs(2));
    assert_eq!(worker.run(waits).0.failure, None);
}

#[test]
fn what_breaks_after_the_connection_is_no_reason_for_another_route() {
    let devices = Devices::start(&[(Telnet, None), (Ssh, Some(Fault::Reject))]);
    let breaks = target(|mut connection| {
        let _ = std::io::Write::write_all(&mut connection, b"HTTP/1.1 400 Bad Request\r\n\r\n");
        let _ = connection.shutdown(Shutdown::Write);
        // Closed with something unread it would be reset, and the words lost.
        hold(connection);
    });
    let (host, mut worker) = (JumpHost::start(), Worker::start(1, &["cisco_ios"]));
    let telnet = (Telnet, devices.port(0));
    for jumps in [vec![], vec![host.jump()]] {
        let (end, _) = worker.run(job(0, "127.0.0.1", &[(Ssh, breaks), telnet], &jumps));
        let failure = end.failure.expect("no SSH server");
        // By its kind it depends on who saw the words first, we or libssh2.
        assert_eq!((failure.stage, end.route), (Stage::Handshake, 0), "{failure}");
        let routes = [(Ssh, devices.port(1)), telnet];
        let (end, _) = worker.run(job(0, &devices.address(1), &routes, &jumps));
        let failure = end.failure.expect("rejected");
        assert_eq!((failure.kind, end.route), (ErrorKind::Auth, 0), "{failure}");
    }
}

#[test]
fn a_failure_names_what_happened_on_each_route() {
    let devices = Devices::start(&[(Telnet, Some(Fault::Reject))]);
    let (closed, other) = (refusing(), refusing());
    let (host, mut worker) = (JumpHost::start(), Worker::start(1, &["cisco_ios"]));
    let (end, _) = worker.run(job(0, "127.0.0.1", &[(Ssh, closed), (Telnet, other)], &[]));
    let failure = end.failure.expect("refused");
    assert_eq!((failure.kind, failure.stage, end.route), (ErrorKind::Connect, Stage::Connect, 1));
    let words = format!(
        "ssh: connection refused by 127.0.0.1:{closed}; telnet: connection refused by 127.0.0.1:{other}"
    );
    assert_eq!(failure.message, words);

    let (end, _) = worker.run(job(0, "127.0.0.1", &[(Ssh, closed), (Telnet, other)], &[host.jump()]));
    let failure = end.failure.expect("refused");
    assert_eq!((failure.kind, end.route), (ErrorKind::Connect, 1));
    let words = |port| format!("jump host 127.0.0.1: no connection to 127.0.0.1:{port}: connect failed");
    assert_eq!(failure.message, format!("ssh: {}; telnet: {}", words(closed), words(other)));

    let routes = [(Ssh, closed), (Telnet, devices.port(0))];
    let (end, _) = worker.run(job(0, &devices.address(0), &routes, &[]));
    let failure = end.failure.expect("rejected");
    assert_eq!((failure.kind, failure.stage, end.route), (ErrorKind::Auth, Stage::Login, 1));
    assert!(failure.message.starts_with("ssh: connection refused by"), "{failure}");
    assert!(failure.message.contains("; telnet: the device refused the login"), "{failure}");
}

#[test]
fn a_jump_host_that_cannot_be_reached_is_tried_once_for_all_routes() {
    let (host, closed) = (JumpHost::start(), refusing());
    let mut jump = host.jump();
    jump.port = closed;
    let mut worker = Worker::start(1, &["cisco_ios"]);
    let (end, _) = worker.run(job(0, "127.0.0.1", &[(Ssh, 22), (Telnet, 23)], &[jump]));
    let failure = end.failure.expect("refused");
    assert_eq!((failure.kind, end.route), (ErrorKind::Connect, 0));
    assert_eq!(failure.message, format!("jump host 127.0.0.1: connection refused by 127.0.0.1:{closed}"));
    assert!(failure.may_pass(), "another attempt may fare better");
}

#[test]
fn a_jump_host_that_refuses_us_is_asked_once_for_all_jobs() {
    let (host, devices) = (JumpHost::start(), Devices::start(&[(Telnet, None)]));
    let mut worker = Worker::start(4, &["cisco_ios"]);
    for id in 0..20 {
        let routes = [(Ssh, devices.port(0)), (Telnet, devices.port(0))];
        worker.take(job(id, &devices.address(0), &routes, &[host.jump_with("wrong")]));
    }
    for end in worker.finish(20).into_values() {
        let failure = end.failure.expect("refused");
        // Not at the device's login: nothing was learnt of the device's own password.
        assert_eq!(
            (failure.kind, failure.stage, end.route),
            (ErrorKind::Auth, Stage::JumpLogin, 0),
            "{failure}"
        );
        assert!(!failure.may_pass(), "no other attempt");
        assert!(!failure.message.contains("wrong"), "the password is nobody's business");
    }
    assert_eq!(host.saw.logins(), 1);
}

#[test]
fn a_jump_host_that_dies_in_the_middle_of_outputs_disconnects_all_and_is_connected_to_again() {
    const SESSIONS: u32 = 12;
    let mut devices = vec![(Ssh, Some(Fault::Endless)); SESSIONS as usize];
    devices.push((Ssh, None));
    let devices = Devices::start(&devices);
    let host = JumpHost::start();
    let mut worker = Worker::start(SESSIONS, &["cisco_ios"]);
    for id in 0..SESSIONS {
        let device = id as usize;
        let routes = [(Ssh, devices.port(device)), (Telnet, 23)];
        worker.take(job(id, &devices.address(device), &routes, &[host.jump()]));
    }
    let mut speaking = std::collections::HashSet::new();
    while speaking.len() < SESSIONS as usize {
        match worker.next() {
            FromWorker::Output { job, .. } => _ = speaking.insert(job),
            FromWorker::Finished { job, end } => panic!("job {job} ended: {end:?}"),
            _ => {}
        }
    }
    let before = host.saw.connections();
    host.die();
    for (job, end) in worker.finish(SESSIONS as usize) {
        let failure = end.failure.expect("cut off");
        assert_eq!(
            (failure.kind, failure.stage),
            (ErrorKind::Disconnected, Stage::Commands),
            "{job}: {failure}"
        );
    }
    let last = SESSIONS as usize;
    let again = job(99, &devices.address(last), &[(Ssh, devices.port(last))], &[host.jump()]);
    assert_eq!(worker.run(again).0.failure, None);
    assert_eq!(host.saw.connections(), before + 1);
}

#[test]
fn the_end_of_the_worker_ends_its_connections() {
    let (host, held) = (JumpHost::start(), target(hold));
    let mut worker = Worker::start(1, &["cisco_ios"]);
    worker.take(job(0, "127.0.0.1", &[(Telnet, held)], &[host.jump()]));
    eventually("the session is there", || host.saw.channels() == 1);
    drop(worker);
    // The jump host sees the end of the connection, or the test does not end.
    eventually("the jump host is left", || host.is_left());
}

#[test]
fn new_keys_are_told_by_their_place_on_the_way_and_before_anyone_logs_in() {
    let devices = Devices::start(&[(Ssh, None)]);
    let (first, second) = (JumpHost::start(), JumpHost::start());
    let mut jumps = [first.jump(), second.jump_with("wrong")];
    let new = HostKeyCheck::AcceptNew { known: vec![] };
    jumps.iter_mut().for_each(|jump| jump.ssh.host_key = new.clone());
    let mut worker = Worker::start(4, &["cisco_ios"]);
    let mut hops = |jumps: &[Jump], jobs: u32| {
        for id in 0..jobs {
            let mut job = job(id, &devices.address(0), &[(Ssh, devices.port(0))], jumps);
            job.ssh.host_key = new.clone();
            worker.take(job);
        }
        let (mut hops, mut failures, mut ended) = (vec![], vec![], 0);
        while ended < jobs {
            match worker.next() {
                FromWorker::NewHostKey { hop, key, .. } => {
                    assert!(key.starts_with(b"\0\0\0\x0bssh-ed25519"), "{key:?}");
                    hops.push(hop);
                }
                FromWorker::Finished { end, .. } => {
                    failures.extend(end.failure);
                    ended += 1;
                }
                _ => {}
            }
        }
        (hops, failures)
    };
    // Shared connections are told of once, whoever waits; the device's key in each session.
    let (told, failures) = hops(&jumps, 4);
    assert_eq!(told, [0, 1]);
    assert!(failures.len() == 4 && failures.iter().all(|failure| failure.kind == ErrorKind::Auth));
    let (told, failures) = hops(&jumps[..1], 3);
    assert_eq!((told, failures), (vec![1, 1, 1], vec![]));
}

#[test]
fn a_jump_host_with_another_key_is_not_logged_in_to() {
    let (host, held) = (JumpHost::start(), target(hold));
    let mut jump = host.jump();
    jump.ssh.host_key = HostKeyCheck::Strict { known: vec![] };
    let mut worker = Worker::start(1, &["cisco_ios"]);
    for _ in 0..2 {
        let (end, _) = worker.run(job(0, "127.0.0.1", &[(Telnet, held)], std::slice::from_ref(&jump)));
        let failure = end.failure.expect("unknown");
        assert_eq!((failure.kind, failure.stage), (ErrorKind::HostKey, Stage::Jump), "{failure}");
        assert!(failure.message.starts_with("jump host 127.0.0.1: "), "{failure}");
    }
    assert_eq!((host.saw.connections(), host.saw.logins()), (1, 0), "and not asked again");
}
