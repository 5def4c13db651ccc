//! What recording costs: `cargo bench -p netsweep --bench store [-- RESULTS BYTES]`.
//!
//! The thread that sweeps hands records over; another writes them. Told are the time until all of
//! them are durable, and the CPU time of either.

use std::sync::Arc;
use std::time::{Duration, Instant, UNIX_EPOCH};

use netsweep::event::{Consumer, RunEnd, RunEvent};
use netsweep::record::{CommandRecord, CommandStatus, DeviceStatus, Record, TimingMs};
use netsweep::store::{NewDevice, NewRun, Recorder, Sought, Store};
use netsweep_shared::job::{Route, Transport};
use rustix::time::{ClockId, clock_gettime};

const ROUTE: [Route; 1] = [Route { transport: Transport::Ssh, port: 22 }];

fn main() {
    let mut numbers = std::env::args().filter_map(|argument| argument.parse::<usize>().ok());
    let results = numbers.next().unwrap_or(100_000);
    let bytes = numbers.next().unwrap_or(4600);
    let folder = tempfile::tempdir().expect("a directory");
    let path = folder.path().join("runs.db");
    let names: Vec<String> = (0..results).map(|n| format!("access-switch-{n:06}.example.net")).collect();
    let commands: Arc<[String]> = Arc::new(["show version".into(), "show clock".into()]);
    let device = |name| NewDevice {
        name,
        address: "192.0.2.1",
        routes: &ROUTE,
        platform: "cisco_ios",
        commands: &commands,
        read_only: true,
    };

    let began = Instant::now();
    let mut store = Store::create(Some(&path)).expect("opens");
    let run = NewRun {
        name: "bench",
        version: "0",
        inventory: "/etc/devices.toml".as_ref(),
        simulated: false,
        options: "{}",
        devices: names.iter().map(|name| device(name)).collect(),
    };
    let (id, lock) = store.begin(&run).expect("begins");
    println!("{results} devices entered in {:.2?}", began.elapsed());

    let mut recorder = Recorder::new(store, id, lock).expect("starts");
    let (ours, all) = (cpu(ClockId::ThreadCPUTime), cpu(ClockId::ProcessCPUTime));
    let began = Instant::now();
    // As devices finish: not in inventory order.
    for n in 0..results {
        let record = record(&names[n * 7919 % results], bytes);
        recorder.on(&RunEvent::DeviceDone(&record.clone().into())).expect("recorded");
    }
    recorder
        .on(&RunEvent::Ended(&RunEnd { makespan: Duration::ZERO, left: 0, interrupted: false, tuned: None }))
        .expect("durable");
    let took = began.elapsed();
    let (ours, all) = (cpu(ClockId::ThreadCPUTime) - ours, cpu(ClockId::ProcessCPUTime) - all);
    let each = |time: Duration| time.as_secs_f64() * 1e6 / results as f64;
    println!(
        "{results} results of {bytes} bytes durable in {took:.2?}: {:.0} results/s; CPU per result: {:.1} µs on the \
         sweeping thread, {:.1} µs on the writing one",
        results as f64 / took.as_secs_f64(),
        each(ours),
        each(all - ours)
    );
    let size = std::fs::metadata(&path).expect("a file").len();
    println!("{} MB in the file", size / 1_000_000);
    let began = Instant::now();
    let store = Store::create(Some(&path)).expect("opens");
    let run = store.run("bench").expect("reads").expect("a run");
    println!("counted in {:.2?}: {:?}", began.elapsed(), run.tally);

    let sought = |name| Sought { name, address: "192.0.2.1", commands: &commands };
    let sought: Vec<_> = names.iter().map(|name| sought(name)).collect();
    let mut times: Vec<(Duration, Duration)> = (0..9)
        .map(|_| {
            let (began, cpu_began) = (Instant::now(), cpu(ClockId::ThreadCPUTime));
            let history = Store::create(Some(&path)).expect("opens").history(false, &sought).expect("reads");
            let took = (cpu(ClockId::ThreadCPUTime) - cpu_began, began.elapsed());
            assert_eq!(history.known.iter().flatten().count(), results);
            took
        })
        .collect();
    times.sort();
    let (cpu, whole) = times[times.len() / 2];
    println!("opened, and what it tells of all these devices read, in {whole:.2?}, {cpu:.2?} of it CPU time");
}

fn cpu(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    Duration::new(time.tv_sec.cast_unsigned(), time.tv_nsec.unsigned_abs() as u32)
}

fn record(device: &str, bytes: usize) -> Record {
    let command = |command: &str| CommandRecord {
        command: command.into(),
        status: CommandStatus::Ok,
        output: vec![b'x'; bytes / 2],
        elapsed_ms: 305.2,
        truncated: false,
        parsed: None,
        undecoded: None,
    };
    Record {
        run: "bench".into(),
        device: device.into(),
        address: "192.0.2.1".into(),
        port: 22,
        transport: Transport::Ssh,
        platform: "cisco_ios".into(),
        status: DeviceStatus::Ok,
        error: None,
        attempts: 1,
        worker: Some(0),
        started: Some(UNIX_EPOCH + Duration::from_secs(1_767_225_600)),
        timing_ms: TimingMs { connect: 3.1, login: 42.0, commands: 611.0, total: 656.9 },
        commands: vec![command("show version"), command("show clock")],
        ssh_legacy: None,
    }
}
