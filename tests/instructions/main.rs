//! A session costs no more instructions than it did: see `bounds.toml` beside this, and `bench/`.
//!
//! Needs valgrind. Where that is not installed the tests are shown as ignored; with
//! `NETSWEEP_PEERS=require` they fail.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use libtest_mimic::{Arguments, Failed, Trial};
use netsweep_bench::instructions::of_netsweep;
use serde::Deserialize;

#[derive(Deserialize)]
struct Bounds {
    /// A count may be so many times what it was.
    most: f64,
    ssh: Session,
    telnet: Session,
}

/// Instructions a session.
#[derive(Deserialize)]
struct Session {
    supervisor: f64,
    worker: f64,
}

fn main() -> ExitCode {
    let valgrind =
        Command::new("valgrind").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    let installed = valgrind.is_ok_and(|status| status.success());
    let required = std::env::var("NETSWEEP_PEERS").is_ok_and(|peers| peers == "require");
    // What was not optimised is not what is shipped.
    let ignored = cfg!(debug_assertions) || !(installed || required);
    let trial = |name, transport, known: fn(&Bounds) -> &Session| {
        Trial::test(name, move || counts(transport, known)).with_ignored_flag(ignored)
    };
    let trials = vec![
        trial("an_ssh_session_costs_no_more_instructions", "ssh", |bounds| &bounds.ssh),
        trial("a_telnet_session_costs_no_more_instructions", "telnet", |bounds| &bounds.telnet),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn counts(transport: &'static str, known: fn(&Bounds) -> &Session) -> Result<(), Failed> {
    let bounds: Bounds = toml::from_str(include_str!("bounds.toml"))?;
    let known = known(&bounds);
    let netsweep = Path::new(env!("CARGO_BIN_EXE_netsweep"));
    let worker = worker_binary(netsweep)?;
    let counted = of_netsweep(netsweep, &worker, transport)?;
    for (process, is, was) in
        [("supervisor", counted.parent, known.supervisor), ("worker", counted.children, known.worker)]
    {
        println!("{transport}, {process}: {is:.0} instructions a session; {was} are known");
        // A count far below would mean that something else was counted.
        if !(was / 10.0..was * bounds.most).contains(&is) {
            return Err(format!(
                "{transport}: the {process} takes {is:.0} instructions a session, {was} are known"
            )
            .into());
        }
    }
    Ok(())
}

/// The worker's own executable, which stands beside the supervisor's.
fn worker_binary(netsweep: &Path) -> Result<PathBuf, Failed> {
    let path = netsweep.with_file_name("netsweep-worker");
    if path.exists() { Ok(path) } else { Err("netsweep-worker is missing: build with --workspace".into()) }
}
