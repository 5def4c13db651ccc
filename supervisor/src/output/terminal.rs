//! A screen that results and progress share.
//!
//! The progress bars stand at the bottom, on standard error; rows go to standard output above
//! them. While bars are shown, rows wait for the next redraw, so that a thousand rows a second
//! cost ten redraws and not a thousand.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};

/// Rows that wait beyond this many bytes are shown before the next redraw.
const MOST_WAITING: usize = 64 * 1024;

/// A handle on the screen; clones share it. When the last is gone, so are the bars, and every
/// row is out.
#[derive(Clone, Debug)]
pub struct Terminal {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// Hidden until [`Terminal::begin`].
    bars: ProgressBar,
    streams: Mutex<Streams>,
}

struct Streams {
    stdout: Box<dyn Write + Send>,
    stderr: Box<dyn Write + Send>,
    waiting: Vec<u8>,
}

impl Terminal {
    /// The process's own streams.
    pub fn new() -> Self {
        Self::with_streams(Box::new(io::stdout()), Box::new(io::stderr()))
    }

    /// Any two streams.
    pub fn with_streams(stdout: Box<dyn Write + Send>, stderr: Box<dyn Write + Send>) -> Self {
        let bars = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden())
            .with_finish(ProgressFinish::AndClear);
        let streams = Mutex::new(Streams { stdout, stderr, waiting: Vec::new() });
        Self { shared: Arc::new(Shared { bars, streams }) }
    }

    /// A writer of results. Its `flush` makes them visible: at once where there are no bars,
    /// with the next redraw where there are.
    pub fn stdout(&self) -> TerminalStdout {
        TerminalStdout { shared: Arc::clone(&self.shared) }
    }

    /// A writer of whole lines to standard error, above the bars.
    pub fn stderr(&self) -> TerminalStderr {
        TerminalStderr { shared: Arc::clone(&self.shared) }
    }

    /// Shows bars from now on, of which the first runs to `total`.
    pub(super) fn begin(&self, target: ProgressDrawTarget, total: u64, style: ProgressStyle) {
        self.shared.bars.set_length(total);
        self.shared.bars.set_style(style);
        self.shared.bars.set_draw_target(target);
    }

    /// Brings the screen up to date: the rows that wait, and below them the bars.
    pub(super) fn draw(&self, position: u64, text: String) -> io::Result<()> {
        self.shared.bars.set_position(position);
        self.shared.bars.set_message(text);
        self.shared.show_waiting()
    }

    /// Takes the bars away.
    pub(super) fn end(&self) -> io::Result<()> {
        self.shared.bars.finish_and_clear();
        self.shared.show_waiting()
    }
}

impl Default for Terminal {
    fn default() -> Self {
        Self::new()
    }
}

impl Shared {
    fn streams(&self) -> MutexGuard<'_, Streams> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn shows_bars(&self) -> bool {
        !self.bars.is_hidden() && !self.bars.is_finished()
    }

    fn show_waiting(&self) -> io::Result<()> {
        if self.streams().waiting.is_empty() {
            return Ok(());
        }
        self.bars.suspend(|| self.streams().show_waiting())
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.bars.finish_and_clear();
        // There is nobody left to tell.
        let _ = self.streams().show_waiting();
    }
}

impl Streams {
    fn show_waiting(&mut self) -> io::Result<()> {
        let shown = self.stdout.write_all(&self.waiting).and_then(|()| self.stdout.flush());
        self.waiting.clear();
        shown
    }
}

impl std::fmt::Debug for Streams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Streams").field("waiting", &self.waiting.len()).finish_non_exhaustive()
    }
}

/// Standard output above the bars; see [`Terminal::stdout`].
#[derive(Debug)]
pub struct TerminalStdout {
    shared: Arc<Shared>,
}

impl Write for TerminalStdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let waiting = {
            let mut streams = self.shared.streams();
            streams.waiting.extend_from_slice(bytes);
            streams.waiting.len()
        };
        // Only between two lines: the bars take the line that the cursor is on.
        if waiting > MOST_WAITING && bytes.ends_with(b"\n") {
            self.shared.show_waiting()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.shared.shows_bars() { Ok(()) } else { self.shared.show_waiting() }
    }
}

/// Standard error above the bars; see [`Terminal::stderr`].
#[derive(Debug)]
pub struct TerminalStderr {
    shared: Arc<Shared>,
}

impl Write for TerminalStderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.shared.bars.suspend(|| self.shared.streams().stderr.write_all(bytes))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.shared.streams().stderr.flush()
    }
}
