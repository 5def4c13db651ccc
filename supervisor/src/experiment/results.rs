//! What an experiment found, as it is kept, printed and drawn.
//!
//! `--format json` prints exactly this. Times are in seconds, sizes in bytes.

use serde::{Deserialize, Serialize};

/// An experiment, whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Experiment {
    /// The command that makes it again, seed included.
    pub command: String,
    /// When it began (RFC 3339).
    pub began: String,
    /// Version of netsweep.
    pub version: String,
    /// Where it was made.
    pub machine: Machine,
    /// What was measured: one matrix, or one for each claim.
    pub sections: Vec<Section>,
}

/// The machine that an experiment was made on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// CPU cores that the experiment may use.
    pub cpus: u32,
    /// The maker's name of the CPU, where it is told.
    pub cpu_model: Option<String>,
    /// Memory.
    pub memory: u64,
    /// Kernel and its version.
    pub system: String,
}

/// A matrix of mixes over one workload.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Section {
    /// One line: the claim, or what is compared.
    pub title: String,
    /// Number of the claim that it is about.
    pub claim: Option<u8>,
    /// What was run.
    pub workload: Workload,
    /// The mixes, in the order of the matrix.
    pub cells: Vec<Cell>,
    /// Cells that were not measured, and why.
    pub left_out: Vec<LeftOut>,
    /// Figures from elsewhere, to be shown beside ours.
    pub references: Vec<Reference>,
    /// What follows for the claim.
    pub verdict: Option<Verdict>,
    /// The mix that we would choose.
    pub choice: Option<Choice>,
    /// What `-P auto -T auto` made of the same.
    #[serde(default)]
    pub auto: Option<Auto>,
}

/// What every session of a section does.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Workload {
    /// `io`, `cpu`, `mixed`, `book`, or the inventory's file.
    pub name: String,
    /// In words, for a person: latencies, computing, commands.
    pub description: String,
    /// Devices in each trial, where a cell does not say otherwise.
    pub devices: u32,
    /// Latencies are divided by this; times are told as measured.
    pub time_scale: f64,
}

/// One mix.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// Worker processes.
    pub processes: u32,
    /// Session threads in each.
    pub threads: u32,
    /// Each process has one lock, as CPython has.
    pub gil: bool,
    /// Workers are fixed to cores.
    pub pinned: bool,
    /// The worker's executable, where it is another.
    pub worker: Option<String>,
    /// Devices in each trial; fewer than the workload's where the whole is extrapolated.
    pub devices: u32,
    /// What was measured, the warm-up not included.
    pub trials: Vec<Trial>,
}

/// One sweep.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// From the first dispatch to the last result.
    pub makespan: f64,
    /// No schedule can be faster: the devices' own latencies and the workload's computing, perfectly
    /// spread over the session threads and cores.
    pub ideal: f64,
    /// Devices that were swept.
    pub sessions: u32,
    /// Of those, devices that failed.
    pub failures: u32,
    /// The supervisor's cost.
    pub supervisor: Cost,
    /// The workers' costs, by their numbers.
    pub workers: Vec<Cost>,
    /// CPU time of the simulated fleet, where there is one.
    pub fleet_cpu: Option<f64>,
    /// Where the sessions' time went, the sum over all of them.
    pub phases: Phases,
    /// Who ran what when; kept of one trial of each cell.
    pub timeline: Vec<Span>,
}

/// What a process used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// CPU time in its own code.
    pub user: f64,
    /// CPU time in the kernel.
    pub system: f64,
    /// Greatest resident memory.
    pub peak_memory: u64,
    /// It waited for something.
    pub voluntary_switches: u64,
    /// Somebody else had the core.
    pub involuntary_switches: u64,
}

/// Seconds of sessions' time. `queue` is before a session, `store` after it; the others are within:
/// `connect`, `key_exchange`, `login` and `commands` follow each other, and `compute`, `lock` and `pipe`
/// are parts of these four.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Phases {
    /// A worker had the job and no thread.
    pub queue: f64,
    /// Name look-up and TCP connection.
    pub connect: f64,
    /// SSH's version and key exchange; zero for Telnet.
    pub key_exchange: f64,
    /// From there to the prompt that takes the first command.
    pub login: f64,
    /// From the first command to the last prompt.
    pub commands: f64,
    /// The session's thread had a core.
    pub compute: f64,
    /// Of that, what stands for parsing: `--cpu-ms`.
    pub parse: f64,
    /// It waited for its process's one lock (`--gil`).
    pub lock: f64,
    /// It waited for room in the pipe to the supervisor.
    pub pipe: f64,
    /// The supervisor recorded and printed.
    pub store: f64,
}

/// One session in a timeline. Times are since the first dispatch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// The worker's number.
    pub worker: u32,
    /// The thread's number within it.
    pub thread: u32,
    /// The device's name.
    pub device: String,
    /// The session began.
    pub began: f64,
    /// Its first command could be sent; where it never could, its end.
    pub ready: f64,
    /// It was over.
    pub ended: f64,
    /// It succeeded.
    pub ok: bool,
}

/// A cell without figures.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Worker processes.
    pub processes: u32,
    /// Session threads in each.
    pub threads: u32,
    /// With one lock per process.
    pub gil: bool,
    /// Why.
    pub why: String,
}

/// A curve from elsewhere: the published figures, or the same work done by Python.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reference {
    /// Whose.
    pub name: String,
    /// In the order of concurrency.
    pub points: Vec<ReferencePoint>,
}

/// A mix and its makespan.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ReferencePoint {
    /// Processes.
    pub processes: u32,
    /// Threads in each.
    pub threads: u32,
    /// On the section's time scale.
    pub makespan: f64,
}

/// What follows for a claim.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// In one word.
    pub result: VerdictResult,
    /// Why, with the figures.
    pub reason: String,
}

/// A verdict's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerdictResult {
    /// The figures say so, beyond their spread.
    Confirmed,
    /// The figures say otherwise, beyond their spread.
    NotConfirmed,
    /// The spread is greater than the difference, or something is missing.
    Undecided,
}

/// Sweeps whose mix was found out while they ran.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Auto {
    /// Worker processes.
    pub processes: u32,
    /// Makespan of each trial, with the whole of the devices.
    pub makespans: Vec<f64>,
    /// Sessions at once that each settled on.
    pub sessions: Vec<u32>,
    /// How it compares with the best cell, in words.
    pub reason: String,
}

/// The mix that one would choose, and why.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// Worker processes.
    pub processes: u32,
    /// Session threads in each.
    pub threads: u32,
    /// Why.
    pub reason: String,
}
