//! The pipe to a worker.

use std::io::{self, Write};
use std::process::ChildStdin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crossbeam_channel::{Receiver, Sender};
use netsweep_shared::frame;
use netsweep_shared::protocol::{Hello, ToWorker};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::ioctl_fionbio;

/// Sends messages, and waits for nothing: what the pipe has no room for is left to a thread.
///
/// Dropping it closes the pipe when that is written.
#[derive(Debug)]
pub(super) struct Outbound {
    pipe: Arc<ChildStdin>,
    /// Frames that were not sent yet.
    frames: Vec<u8>,
    backlog: Sender<Vec<u8>>,
    /// Pieces that the thread has not written yet, which nothing may overtake.
    waiting: Arc<AtomicUsize>,
}

impl Outbound {
    /// Begins with our hello. `name` is that of the thread.
    pub(super) fn start(stdin: ChildStdin, name: String) -> io::Result<Self> {
        ioctl_fionbio(&stdin, true)?;
        let pipe = Arc::new(stdin);
        // Bounded by the dispatcher's credit.
        let (backlog, pieces) = crossbeam_channel::unbounded();
        let waiting = Arc::new(AtomicUsize::new(0));
        thread::Builder::new().name(name).spawn({
            let (pipe, waiting) = (Arc::clone(&pipe), Arc::clone(&waiting));
            move || write_all(&pipe, &pieces, &waiting)
        })?;
        let mut frames = vec![];
        frame::encode(&Hello::ours(), &mut frames).map_err(io::Error::other)?;
        Ok(Self { pipe, frames, backlog, waiting })
    }

    /// Sends `message` with the next [`flush`](Self::flush).
    ///
    /// # Errors
    /// When it is too long for a frame.
    pub(super) fn send(&mut self, message: &ToWorker) -> Result<(), frame::FrameError> {
        frame::encode(message, &mut self.frames)
    }

    /// Sends all there is at once, so that the worker is woken once. A process that is gone hears nothing.
    pub(super) fn flush(&mut self) {
        if self.frames.is_empty() {
            return;
        }
        let is_free = self.waiting.load(Ordering::Acquire) == 0;
        let written = if is_free { (&*self.pipe).write(&self.frames) } else { Ok(0) };
        match written {
            Ok(n) if n == self.frames.len() => {}
            Ok(n) => self.leave(n),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {
                self.leave(0);
            }
            // Its end is met by whoever reads from it.
            Err(_) => {}
        }
        self.frames.clear();
    }

    /// Leaves what is behind the first `written` bytes to the thread.
    fn leave(&self, written: usize) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let _ = self.backlog.send(self.frames[written..].to_vec());
    }
}

impl Drop for Outbound {
    fn drop(&mut self) {
        self.flush();
    }
}

fn write_all(pipe: &ChildStdin, pieces: &Receiver<Vec<u8>>, waiting: &AtomicUsize) {
    while let Ok(piece) = pieces.recv() {
        let mut rest = piece.as_slice();
        while !rest.is_empty() {
            match (&*pipe).write(rest) {
                Ok(n) => rest = &rest[n..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    // Fails when it was interrupted, which is as good as a short wait.
                    let _ = poll(&mut [PollFd::new(pipe, PollFlags::OUT)], None);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
        waiting.fetch_sub(1, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;
    use std::ops::Range;
    use std::process::{Command, Stdio};

    use netsweep_shared::frame::FrameReader;
    use netsweep_shared::job::JobId;

    use super::*;

    #[test]
    fn everything_arrives_in_order_however_late_it_is_read() {
        const HALF: u32 = 50_000;
        let cat = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut cat = cat.expect("cat starts");
        let stdin = cat.stdin.take().expect("piped");
        let mut outbound = Outbound::start(stdin, "to-cat".into()).expect("starts");
        let mut send = |numbers: Range<u32>| {
            for number in numbers {
                outbound.send(&ToWorker::LogIn(JobId(number))).expect("short");
                // One by one, and many together.
                if number % 5000 < 1000 {
                    outbound.flush();
                }
            }
        };
        // More than the pipes hold.
        send(0..HALF);
        let mut frames = FrameReader::new(BufReader::new(cat.stdout.take().expect("piped")));
        let reader = thread::spawn(move || {
            frames.read::<Hello>().expect("reads").expect("hello");
            let mut next = 0;
            while let Some(message) = frames.read::<ToWorker>().expect("whole") {
                assert!(matches!(message, ToWorker::LogIn(job) if job == JobId(next)), "{next}: {message:?}");
                next += 1;
            }
            next
        });
        send(HALF..2 * HALF);
        drop(outbound);
        assert_eq!(reader.join().expect("reads"), 2 * HALF);
        assert!(cat.wait().expect("ends with its input").success());
    }

    #[test]
    fn a_process_that_is_gone_hears_nothing() {
        let mut gone = Command::new("true").stdin(Stdio::piped()).spawn().expect("starts");
        let stdin = gone.stdin.take().expect("piped");
        gone.wait().expect("ends");
        let mut outbound = Outbound::start(stdin, "to-nobody".into()).expect("starts");
        for number in 0..100_000 {
            outbound.send(&ToWorker::LogIn(JobId(number))).expect("short");
            outbound.flush();
        }
        assert_eq!(outbound.waiting.load(Ordering::Relaxed), 0, "nothing piles up");
        assert!(outbound.frames.is_empty());
    }
}
