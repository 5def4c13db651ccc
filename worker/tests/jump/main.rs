//! A whole worker at the end of its pipes; through jump hosts above all: connections that are shared,
//! and everything that can go wrong with them. And what experiments do to a worker.

// What the tests need: a jump host, a worker.
mod host;
mod worker;
// The tests: connections by themselves, sessions on them, those that ask first or are not wanted any more;
// sessions under an experiment's conditions; how often a session waits.
mod conditions;
mod hub;
mod leave;
mod round_trips;
mod sessions;
mod withdrawn;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// Long enough on the busiest machine.
pub(crate) const AMPLE: Duration = Duration::from_secs(60);

/// Serves every connection with `behave` for as long as the test runs; its port.
pub(crate) fn target(behave: impl Fn(TcpStream) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("listens");
    let port = listener.local_addr().expect("its address").port();
    let behave = Arc::new(behave);
    thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let behave = Arc::clone(&behave);
            thread::spawn(move || behave(connection));
        }
    });
    port
}

/// Sends back what it hears, until the other side closes.
pub(crate) fn echo(mut connection: TcpStream) {
    let mut chunk = [0; 4096];
    while let Ok(n @ 1..) = connection.read(&mut chunk) {
        if connection.write_all(&chunk[..n]).is_err() {
            break;
        }
    }
}

/// Until the other side closes.
pub(crate) fn hold(mut connection: TcpStream) {
    while !matches!(connection.read(&mut [0; 4096]), Ok(0) | Err(_)) {}
}

/// A port on which nobody listens.
pub(crate) fn refusing() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|l| l.local_addr()).expect("a free port").port()
}

/// Waits for `condition`.
pub(crate) fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + AMPLE;
    while !condition() {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}
