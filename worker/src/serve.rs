//! The worker's end of the pipe.

use std::io::{self, BufReader, Read, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use netsweep_shared::frame::{self, FrameReader};
use netsweep_shared::protocol::{FromWorker, Hello, ToWorker};

use crate::batch;
use crate::cores;
use crate::cost::Meter;
use crate::outbox::Outbox;
use crate::pool::Pool;
use crate::register::Register;
use crate::sandbox;

const READ_BUFFER: usize = 64 * 1024;

/// How long sessions may take to end when the input has: the supervisor waits a little longer.
const LAST_SESSIONS: Duration = Duration::from_secs(1);

/// Serves on stdin and stdout until the supervisor closes the pipe.
pub fn main() -> ExitCode {
    if let Err(error) = die_with_the_supervisor().and_then(|()| serve(io::stdin(), io::stdout())) {
        // stderr is the log; the supervisor adds our number.
        eprintln!("{error:#}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// The end of stdin already tells that the supervisor is gone; this is for when it is not read.
fn die_with_the_supervisor() -> Result<()> {
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))
        .context("cannot ask to be ended with the supervisor")
}

/// Log lines go to stderr; the supervisor adds our number and the time.
fn log_to_stderr(verbose: bool) {
    let level = if verbose { tracing::Level::DEBUG } else { tracing::Level::WARN };
    // Fails where the log was set up before: a second worker in one process, as in tests.
    let _ = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(io::stderr)
        .with_ansi(false)
        .without_time()
        .with_target(false)
        .try_init();
}

/// Exchanges hellos, takes jobs from `input` and tells of them on `output`, until `input` ends.
pub fn serve(input: impl Read, mut output: impl Write + Send + 'static) -> Result<()> {
    let mut input = FrameReader::new(BufReader::with_capacity(READ_BUFFER, input));
    frame::write(&mut output, &Hello::ours())?;
    output.flush()?;
    let Some(hello) = input.read::<Hello>().context("no hello from the supervisor")? else { return Ok(()) };
    hello.check()?;
    let Some(ToWorker::Setup(setup)) = input.read()? else { bail!("the supervisor sent no setup") };
    log_to_stderr(setup.verbose);
    // Before there are threads: those that are started later inherit all of it.
    cores::fix_to(&setup.experiment.cores)?;
    if setup.experiment.gil.is_none() {
        // CPython's threads are no batch.
        batch::interrupt_nobody();
    }
    let meter = Meter::open();
    if setup.sandbox {
        let in_force = sandbox::enter(&setup.agent_sockets);
        tracing::info!("{in_force}");
    } else {
        tracing::info!("not shut in, as asked");
    }

    let register = Arc::new(Register::default());
    let alive = {
        let register = Arc::clone(&register);
        Arc::new(move || FromWorker::Alive { doing: register.activities(), cost: meter.cost() })
    };
    let heartbeat = {
        let alive = Arc::clone(&alive);
        move || alive()
    };
    let outbox =
        Outbox::open(output, heartbeat).context("cannot start the thread that writes to the supervisor")?;
    let pool = Pool::start(&setup, Arc::clone(&register), outbox.clone())?;
    take_jobs(&mut input, &pool)?;
    pool.cancel();
    // Whoever closes our pipe wants us gone, and soon; but also what we have cost.
    register.wait_until_idle(LAST_SESSIONS);
    outbox.say_for_certain(&alive());
    Ok(())
}

fn take_jobs(input: &mut FrameReader<impl Read>, pool: &Pool) -> Result<()> {
    while let Some(message) = input.read::<ToWorker>().context("the supervisor's pipe")? {
        match message {
            ToWorker::Job(job) => pool.take(job),
            ToWorker::Withdraw(job) => pool.withdraw(job),
            ToWorker::LogIn(job) => pool.give_leave(job),
            ToWorker::Drain => pool.drain(),
            ToWorker::Cancel => pool.cancel(),
            ToWorker::Setup(_) => bail!("the supervisor sent a second setup"),
        }
    }
    Ok(())
}
