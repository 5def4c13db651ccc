//! A Telnet session that is kept alive while its device says nothing.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use netsweep_shared::platform::Terminal;
use netsweep_worker::connect::connect;
use netsweep_worker::transport::Transport;
use netsweep_worker::transport::telnet::TelnetTransport;
use netsweep_worker::watchdog::Watchdog;

/// By then everything that is going to happen has happened, however busy the machine.
const AMPLE: Duration = Duration::from_secs(60);

/// IAC NOP (RFC 854).
const NOP: [u8; 2] = [255, 241];

#[test]
fn a_silent_device_hears_that_we_are_there() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("listens");
    let port = listener.local_addr().expect("address").port();
    let device = thread::spawn(move || {
        let (mut connection, _) = listener.accept().expect("accepts");
        let mut heard = [0; 4];
        connection.read_exact(&mut heard).expect("reads");
        connection.write_all(b"alive").expect("writes");
        heard
    });
    let watchdog = Watchdog::start(1).expect("starts");
    let link = connect("127.0.0.1", port, &watchdog.slot(0), Instant::now() + AMPLE).expect("connects");
    let mut telnet = TelnetTransport::open(link, &Terminal::default());
    telnet.set_keepalive(Some(Duration::from_secs(1)));
    assert_eq!(telnet.read().expect("reads"), b"alive");
    assert_eq!(device.join().expect("ends"), [NOP, NOP].concat()[..], "twice, and nothing else");
}
