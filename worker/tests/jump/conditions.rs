//! What an experiment does to a worker, and what a worker tells of its cost.

use std::io::{BufWriter, Write, pipe};
use std::time::{Duration, Instant};

use netsweep_shared::experiment::Conditions;
use netsweep_shared::frame;
use netsweep_shared::job::Transport::{Ssh, Telnet};
use netsweep_shared::job::{Job, JobId};
use netsweep_shared::outcome::{AttemptEnd, ErrorKind};
use netsweep_shared::protocol::{FromWorker, Hello, Setup, ToWorker};
use netsweep_worker::serve::serve;

use crate::host::JumpHost;
use crate::sessions::Devices;
use crate::worker::{Worker, job};
use crate::{eventually, hold, target};

const INTERVAL: Duration = Duration::from_millis(5);

fn two_commands(job: Job) -> Job {
    Job { commands: vec!["show version".into(), "show clock".into()], ..job }
}

/// Twelve sessions at once, SSH and Telnet; how they ended.
fn sweep(worker: &mut Worker, devices: &Devices) -> Vec<AttemptEnd> {
    for id in 0..12 {
        let (device, transport) = [(0, Ssh), (1, Telnet)][id as usize % 2];
        worker.take(job(id, &devices.address(device), &[(transport, devices.port(device))], &[]));
    }
    let ends: Vec<AttemptEnd> = worker.finish(12).into_values().collect();
    for end in &ends {
        assert_eq!(end.failure, None);
    }
    ends
}

#[test]
fn an_attempt_tells_where_its_time_went() {
    let devices = Devices::start(&[(Ssh, None), (Telnet, None)]);
    let amount = Duration::from_millis(15);
    let conditions = Conditions { cpu_per_command: amount, ..Conditions::default() };
    let mut worker = Worker::start_under(conditions, 1, &["cisco_ios"]);
    for (id, transport) in [(0, Ssh), (1, Telnet)] {
        let device = id as usize;
        let job = two_commands(job(id, &devices.address(device), &[(transport, devices.port(device))], &[]));
        worker.take(Job { read_only: false, ..job });
    }
    let mut ends = worker.finish(2);
    let [ssh, telnet] = [0, 1].map(|id| ends.remove(&JobId(id)).expect("finished"));
    for end in [&ssh, &telnet] {
        let (timing, effort) = (end.timing, &end.effort);
        assert_eq!((end.failure.as_ref(), effort.thread, effort.lock), (None, 0, Duration::ZERO));
        assert!(effort.parse >= 2 * amount && effort.compute > effort.parse, "{effort:?}");
        assert!(timing.commands >= effort.parse && timing.total >= effort.compute, "{timing:?} {effort:?}");
        // The word that commands begin which may change the device has to be in the pipe.
        assert!(effort.pipe > Duration::ZERO && effort.pipe < timing.total, "{effort:?}");
    }
    assert!(ssh.effort.key_exchange > Duration::ZERO && ssh.effort.key_exchange < ssh.timing.login);
    assert_eq!(telnet.effort.key_exchange, Duration::ZERO);
    // There is one thread, and the second job came while it was busy with the first.
    assert!(ssh.effort.queue.max(telnet.effort.queue) >= 2 * amount);
}

#[test]
fn without_an_experiment_there_is_no_lock_and_no_computing() {
    let devices = Devices::start(&[(Ssh, None), (Telnet, None)]);
    for end in sweep(&mut Worker::start(6, &["cisco_ios"]), &devices) {
        assert_eq!((end.effort.lock, end.effort.parse), Default::default());
        assert!(end.effort.compute > Duration::ZERO && end.effort.thread < 6, "{:?}", end.effort);
    }
}

#[test]
fn with_one_lock_one_computes_at_a_time() {
    let devices = Devices::start(&[(Ssh, None), (Telnet, None)]);
    let amount = Duration::from_millis(20);
    let conditions = Conditions { gil: Some(INTERVAL), cpu_per_command: amount, ..Conditions::default() };
    let mut worker = Worker::start_under(conditions, 12, &["cisco_ios"]);
    let began = Instant::now();
    let ends = sweep(&mut worker, &devices);
    let took = began.elapsed();
    let sum = |part: fn(&AttemptEnd) -> Duration| ends.iter().map(part).sum::<Duration>();
    assert!(took >= sum(|end| end.effort.parse), "two have computed at once: all in {took:?}");
    assert!(sum(|end| end.effort.lock) >= amount, "nobody has waited: {ends:?}");
}

/// Every way to wait gives the lock up: else a session that waits here for one that waits there would
/// wait for ever.
#[test]
fn sessions_wait_for_names_jump_hosts_and_each_other_without_the_lock() {
    let devices = Devices::start(&[(Ssh, None), (Telnet, None)]);
    let (host, silent) = (JumpHost::start(), target(hold));
    let conditions = Conditions { gil: Some(Duration::from_secs(3600)), ..Conditions::default() };
    let mut worker = Worker::start_under(conditions, 4, &["cisco_ios"]);
    // One that waits until the test is over.
    worker.take(job(100, "127.0.0.1", &[(Telnet, silent)], &[]));
    eventually("the silent device's session began", || worker.next() == FromWorker::Started(JobId(100)));
    for id in 0..4 {
        worker.take(job(id, &devices.address(0), &[(Ssh, devices.port(0))], &[host.jump()]));
    }
    // One whose name is looked up, and which waits as well.
    worker.take(job(4, "localhost", &[(Telnet, silent)], &[]));
    let ends = worker.finish(4);
    assert!((0..4).all(|id| ends[&JobId(id)].failure.is_none()), "{ends:?}");
}

#[test]
fn computing_ends_with_the_sessions() {
    let devices = Devices::start(&[(Ssh, None), (Telnet, None)]);
    let conditions = Conditions {
        gil: Some(INTERVAL),
        cpu_per_command: Duration::from_secs(24 * 3600),
        ..Conditions::default()
    };
    let mut worker = Worker::start_under(conditions, 3, &["cisco_ios"]);
    for id in 0..3 {
        worker.take(two_commands(job(id, &devices.address(1), &[(Telnet, devices.port(1))], &[])));
    }
    let mut computing = 0;
    while computing < 3 {
        computing += usize::from(matches!(worker.next(), FromWorker::CommandEnded { .. }));
    }
    worker.cancel();
    for end in worker.finish(3).into_values() {
        assert_eq!(end.failure.expect("cut short").kind, ErrorKind::Interrupted);
        assert!(end.effort.parse > Duration::ZERO);
    }
}

#[test]
fn a_worker_says_last_what_it_has_cost() {
    let devices = Devices::start(&[(Ssh, None), (Telnet, None)]);
    let mut worker = Worker::start(6, &["cisco_ios"]);
    let computed: Duration = sweep(&mut worker, &devices).iter().map(|end| end.effort.compute).sum();
    let heard = worker.close();
    let Some(FromWorker::Alive { doing, cost }) = heard.last() else { panic!("{heard:?}") };
    assert!(doing.is_empty(), "{doing:?}");
    // What else this process does counts as well.
    assert!(cost.user + cost.system >= computed, "{cost:?}, {computed:?}");
    assert!(cost.peak_memory > 1 << 20 && cost.voluntary_switches > 0, "{cost:?}");
}

#[test]
fn its_last_word_comes_behind_those_of_sessions_that_it_ends() {
    let silent = target(hold);
    let mut worker = Worker::start(2, &["cisco_ios"]);
    worker.take(job(0, "127.0.0.1", &[(Telnet, silent)], &[]));
    assert_eq!(worker.next(), FromWorker::Started(JobId(0)));
    let heard = worker.close();
    let Some(FromWorker::Alive { doing, .. }) = heard.last() else { panic!("{heard:?}") };
    assert!(doing.is_empty(), "{doing:?}");
}

#[test]
fn a_core_that_does_not_exist_is_an_error() {
    let (from_us, to) = pipe().expect("a pipe");
    let mut to = BufWriter::new(to);
    let experiment = Conditions { cores: vec![0, 1_000_000], ..Conditions::default() };
    let setup = Setup {
        worker: 0,
        threads: 1,
        output_limit: 0,
        verbose: false,
        sandbox: false,
        agent_sockets: vec![],
        platforms: vec![],
        experiment,
    };
    frame::write(&mut to, &Hello::ours()).expect("sent");
    frame::write(&mut to, &ToWorker::Setup(setup)).expect("sent");
    to.flush().expect("sent");
    let error = serve(from_us, std::io::sink()).expect_err("no such core");
    assert!(format!("{error:#}").contains("core 1000000:"), "{error:#}");
}
