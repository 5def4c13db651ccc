//! What the fleet tells of its waits, against what was foretold and against a clock.

use std::time::{Duration, Instant};

use netsweep_shared::fleet::{Latencies, Latency, LoginServer};
use netsweep_shared::job::Transport::{self, Ssh, Telnet};
use netsweep_simulator::{Fleet, visits};

use crate::client::{Client, PATIENCE, device, spec};
use crate::ssh::session;

const MS: Duration = Duration::from_millis(1);

async fn sweep(transport: Transport) {
    let devices = ["r1", "r2", "r3", "r4"].map(|name| device(name, "cisco_ios", transport, None));
    let mut spec = spec(devices.into());
    spec.latency = Latencies {
        connect: Latency::Fixed(20 * MS),
        login: Latency::Uniform(10 * MS, 60 * MS),
        command: Latency::LogNormal(20 * MS, 90 * MS),
    };
    spec.login_server = Some(LoginServer { service: 100 * MS, comfortable: u32::MAX, strain: 0.0 });
    let commands = ["show clock", "show version"];
    let visits = visits(&spec, &commands, PATIENCE);

    let fleet = Fleet::start(spec).expect("the fleet starts");
    let began = Instant::now();
    let sessions = fleet.endpoints().to_vec().into_iter().map(|endpoint| async move {
        let keys = "terminal length 0\rshow clock\rshow version\rexit\r";
        match transport {
            Ssh => drop(session(endpoint, keys.as_bytes(), 100).await),
            Telnet => {
                let mut client = Client::connect(endpoint).await;
                client.send(format!("admin\rsecret\r{keys}")).await;
                client.end().await.expect("an orderly end");
            }
        }
    });
    for session in sessions.map(tokio::spawn).collect::<Vec<_>>() {
        session.await.expect("a session");
    }
    let took = began.elapsed();

    let report = fleet.report();
    let sums: Vec<Duration> = visits.iter().map(|visit| visit.before + 100 * MS + visit.after).collect();
    assert_eq!(report.waited, sums.iter().sum());
    assert_eq!(Some(report.longest), sums.into_iter().max());
    assert_eq!(report.served, 400 * MS);
    assert!(took >= report.served && took >= report.longest, "{took:?} is too short for {report:?}");
}

#[tokio::test]
async fn over_telnet_waits_are_as_foretold() {
    sweep(Telnet).await;
}

#[tokio::test]
async fn over_ssh_waits_are_as_foretold() {
    sweep(Ssh).await;
}
