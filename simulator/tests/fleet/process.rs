//! The fleet as a process: frames in, frames out.

use std::io::Write;

use crate::client::{device, spec};
use netsweep_shared::fleet::{FleetReady, FleetReport};
use netsweep_shared::frame::{self, FrameReader};
use netsweep_shared::job::Transport::{Ssh, Telnet};

#[test]
fn a_spec_goes_in_endpoints_and_a_report_come_out() {
    let (from_supervisor, mut to_fleet) = std::io::pipe().expect("a pipe");
    let (from_fleet, to_supervisor) = std::io::pipe().expect("a pipe");
    let fleet = std::thread::spawn(|| netsweep_simulator::serve(from_supervisor, to_supervisor));

    let devices = vec![device("sw1", "cisco_ios", Telnet, None), device("sw2", "linux", Ssh, None)];
    frame::write(&mut to_fleet, &spec(devices)).expect("writes");
    to_fleet.flush().expect("flushes");
    let mut frames = FrameReader::new(from_fleet);
    let ready: FleetReady = frames.read().expect("a frame").expect("no end");
    assert_eq!(ready.endpoints.len(), 2);
    assert!(ready.endpoints.iter().all(|endpoint| endpoint.ip().is_loopback()));
    std::net::TcpStream::connect(ready.endpoints[0]).expect("it listens");

    drop(to_fleet);
    let report: FleetReport = frames.read().expect("a frame").expect("no end");
    assert!(report.connections <= 1);
    assert!(frames.read::<FleetReport>().expect("no garbage").is_none(), "nothing follows the report");
    fleet.join().expect("no panic").expect("an orderly end");
}

#[test]
fn a_spec_that_does_not_come_is_an_error() {
    for input in [&b""[..], b"\x01", b"\xff\xff\xff\xff", b"\x02\0\0\0xx"] {
        let mut output = vec![];
        assert!(netsweep_simulator::serve(std::io::Cursor::new(input.to_vec()), &mut output).is_err());
        assert!(output.is_empty());
    }
}
