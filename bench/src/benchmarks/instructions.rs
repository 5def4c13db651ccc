//! Instructions a session, of the supervisor, of the worker and of the floor.

use anyhow::Result;
use serde_json::json;

use super::Bench;
use crate::clients::works;
use crate::instructions::{Instructions, of_floor, of_netsweep};
use crate::statistics::median;

pub(super) fn run(bench: &mut Bench) -> Result<()> {
    if !works(std::process::Command::new("valgrind").arg("--version")) {
        bench.report.note("valgrind is not installed, so nothing was counted".to_owned());
        return Ok(());
    }
    let executable = bench.installed.netsweep.clone();
    let worker = executable.with_file_name("netsweep-worker");
    let floor = bench.installed.floor.clone();
    let mut subjects = vec![("netsweep", Some(worker)), ("floor", None)];
    if let Some(other) = &bench.installed.worker_binary {
        subjects.insert(1, ("netsweep, other worker", Some(other.clone())));
    }
    for transport in ["ssh", "telnet"] {
        let mut medians = vec![];
        for (client, worker) in &subjects {
            let mut counts = vec![];
            for round in 1..=bench.size(3, 1) {
                let count = match worker {
                    Some(worker) => of_netsweep(&executable, worker, transport)?,
                    None => of_floor(&executable, &floor, transport)?,
                };
                bench.report.row(json!({
                    "case": transport, "client": client, "round": round,
                    "parent": count.parent, "children": count.children,
                }));
                counts.push(count);
            }
            let middle = |part: fn(&Instructions) -> f64| median(counts.iter().map(part));
            let (parent, children) = (middle(|count| count.parent), middle(|count| count.children));
            let mut figure = |what: &str, value: f64| bench.report.figure(transport, client, what, value);
            if worker.is_some() {
                figure("instructions a session, supervisor", parent);
                figure("instructions a session, worker", children);
            }
            figure("instructions a session", parent + children);
            medians.push((*client, parent + children));
        }
        if let Some(&(_, floor)) = medians.last() {
            for (client, count) in &medians[..medians.len() - 1] {
                bench.report.figure(transport, client, "instructions ÷ floor's", count / floor);
            }
        }
    }
    Ok(())
}
