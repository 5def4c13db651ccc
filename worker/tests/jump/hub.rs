//! The hub by itself: raw connections through it.

mod bulk;

use std::io::Write;
use std::net::Shutdown;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use netsweep_shared::job::Jump;
use netsweep_shared::outcome::{ErrorKind, Failure, Stage};
use netsweep_worker::jump::{Blocked, Hub, MOST_CHANNELS, Patience};
use netsweep_worker::link::{Interest, Link};
use netsweep_worker::transport::TransportError;
use netsweep_worker::watchdog::{Slot, Watchdog};

use crate::host::{JumpHost, Manner};
use crate::{AMPLE, echo, eventually, hold, refusing, target};

/// A worker's session threads, as far as they matter here.
struct Worker {
    watchdog: Arc<Watchdog>,
    hub: Arc<Hub>,
}

impl Worker {
    fn with(threads: usize) -> Self {
        let watchdog = Watchdog::start(threads).expect("starts");
        Self { hub: Hub::new(&watchdog), watchdog }
    }

    fn reach(&self, thread: usize, jumps: &[Jump], port: u16, step: Duration) -> Result<Link, Blocked> {
        reach(&self.hub, &self.watchdog.slot(thread), jumps, port, step)
    }
}

fn reach(hub: &Arc<Hub>, slot: &Slot, jumps: &[Jump], port: u16, step: Duration) -> Result<Link, Blocked> {
    let patience = Patience { connect: step, login: step, until: Instant::now() + AMPLE };
    hub.reach(jumps, ("127.0.0.1", port), patience, slot, &mut |_, _| true)
}

fn write_all(link: &Link, mut bytes: &[u8]) -> Result<(), TransportError> {
    while !bytes.is_empty() {
        match link.try_write(bytes)? {
            Some(n) => bytes = &bytes[n..],
            None => link.wait(Interest::Write)?,
        }
    }
    Ok(())
}

/// Reads at least a byte; 0 at the end.
fn read(link: &Link, buffer: &mut [u8]) -> Result<usize, TransportError> {
    loop {
        match link.try_read(buffer)? {
            Some(n) => return Ok(n),
            None => link.wait(Interest::Read)?,
        }
    }
}

fn read_exactly(link: &Link, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    let mut at = 0;
    while at < length {
        match read(link, &mut bytes[at..]).expect("reads") {
            0 => panic!("the end after {at} of {length} bytes"),
            n => at += n,
        }
    }
    bytes
}

fn echoes(link: &Link, text: &str) {
    write_all(link, text.as_bytes()).expect("writes");
    assert_eq!(String::from_utf8_lossy(&read_exactly(link, text.len())), text);
}

fn blocked(result: Result<Link, Blocked>) -> Failure {
    result.map(|_| ()).expect_err("no way through").into_failure()
}

#[test]
fn one_jump() {
    let (host, worker) = (JumpHost::start(), Worker::with(1));
    let link = worker.reach(0, &[host.jump()], target(echo), AMPLE).expect("reached");
    echoes(&link, "hello");
    drop(link);
    let again = worker.reach(0, &[host.jump()], target(echo), AMPLE).expect("reached again");
    echoes(&again, "and again");
    assert_eq!(host.saw.connections(), 1, "the connection is kept");
}

#[test]
fn a_chain_of_two() {
    let (first, second, worker) = (JumpHost::start(), JumpHost::start(), Worker::with(2));
    let chain = [first.jump(), second.jump()];
    let port = target(echo);
    let links: Vec<_> = (0..2).map(|n| worker.reach(n, &chain, port, AMPLE).expect("reached")).collect();
    links.iter().for_each(|link| echoes(link, "through two"));
    assert_eq!((first.saw.connections(), second.saw.connections()), (1, 1));
    assert_eq!((first.saw.channels(), second.saw.channels()), (1, 2));
}

#[test]
fn a_hundred_sessions_share_a_few_connections() {
    const SESSIONS: usize = 100;
    let (host, worker) = (JumpHost::start(), Worker::with(SESSIONS));
    let (port, jump) = (target(echo), host.jump());
    let together = Barrier::new(SESSIONS);
    thread::scope(|scope| {
        for number in 0..SESSIONS {
            let (worker, jump, together) = (&worker, jump.clone(), &together);
            scope.spawn(move || {
                let link = worker.reach(number, &[jump], port, AMPLE);
                together.wait();
                let link = link.expect("reached");
                for round in 0..20 {
                    echoes(&link, &format!("session {number}, round {round}: {}", "x".repeat(round * 500)));
                }
                together.wait();
            });
        }
    });
    let connections = host.saw.connections();
    assert!(connections >= SESSIONS.div_ceil(MOST_CHANNELS), "{connections} connections");
    assert!(connections <= 8, "{connections} connections");
    assert_eq!(host.saw.channels(), SESSIONS);
}

#[test]
fn a_refused_login_is_asked_once() {
    let (host, worker) = (JumpHost::start(), Worker::with(20));
    let (port, jump) = (target(echo), host.jump_with("wrong"));
    thread::scope(|scope| {
        for number in 0..20 {
            let (worker, jump) = (&worker, jump.clone());
            scope.spawn(move || {
                let failure = blocked(worker.reach(number, &[jump], port, AMPLE));
                assert_eq!((failure.kind, failure.stage), (ErrorKind::Auth, Stage::Login), "{failure}");
                assert!(failure.message.starts_with("jump host 127.0.0.1: "), "{failure}");
            });
        }
    });
    let later = worker.reach(0, std::slice::from_ref(&jump), port, AMPLE);
    assert!(matches!(&later, Err(Blocked::Jump(failure)) if failure.kind == ErrorKind::Auth));
    // Behind other settings it is the same account.
    let mut other = jump.clone();
    other.ssh.legacy = true;
    assert_eq!(blocked(worker.reach(0, &[other], port, AMPLE)).kind, ErrorKind::Auth);
    assert_eq!(host.saw.logins(), 1, "the account may be locked by more");
    // Another login is another matter.
    worker.reach(0, &[host.jump()], port, AMPLE).expect("let in");
}

#[test]
fn a_refused_login_in_the_middle_of_a_chain_is_that_hosts() {
    let (first, second, worker) = (JumpHost::start(), JumpHost::start(), Worker::with(1));
    let chain = [first.jump(), second.jump_with("wrong"), first.jump()];
    for _ in 0..3 {
        assert_eq!(blocked(worker.reach(0, &chain, target(echo), AMPLE)).kind, ErrorKind::Auth);
    }
    assert_eq!((first.saw.logins(), second.saw.logins()), (1, 1));
    worker.reach(0, &[first.jump(), second.jump()], target(echo), AMPLE).expect("reached");
}

#[test]
fn a_refused_channel_is_a_failure_to_connect() {
    let (host, worker) = (JumpHost::start(), Worker::with(1));
    let (prohibited, closed) = (target(echo), refusing());
    host.treat(prohibited, Manner::Prohibits);
    for (port, words) in [(prohibited, "administratively prohibited"), (closed, "connect failed")] {
        match worker.reach(0, &[host.jump()], port, AMPLE) {
            Err(Blocked::Target(failure)) => {
                assert_eq!((failure.kind, failure.stage), (ErrorKind::Connect, Stage::Connect));
                let message = format!("jump host 127.0.0.1: no connection to 127.0.0.1:{port}: {words}");
                assert_eq!(failure.message, message);
            }
            other => panic!("port {port}: {:?}", other.map(|_| "connected")),
        }
    }
    echoes(&worker.reach(0, &[host.jump()], target(echo), AMPLE).expect("reached"), "still there");
    assert_eq!(host.saw.connections(), 1);
}

#[test]
fn a_jump_host_that_cannot_be_connected_to_is_named_and_not_remembered() {
    let worker = Worker::with(1);
    let host = JumpHost::start();
    let mut jump = host.jump();
    jump.port = refusing();
    let failure = blocked(worker.reach(0, &[host.jump(), jump.clone()], target(echo), AMPLE));
    assert_eq!((failure.kind, failure.stage), (ErrorKind::Connect, Stage::Connect), "{failure}");
    assert!(failure.message.contains("connect failed"), "{failure}");
    for _ in 0..2 {
        let failure = blocked(worker.reach(0, std::slice::from_ref(&jump), target(echo), AMPLE));
        assert_eq!((failure.kind, failure.stage), (ErrorKind::Connect, Stage::Connect), "{failure}");
        let refused = format!("jump host 127.0.0.1: connection refused by 127.0.0.1:{}", jump.port);
        assert_eq!(failure.message, refused);
    }
}

#[test]
fn a_jump_host_that_is_silent_costs_each_session_its_own_time() {
    let worker = Worker::with(10);
    let mut jump = JumpHost::start().jump();
    jump.port = target(hold);
    let began = Instant::now();
    thread::scope(|scope| {
        for number in 0..10 {
            let (worker, jump) = (&worker, jump.clone());
            scope.spawn(move || {
                let failure = blocked(worker.reach(number, &[jump], 22, Duration::from_millis(500)));
                assert_eq!(
                    (failure.kind, failure.stage),
                    (ErrorKind::Timeout, Stage::Handshake),
                    "{failure}"
                );
            });
        }
    });
    assert!(began.elapsed() < AMPLE, "one after another they would take longer");
}

#[test]
fn a_target_that_never_answers_holds_up_nobody_else() {
    let (host, worker) = (JumpHost::start(), Worker::with(12));
    let (dead, alive, jump) = (target(echo), target(echo), host.jump());
    host.treat(dead, Manner::KeepsWaiting);
    let dead_for = Duration::from_secs(10);
    thread::scope(|scope| {
        // More than the connections that open channels side by side.
        let waiting: Vec<_> = (0..6)
            .map(|number| {
                let (worker, jump) = (&worker, jump.clone());
                scope.spawn(move || worker.reach(number, &[jump], dead, dead_for))
            })
            .collect();
        let began = Instant::now();
        for number in 6..12 {
            let link = worker.reach(number, std::slice::from_ref(&jump), alive, AMPLE).expect("reached");
            echoes(&link, "alive");
        }
        assert!(waiting.iter().any(|waiting| !waiting.is_finished()), "after {:?}", began.elapsed());
        for waiting in waiting {
            match waiting.join().expect("ends") {
                Err(Blocked::Target(failure)) => {
                    assert_eq!((failure.kind, failure.stage), (ErrorKind::Timeout, Stage::Connect));
                    let words = format!("jump host 127.0.0.1: no answer from 127.0.0.1:{dead} within 10 s");
                    assert_eq!(failure.message, words);
                }
                other => panic!("{:?}", other.map(|_| "connected")),
            }
        }
    });
}

#[test]
fn a_jump_host_that_dies_takes_its_sessions_along_and_is_asked_anew() {
    let (host, worker) = (JumpHost::start(), Worker::with(10));
    let port = target(echo);
    let links: Vec<_> =
        (0..10).map(|n| worker.reach(n, &[host.jump()], port, AMPLE).expect("reached")).collect();
    links.iter().for_each(|link| echoes(link, "before"));
    host.die();
    for link in links {
        assert!(matches!(read(&link, &mut [0; 8]), Ok(0) | Err(TransportError::Closed(_))));
    }
    let link = worker.reach(0, &[host.jump()], port, AMPLE).expect("reached");
    echoes(&link, "after");
    assert_eq!(host.saw.connections(), 2);
}

#[test]
fn an_idle_connection_that_died_is_noticed() {
    let (host, worker) = (JumpHost::start(), Worker::with(1));
    let port = target(echo);
    drop(worker.reach(0, &[host.jump()], port, AMPLE).expect("reached"));
    host.die();
    echoes(&worker.reach(0, &[host.jump()], port, AMPLE).expect("reached"), "hello");
}

#[test]
fn connections_that_nobody_uses_do_not_pile_up() {
    const HOSTS: usize = 40;
    let (entry, worker) = (JumpHost::start(), Worker::with(1));
    let hosts: Vec<_> = (0..HOSTS).map(|_| JumpHost::start()).collect();
    let port = target(echo);
    for host in &hosts {
        echoes(&worker.reach(0, &[entry.jump(), host.jump()], port, AMPLE).expect("reached"), "hello");
    }
    eventually("most are left", || hosts.iter().filter(|host| !host.is_left()).count() < HOSTS / 2);
    let kept = hosts.iter().filter(|host| !host.is_left()).count();
    assert!(kept > 0, "some are kept for the next session");
    assert_eq!(entry.saw.connections(), 1);
}

#[test]
fn an_end_in_one_direction_leaves_the_other_open() {
    let (host, worker) = (JumpHost::start(), Worker::with(1));
    // Answers when it has heard everything.
    let port = target(|mut connection| {
        let mut all = vec![];
        std::io::Read::read_to_end(&mut connection, &mut all).expect("reads");
        all.reverse();
        connection.write_all(&all).expect("writes");
    });
    let link = worker.reach(0, &[host.jump()], port, AMPLE).expect("reached");
    write_all(&link, b"abc").expect("writes");
    link.socket().shutdown(Shutdown::Write).expect("shuts down");
    assert_eq!(read_exactly(&link, 3), b"cba");
    assert_eq!(read(&link, &mut [0]).expect("reads"), 0, "and then the end");
}

#[test]
fn what_a_session_said_last_arrives() {
    let (host, worker) = (JumpHost::start(), Worker::with(1));
    let heard = Arc::new(AtomicUsize::new(0));
    let port = target({
        let heard = Arc::clone(&heard);
        move |mut connection| {
            let mut all = vec![];
            std::io::Read::read_to_end(&mut connection, &mut all).expect("reads");
            heard.store(all.len(), Ordering::SeqCst);
        }
    });
    let link = worker.reach(0, &[host.jump()], port, AMPLE).expect("reached");
    write_all(&link, &[7; 100_000]).expect("writes");
    drop(link);
    eventually("all was heard", || heard.load(Ordering::SeqCst) == 100_000);
}

#[test]
fn a_cancel_ends_who_waits_and_who_is_connected() {
    let (host, worker) = (JumpHost::start(), Worker::with(2));
    let (port, dead) = (target(echo), target(echo));
    host.treat(dead, Manner::KeepsWaiting);
    let link = worker.reach(0, &[host.jump()], port, AMPLE).expect("reached");
    thread::scope(|scope| {
        let waiting = scope.spawn(|| worker.reach(1, &[host.jump()], dead, AMPLE));
        thread::sleep(Duration::from_millis(200));
        worker.watchdog.cancel_all();
        assert_eq!(blocked(waiting.join().expect("ends")).kind, ErrorKind::Interrupted);
    });
    assert!(matches!(read(&link, &mut [0]), Err(TransportError::Cancelled)));
    assert_eq!(blocked(worker.reach(0, &[host.jump()], port, AMPLE)).kind, ErrorKind::Interrupted);
}

#[test]
fn the_connections_end_with_the_hub() {
    let (host, worker) = (JumpHost::start(), Worker::with(1));
    let ended = Arc::new(AtomicUsize::new(0));
    let port = target({
        let ended = Arc::clone(&ended);
        move |connection| {
            hold(connection);
            ended.fetch_add(1, Ordering::SeqCst);
        }
    });
    let link = worker.reach(0, &[host.jump()], port, AMPLE).expect("reached");
    let Worker { hub, watchdog } = worker;
    drop(hub);
    eventually("the target sees the end", || ended.load(Ordering::SeqCst) == 1);
    drop((link, watchdog));
}
