//! What the worker says: the way from the session threads to the pipe.

use std::io::{self, Write};
use std::thread;
use std::time::Instant;

use anyhow::Result;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError};
use netsweep_shared::frame;
use netsweep_shared::protocol::{FromWorker, HEARTBEAT, OUTPUT_CHUNK};

use crate::{effort, gil};

/// Messages that wait for the pipe. When it is full, session threads stop reading from their
/// devices: so back-pressure reaches the sockets, and memory stays bounded.
const WAITING_MESSAGES: usize = 256;
/// Bytes that are gathered before they are written.
const WRITE_BATCH: usize = 2 * OUTPUT_CHUNK;

/// Where session threads say what happens. A supervisor that is gone hears nothing: its
/// worker is about to end.
#[derive(Clone)]
pub(crate) struct Outbox(Sender<Outgoing>);

impl Outbox {
    /// Starts the thread that writes to `output`, and a `heartbeat` now and then.
    pub(crate) fn open(
        output: impl Write + Send + 'static,
        heartbeat: impl Fn() -> FromWorker + Send + 'static,
    ) -> io::Result<Self> {
        let (to_pipe, messages) = crossbeam_channel::bounded(WAITING_MESSAGES);
        thread::Builder::new()
            .name("pipe".into())
            .spawn(move || write_messages(&messages, output, &heartbeat))?;
        Ok(Self(to_pipe))
    }

    pub(crate) fn say(&self, message: FromWorker) {
        // Where there is room nobody waits.
        if let Err(TrySendError::Full(message)) = self.0.try_send(message.into()) {
            waiting(|| _ = self.0.send(message));
        }
    }

    /// Returns when `message` is in the pipe.
    pub(crate) fn say_for_certain(&self, message: FromWorker) {
        let (written, told) = crossbeam_channel::bounded(1);
        waiting(|| {
            let _ = self.0.send(Outgoing { message, written: Some(written) });
            let _ = told.recv();
        });
    }
}

/// Waits for the pipe.
fn waiting(wait: impl FnOnce()) {
    gil::while_waiting(|| effort::timed(|effort| &mut effort.pipe, wait));
}

/// A message on its way to the pipe.
struct Outgoing {
    message: FromWorker,
    /// Told when it is in the pipe: from then on our own death cannot take it back.
    written: Option<Sender<()>>,
}

impl From<FromWorker> for Outgoing {
    fn from(message: FromWorker) -> Self {
        Self { message, written: None }
    }
}

fn write_messages(messages: &Receiver<Outgoing>, mut output: impl Write, heartbeat: &dyn Fn() -> FromWorker) {
    if let Err(error) = try_write_messages(messages, &mut output, heartbeat) {
        tracing::debug!("the supervisor is gone: {error:#}");
        std::process::exit(1);
    }
}

fn try_write_messages(
    messages: &Receiver<Outgoing>,
    output: &mut impl Write,
    heartbeat: &dyn Fn() -> FromWorker,
) -> Result<()> {
    let mut next_beat = Instant::now() + HEARTBEAT;
    let mut batch = Vec::with_capacity(2 * WRITE_BATCH);
    let mut awaited = Vec::new();
    loop {
        let mut next = match messages.recv_deadline(next_beat) {
            Ok(message) => Some(message),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        };
        while let Some(Outgoing { message, written }) = next {
            frame::encode(&message, &mut batch)?;
            awaited.extend(written);
            next = if batch.len() < WRITE_BATCH { messages.try_recv().ok() } else { None };
        }
        if Instant::now() >= next_beat {
            frame::encode(&heartbeat(), &mut batch)?;
            next_beat = Instant::now() + HEARTBEAT;
        }
        output.write_all(&batch)?;
        output.flush()?;
        batch.clear();
        for written in awaited.drain(..) {
            let _ = written.send(());
        }
    }
}
