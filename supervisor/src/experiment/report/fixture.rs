//! An experiment as it might be found, for tests: nothing in it was measured. Whatever users and devices
//! have a say in tries to break out of its place.

use super::results::{
    Auto, Cell, Choice, Cost, Experiment, LeftOut, Machine, Phases, Reference, ReferencePoint, Section, Span,
    Trial, Verdict, VerdictResult, Workload,
};

const DEVICES: u32 = 500;
const HOSTILE: &str = "</script><script>broken()</script><img src=x onerror=broken()>\u{1b}[2J\u{202e}|`&\"'";

/// A matrix of 3 × 4 mixes with and without a lock, and a book's sweep with an extrapolated cell.
pub(crate) fn experiment() -> Experiment {
    Experiment {
        command: format!("netsweep experiment --claim 2 --seed 7 --inventory '{HOSTILE}'"),
        began: "2026-11-23T10:00:00Z".into(),
        version: "0.1.0".into(),
        machine: Machine {
            cpus: 2,
            cpu_model: Some("Example CPU 3.0 GHz".into()),
            memory: 8_200_000_000,
            system: "Linux 6.8.0".into(),
        },
        sections: vec![matrix(), book()],
    }
}

fn matrix() -> Section {
    let mut chance = Chance(7);
    let mut cells = Vec::new();
    for gil in [false, true] {
        for processes in [1, 2, 4] {
            for threads in [1, 8, 64, 256] {
                // Two devices' worth of computing wait for one lock or one of two cores.
                let cores = if gil { processes.min(2) } else { 2.min(processes * threads) };
                cells.push(cell(&mut chance, (processes, threads, gil), DEVICES, 0.6, 0.012, cores));
            }
        }
    }
    cells.retain(|cell| (cell.processes, cell.threads) != (4, 256));
    let left_out = [false, true].map(|gil| LeftOut {
        processes: 4,
        threads: 256,
        gil,
        why: "the budget of 5m was spent".into(),
    });
    Section {
        title: "threads suit work that waits, also with a lock".into(),
        claim: Some(2),
        workload: Workload {
            name: "io".into(),
            description:
                "log-normal latencies, 600 ms a session in the median; two commands; 12 ms of computing"
                    .into(),
            devices: DEVICES,
            time_scale: 1.0,
        },
        cells,
        left_out: left_out.into(),
        references: vec![
            reference("CPython 3.11, threading", 330.0, 14.0),
            reference("CPython 3.11, multiprocessing", 370.0, 7.0),
        ],
        verdict: Some(Verdict {
            result: VerdictResult::Confirmed,
            reason:
                "with 64 threads of one process the sweep took a 44th of the sequential time, with the lock \
                     and without it"
                    .into(),
        }),
        choice: Some(Choice {
            processes: 2,
            threads: 64,
            reason: "the fastest is no faster beyond the spreads, and needs four times the memory".into(),
        }),
        auto: Some(Auto {
            processes: 2,
            makespans: vec![3.1, 3.4],
            sessions: vec![512, 480],
            reason: HOSTILE.into(),
        }),
    }
}

fn book() -> Section {
    let mut chance = Chance(11);
    let mut cells: Vec<_> = [(1, 1), (1, 64), (2, 1), (2, 64)]
        .map(|(processes, threads)| {
            let devices = if threads == 1 { 40 } else { DEVICES };
            let mut cell = cell(
                &mut chance,
                (processes, threads, false),
                devices,
                7.5,
                0.004,
                2.min(processes * threads),
            );
            cell.pinned = true;
            cell
        })
        .into();
    cells[1].trials[0].failures = 271;
    cells[1].trials[1].failures = 274;
    cells[3].worker = Some(format!("/opt/{HOSTILE}/netsweep-worker"));
    cells[3].trials.truncate(1);
    cells[2].trials[0].timeline[3].device = HOSTILE.into();
    Section {
        title: format!("the book's sweep {HOSTILE}"),
        claim: None,
        workload: Workload {
            name: "book".into(),
            description: HOSTILE.into(),
            devices: DEVICES,
            time_scale: 10.0,
        },
        cells,
        left_out: vec![LeftOut { processes: 1, threads: 200, gil: false, why: HOSTILE.into() }],
        references: vec![Reference {
            name: HOSTILE.into(),
            points: vec![ReferencePoint { processes: 1, threads: 64, makespan: 55.7 }],
        }],
        verdict: Some(Verdict { result: VerdictResult::Undecided, reason: HOSTILE.into() }),
        choice: None,
        auto: None,
    }
}

fn reference(name: &str, sequential: f64, limit: f64) -> Reference {
    let points = [1, 8, 64, 256].map(|threads| ReferencePoint {
        processes: 1,
        threads,
        makespan: (sequential / f64::from(threads)).max(limit) * 1.1,
    });
    Reference { name: name.into(), points: points.into() }
}

fn cell(
    chance: &mut Chance,
    (processes, threads, gil): (u32, u32, bool),
    devices: u32,
    latency: f64,
    computing: f64,
    cores: u32,
) -> Cell {
    let trials = (0..3)
        .map(|number| {
            let timeline = timeline(chance, processes, threads, devices, latency);
            let waited = timeline.iter().map(|span| span.ended).fold(0.0, f64::max);
            let computed = f64::from(devices) * computing / f64::from(cores);
            let makespan = waited.max(computed * (1.05 + 0.1 * chance.next())) + 0.02 * computed;
            let busy = f64::from(devices) * computing;
            let sessions: f64 = timeline.iter().map(|span| span.ended - span.began).sum();
            let share = f64::from(processes);
            let worker = |number: u32| Cost {
                user: busy / share * (0.7 + 0.02 * f64::from(number)),
                system: busy / share * 0.3,
                peak_memory: 9_000_000 + u64::from(threads) * 123_000,
                voluntary_switches: u64::from(devices) * 40 / u64::from(processes),
                involuntary_switches: u64::from(devices) * 3 / u64::from(processes),
            };
            Trial {
                makespan,
                ideal: (f64::from(devices) * latency / f64::from(processes * threads))
                    .max(latency)
                    .max(computed)
                    .min(makespan * 0.98),
                sessions: devices,
                failures: 0,
                supervisor: Cost {
                    user: 0.0004 * f64::from(devices),
                    system: 0.0002 * f64::from(devices),
                    peak_memory: 21_000_000,
                    voluntary_switches: u64::from(devices) * 4,
                    involuntary_switches: 31,
                },
                workers: (0..processes).map(worker).collect(),
                fleet_cpu: Some(busy * 0.6),
                phases: Phases {
                    queue: sessions * 0.05,
                    connect: sessions * 0.05,
                    key_exchange: sessions * 0.2,
                    login: sessions * 0.2,
                    commands: sessions * 0.55,
                    compute: busy,
                    parse: busy * 0.2,
                    lock: if gil { busy * 0.4 } else { 0.0 },
                    pipe: sessions * 0.01,
                    store: sessions * 0.02,
                },
                timeline: if number == 0 { timeline } else { vec![] },
            }
        })
        .collect();
    Cell { processes, threads, gil, pinned: false, worker: None, devices, trials }
}

/// Each session goes to the thread that is free first.
fn timeline(chance: &mut Chance, processes: u32, threads: u32, devices: u32, latency: f64) -> Vec<Span> {
    let mut free = vec![0.0_f64; (processes * threads) as usize];
    (0..devices)
        .map(|number| {
            let next = (0..free.len()).min_by(|&a, &b| free[a].total_cmp(&free[b])).expect("a thread");
            let began = free[next] + 0.002;
            let length = latency * (0.7 + 0.6 * chance.next());
            let ok = number % 97 != 5;
            free[next] = began + length;
            Span {
                worker: next as u32 % processes,
                thread: next as u32 / processes,
                device: format!("core-{number}"),
                began,
                ready: began + if ok { length * 0.45 } else { length },
                ended: began + length,
                ok,
            }
        })
        .collect()
}

/// Numbers that look random and are the same every time.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}
