use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use netsweep_shared::experiment::Conditions;
use netsweep_shared::fleet::{
    Fault, FleetReady, FleetReport, FleetSpec, Latencies, Latency, LoginServer, SimulatedDevice,
};
use netsweep_shared::host_key::{HostKeyCheck, KnownKey};
use netsweep_shared::job::{Job, JobId, Jump, Mode, Route, SshSettings, Timeouts, Transport};
use netsweep_shared::login::{Login, PrivateKey};
use netsweep_shared::outcome::{AttemptEnd, CommandEnd, Effort, ErrorKind, Failure, Stage, Timing};
use netsweep_shared::platform::{Answer, CliMode, Enter, LoginDialogue, Platform, Shell, Terminal};
use netsweep_shared::protocol::{Activity, Cost, FromWorker, Hello, Setup, ToWorker};
use netsweep_shared::secret::Secret;

use super::golden::Golden;

/// One of each message, and of each word of the vocabularies.
pub(crate) fn all() -> Vec<Golden> {
    let device = JobId(300);
    vec![
        // Not our own version: a hello's layout, and so this file, stays when the version is raised.
        Golden::new("hello", Hello { magic: Hello::MAGIC, protocol: 1, build: "netsweep 0.1.0".into() }),
        Golden::new("to_worker.setup", ToWorker::Setup(setup())),
        Golden::new("to_worker.job.ssh", ToWorker::Job(Box::new(ssh_job()))),
        Golden::new("to_worker.job.telnet", ToWorker::Job(Box::new(telnet_job()))),
        Golden::new("to_worker.withdraw", ToWorker::Withdraw(device)),
        Golden::new("to_worker.log_in", ToWorker::LogIn(device)),
        Golden::new("to_worker.drain", ToWorker::Drain),
        Golden::new("to_worker.cancel", ToWorker::Cancel),
        Golden::new("from_worker.started", FromWorker::Started(device)),
        Golden::new("from_worker.new_host_key", new_host_key()),
        Golden::new("from_worker.asks_to_log_in", FromWorker::AsksToLogIn(device)),
        Golden::new("from_worker.logs_in", FromWorker::LogsIn(device)),
        Golden::new("from_worker.logged_in", FromWorker::LoggedIn(device)),
        Golden::new("from_worker.commands_begin", FromWorker::CommandsBegin(device)),
        Golden::new("from_worker.output", output()),
        Golden::new("from_worker.command_ended", command_ended()),
        Golden::new("from_worker.finished.ok", FromWorker::Finished { job: device, end: success() }),
        Golden::new("from_worker.finished.failed", FromWorker::Finished { job: device, end: refusal() }),
        Golden::new("from_worker.returned", FromWorker::Returned(device)),
        Golden::new("from_worker.alive", FromWorker::Alive { doing: activities(), cost: cost() }),
        Golden::new("vocabulary.error_kinds", error_kinds()),
        Golden::new("vocabulary.stages", stages()),
        Golden::new("fleet.spec", fleet_spec()),
        Golden::new("fleet.ready", fleet_ready()),
        Golden::new("fleet.report", fleet_report()),
    ]
}

fn activities() -> Vec<Activity> {
    vec![
        Activity { job: JobId(7), stage: Stage::Handshake },
        Activity { job: JobId(300), stage: Stage::Commands },
    ]
}

fn cost() -> Cost {
    Cost {
        user: Duration::from_micros(1_234_567),
        system: Duration::from_millis(89),
        peak_memory: 41 << 20,
        voluntary_switches: 12_345,
        involuntary_switches: 678,
    }
}

fn setup() -> Setup {
    Setup {
        worker: 3,
        threads: 64,
        output_limit: 16 << 20,
        verbose: true,
        sandbox: false,
        agent_sockets: vec!["/run/user/1000/agent".into()],
        platforms: vec![platform()],
        experiment: Conditions {
            gil: Some(Duration::from_millis(5)),
            cpu_per_command: Duration::from_millis(20),
            cores: vec![1, 3],
        },
    }
}

/// Every key has a value, so that none can change places unnoticed.
fn platform() -> Platform {
    Platform {
        name: "cisco_ios".into(),
        description: "Cisco IOS and IOS XE".into(),
        modes: modes(),
        prompt_lead: vec![r"\{master:\d\}".into()],
        errors: vec![r"^% ?(Invalid input|Ambiguous command)".into()],
        read_only: vec![r"^show ".into(), r"^dir\b".into()],
        prepare: vec!["terminal length 0".into(), "terminal width 511".into()],
        type_ahead: true,
        pager: vec![Answer { pattern: "--More-- ?".into(), answer: " ".into() }],
        leave: Some("exit".into()),
        login: LoginDialogue {
            username: "Username: ".into(),
            password: "Password: ".into(),
            failed: vec!["% Login invalid".into(), "% Bad passwords".into()],
            questions: vec![Answer { pattern: "Press any key".into(), answer: "\r".into() }],
            interactive: true,
            ignore: vec![r"(?i)last login: *$".into()],
        },
        shell: Some(Shell {
            set_prompt: "PS1='net''sweep$ '".into(),
            prompt: r"netsweep\$ $".into(),
            silent: ": netsweep".into(),
        }),
        terminal: Terminal { kind: "vt100".into(), width: 511, height: 0 },
        line_end: "\r".into(),
    }
}

fn modes() -> Vec<CliMode> {
    let mode = |name: &str, prompt: &str| CliMode { name: name.into(), prompt: prompt.into(), enter: None };
    let enter = Enter { from: "user".into(), command: "enable".into(), password: "Password: ".into() };
    vec![
        mode("user", r"(?P<host>[\w.-]+)>"),
        CliMode { enter: Some(enter), ..mode("privileged", r"(?P<host>[\w.-]+)#") },
    ]
}

fn ssh_job() -> Job {
    Job {
        id: JobId(300),
        attempt: 2,
        device: "core-1".into(),
        address: "192.0.2.1".into(),
        routes: vec![
            Route { transport: Transport::Ssh, port: 22 },
            Route { transport: Transport::Telnet, port: 23 },
        ],
        jumps: vec![jump()],
        platform: "cisco_ios".into(),
        login: Login {
            username: "admin".into(),
            key: None,
            agent: Some("/run/user/1000/agent".into()),
            password: Some(Secret::new("correct horse")),
            enable_password: Some(Secret::new("battery staple")),
        },
        asks_first: true,
        ssh: SshSettings { host_key: HostKeyCheck::AcceptNew { known: vec![] }, legacy: true },
        mode: Mode::Exec,
        keepalive: Some(Duration::from_secs(15)),
        encoding: Some("GBK".into()),
        commands: vec!["show version".into(), "show ip interface brief".into()],
        read_only: true,
        timeouts: Timeouts {
            connect: Duration::from_secs(10),
            login: Duration::from_secs(20),
            command: Duration::from_secs(30),
            device: Duration::from_millis(119_500),
        },
    }
}

fn jump() -> Jump {
    let known = KnownKey {
        algorithm: "ssh-ed25519".into(),
        blob: b"\0\0\0\x0bssh-ed25519\0\0\0\x20\xff".to_vec(),
        fingerprint: "SHA256:abc".into(),
        place: "known_hosts:7".into(),
        revoked: true,
    };
    Jump {
        address: "bastion.example".into(),
        port: 2222,
        login: Login {
            username: "ops".into(),
            key: Some(PrivateKey {
                name: "id_ed25519".into(),
                pem: Secret::new("-----BEGIN"),
                passphrase: Some(Secret::new("open sesame")),
            }),
            agent: None,
            password: None,
            enable_password: None,
        },
        ssh: SshSettings { host_key: HostKeyCheck::Strict { known: vec![known] }, legacy: false },
    }
}

fn telnet_job() -> Job {
    Job {
        id: JobId(0),
        attempt: 1,
        device: "zürich-7".into(),
        address: "2001:db8::7".into(),
        routes: vec![Route { transport: Transport::Telnet, port: 2323 }],
        jumps: vec![],
        platform: "linux".into(),
        login: Login {
            username: String::new(),
            key: None,
            agent: None,
            password: None,
            enable_password: None,
        },
        asks_first: false,
        ssh: SshSettings { host_key: HostKeyCheck::Off, legacy: false },
        mode: Mode::Shell,
        keepalive: None,
        encoding: None,
        commands: vec![],
        read_only: false,
        timeouts: Timeouts {
            connect: Duration::ZERO,
            login: Duration::from_nanos(1),
            command: Duration::from_micros(1),
            device: Duration::MAX,
        },
    }
}

fn new_host_key() -> FromWorker {
    FromWorker::NewHostKey { job: JobId(300), hop: 1, key: b"\0\0\0\x0bssh-ed25519\xff".to_vec() }
}

/// Not UTF-8, and longer than a length of one byte can say.
fn output() -> FromWorker {
    let text = b"Cisco IOS Software, Version 15.2(4)E10\r\nuptime is 1 week \xfe\xff\0".repeat(5);
    FromWorker::Output { job: JobId(70_000), command: 1, bytes: text }
}

fn command_ended() -> FromWorker {
    let end = CommandEnd { ok: true, elapsed: Duration::from_micros(305_200), truncated: true };
    FromWorker::CommandEnded { job: JobId(300), command: 1, end }
}

fn success() -> AttemptEnd {
    let timing = Timing {
        connect: Duration::from_micros(3_100),
        login: Duration::from_millis(42),
        commands: Duration::from_millis(611),
        total: Duration::from_micros(656_100),
    };
    let effort = Effort {
        thread: 63,
        queue: Duration::from_micros(70),
        key_exchange: Duration::from_millis(30),
        leave: Duration::from_millis(250),
        compute: Duration::from_micros(41_100),
        parse: Duration::from_micros(40_000),
        lock: Duration::from_millis(9),
        pipe: Duration::from_micros(20),
    };
    let old_algorithms = vec!["ssh-rsa".into(), "3des-cbc".into()];
    AttemptEnd { failure: None, timing, effort: Box::new(effort), route: 1, old_algorithms }
}

fn refusal() -> AttemptEnd {
    let message = "the device refused the password of admin";
    AttemptEnd {
        failure: Some(Failure::new(ErrorKind::Auth, Stage::Login, message)),
        timing: Timing { connect: Duration::from_millis(1), ..Timing::default() },
        ..AttemptEnd::default()
    }
}

pub(crate) fn error_kinds() -> Vec<ErrorKind> {
    use ErrorKind::*;
    vec![
        Resolve,
        Connect,
        Timeout,
        HostKey,
        Handshake,
        Auth,
        LockoutGuard,
        Prompt,
        Command,
        Disconnected,
        Crashed,
        Interrupted,
    ]
}

pub(crate) fn stages() -> Vec<Stage> {
    vec![
        Stage::Jump,
        Stage::JumpLogin,
        Stage::Connect,
        Stage::Handshake,
        Stage::Login,
        Stage::Prepare,
        Stage::Commands,
    ]
}

/// Has a device for each fault, and one without.
fn fleet_spec() -> FleetSpec {
    let faults = Fault::ALL.iter().map(|(name, fault)| (*name, Some(*fault)));
    let device = |(index, (name, fault)): (usize, (&str, _))| SimulatedDevice {
        name: format!("{name}-{index}"),
        platform: "arista_eos".into(),
        transport: if index % 2 == 0 { Transport::Ssh } else { Transport::Telnet },
        fault,
    };
    FleetSpec {
        devices: [("healthy", None)].into_iter().chain(faults).enumerate().map(device).collect(),
        latency: Latencies {
            connect: Latency::Fixed(Duration::from_millis(1)),
            login: Latency::Uniform(Duration::from_millis(100), Duration::from_millis(300)),
            command: Latency::LogNormal(Duration::from_millis(300), Duration::from_secs(2)),
        },
        login_server: Some(LoginServer {
            service: Duration::from_millis(102),
            comfortable: 140,
            strain: 0.003,
        }),
        output_bytes: Some(4_600),
        seed: 0x0123_4567_89ab_cdef,
    }
}

fn fleet_ready() -> FleetReady {
    let endpoint = |last, port| SocketAddrV4::new(Ipv4Addr::new(127, 0, 1, last), port);
    FleetReady { endpoints: vec![endpoint(1, 40_022), endpoint(2, 40_023)] }
}

fn fleet_report() -> FleetReport {
    FleetReport {
        connections: 2_001,
        logins: 1_999,
        rejected: 2,
        commands: 4_000,
        cpu: Duration::from_millis(1_234),
        waited: Duration::from_millis(1_600_000),
        longest: Duration::from_millis(2_500),
        served: Duration::from_millis(204_000),
    }
}
