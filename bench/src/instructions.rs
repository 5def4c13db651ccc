//! Instructions a session, counted by valgrind: the figure that does not depend on how busy a machine is.
//!
//! What a program needs to start falls out, since it is the difference between a sweep of few devices and one
//! of more that counts.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::clients::{COMMANDS, netsweep};
use crate::fleet::{Devices, Fleet};

/// Devices of the two sweeps.
const FEW: usize = 10;
const MANY: usize = 60;

/// Sessions at once.
const THREADS: &str = "8";

/// Instructions, by process.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Instructions {
    /// Those of the process that was started: netsweep's supervisor, or the whole floor.
    pub parent: f64,
    /// Those of its children: netsweep's worker.
    pub children: f64,
}

/// What a session of netsweep costs, with `worker` as its worker. It must be an executable of its own:
/// valgrind loses sight of a program that starts itself through /proc/self/exe.
pub fn of_netsweep(executable: &Path, worker: &Path, transport: &'static str) -> Result<Instructions> {
    per_session(executable, transport, |inventory, home| {
        let mut command = netsweep(Path::new("valgrind"), home);
        options(&mut command, home).arg(executable);
        command.arg("run").arg("--inventory").arg(inventory).args(["-P", "1", "-T", THREADS]);
        // valgrind itself needs files and system calls that a worker does without.
        command.arg("--worker-binary").arg(worker).arg("--no-sandbox");
        command.args(["--format", "none"]).args(COMMANDS);
        command
    })
}

/// What a session of the floor costs.
pub fn of_floor(netsweep: &Path, floor: &Path, transport: &'static str) -> Result<Instructions> {
    per_session(netsweep, transport, |inventory, home| {
        let mut command = Command::new("valgrind");
        options(&mut command, home).arg(floor);
        command.arg("--inventory").arg(inventory).args(["--threads", THREADS]).args(COMMANDS);
        command
    })
}

fn options<'a>(command: &'a mut Command, home: &Path) -> &'a mut Command {
    command.args(["--tool=callgrind", "--trace-children=yes", "--quiet"]);
    command.arg(format!("--callgrind-out-file={}", home.join("counts.%p").display()))
}

fn per_session(
    netsweep: &Path,
    transport: &'static str,
    command: impl Fn(&Path, &Path) -> Command,
) -> Result<Instructions> {
    let count = |devices| -> Result<Instructions> {
        let fleet = Fleet::start(netsweep, Devices::quick(devices, transport))?;
        let home = tempfile::tempdir()?;
        let mut command = command(&fleet.inventory(), home.path());
        let output = command.stdin(Stdio::null()).output().context("valgrind cannot be started")?;
        if !output.status.success() {
            bail!("a sweep failed under valgrind: {}", String::from_utf8_lossy(&output.stderr));
        }
        counted(home.path())
    };
    let (few, many) = (count(FEW)?, count(MANY)?);
    let each = |few: f64, many: f64| (many - few) / (MANY - FEW) as f64;
    Ok(Instructions { parent: each(few.parent, many.parent), children: each(few.children, many.children) })
}

/// The counts of all processes in a folder. The parent is the one of which there was no other before.
fn counted(folder: &Path) -> Result<Instructions> {
    let mut counts = vec![];
    for file in fs::read_dir(folder)? {
        let path = file?.path();
        let Some(pid) = path.file_name().and_then(|name| name.to_str()?.strip_prefix("counts.")) else {
            continue;
        };
        let text = fs::read_to_string(&path)?;
        let total = text.lines().rev().find_map(|line| line.strip_prefix("totals: ")).context("no totals")?;
        counts.push((pid.parse::<u32>()?, total.trim().parse::<f64>()?));
    }
    counts.sort_by_key(|&(pid, _)| pid);
    let Some((&(_, parent), children)) = counts.split_first() else { bail!("valgrind has counted nothing") };
    Ok(Instructions { parent, children: children.iter().map(|(_, count)| count).sum() })
}
