//! What a sweep tells of its cost, and what an experiment does to its workers: a sweep in this process, with
//! real workers.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use netsweep::dispatch::JobSpec;
use netsweep::event::{Consumer, RunEvent};
use netsweep::host_keys::HostKeys;
use netsweep::mix::{Mix, usable_cores};
use netsweep::plan::{Plan, PlannedJob};
use netsweep::platforms::Platforms;
use netsweep::supervise::{Signals, WorkerCommand, sweep};
use netsweep_shared::experiment::Conditions;
use netsweep_shared::job::{Mode, Route, Timeouts, Transport};
use netsweep_shared::login::Login;
use netsweep_shared::outcome::AttemptEnd;
use netsweep_shared::protocol::Cost;
use netsweep_shared::secret::Secret;
use support::worker_binary;

const AMPLE: Duration = Duration::from_secs(60);
const AMOUNT: Duration = Duration::from_millis(20);

/// A device on Telnet that lets everybody in and answers whatever it is asked; its port.
fn device() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("listens");
    let port = listener.local_addr().expect("its address").port();
    thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            thread::spawn(move || answer(&connection));
        }
    });
    port
}

fn answer(mut connection: &TcpStream) -> std::io::Result<()> {
    let mut lines = BufReader::new(connection).split(b'\r');
    connection.write_all(b"\r\ncore-1# ")?;
    while lines.next().transpose()?.is_some() {
        connection.write_all(b"\r\nfine\r\ncore-1# ")?;
    }
    Ok(())
}

fn plan(devices: u32, experiment: Conditions, pin: bool) -> Plan {
    let route = Route { transport: Transport::Telnet, port: device() };
    let job = |number: u32| PlannedJob {
        device: format!("core-{number}").into(),
        address: "127.0.0.1".into(),
        routes: Arc::new([route]),
        jumps: Arc::default(),
        platform: "generic".into(),
        login: Arc::new(Login::with_password("admin", Secret::new("any"))),
        commands: Arc::new(["show health".into()]),
        timeouts: Timeouts { connect: AMPLE, login: AMPLE, command: AMPLE, device: AMPLE },
        ssh_legacy: false,
        mode: Mode::Shell,
        keepalive: None,
        encoding: None,
        spec: JobSpec { read_only: true, ..JobSpec::default() },
    };
    Plan {
        run: "a-run".into(),
        jobs: (0..devices).map(job).collect(),
        mix: Mix { processes: 2, threads: 3 },
        platforms: vec![Platforms::builtin().get("generic").expect("built in").clone()],
        group_limits: vec![],
        credentials: 0,
        ways: 0,
        max_auth_failures: 0,
        login_rate: None,
        known: Vec::new(),
        seed: 1,
        device_timeout: AMPLE,
        retries: 0,
        grace: AMPLE,
        output_limit: u64::MAX,
        verbose: false,
        sandbox: true,
        tuning: None,
        experiment,
        pin,
    }
}

/// What a listener of an experiment takes down.
#[derive(Default)]
struct Notebook {
    costs: BTreeMap<u32, Cost>,
    attempts: Vec<(u32, String, AttemptEnd)>,
    notices: Vec<String>,
}

impl Consumer for Notebook {
    fn on(&mut self, event: &RunEvent<'_>) -> anyhow::Result<()> {
        match event {
            RunEvent::WorkerCost { worker, cost } => {
                assert!(self.costs.insert(*worker, **cost).is_none(), "told twice of worker {worker}");
            }
            RunEvent::AttemptEnded { worker, device, end } => {
                assert!(self.costs.is_empty(), "an attempt behind a worker's last word");
                self.attempts.push((*worker, (*device).to_owned(), (*end).clone()));
            }
            RunEvent::Notice(notice) => self.notices.push((*notice).to_owned()),
            RunEvent::WorkerLost { reason, .. } => panic!("a worker was lost: {reason}"),
            _ => {}
        }
        Ok(())
    }
}

fn swept(plan: &Plan) -> Notebook {
    let mut notebook = Notebook::default();
    let (_interrupts, signals) = Signals::scripted();
    let worker = WorkerCommand::Binary(worker_binary());
    sweep(plan, &worker, &signals, &mut HostKeys::off(), &mut notebook).expect("a sweep");
    assert_eq!(notebook.notices, [""; 0]);
    notebook
}

#[test]
fn attempts_and_workers_tell_what_they_have_cost() {
    let experiment =
        Conditions { gil: Some(Duration::from_millis(5)), cpu_per_command: AMOUNT, ..Conditions::default() };
    let notebook = swept(&plan(24, experiment, true));

    let devices: BTreeSet<&str> = notebook.attempts.iter().map(|(_, device, _)| &**device).collect();
    assert_eq!((notebook.attempts.len(), devices.len()), (24, 24));
    let mut computed = BTreeMap::<u32, Duration>::new();
    for (worker, device, end) in &notebook.attempts {
        assert_eq!(end.failure, None, "{device}");
        assert!(end.effort.thread < 3 && end.effort.parse >= AMOUNT, "{device}: {:?}", end.effort);
        *computed.entry(*worker).or_default() += end.effort.compute;
    }
    // Its last word, though the sweep may have been over before its first heartbeat.
    assert_eq!(notebook.costs.keys().collect::<Vec<_>>(), [&0, &1]);
    for (worker, cost) in &notebook.costs {
        let computed = computed.get(worker).copied().unwrap_or_default();
        assert!(cost.user + cost.system >= computed, "worker {worker}: {cost:?}, {computed:?}");
        assert!(cost.peak_memory > 1 << 20 && cost.voluntary_switches > 0, "worker {worker}: {cost:?}");
    }
}

#[test]
fn workers_get_cores_in_turn_only_where_that_is_wanted() {
    let cores = usable_cores();
    let plain = plan(1, Conditions::default(), false);
    assert_eq!(plain.conditions(1, &cores), Conditions::default());

    let pinned = plan(1, Conditions { cpu_per_command: AMOUNT, ..Conditions::default() }, true);
    let conditions = |worker| pinned.conditions(worker, &[2, 3, 7]);
    let given: Vec<_> = (0..5).map(|worker| conditions(worker).cores).collect();
    assert_eq!(given, [[2], [3], [7], [2], [3]]);
    assert_eq!(conditions(4).cpu_per_command, AMOUNT);
    assert_eq!(pinned.conditions(0, &[]).cores, [0; 0], "where nobody knows what there is");
}
