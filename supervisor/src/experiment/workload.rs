//! The named workloads: what the simulated devices of an experiment are like, and what is done with them.
//!
//! Times are those of the devices that are simulated. A workload that would take too long runs on a smaller time
//! scale: [`Workload::fleet`] and [`Workload::cpu_per_command`] give what has to be run.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use netsweep_shared::fleet::{
    Fault, FleetReport, FleetSpec, Latencies, Latency, LoginServer, SimulatedDevice,
};
use netsweep_shared::job::Transport;
use netsweep_simulator::{makespan, visits};

use super::{book, results};

/// A workload's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Name {
    /// Sessions wait, and hardly compute.
    Io,
    /// Sessions compute, and never wait.
    Cpu,
    /// Both.
    Mixed,
    /// The book's 5,460 devices, with a login server as their common limit.
    Book,
    /// The same, with computing in the place of the login server: the other explanation of the same figures.
    BookCpu,
    /// The book's 40 devices.
    Book40,
}

impl Name {
    /// All of them, as they are written.
    pub const ALL: [(&'static str, Name); 6] = [
        ("io", Self::Io),
        ("cpu", Self::Cpu),
        ("mixed", Self::Mixed),
        ("book", Self::Book),
        ("book-cpu", Self::BookCpu),
        ("book-40", Self::Book40),
    ];
}

impl FromStr for Name {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.iter().find(|(name, _)| *name == text).map(|(_, name)| *name).ok_or_else(|| {
            let names = Self::ALL.map(|(name, _)| name).join(", ");
            format!("no workload is called {text:?}; there are {names}")
        })
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::ALL.iter().find(|(_, name)| name == self).map_or("?", |(name, _)| name))
    }
}

/// What every session of an experiment does, and on what.
#[derive(Clone, Debug, PartialEq)]
pub struct Workload {
    /// Its name.
    pub name: Name,
    /// Devices of a trial, where nothing else is said.
    pub devices: u32,
    /// How slow they are.
    pub latency: Latencies,
    /// What their logins have to pass.
    pub login_server: Option<LoginServer>,
    /// Of `devices`, those that nobody reaches. A smaller trial has the same share of them.
    pub dead: u32,
    /// Commands of each session; every one of them prints something.
    pub commands: Vec<String>,
    /// Computing for each command, in place of a parser.
    pub cpu: Duration,
    /// What the devices are.
    pub platform: &'static str,
    /// How they are reached.
    pub transport: Transport,
    /// Times are divided by this before anything is run.
    pub time_scale: f64,
    /// Source of the devices' latencies.
    pub seed: u64,
}

/// What a user may want otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Overrides {
    /// Time before a device's first byte.
    pub connect: Option<Latency>,
    /// Time before it answers the password.
    pub login: Option<Latency>,
    /// Time before it answers a command.
    pub command: Option<Latency>,
    /// Server behind the logins.
    pub login_server: Option<LoginServer>,
    /// Computing for each command.
    pub cpu: Option<Duration>,
    /// Devices of a trial.
    pub devices: Option<u32>,
    /// Source of the latencies.
    pub seed: Option<u64>,
}

impl Workload {
    /// The workload of this name.
    pub fn named(name: Name) -> Self {
        let ms = Duration::from_millis;
        let always = |n| Latency::Fixed(ms(n));
        let plain = Self {
            name,
            devices: 500,
            latency: Latencies::default(),
            login_server: None,
            dead: 0,
            commands: commands(2),
            cpu: Duration::ZERO,
            platform: "cisco_ios",
            transport: Transport::Telnet,
            time_scale: 1.0,
            seed: 1,
        };
        match name {
            Name::Io => Self {
                latency: Latencies { connect: always(0), login: always(200), command: always(300) },
                ..plain
            },
            Name::Cpu => Self { devices: 200, cpu: ms(5), ..plain },
            Name::Mixed => Self {
                devices: 300,
                latency: Latencies { connect: always(0), login: always(50), command: always(75) },
                cpu: ms(3),
                ..plain
            },
            Name::Book => Self {
                devices: book::DEVICES,
                latency: book::LATENCIES,
                login_server: Some(book::LOGIN_SERVER),
                dead: book::DEAD,
                commands: commands(1),
                time_scale: book::TIME_SCALE,
                ..plain
            },
            Name::BookCpu => {
                Self { name, login_server: None, cpu: book::LOGIN_SERVER.service, ..Self::named(Name::Book) }
            }
            Name::Book40 => Self {
                devices: book::FORTY,
                latency: book::FORTY_LATENCIES,
                commands: commands(1),
                time_scale: book::TIME_SCALE,
                seed: book::FORTY_SEED,
                ..plain
            },
        }
    }

    /// The same with what a user wants otherwise. Times are meant as this workload's own are: before they are scaled.
    #[must_use]
    pub fn with(mut self, overrides: &Overrides) -> Self {
        let Overrides { connect, login, command, login_server, cpu, devices, seed } = *overrides;
        self.latency.connect = connect.unwrap_or(self.latency.connect);
        self.latency.login = login.unwrap_or(self.latency.login);
        self.latency.command = command.unwrap_or(self.latency.command);
        self.login_server = login_server.or(self.login_server);
        self.cpu = cpu.unwrap_or(self.cpu);
        self.seed = seed.unwrap_or(self.seed);
        if let Some(devices) = devices {
            self.dead = self.dead_among(devices);
            self.devices = devices;
        }
        self
    }

    /// The fleet of a trial with so many devices, on the time scale. Its first devices are those of a larger one, but
    /// for those that are dead.
    pub fn fleet(&self, devices: u32) -> FleetSpec {
        let device = |number: u32| SimulatedDevice {
            name: format!("{}-{number}", self.name),
            platform: self.platform.to_owned(),
            transport: self.transport,
            fault: None,
        };
        let mut fleet: Vec<_> = (1..=devices).map(device).collect();
        let dead = self.dead_among(devices) as usize;
        for n in 0..dead {
            let place = n * fleet.len() / dead;
            fleet[place].fault = Some(Fault::Refuse);
        }
        FleetSpec {
            devices: fleet,
            latency: Latencies {
                connect: self.scaled_latency(self.latency.connect),
                login: self.scaled_latency(self.latency.login),
                command: self.scaled_latency(self.latency.command),
            },
            login_server: self
                .login_server
                .map(|server| LoginServer { service: self.scaled(server.service), ..server }),
            output_bytes: None,
            seed: self.seed,
        }
    }

    /// Computing for each command, on the time scale.
    pub fn cpu_per_command(&self) -> Duration {
        self.scaled(self.cpu)
    }

    /// Devices that fail in a trial with so many, whatever is done.
    pub fn dead_among(&self, devices: u32) -> u32 {
        match self.devices {
            0 => 0,
            whole => {
                let share = f64::from(self.dead.min(whole)) / f64::from(whole);
                (share * f64::from(devices)).round() as u32
            }
        }
    }

    /// What `sessions` at once would make of so many devices if nothing but the devices took time, on the time scale:
    /// in the order of the fleet, and with all the delay of its login server.
    pub fn forecast(&self, devices: u32, sessions: u32) -> Duration {
        let fleet = self.fleet(devices);
        let commands: Vec<&str> = self.commands.iter().map(String::as_str).collect();
        // The dead refuse, so nobody's patience matters.
        makespan(&visits(&fleet, &commands, Duration::ZERO), sessions, fleet.login_server)
    }

    /// What no schedule can beat on the fleet that gives this `report`: the slowest device, the devices' latencies
    /// shared by the sessions, the login server, or the computing shared by the cores that the sessions can use,
    /// whichever takes the longest. One lock in each process lets it use one core.
    pub fn ideal(
        &self,
        report: &FleetReport,
        processes: u32,
        threads: u32,
        cores: u32,
        gil: bool,
    ) -> Duration {
        let sessions = processes.saturating_mul(threads).max(1);
        let cores = cores.min(if gil { processes } else { sessions }).max(1);
        let each = self.cpu_per_command().saturating_mul(self.commands.len() as u32);
        let computing = each.saturating_mul(u32::try_from(report.logins).unwrap_or(u32::MAX));
        let longest = report.longest + each;
        let shared = (report.waited + computing) / sessions;
        longest.max(shared).max(report.served).max(computing / cores)
    }

    /// For a person, in one sentence made from what it is.
    pub fn describe(&self) -> String {
        let Latencies { connect, login, command } = self.latency;
        let mut parts = Vec::new();
        for (name, latency) in [("connect", connect), ("login", login), ("each command", command)] {
            if latency != Latency::default() {
                parts.push(format!("{name} {}", latency_in_words(latency)));
            }
        }
        let waits = if parts.is_empty() { "no latency".to_owned() } else { parts.join(", ") };
        let commands = match self.commands.len() {
            1 => "1 command".to_owned(),
            n => format!("{n} commands"),
        };
        let computing = match self.cpu {
            Duration::ZERO => "no computing of its own".to_owned(),
            cpu => format!("{} of computing for each command", in_words(cpu)),
        };
        let mut text = format!("{commands} over {}; {waits}; {computing}", self.transport);
        if let Some(server) = self.login_server {
            text += &format!("; all logins pass one server, {} each", in_words(server.service));
            if server.strain > 0.0 {
                let (percent, comfortable) = (server.strain * 100.0, server.comfortable);
                text += &format!(" and {percent:.2} % more for each one beyond {comfortable} at once");
            }
        }
        if self.dead > 0 {
            text += &format!("; {} of {} devices refuse the connection", self.dead, self.devices);
        }
        if self.time_scale != 1.0 {
            text += &format!("; run {} times faster than that", self.time_scale);
        }
        text
    }

    /// As it stands in an experiment's findings.
    pub fn to_results(&self) -> results::Workload {
        results::Workload {
            name: self.name.to_string(),
            description: self.describe(),
            devices: self.devices,
            time_scale: self.time_scale,
        }
    }

    fn scaled(&self, time: Duration) -> Duration {
        Duration::try_from_secs_f64(time.as_secs_f64() / self.time_scale).unwrap_or(time)
    }

    fn scaled_latency(&self, latency: Latency) -> Latency {
        match latency {
            Latency::Fixed(always) => Latency::Fixed(self.scaled(always)),
            Latency::Uniform(low, high) => Latency::Uniform(self.scaled(low), self.scaled(high)),
            Latency::LogNormal(median, p99) => Latency::LogNormal(self.scaled(median), self.scaled(p99)),
        }
    }
}

/// So many commands that every simulated device of the workloads' platform answers with an output.
pub fn commands(count: usize) -> Vec<String> {
    const COMMANDS: [&str; 5] =
        ["show version", "show clock", "show inventory", "show ip interface brief", "show interfaces"];
    COMMANDS.iter().cycle().take(count).map(|command| (*command).to_owned()).collect()
}

fn latency_in_words(latency: Latency) -> String {
    match latency {
        Latency::Fixed(always) => in_words(always),
        Latency::Uniform(low, high) => format!("{} to {}", in_words(low), in_words(high)),
        Latency::LogNormal(median, p99) => {
            format!("{} (log-normal median; 99th percentile {})", in_words(median), in_words(p99))
        }
    }
}

fn in_words(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1000.0;
    if ms >= 1000.0 { format!("{} s", rounded(ms / 1000.0)) } else { format!("{} ms", rounded(ms)) }
}

/// With at most two decimals, and none that say nothing.
fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        for (text, name) in Name::ALL {
            assert_eq!((text.parse(), name.to_string().as_str()), (Ok(name), text));
            assert_eq!(Workload::named(name).name, name);
        }
        assert!("oi".parse::<Name>().is_err_and(|error| error.contains("io, cpu, mixed, book")));
    }

    #[test]
    fn descriptions_say_what_is_done() {
        let describe = |name| Workload::named(name).describe();
        assert_eq!(
            describe(Name::Io),
            "2 commands over telnet; login 200 ms, each command 300 ms; no computing of its own"
        );
        assert_eq!(
            describe(Name::Cpu),
            "2 commands over telnet; no latency; 5 ms of computing for each command"
        );
        let book = describe(Name::Book);
        for part in [
            "1 command over telnet; login 1.7 s (log-normal median; 99th percentile 4 s)",
            "one server, 107 ms each and 0.32 % more for each one beyond 117 at once",
            "272 of 5460 devices refuse",
            "run 25 times faster",
        ] {
            assert!(book.contains(part), "{part}: {book}");
        }
        let overrides = Overrides {
            login: Some(Latency::Uniform(ms(1), ms(2_500))),
            cpu: Some(Duration::from_micros(1_500)),
            ..Overrides::default()
        };
        assert_eq!(
            Workload::named(Name::Io).with(&overrides).describe(),
            "2 commands over telnet; login 1 ms to 2.5 s, each command 300 ms; 1.5 ms of computing for each command"
        );
    }

    #[test]
    fn times_are_scaled_and_counts_are_not() {
        let workload = Workload::named(Name::Book);
        let fleet = workload.fleet(workload.devices);
        let latency = |median, p99| Latency::LogNormal(ms(median), ms(p99));
        assert_eq!(fleet.latency.login, latency(68, 160));
        assert_eq!(
            fleet.login_server,
            Some(LoginServer { service: Duration::from_micros(4_280), ..book::LOGIN_SERVER })
        );
        assert_eq!(fleet.devices.iter().filter(|device| device.fault.is_some()).count(), 272);
        assert_eq!(Workload::named(Name::BookCpu).cpu_per_command(), Duration::from_micros(4_280));
    }

    #[test]
    fn a_smaller_trial_has_the_same_devices_and_the_same_share_of_dead_ones() {
        let workload = Workload::named(Name::Book);
        let (small, large) = (workload.fleet(100), workload.fleet(5_460));
        assert_eq!(small.devices.iter().filter(|device| device.fault.is_some()).count(), 5);
        assert!(small.devices.iter().zip(&large.devices).all(|(one, other)| one.name == other.name));
        let fewer = workload.with(&Overrides { devices: Some(100), ..Overrides::default() });
        assert_eq!((fewer.dead, fewer.fleet(100).devices), (5, small.devices));
    }

    #[test]
    fn ideals_are_bounded_by_whatever_is_short() {
        let report = |waited, longest, served| FleetReport {
            logins: 500,
            waited: ms(waited),
            longest: ms(longest),
            served: ms(served),
            ..FleetReport::default()
        };
        let io = Workload::named(Name::Io);
        assert_eq!(io.ideal(&report(400_000, 800, 0), 2, 100, 2, false), ms(2_000));
        assert_eq!(io.ideal(&report(400_000, 800, 0), 2, 1_000, 2, false), ms(800));
        assert_eq!(io.ideal(&report(400_000, 800, 9_000), 2, 100, 2, false), ms(9_000));
        // 500 sessions of two commands of 5 ms each.
        let cpu = Workload::named(Name::Cpu);
        assert_eq!(cpu.ideal(&report(0, 0, 0), 1, 8, 2, false), ms(2_500));
        assert_eq!(cpu.ideal(&report(0, 0, 0), 1, 8, 2, true), ms(5_000));
        assert_eq!(cpu.ideal(&report(0, 0, 0), 2, 8, 2, true), ms(2_500));
        assert_eq!(cpu.ideal(&report(0, 0, 0), 1, 1, 2, false), ms(5_000));
    }

    #[test]
    fn forecasts_follow_from_the_latencies() {
        let io = Workload::named(Name::Io);
        assert_eq!(io.forecast(10, 1), ms(8_000));
        assert_eq!(io.forecast(10, 10), ms(800));
        assert_eq!(Workload::named(Name::Cpu).forecast(10, 1), ms(0));
    }
}
