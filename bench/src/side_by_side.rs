//! Clients that take turns at the same fleet: whatever else the machine does falls on all of them alike.

use anyhow::Result;

use crate::Bench;
use crate::clients::{Client, Mix, Swept};
use crate::fleet::Fleet;
use crate::statistics::{median, paired_ratio};

/// What clients sweep.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// Its name in tables.
    pub name: &'a str,
    /// The devices.
    pub fleet: &'a Fleet,
    /// Sessions at once.
    pub mix: Mix,
    /// What is run on each device.
    pub commands: &'a [&'a str],
    /// How often each client has its turn.
    pub rounds: usize,
}

/// The sweeps of each client, in the order of the rounds.
#[derive(Debug)]
pub struct Sweeps(Vec<Vec<Swept>>);

/// Has the clients take turns, and reports what each took and, for the first, how that compares with the
/// others.
pub fn side_by_side(bench: &mut Bench, case: Case<'_>, clients: &[Client]) -> Result<Sweeps> {
    let mut sweeps: Vec<Vec<Swept>> = clients.iter().map(|_| vec![]).collect();
    for round in 1..=case.rounds {
        for (client, sweeps) in clients.iter().zip(&mut sweeps) {
            let swept = client.sweep(&bench.installed, case.fleet, case.mix, case.commands)?;
            bench.report.sweep(case.name, &client.name, round, &swept);
            sweeps.push(swept);
        }
    }
    let sweeps = Sweeps(sweeps);
    for (n, client) in clients.iter().enumerate() {
        let mut figure = |name: &str, value| bench.report.figure(case.name, &client.name, name, value);
        figure("CPU ms a session", sweeps.median(n, Swept::cpu_ms));
        figure("CPU ms by its own account", sweeps.median(n, Swept::own_cpu_ms));
        figure("sessions a second", sweeps.median(n, Swept::rate));
        figure("makespan, s", sweeps.median(n, Swept::makespan_s));
        figure("makespan by its own clock, s", sweeps.median(n, Swept::own_makespan_s));
        let memory = sweeps.median(n, memory_mb);
        // Who was over before anybody looked has none.
        if memory > 0.0 {
            figure("peak memory, MB", memory);
        }
        if n > 0 {
            let first = &clients[0].name;
            figure(&format!("{first}'s CPU ÷ its"), sweeps.ratio(0, n, Swept::cpu_ms));
            figure(&format!("{first}'s makespan ÷ its"), sweeps.ratio(0, n, Swept::makespan_s));
        }
    }
    Ok(sweeps)
}

impl Sweeps {
    /// The median of a figure of the `n`th client.
    pub fn median(&self, n: usize, figure: fn(&Swept) -> f64) -> f64 {
        median(self.0[n].iter().map(figure))
    }

    /// The median of the ratios of two clients' figures, each of one round.
    pub fn ratio(&self, ours: usize, theirs: usize, figure: fn(&Swept) -> f64) -> f64 {
        let figures = |n: usize| self.0[n].iter().map(figure).collect::<Vec<_>>();
        paired_ratio(&figures(ours), &figures(theirs))
    }
}

/// Peak memory of all the processes together.
fn memory_mb(swept: &Swept) -> f64 {
    (swept.measured.own_peak_kb + swept.measured.children_peak_kb) as f64 * 1024.0 / 1e6
}
