//! Fleets and clients for the tests.

use std::net::SocketAddrV4;
use std::time::Duration;

use netsweep_shared::fleet::{Fault, FleetSpec, Latencies, SimulatedDevice};
use netsweep_shared::job::Transport;
use netsweep_simulator::Fleet;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Nothing that is going to happen takes longer, however busy the machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A device.
pub(crate) fn device(
    name: &str,
    platform: &str,
    transport: Transport,
    fault: Option<Fault>,
) -> SimulatedDevice {
    SimulatedDevice { name: name.into(), platform: platform.into(), transport, fault }
}

/// A fleet without latencies.
pub(crate) fn spec(devices: Vec<SimulatedDevice>) -> FleetSpec {
    FleetSpec { devices, latency: Latencies::default(), login_server: None, output_bytes: None, seed: 1 }
}

/// A running fleet without latencies.
pub(crate) fn fleet(devices: Vec<SimulatedDevice>) -> Fleet {
    Fleet::start(spec(devices)).expect("the fleet starts")
}

/// A fleet of one device and where it is.
pub(crate) fn alone(platform: &str, transport: Transport, fault: Option<Fault>) -> (Fleet, SocketAddrV4) {
    let fleet = fleet(vec![device("sw1", platform, transport, fault)]);
    let endpoint = fleet.endpoints()[0];
    (fleet, endpoint)
}

/// A TCP client that remembers what it saw.
pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    pub(crate) seen: Vec<u8>,
    read: usize,
}

impl Client {
    /// Connects.
    pub(crate) async fn connect(endpoint: SocketAddrV4) -> Self {
        let stream =
            timeout(PATIENCE, TcpStream::connect(endpoint)).await.expect("in time").expect("connects");
        Self { stream, seen: vec![], read: 0 }
    }

    /// Waits for `pattern` behind what was waited for last; gives what came up to its end.
    pub(crate) async fn until(&mut self, pattern: &str) -> String {
        let waiting = async {
            loop {
                let new = &self.seen[self.read..];
                if let Some(at) = new.windows(pattern.len()).position(|part| part == pattern.as_bytes()) {
                    let end = self.read + at + pattern.len();
                    let text = String::from_utf8_lossy(&self.seen[self.read..end]).into_owned();
                    self.read = end;
                    return text;
                }
                let n = self.stream.read_buf(&mut self.seen).await.expect("readable");
                assert!(n > 0, "ended while waiting for {pattern:?}: {:?}", self.text());
            }
        };
        timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("{pattern:?} did not come"))
    }

    /// Reads whatever comes within `time`, or until the end.
    pub(crate) async fn during(&mut self, time: Duration) {
        let reading = async { while self.stream.read_buf(&mut self.seen).await.is_ok_and(|n| n > 0) {} };
        let _ = timeout(time, reading).await;
    }

    /// Reads until `size` bytes were seen.
    pub(crate) async fn at_least(&mut self, size: usize) {
        let reading = async {
            while self.seen.len() < size {
                assert!(self.stream.read_buf(&mut self.seen).await.expect("readable") > 0, "ended");
            }
        };
        timeout(PATIENCE, reading).await.expect("enough data in time");
    }

    /// Waits until the peer has ended, in order or not.
    pub(crate) async fn end(&mut self) -> std::io::Result<()> {
        let reading = async {
            loop {
                if self.stream.read_buf(&mut self.seen).await? == 0 {
                    return Ok(());
                }
            }
        };
        timeout(PATIENCE, reading).await.expect("the peer ends")
    }

    /// Types.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.expect("writable");
    }

    /// What was seen.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.seen).into_owned()
    }
}
