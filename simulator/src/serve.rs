//! The fleet as a process: a spec comes in, endpoints and a report go out.

use std::io::{self, Read, Write};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use netsweep_shared::fleet::{FleetReady, FleetReport, FleetSpec};
use netsweep_shared::frame::{self, FrameReader};

use crate::Fleet;

/// Set by tests that ask the fleet itself who called: every connection and every command is logged.
const LOG_EVERYTHING: &str = "NETSWEEP_TEST_FLEET_LOG";

/// How long sessions may take to notice the end.
const FAREWELL: Duration = Duration::from_millis(100);

/// The fleet's process: [`serve`] on standard input and output, log lines on standard error.
pub fn main() -> ExitCode {
    // Without the bridge from `log`: what the SSH library says of each broken session is no news
    // in a fleet that is there to break.
    let level = match std::env::var_os(LOG_EVERYTHING) {
        Some(_) => tracing::Level::DEBUG,
        None => tracing::Level::WARN,
    };
    let log = tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_max_level(level)
        .with_ansi(false)
        .without_time()
        .with_target(false)
        .finish();
    // Whoever set another one before has it.
    let _ = tracing::subscriber::set_global_default(log);
    match serve(io::stdin(), io::stdout()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("the simulated fleet ends: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Reads one [`FleetSpec`] from `input`, starts the fleet, writes its [`FleetReady`] to `output`
/// and serves until `input` ends; then writes a [`FleetReport`]. Nothing else is written.
///
/// # Errors
/// A spec that cannot be read, sockets that cannot be had, an `output` that fails before the fleet is up.
pub fn serve(input: impl Read + Send + 'static, mut output: impl Write) -> anyhow::Result<()> {
    let mut frames = FrameReader::new(input);
    let spec: FleetSpec =
        frames.read().context("reading the fleet's specification")?.context("no fleet was specified")?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .thread_name("fleet")
        .enable_io()
        .enable_time()
        .build()
        .context("starting the fleet's threads")?;
    let devices = spec.devices.len();
    let served = runtime.block_on(async {
        let fleet = Fleet::start(spec).context("starting the fleet")?;
        tracing::debug!(devices, "the fleet listens");
        send(&mut output, &FleetReady { endpoints: fleet.endpoints().to_vec() })?;
        until_end(frames).await;
        let report: FleetReport = fleet.report();
        // The input ends also where the supervisor was killed, and then nobody wants a report.
        if let Err(error) = send(&mut output, &report) {
            tracing::debug!("the report could not be handed over: {error:#}");
        }
        Ok(())
    });
    runtime.shutdown_timeout(FAREWELL);
    served
}

fn send<T: serde::Serialize>(output: &mut impl Write, message: &T) -> anyhow::Result<()> {
    frame::write(output, message)?;
    output.flush().context("writing to the supervisor")
}

/// Waits for the end of the input, or its failure, on a thread of its own: it may be a pipe, a
/// file or a buffer.
async fn until_end(frames: FrameReader<impl Read + Send + 'static>) {
    let (ended, end) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let mut input = frames.into_inner();
        if let Err(error) = io::copy(&mut input, &mut io::sink()) {
            tracing::warn!("the supervisor's pipe failed: {error}");
        }
        // Nobody listens where the fleet has ended for another reason.
        let _ = ended.send(());
    });
    let _ = end.await;
}
