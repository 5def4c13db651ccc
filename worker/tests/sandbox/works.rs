//! What a worker does all day, and what it does in a bad hour.

use std::backtrace::Backtrace;
use std::env;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream, ToSocketAddrs};
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output};
use std::thread;

use rustix::process::Signal;

use crate::{shut_in, shut_in_with};

#[test]
fn names_are_resolved_and_services_reached() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("outside it listens");
    let port = listener.local_addr().expect("its address").port();
    let served = thread::spawn(move || listener.accept()?.0.write_all(b"here"));
    let heard = shut_in(|| {
        let found: Vec<_> = ("localhost", port).to_socket_addrs().expect("resolves").collect();
        assert!(found.iter().all(|address| address.ip().is_loopback()), "{found:?}");
        let mut heard = String::new();
        TcpStream::connect(found.as_slice()).expect("connects").read_to_string(&mut heard).expect("reads");
        heard
    });
    assert_eq!(heard, "here");
    served.join().expect("served").expect("written");
}

#[test]
fn an_agents_socket_is_reached() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("agent");
    let listener = UnixListener::bind(&path).expect("outside it listens");
    shut_in_with(&[path.display().to_string()], || UnixStream::connect(&path).expect("connects"));
    drop(listener.accept().expect("it came"));
}

#[test]
fn an_agent_that_is_not_there_is_no_obstacle() {
    shut_in_with(&["/nonexistent/agent".into(), String::new()], || {});
}

/// Without files there are no names in it, but it neither hangs nor fails.
#[test]
fn a_backtrace_ends() {
    assert!(!shut_in(|| Backtrace::force_capture().to_string()).is_empty());
}

/// In a process of its own, as it ends it.
fn alone(test: &str) -> Output {
    Command::new(env::current_exe().expect("our path"))
        .args(["--ignored", "--exact", test, "--nocapture"])
        .env("RUST_BACKTRACE", "1")
        .output()
        .expect("it starts")
}

#[test]
#[ignore = "for `a_panic_is_told_and_survived`"]
fn panics() {
    shut_in(|| {
        let panicked = std::panic::catch_unwind(|| panic!("with a backtrace"));
        assert!(panicked.is_err());
    });
}

#[test]
fn a_panic_is_told_and_survived() {
    let Output { status, stderr, .. } = alone("works::panics");
    let told = String::from_utf8_lossy(&stderr);
    assert!(told.contains("with a backtrace") && told.contains("works.rs"), "{told}");
    assert!(status.success(), "{status}: {told}");
}

#[test]
#[ignore = "for `an_abort_shows_as_one`"]
fn aborts() {
    shut_in(|| std::process::abort());
}

/// The supervisor tells a worker's faults from its being killed by the signal.
#[test]
fn an_abort_shows_as_one() {
    let Output { status, .. } = alone("works::aborts");
    assert_eq!(status.signal(), Some(Signal::ABORT.as_raw()), "{status}");
    assert!(!status.core_dumped());
}
