//! The floor: the least that a client of this shape can do, which is what netsweep is held against.
//!
//! One blocking thread a session, taking one device after the other; no store, no host key checks, no
//! deadlines but a timeout, no recovery, and a prompt is what the text ends with. It reads the inventory
//! that `netsweep simulate --output` writes, and prints one line of JSON.

mod dialogue;
mod ssh;
mod telnet;

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Parser;
use serde::Deserialize;
use serde_json::json;

/// How long anything may take.
const TIMEOUT: Duration = Duration::from_secs(60);

#[derive(Parser)]
struct Arguments {
    /// Inventory that `netsweep simulate --output` wrote.
    #[arg(short, long)]
    inventory: PathBuf,
    /// Sessions at once.
    #[arg(short, long, default_value_t = 64)]
    threads: usize,
    /// Take only so many devices.
    #[arg(long)]
    devices: Option<usize>,
    /// Print the algorithms of one SSH session instead.
    #[arg(long)]
    algorithms: bool,
    commands: Vec<String>,
}

#[derive(Deserialize)]
struct Inventory {
    defaults: Login,
    devices: Vec<Device>,
}

#[derive(Deserialize)]
struct Login {
    username: String,
    password: String,
}

#[derive(Deserialize)]
struct Device {
    name: String,
    address: String,
    port: u16,
    transport: Transport,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Transport {
    Ssh,
    Telnet,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let text = std::fs::read_to_string(&arguments.inventory).context("the inventory cannot be read")?;
    let inventory: Inventory = toml::from_str(&text).context("the inventory is none of a simulated fleet")?;
    let login = &inventory.defaults;
    let count = arguments.devices.unwrap_or(usize::MAX).min(inventory.devices.len());
    let devices = &inventory.devices[..count];
    if arguments.algorithms {
        let Some(device) = devices.first() else { bail!("no device") };
        println!("{}", ssh::algorithms(device, login)?);
        return Ok(());
    }

    let (next, ok, bytes) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..arguments.threads.min(count) {
            scope.spawn(|| {
                while let Some(device) = devices.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let session = match device.transport {
                        Transport::Ssh => ssh::session(device, login, &arguments.commands),
                        Transport::Telnet => telnet::session(device, login, &arguments.commands),
                    };
                    match session {
                        Ok(output) => {
                            ok.fetch_add(1, Ordering::Relaxed);
                            bytes.fetch_add(output, Ordering::Relaxed);
                        }
                        Err(error) => eprintln!("{}: {error:#}", device.name),
                    }
                }
            });
        }
    });
    let makespan = begun.elapsed();
    let ok = ok.into_inner();
    println!(
        "{}",
        json!({
            "client": "floor", "ok": ok, "failed": count - ok, "makespan_s": makespan.as_secs_f64(),
            "output_bytes": bytes.into_inner(), "peak_kb": peak_kb(),
        })
    );
    Ok(())
}

/// Peak resident memory in KiB (proc(5), `VmHWM`).
fn peak_kb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.split_whitespace().next()?.parse().ok()
}
