//! What the worker says: the way from the session threads to the pipe.

use std::io::{self, Write};
use std::thread;
use std::time::Instant;

use anyhow::Result;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use netsweep_shared::frame;
use netsweep_shared::protocol::{Activity, FromWorker, HEARTBEAT, OUTPUT_CHUNK};

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
    /// Starts the thread that writes to `output`.
    /// Heartbeats tell what `doing` says.
    pub(crate) fn open(
        output: impl Write + Send + 'static,
        doing: impl Fn() -> Vec<Activity> + Send + 'static,
    ) -> io::Result<Self> {
        let (to_pipe, messages) = crossbeam_channel::bounded(WAITING_MESSAGES);
        thread::Builder::new()
            .name("pipe".into())
            .spawn(move || write_messages(&messages, output, &doing))?;
        Ok(Self(to_pipe))
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

fn write_messages(messages: &Receiver<Outgoing>, mut output: impl Write, doing: &dyn Fn() -> Vec<Activity>) {
    if let Err(error) = try_write_messages(messages, &mut output, doing) {
        tracing::debug!("the supervisor is gone: {error:#}");
        std::process::exit(1);
    }
}

fn try_write_messages(
    messages: &Receiver<Outgoing>,
    output: &mut impl Write,
    doing: &dyn Fn() -> Vec<Activity>,
) -> Result<()> {
    let mut heartbeat = Instant::now() + HEARTBEAT;
    let mut batch = Vec::with_capacity(2 * WRITE_BATCH);
    let mut awaited = Vec::new();
    loop {
        let mut next = match messages.recv_deadline(heartbeat) {
            Ok(message) => Some(message),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        };
        while let Some(Outgoing { message, written }) = next {
            frame::encode(&message, &mut batch)?;
            awaited.extend(written);
            next = if batch.len() < WRITE_BATCH { messages.try_recv().ok() } else { None };
        }
        if Instant::now() >= heartbeat {
            frame::encode(&FromWorker::Alive(doing()), &mut batch)?;
            heartbeat = Instant::now() + HEARTBEAT;
        }
        output.write_all(&batch)?;
        output.flush()?;
        batch.clear();
        for written in awaited.drain(..) {
            let _ = written.send(());
        }
    }
}
