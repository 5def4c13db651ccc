//! Keys that are changed in the middle of an output (RFC 4253, 9).

use std::time::{Duration, Instant};

use netsweep_shared::platform::Terminal;
use netsweep_worker::transport::Transport;
use netsweep_worker::transport::ssh::SshTransport;
use russh::{Limits, MethodKind};

use crate::server::{Door, Server};
use crate::{AMPLE, admin, log_in};

/// Lines of 1,000 bytes each.
const LINES: usize = 20_000;

/// A session looks whether there is more before it waits for it: either call may meet the change, and
/// the other one goes on with it. A read of its own length lost bytes here.
#[test]
fn an_output_comes_whole_while_keys_are_changed() {
    let often = Limits::new(10_000, 1 << 30, Duration::from_secs(3600));
    let server = Server::start_within(Door::with(MethodKind::Password), often);
    let connection = log_in(&server, &admin()).expect("lets us in");
    let mut shell = SshTransport::open(connection, &Terminal::default()).expect("a shell");
    let mut seen = vec![];
    let read = |seen: &mut Vec<u8>, shell: &mut SshTransport| {
        shell.set_deadline(Instant::now() + AMPLE);
        shell.is_readable();
        let bytes = shell.read().expect("reads");
        assert!(!bytes.is_empty(), "it was closed");
        seen.extend(bytes);
    };
    while !seen.ends_with(b"login: ") {
        read(&mut seen, &mut shell);
    }
    seen.clear();
    shell.write_all(b"without end\r").expect("writes");
    for n in 0..LINES {
        while seen.len() < 1000 {
            read(&mut seen, &mut shell);
        }
        let line: Vec<u8> = seen.drain(..1000).collect();
        assert!(line == format!("{n:0>999}\n").as_bytes(), "line {n}");
    }
}
