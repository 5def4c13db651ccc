use std::collections::BTreeSet;
use std::fs;
use std::hint::black_box;
use std::io::{BufReader, Read, Write};
use std::net::SocketAddrV4;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use netsweep_shared::experiment::Conditions;
use netsweep_shared::fleet::{FleetSpec, Latencies, SimulatedDevice};
use netsweep_shared::frame::{self, FrameReader};
use netsweep_shared::host_key::HostKeyCheck;
use netsweep_shared::job::{Job, JobId, Mode, Route, SshSettings, Timeouts, Transport};
use netsweep_shared::login::Login;
use netsweep_shared::platform::Platform;
use netsweep_shared::protocol::{FromWorker, Hello, Setup, ToWorker};
use netsweep_shared::secret::Secret;
use netsweep_simulator::Fleet;
use tokio::runtime::Runtime;

/// Longer than anything here takes, however busy the machine.
const AMPLE: Duration = Duration::from_secs(60);
const THREADS: u32 = 4;

/// A worker's process that runs jobs as they come.
struct Worker {
    child: Child,
    from: FrameReader<BufReader<ChildStdout>>,
}

impl Worker {
    fn start(sandbox: bool, verbose: bool) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_netsweep-worker"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut from = FrameReader::new(BufReader::new(child.stdout.take().expect("piped")));
        from.read::<Hello>().expect("a frame").expect("a hello").check().expect("ours");
        frame::write(child.stdin.as_mut().expect("piped"), &Hello::ours()).expect("sent");
        let setup = Setup {
            worker: 0,
            threads: THREADS,
            output_limit: u64::MAX,
            verbose,
            sandbox,
            agent_sockets: vec![],
            platforms: vec![cisco()],
            experiment: Conditions::default(),
        };
        let mut worker = Self { child, from };
        worker.send(ToWorker::Setup(setup));
        worker
    }

    fn send(&mut self, message: ToWorker) {
        let to = self.child.stdin.as_mut().expect("open");
        frame::write(to, &message).expect("sent");
        to.flush().expect("sent");
    }

    /// Runs `job`; what its commands printed.
    fn run(&mut self, job: Job) -> String {
        self.send(ToWorker::Job(Box::new(job)));
        let mut output = vec![];
        loop {
            match self.from.read::<FromWorker>().expect("a frame").expect("a message") {
                FromWorker::Output { bytes, .. } => output.extend(bytes),
                FromWorker::Finished { end, .. } => {
                    assert_eq!(end.failure, None);
                    return String::from_utf8(output).expect("UTF-8");
                }
                _ => {}
            }
        }
    }

    /// The process's own and every thread's values of `field` in the kernel's description.
    fn described(&self, field: &str) -> BTreeSet<String> {
        let process = format!("/proc/{}", self.child.id());
        let threads = fs::read_dir(format!("{process}/task")).expect("threads");
        let threads = threads.map(|thread| thread.expect("a thread").path().join("status"));
        let files: Vec<_> = threads.chain([format!("{process}/status").into()]).collect();
        // Session threads, main thread, pipe, watchdog; the process.
        assert!(files.len() > THREADS as usize + 3, "{files:?}");
        files.iter().map(|file| value(file, field)).collect()
    }

    /// Ends it as a supervisor does; what it has logged.
    fn end(mut self) -> String {
        drop(self.child.stdin.take());
        assert!(self.child.wait().expect("it ends").success());
        let mut log = String::new();
        self.child.stderr.take().expect("piped").read_to_string(&mut log).expect("UTF-8");
        log
    }
}

fn value(file: &Path, field: &str) -> String {
    let text = fs::read_to_string(file).expect("it is still described");
    let line = text.lines().find(|line| line.split(':').next() == Some(field));
    line.unwrap_or_else(|| panic!("{field} in {text}")).to_owned()
}

fn cisco() -> Platform {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../platforms/cisco_ios.toml");
    let text = fs::read_to_string(path).expect("the platform has a file");
    Platform { name: "cisco_ios".into(), ..toml::from_str(&text).expect("a definition") }
}

/// Two simulated devices, SSH and Telnet, up for as long as the first two live.
fn devices() -> (Runtime, Fleet, Vec<(Transport, SocketAddrV4)>) {
    let runtime = Runtime::new().expect("a runtime");
    let transports = [Transport::Ssh, Transport::Telnet];
    let device = |transport: Transport| SimulatedDevice {
        name: format!("core-{transport}"),
        platform: "cisco_ios".into(),
        transport,
        fault: None,
    };
    let spec = FleetSpec {
        devices: transports.map(device).into(),
        latency: Latencies::default(),
        login_server: None,
        output_bytes: None,
        seed: 1,
    };
    let fleet = {
        let _inside = runtime.enter();
        Fleet::start(spec).expect("starts")
    };
    let endpoints = transports.into_iter().zip(fleet.endpoints().iter().copied()).collect();
    (runtime, fleet, endpoints)
}

fn job(transport: Transport, endpoint: SocketAddrV4) -> Job {
    Job {
        id: JobId(0),
        attempt: 1,
        device: "core-1".into(),
        address: endpoint.ip().to_string(),
        routes: vec![Route { transport, port: endpoint.port() }],
        jumps: vec![],
        platform: "cisco_ios".into(),
        login: Login::with_password("admin", Secret::new("any")),
        asks_first: false,
        ssh: SshSettings { host_key: HostKeyCheck::Off, legacy: false },
        mode: Mode::Shell,
        keepalive: None,
        encoding: None,
        commands: vec!["show version".into()],
        read_only: true,
        timeouts: Timeouts { connect: AMPLE, login: AMPLE, command: AMPLE, device: AMPLE },
    }
}

/// Not only where somebody reads the log.
#[test]
fn a_workers_threads_are_all_shut_in_and_sweep() {
    let (_runtime, _fleet, devices) = devices();
    for verbose in [false, true] {
        let mut worker = Worker::start(true, verbose);
        for (transport, endpoint) in &devices {
            let output = worker.run(job(*transport, *endpoint));
            assert!(output.contains("Cisco"), "{transport}: {output}");
        }
        assert_eq!(worker.described("Seccomp"), ["Seccomp:\t2".to_owned()].into());
        assert_eq!(worker.described("NoNewPrivs"), ["NoNewPrivs:\t1".to_owned()].into());
        let log = worker.end();
        assert_eq!(log.contains("shut in: "), verbose, "{log}");
        assert!(!log.contains("missing"), "{log}");
    }
}

#[test]
fn a_worker_is_not_shut_in_where_that_is_not_wanted() {
    let (_runtime, _fleet, devices) = devices();
    let mut worker = Worker::start(false, true);
    let (transport, endpoint) = devices[0];
    worker.run(job(transport, endpoint));
    // As we are ourselves: a container may have a filter of its own.
    let ours = value(Path::new("/proc/self/status"), "Seccomp");
    assert_eq!(worker.described("Seccomp"), [ours].into());
    let log = worker.end();
    assert!(log.contains("not shut in, as asked"), "{log}");
}

/// The kernel's account of resources goes on from whoever started a program.
#[test]
fn the_memory_that_a_worker_tells_of_is_its_own() {
    const OURS: usize = 256 << 20;
    let mut memory = vec![0_u8; OURS];
    memory.iter_mut().step_by(4096).for_each(|byte| *byte = black_box(1));
    let mut worker = Worker::start(true, false);
    black_box(&memory);
    drop(worker.child.stdin.take());
    let mut peak = None;
    while let Some(message) = worker.from.read::<FromWorker>().expect("a frame") {
        if let FromWorker::Alive { cost, .. } = message {
            peak = Some(cost.peak_memory);
        }
    }
    let peak = peak.expect("its last word");
    assert!((1 << 20..OURS as u64 / 2).contains(&peak), "{peak} bytes");
    worker.end();
}
