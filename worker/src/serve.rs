//! The worker's end of the pipe.

use std::io::{self, BufReader, Read, Write};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use netsweep_shared::frame::{self, FrameReader};
use netsweep_shared::protocol::{FromWorker, HEARTBEAT, Hello, OUTPUT_CHUNK, Setup, ToWorker};

use crate::pool::Pool;

/// Messages that wait for the pipe. When it is full, session threads stop reading from their
/// devices: so back-pressure reaches the sockets, and memory stays bounded.
const WAITING_MESSAGES: usize = 256;
/// Bytes that are gathered before they are written.
const WRITE_BATCH: usize = 2 * OUTPUT_CHUNK;

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
    let mut input = FrameReader::new(BufReader::with_capacity(WRITE_BATCH, input));
    frame::write(&mut output, &Hello::ours())?;
    output.flush()?;
    let Some(hello) = input.read::<Hello>().context("no hello from the supervisor")? else { return Ok(()) };
    hello.check()?;
    let Some(ToWorker::Setup(setup)) = input.read()? else { bail!("the supervisor sent no setup") };
    log_to_stderr(setup.verbose);

    let (to_pipe, messages) = crossbeam_channel::bounded(WAITING_MESSAGES);
    std::thread::Builder::new()
        .name("pipe".into())
        .spawn(move || write_messages(&messages, output))
        .context("cannot start the thread that writes to the supervisor")?;
    take_jobs(&mut input, setup, to_pipe)
}

fn take_jobs(input: &mut FrameReader<impl Read>, setup: Setup, to_pipe: Sender<Outgoing>) -> Result<()> {
    let pool = Pool::start(&setup, to_pipe)?;
    while let Some(message) = input.read::<ToWorker>().context("the supervisor's pipe")? {
        match message {
            ToWorker::Job(job) => pool.take(*job),
            ToWorker::Drain => pool.drain(),
            ToWorker::Cancel => pool.cancel(),
            ToWorker::Setup(_) => bail!("the supervisor sent a second setup"),
        }
    }
    pool.cancel();
    Ok(())
}

fn write_messages(messages: &Receiver<Outgoing>, mut output: impl Write) {
    if let Err(error) = try_write_messages(messages, &mut output) {
        tracing::debug!("the supervisor is gone: {error:#}");
        std::process::exit(1);
    }
}

fn try_write_messages(messages: &Receiver<Outgoing>, output: &mut impl Write) -> Result<()> {
    let mut batch = Vec::with_capacity(2 * WRITE_BATCH);
    let mut awaited = Vec::new();
    loop {
        let mut next = match messages.recv_timeout(HEARTBEAT) {
            Ok(message) => Some(message),
            Err(RecvTimeoutError::Timeout) => Some(FromWorker::Alive.into()),
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        };
        while let Some(Outgoing { message, written }) = next {
            frame::encode(&message, &mut batch)?;
            awaited.extend(written);
            next = if batch.len() < WRITE_BATCH { messages.try_recv().ok() } else { None };
        }
        output.write_all(&batch)?;
        output.flush()?;
        batch.clear();
        for written in awaited.drain(..) {
            let _ = written.send(());
        }
    }
}

/// A message on its way to the pipe.
pub(crate) struct Outgoing {
    message: FromWorker,
    /// Told when it is in the pipe: from then on our own death cannot take it back.
    written: Option<Sender<()>>,
}

impl From<FromWorker> for Outgoing {
    fn from(message: FromWorker) -> Self {
        Self { message, written: None }
    }
}

/// Where session threads say what happens. A supervisor that is gone hears nothing: its
/// worker is about to end.
#[derive(Clone)]
pub(crate) struct Outbox(Sender<Outgoing>);

impl Outbox {
    pub(crate) fn new(to_pipe: Sender<Outgoing>) -> Self {
        Self(to_pipe)
    }

    pub(crate) fn say(&self, message: FromWorker) {
        let _ = self.0.send(message.into());
    }

    /// Returns when `message` is in the pipe.
    pub(crate) fn say_for_certain(&self, message: FromWorker) {
        let (written, told) = crossbeam_channel::bounded(1);
        let _ = self.0.send(Outgoing { message, written: Some(written) });
        let _ = told.recv();
    }
}
