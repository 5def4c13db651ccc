//! What is left of a fleet's sessions when their peers are gone. One test in a process of its own:
//! it counts the process's sockets.

use std::time::{Duration, Instant};

use netsweep_shared::fleet::{Fault, FleetSpec, Latencies, SimulatedDevice};
use netsweep_shared::job::Transport;
use netsweep_simulator::Fleet;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

/// Nothing that is going to happen takes longer, however busy the machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn sockets() -> usize {
    let descriptors = std::fs::read_dir("/proc/self/fd").expect("procfs").flatten();
    descriptors
        .filter(|entry| {
            std::fs::read_link(entry.path()).is_ok_and(|link| link.to_string_lossy().starts_with("socket:"))
        })
        .count()
}

#[tokio::test]
async fn ten_thousand_devices_start_and_no_socket_is_left_of_any_fault() {
    let faults = Fault::ALL.map(|(_, fault)| Some(fault)).into_iter().chain([None]);
    let kinds = faults.flat_map(|fault| [(fault, Transport::Ssh), (fault, Transport::Telnet)]);
    let mut kinds: Vec<_> = kinds.collect();
    let different = kinds.len();
    kinds.resize(10_000, (None, Transport::Ssh));
    let device = |(n, (fault, transport))| SimulatedDevice {
        name: format!("sw{n}"),
        platform: "cisco_ios".into(),
        transport,
        fault,
    };
    let devices = kinds.into_iter().enumerate().map(device).collect();
    let fleet = Fleet::start(FleetSpec {
        devices,
        latency: Latencies::default(),
        login_server: None,
        output_bytes: None,
        seed: 1,
    })
    .expect("the fleet starts");
    assert_eq!(fleet.endpoints().len(), 10_000);
    let at_rest = sockets();

    let mut clients = vec![];
    for endpoint in &fleet.endpoints()[..different] {
        if let Ok(mut client) = TcpStream::connect(endpoint).await {
            // Let it say its first words.
            let _ = timeout(Duration::from_millis(20), client.read(&mut [0; 512])).await;
            clients.push(client);
        }
    }
    assert_eq!(clients.len(), different - 2, "two refuse");
    assert_eq!(sockets(), at_rest + 2 * clients.len(), "both ends of each connection are here");
    drop(clients);
    let deadline = Instant::now() + PATIENCE;
    while sockets() > at_rest {
        assert!(Instant::now() < deadline, "{} sockets are left", sockets() - at_rest);
        sleep(Duration::from_millis(20)).await;
    }
}
