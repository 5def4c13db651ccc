//! What the worker says: the way from its threads to the pipe.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use netsweep_shared::frame;
use netsweep_shared::protocol::{FromWorker, HEARTBEAT, OUTPUT_CHUNK};

use crate::{effort, gil};

/// The least time between two writes. Each wakes two threads of the supervisor, which costs more than what is
/// said: so many sessions' words go in one, and none is late by what anybody would notice. What is said after a
/// silence is written at once.
const GATHER: Duration = Duration::from_millis(16);

/// Bytes that wait for the pipe. Beyond that whoever has something to say writes it, and waits where the pipe is
/// full: session threads stop reading from their devices, back-pressure reaches the sockets, and memory stays
/// bounded.
const MOST_WAITING: usize = 8 * OUTPUT_CHUNK;

/// Where the worker's threads say what happens. A supervisor that is gone hears nothing: its worker is about to
/// end.
#[derive(Clone)]
pub(crate) struct Outbox(Arc<Shared<dyn Write + Send>>);

struct Shared<W: ?Sized> {
    said: Mutex<Said>,
    /// Something was said while the pipe's thread had nothing to do.
    news: Condvar,
    /// Locked before `said`: so whoever has it and finds nothing said knows that all was written.
    pipe: Mutex<Pipe<W>>,
}

struct Pipe<W: ?Sized> {
    /// Empty between two writes: its room is used again.
    frames: Vec<u8>,
    written: Instant,
    output: W,
}

#[derive(Default)]
struct Said {
    frames: Vec<u8>,
    is_awaited: bool,
}

impl Outbox {
    /// Starts the thread that writes to `output`, and a `heartbeat` now and then. It ends with the last outbox.
    pub(crate) fn open(
        output: impl Write + Send + 'static,
        heartbeat: impl Fn() -> FromWorker + Send + 'static,
    ) -> io::Result<Self> {
        let pipe = Pipe { frames: vec![], written: Instant::now(), output };
        let shared = Shared { said: Mutex::default(), news: Condvar::new(), pipe: Mutex::new(pipe) };
        let outbox = Self(Arc::new(shared));
        let ours = Arc::downgrade(&outbox.0);
        thread::Builder::new().name("pipe".into()).spawn(move || write_gathered(&ours, &heartbeat))?;
        Ok(outbox)
    }

    /// Says `message`, in a moment.
    pub(crate) fn say(&self, message: &FromWorker) {
        let mut said = self.said();
        unless_gone(frame::encode(message, &mut said.frames).map_err(Into::into));
        if said.frames.len() >= MOST_WAITING {
            drop(said);
            self.write();
        } else if std::mem::take(&mut said.is_awaited) {
            drop(said);
            self.0.news.notify_one();
        }
    }

    /// Returns when `message` is in the pipe: from then on our own death cannot take it back.
    pub(crate) fn say_for_certain(&self, message: &FromWorker) {
        self.say(message);
        self.write();
    }

    /// Writes all that was said.
    pub(crate) fn write(&self) {
        gil::while_waiting(|| {
            effort::timed(
                |effort| &mut effort.pipe,
                || {
                    let mut pipe = self.pipe();
                    let Pipe { frames, written, output } = &mut *pipe;
                    std::mem::swap(frames, &mut self.said().frames);
                    if !frames.is_empty() {
                        unless_gone(
                            output.write_all(frames).and_then(|()| output.flush()).map_err(Into::into),
                        );
                        frames.clear();
                        *written = Instant::now();
                    }
                },
            );
        });
    }

    /// Waits until something is said, or for `patience`.
    fn await_news(&self, patience: Duration) {
        // Anew at each look: somebody else may have written what we were woken for.
        let nothing_new = |said: &mut Said| {
            said.is_awaited = said.frames.is_empty();
            said.is_awaited
        };
        let waited = self.0.news.wait_timeout_while(self.said(), patience, nothing_new);
        waited.unwrap_or_else(PoisonError::into_inner).0.is_awaited = false;
    }

    /// How long ago something was written.
    fn silence(&self) -> Duration {
        self.pipe().written.elapsed()
    }

    fn pipe(&self) -> MutexGuard<'_, Pipe<dyn Write + Send>> {
        self.0.pipe.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn said(&self) -> MutexGuard<'_, Said> {
        self.0.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn write_gathered(shared: &Weak<Shared<dyn Write + Send>>, heartbeat: &dyn Fn() -> FromWorker) {
    /// How soon the thread finds that nobody else holds the outbox.
    const LOOK_UP: Duration = Duration::from_millis(500);
    let mut next_beat = Instant::now() + HEARTBEAT;
    while let Some(outbox) = shared.upgrade().map(Outbox) {
        outbox.await_news(next_beat.saturating_duration_since(Instant::now()).min(LOOK_UP));
        thread::sleep(GATHER.saturating_sub(outbox.silence()));
        if Instant::now() >= next_beat {
            outbox.say(&heartbeat());
            next_beat = Instant::now() + HEARTBEAT;
        }
        outbox.write();
    }
}

fn unless_gone(result: Result<()>) {
    if let Err(error) = result {
        tracing::debug!("the supervisor is gone: {error:#}");
        std::process::exit(1);
    }
}
