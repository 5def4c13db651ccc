//! Where and when figures were made: without that they are worth nothing.

use std::fmt;
use std::process::Command;
use std::thread::available_parallelism;
use std::time::SystemTime;

use serde::Serialize;
use sysinfo::{CpuRefreshKind, MemoryRefreshKind, RefreshKind, System};

/// A machine at a time.
#[derive(Debug, Default, Serialize)]
pub struct Machine {
    /// When the run began (RFC 3339, UTC).
    pub began: String,
    /// How the run was started.
    pub command: String,
    cpu: String,
    cores: usize,
    memory_gb: f64,
    kernel: String,
    system: String,
    /// What was measured: name and version.
    versions: Vec<String>,
}

impl Machine {
    /// This one, now. `programs` are asked for their versions.
    pub fn here(command: String, programs: &[(&str, &[&str])]) -> Self {
        let kind = RefreshKind::nothing()
            .with_cpu(CpuRefreshKind::nothing())
            .with_memory(MemoryRefreshKind::nothing().with_ram());
        let system = System::new_with_specifics(kind).ok();
        let cpu = system.as_ref().and_then(|system| Some(system.cpus().first()?.brand().trim().to_owned()));
        Self {
            began: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
            command,
            cpu: cpu.unwrap_or_default(),
            cores: available_parallelism().map_or(0, Into::into),
            memory_gb: (system.map_or(0, |system| system.total_memory()) as f64 / 1e8).round() / 10.0,
            kernel: System::kernel_version().unwrap_or_default(),
            system: System::long_os_version().unwrap_or_default(),
            versions: programs.iter().filter_map(|(program, words)| version(program, words)).collect(),
        }
    }

    /// The time as it can stand in a file name.
    pub fn file_stamp(&self) -> String {
        self.began.chars().take(16).map(|c| if c == ':' { '-' } else { c }).collect()
    }
}

/// The first line of what a program says of its version.
fn version(program: &str, words: &[&str]) -> Option<String> {
    let output = Command::new(program).args(words).output().ok()?;
    let said = if output.stdout.is_empty() { output.stderr } else { output.stdout };
    let said = String::from_utf8_lossy(&said).trim().replace('\n', ", ");
    (output.status.success() && !said.is_empty()).then_some(said)
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { command, cpu, cores, memory_gb, kernel, system, .. } = self;
        write!(
            f,
            "`{command}` on {cores} cores ({cpu}), {memory_gb} GB of memory, {system}, kernel {kernel}."
        )?;
        write!(f, " {}.", self.versions.join("; "))
    }
}
