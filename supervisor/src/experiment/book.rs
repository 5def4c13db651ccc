//! The sweeps of the book on network automation that this project grew from, and simulated devices that explain
//! their times.
//!
//! # What was published
//! Makespans of one Python process with a pool of threads: 40 devices with one command ([`FORTY_ONE_COMMAND`]) and
//! with five ([`FORTY_FIVE_COMMANDS`]), and 5,460 devices with one ([`ALL_DEVICES`]), of which 271 to 274 failed.
//! Processes were tried on three routers alone ([`THREE_ROUTERS`]), processes with threads never.
//!
//! # What explains the 40 devices
//! Sequentially they took 7.58 s each, and each further command (399.2 - 303.25) / 40 / 4 = 0.6 s. With a thread for
//! each, the makespan is the slowest device: 15.5 s, twice the mean. Uniform latencies with that mean miss 35 threads
//! by a fifth; a log-normal login, whose 99th percentile is the slowest of the forty and whose median follows from
//! the mean, is wrong by an eighth at most, on average over many draws. Commands vary more: with five of them
//! and 40 threads the makespan grew by 5.2 s, so one device needed 1.3 s and more for each of four where the mean is
//! 0.6 s. Forty devices are one draw, and their order matters as much: [`FORTY_SEED`] is, of 20,000, the one that
//! comes closest. With it all fifteen figures are met within 6.1 %, but this says less than it seems to, because it was
//! chosen so. The published 20 threads are faster than 25, and ours are not: the book's devices were not equally
//! fast each time.
//!
//! # What explains the 5,460
//! They are faster ones: at 30 threads, 557 s leave 557 s * 30 / 5,460 = 3.06 s for each, where the 40 had taken
//! 7.58 s. And latency does not bound them, for 140 threads were no faster than 30: whatever the threads,
//! 5,460 - 272 = 5,188 logins passed in 557 s, one in 107 ms. So something serves one at a time: here a login server.
//! Between 140 and 200 threads it becomes slower; 11:13 and 14:04 give 0.32 % for each login beyond 117 that are at
//! it while the other threads are at their devices. All six figures are met within 1 %, as they have to be: three of
//! them are independent, and so are the three numbers of the server. Of login and command the times
//! only say that 30 threads suffice to keep the server busy, so these are the slowest devices that agree with them,
//! with the spread of the 40; faster ones would explain as much.
//!
//! The dead devices refuse. Silence would have cost a login's timeout, which has to be longer than the queue before
//! the server (45 s at 300 threads), and 272 such timeouts shared by 30 threads take most of the 557 s. Perhaps the
//! book had a short timeout of the connection; its figures show no trace of one. The failures that vary, between 271
//! and 274, are not modelled.
//!
//! # What the figures cannot tell
//! Whether there was a server. 107 ms of computing for each device under Python's one lock give the same plateau in
//! one process: that is the workload `book-cpu`. It does not explain why 200 threads are slower than 140, unless the
//! lock itself becomes dearer. The two part where the book did not measure: more processes help against the lock, up
//! to the number of cores, and do not help against the server.

use std::time::Duration;

use netsweep_shared::fleet::{Latencies, Latency, LoginServer};

use super::results::{Reference, ReferencePoint};
use super::workload::{Name, Workload};

/// One published makespan.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Published {
    /// Processes.
    pub processes: u32,
    /// Threads in each.
    pub threads: u32,
    /// Makespan in seconds.
    pub seconds: f64,
}

const fn threads(threads: u32, seconds: f64) -> Published {
    Published { processes: 1, threads, seconds }
}

/// 3 routers: one after the other, with threads, with processes.
pub const THREE_ROUTERS: [Published; 3] =
    [threads(1, 5.83), threads(3, 2.23), Published { processes: 3, threads: 1, seconds: 2.37 }];

/// 40 devices, 1 command.
pub const FORTY_ONE_COMMAND: [Published; 10] = [
    threads(1, 303.25),
    threads(5, 63.4),
    threads(10, 36.3),
    threads(15, 28.8),
    threads(20, 20.7),
    threads(25, 20.9),
    threads(30, 19.4),
    threads(35, 18.8),
    threads(40, 15.5),
    threads(50, 15.6),
];

/// 40 devices, 5 commands.
pub const FORTY_FIVE_COMMANDS: [Published; 5] =
    [threads(1, 399.2), threads(5, 83.6), threads(10, 45.6), threads(20, 28.7), threads(40, 20.7)];

/// 5,460 devices, 1 command, 271 to 274 failures. All from 30 to 140 threads took 9:17 to 9:18; the ends of that
/// range and 50 and 100 stand for it.
pub const ALL_DEVICES: [Published; 6] = [
    threads(30, 557.0),
    threads(50, 557.0),
    threads(100, 557.0),
    threads(140, 558.0),
    threads(200, 673.0),
    threads(300, 844.0),
];

/// Devices of the great sweep.
pub const DEVICES: u32 = 5_460;

/// Of these, those that failed at any number of threads.
pub const DEAD: u32 = 272;

/// Devices of the small ones.
pub const FORTY: u32 = 40;

/// The book's sweeps are run this many times faster: 9:17 in 22 s.
pub const TIME_SCALE: f64 = 25.0;

/// Mean 0.6 s.
const COMMAND: Latency = Latency::LogNormal(Duration::from_millis(430), Duration::from_millis(2_800));

/// The 40 devices. The login has the mean of 6.9 s.
pub const FORTY_LATENCIES: Latencies = Latencies {
    connect: Latency::Fixed(Duration::ZERO),
    login: Latency::LogNormal(Duration::from_millis(6_400), Duration::from_millis(15_500)),
    command: COMMAND,
};

/// Source of the 40 devices' latencies.
pub const FORTY_SEED: u64 = 13_865;

/// The 5,460 devices.
pub const LATENCIES: Latencies = Latencies {
    connect: Latency::Fixed(Duration::ZERO),
    login: Latency::LogNormal(Duration::from_millis(1_700), Duration::from_millis(4_000)),
    command: COMMAND,
};

/// What all the 5,460 devices' logins pass.
pub const LOGIN_SERVER: LoginServer =
    LoginServer { service: Duration::from_millis(107), comfortable: 117, strain: 0.0032 };

/// What was published for this workload, and what its simulated devices would give if nothing but them took time.
/// On the workload's time scale.
pub fn references(workload: &Workload) -> Vec<Reference> {
    let Some(published) = published(workload.name, workload.commands.len()) else { return vec![] };
    let point = |mix: &Published, makespan| ReferencePoint {
        processes: mix.processes,
        threads: mix.threads,
        makespan,
    };
    let scaled = |mix: &Published| point(mix, mix.seconds / workload.time_scale);
    let mut references =
        vec![Reference { name: "published".to_owned(), points: published.iter().map(scaled).collect() }];
    if workload.cpu.is_zero() {
        let forecast = |mix: &Published| {
            point(mix, workload.forecast(workload.devices, mix.processes * mix.threads).as_secs_f64())
        };
        references.push(Reference {
            name: "the simulated devices alone".to_owned(),
            points: published.iter().map(forecast).collect(),
        });
    }
    references
}

fn published(name: Name, commands: usize) -> Option<&'static [Published]> {
    match (name, commands) {
        (Name::Book | Name::BookCpu, 1) => Some(&ALL_DEVICES),
        (Name::Book40, 1) => Some(&FORTY_ONE_COMMAND),
        (Name::Book40, 5) => Some(&FORTY_FIVE_COMMANDS),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::workload::commands;

    /// Greatest distance of the simulated devices from what was published, as a fraction of it.
    fn worst(workload: &Workload) -> f64 {
        let references = references(workload);
        let [published, simulated] = &references[..] else { panic!("two curves: {references:?}") };
        let mut worst = 0.0_f64;
        for (published, simulated) in published.points.iter().zip(&simulated.points) {
            assert_eq!((published.processes, published.threads), (simulated.processes, simulated.threads));
            let off = simulated.makespan / published.makespan - 1.0;
            println!("{} threads: {:.1} s, {:+.1} %", published.threads, published.makespan, off * 100.0);
            worst = worst.max(off.abs());
        }
        worst
    }

    fn unscaled(name: Name, count: usize) -> Workload {
        Workload { time_scale: 1.0, commands: commands(count), ..Workload::named(name) }
    }

    #[test]
    fn the_forty_devices_are_within_six_per_cent() {
        assert!(worst(&unscaled(Name::Book40, 1)) < 0.0625);
        assert!(worst(&unscaled(Name::Book40, 5)) < 0.0625);
    }

    #[test]
    fn the_forty_devices_do_not_depend_on_a_lucky_draw() {
        // On average over draws, the distribution by itself.
        const DRAWS: u32 = 300;
        for published in FORTY_ONE_COMMAND {
            let draw = |seed| {
                let workload = Workload { seed, ..unscaled(Name::Book40, 1) };
                workload.forecast(FORTY, published.threads).as_secs_f64()
            };
            let mean = (0..u64::from(DRAWS)).map(draw).sum::<f64>() / f64::from(DRAWS);
            let off = mean / published.seconds - 1.0;
            println!("{} threads: {mean:.1} s, {:+.1} %", published.threads, off * 100.0);
            assert!(off.abs() < 0.13, "{} threads: {mean:.1} s", published.threads);
        }
    }

    #[test]
    fn the_5460_devices_are_within_one_per_cent() {
        assert!(worst(&unscaled(Name::Book, 1)) < 0.0105);
    }

    #[test]
    fn the_time_scale_changes_nothing_else() {
        let (whole, scaled) = (unscaled(Name::Book40, 1), Workload::named(Name::Book40));
        let ratio = whole.forecast(FORTY, 10).as_secs_f64() / scaled.forecast(FORTY, 10).as_secs_f64();
        assert!((ratio / TIME_SCALE - 1.0).abs() < 1e-6, "{ratio}");
        assert_eq!(references(&scaled)[0].points[0].makespan, 303.25 / TIME_SCALE);
    }

    #[test]
    fn silent_devices_could_not_have_been_swept_by_30_threads_in_that_time() {
        use netsweep_shared::fleet::Fault;
        use netsweep_simulator::{makespan, visits};
        let mut fleet = unscaled(Name::Book, 1).fleet(DEVICES);
        for device in fleet.devices.iter_mut().filter(|device| device.fault.is_some()) {
            device.fault = Some(Fault::Silent);
        }
        let visits = visits(&fleet, &["show version"], Duration::from_secs(60));
        assert!(makespan(&visits, 30, fleet.login_server) > Duration::from_secs(800));
    }

    #[test]
    fn where_nothing_was_published_there_is_nothing_to_compare_with() {
        assert_eq!(references(&Workload::named(Name::Io)), []);
        assert_eq!(references(&unscaled(Name::Book40, 3)), []);
        assert_eq!(references(&Workload::named(Name::BookCpu)).len(), 1);
    }
}
