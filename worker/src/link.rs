//! The one door for waiting.
//!
//! Session code is straight-line and blocking, but it blocks on a device nowhere else than
//! here: here the deadline is applied, a cancel is heard, and an experiment's lock is given up.

use std::io;
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, ioctl_fionbio};
use rustix::net::{RecvFlags, SendFlags, recv, send};
use socket2::Socket;

use crate::gil;
use crate::transport::TransportError;
use crate::watchdog::Slot;

/// What [`Link::receive`] reads at most.
pub(crate) const PIECE: usize = 1024;

/// What a socket is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interest {
    /// Bytes, or the end, have come.
    Read,
    /// There is room for more.
    Write,
    /// Either of the two.
    Both,
}

/// A session's socket with its deadline and its place at the watchdog.
///
/// The socket is a stream: TCP, or one end of a pair whose other end a jump host's connection
/// feeds. It is non-blocking. Dropping the link shuts the connection down at once, whatever
/// is under way, and waits for nothing.
#[derive(Debug)]
pub struct Link {
    socket: Arc<Socket>,
    slot: Slot,
    deadline: Instant,
    is_down: AtomicBool,
}

impl Link {
    /// Puts `socket`, which has to be non-blocking, under the watch of `slot`.
    ///
    /// # Errors
    /// [`TransportError::Cancelled`] where the worker has been told to end its sessions.
    pub fn new(socket: impl Into<Socket>, slot: &Slot, deadline: Instant) -> Result<Self, TransportError> {
        let socket = Arc::new(socket.into());
        slot.watch(&socket, deadline)?;
        Ok(Self { socket, slot: slot.clone(), deadline, is_down: AtomicBool::new(false) })
    }

    /// From here on every call must be over by `deadline`. A link whose deadline has passed
    /// stays ended.
    pub fn set_deadline(&mut self, deadline: Instant) {
        self.deadline = deadline;
        self.slot.set_deadline(deadline);
    }

    /// The deadline in force.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// The socket, for a library that reads and writes by itself.
    pub fn socket(&self) -> &Arc<Socket> {
        &self.socket
    }

    /// Waits until the socket is ready for `interest`, or the peer has closed it.
    ///
    /// # Errors
    /// [`TransportError::Deadline`] and [`TransportError::Cancelled`], also where the socket is
    /// ready all the time; [`TransportError::Closed`] where it cannot be waited for.
    pub fn wait(&self, interest: Interest) -> Result<(), TransportError> {
        while !self.wait_at_most(interest, Duration::MAX)? {}
        Ok(())
    }

    /// Like [`Self::wait`], but no longer than `time`; whether the socket is ready.
    ///
    /// # Errors
    /// Those of [`Self::wait`].
    pub fn wait_at_most(&self, interest: Interest, time: Duration) -> Result<bool, TransportError> {
        let flags = match interest {
            Interest::Read => PollFlags::IN,
            Interest::Write => PollFlags::OUT,
            Interest::Both => PollFlags::IN | PollFlags::OUT,
        };
        let began = Instant::now();
        loop {
            let left = self.check()?.min(time.saturating_sub(began.elapsed()));
            // A time beyond what the kernel counts is no limit.
            let left = Timespec::try_from(left).ok();
            let ready = gil::while_waiting(|| poll(&mut [PollFd::new(&*self.socket, flags)], left.as_ref()));
            match ready {
                Ok(0) | Err(Errno::INTR) if began.elapsed() < time => {}
                Ok(0) | Err(Errno::INTR) => return self.ended_by_us().map_or(Ok(false), Err),
                Ok(_) => return self.ended_by_us().map_or(Ok(true), Err),
                Err(error) => return Err(TransportError::Closed(error.to_string())),
            }
        }
    }

    /// The time that is left; an error where there is none, or where the link was ended.
    pub fn check(&self) -> Result<Duration, TransportError> {
        gil::check_point();
        if let Some(why) = self.ended_by_us() {
            return Err(why);
        }
        match self.deadline.checked_duration_since(Instant::now()) {
            Some(left) if !left.is_zero() => Ok(left),
            _ => Err(TransportError::Deadline),
        }
    }

    /// Asked before the link's session tells its device who it is: waits for leave, where that has to be asked for.
    /// How long that took; the deadline is as much later.
    ///
    /// # Errors
    /// [`TransportError::Withdrawn`] where nobody is to log in any more, and those of [`Self::wait`].
    pub(crate) fn await_leave(&mut self) -> Result<Duration, TransportError> {
        let waited = self.slot.await_leave()?;
        if !waited.is_zero() {
            self.set_deadline(self.deadline + waited);
        }
        Ok(waited)
    }

    /// Asked before the password of the link's session goes out; otherwise as [`Self::await_leave`].
    ///
    /// # Errors
    /// As there.
    pub(crate) fn commit(&mut self) -> Result<Duration, TransportError> {
        let waited = self.await_leave()?;
        self.slot.commit()?;
        Ok(waited)
    }

    /// Why the watchdog ended this link, if it did.
    pub(crate) fn ended_by_us(&self) -> Option<TransportError> {
        self.slot.fired()
    }

    /// What a broken connection means: the watchdog's reason where it was the one to end it,
    /// else that the device has closed it, with `detail`.
    pub fn broken(&self, detail: impl Into<String>) -> TransportError {
        self.ended_by_us().unwrap_or_else(|| TransportError::Closed(detail.into()))
    }

    /// Reads what comes into the room that `buffer` has, and waits for it; 0 at the end. On a socket that
    /// [`Self::set_blocking`] has made a blocking one that is a single call of the system's, and the watchdog ends it at
    /// the deadline.
    ///
    /// # Errors
    /// Those of [`Self::wait`].
    pub fn fill(&self, buffer: &mut Vec<u8>) -> Result<usize, TransportError> {
        self.wait_reading(&mut |socket| Ok(recv(socket, spare_capacity(buffer), RecvFlags::empty())?.0))
    }

    /// Like [`Self::fill`], but hands the first of what comes, up to [`PIECE`] bytes, to `take`: nothing of the heap is
    /// held while it is waited for.
    pub(crate) fn receive(&self, take: &mut dyn FnMut(&[u8])) -> Result<usize, TransportError> {
        let mut room = [MaybeUninit::uninit(); PIECE];
        self.wait_reading(&mut |socket| {
            let ((bytes, _), n) = recv(socket, &mut room, RecvFlags::empty())?;
            take(bytes);
            Ok(n)
        })
    }

    fn wait_reading(
        &self,
        recv: &mut dyn FnMut(&Socket) -> io::Result<usize>,
    ) -> Result<usize, TransportError> {
        loop {
            self.check()?;
            if let Some(n) = gil::while_waiting(|| self.attempt(&mut *recv))? {
                return Ok(n);
            }
            self.wait(Interest::Read)?;
        }
    }

    /// Like [`Self::fill`], but `None` where nothing is there.
    pub fn try_fill(&self, buffer: &mut Vec<u8>) -> Result<Option<usize>, TransportError> {
        self.attempt(|socket| Ok(recv(socket, spare_capacity(buffer), RecvFlags::DONTWAIT)?.0))
    }

    /// Makes the socket a blocking one, for [`Self::fill`]; all other calls are as before. Not where a library reads
    /// from it.
    pub fn set_blocking(&self) {
        // Where that fails, reads take two calls.
        let _ = ioctl_fionbio(&*self.socket, false);
    }

    /// Reads what is there; `None` where nothing is, 0 at the end.
    pub fn try_read(&self, buffer: &mut [u8]) -> Result<Option<usize>, TransportError> {
        self.attempt(|socket| Ok(recv(socket, &mut *buffer, RecvFlags::DONTWAIT)?.0))
    }

    /// Writes what there is room for; `None` where there is none.
    pub fn try_write(&self, bytes: &[u8]) -> Result<Option<usize>, TransportError> {
        self.attempt(|socket| Ok(send(socket, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL)?))
    }

    fn attempt(
        &self,
        mut call: impl FnMut(&Socket) -> io::Result<usize>,
    ) -> Result<Option<usize>, TransportError> {
        gil::check_point();
        loop {
            match call(&self.socket) {
                // The watchdog's shutdown reads as the end of the stream.
                Ok(0) => return self.ended_by_us().map_or(Ok(Some(0)), Err),
                Ok(n) => return Ok(Some(n)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.broken(plain(&error))),
            }
        }
    }

    /// Looks at what is there and leaves it to be read; 0 at the end.
    pub(crate) fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(recv(&*self.socket, buffer, RecvFlags::PEEK | RecvFlags::DONTWAIT)?.0)
    }

    /// Whether the peer has closed its side and nothing of it is left to read.
    pub(crate) fn is_ended(&self) -> bool {
        match self.peek(&mut [0]) {
            Ok(n) => n == 0,
            Err(error) => error.kind() != io::ErrorKind::WouldBlock,
        }
    }

    /// Closes the connection in both directions, at once: from here on no call on it blocks.
    pub fn shut_down(&self) {
        if !self.is_down.swap(true, Ordering::Relaxed) {
            // Fails where the peer was faster, which is as good.
            let _ = self.socket.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.shut_down();
        self.slot.release(&self.socket);
    }
}

/// Waits for a helper thread's answer; `Closed` where the helper is gone without one.
pub(crate) fn wait_for<T>(answer: &Receiver<T>, slot: &Slot, deadline: Instant) -> Result<T, TransportError> {
    // There is no socket to shut down, so a cancel is heard between two short waits.
    const STEP: Duration = Duration::from_millis(100);
    loop {
        if slot.is_cancelled() {
            return Err(TransportError::Cancelled);
        }
        let left = deadline.saturating_duration_since(Instant::now());
        match gil::while_waiting(|| answer.recv_timeout(left.min(STEP))) {
            Ok(answer) => return Ok(answer),
            Err(RecvTimeoutError::Timeout) if left > STEP => {}
            Err(RecvTimeoutError::Timeout) => return Err(TransportError::Deadline),
            Err(RecvTimeoutError::Disconnected) => return Err(TransportError::Closed("no answer".into())),
        }
    }
}

/// An I/O error without the number that Rust puts behind it.
pub(crate) fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    let end = text.find(" (os error").unwrap_or(text.len());
    text[..end].to_lowercase()
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::os::unix::net::UnixStream;
    use std::thread;

    use super::*;
    use crate::watchdog::Watchdog;

    fn pair(slot: &Slot, deadline: Instant) -> (Link, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("listens");
        let ours = TcpStream::connect(listener.local_addr().expect("address")).expect("connects");
        ours.set_nonblocking(true).expect("sets");
        (Link::new(ours, slot, deadline).expect("watches"), listener.accept().expect("accepts").0)
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_millis(150)
    }

    fn late() -> Instant {
        Instant::now() + Duration::from_secs(60)
    }

    #[test]
    fn a_silent_peer_is_waited_for_until_the_deadline() {
        let watchdog = Watchdog::start(1).expect("starts");
        let (link, _peer) = pair(&watchdog.slot(0), soon());
        assert!(matches!(link.wait(Interest::Read), Err(TransportError::Deadline)));
    }

    #[test]
    fn a_deadline_ends_a_wait_for_data_that_is_always_there() {
        let watchdog = Watchdog::start(1).expect("starts");
        let (link, mut peer) = pair(&watchdog.slot(0), soon());
        peer.write_all(b"x").expect("sends");
        let error = loop {
            if let Err(error) = link.wait(Interest::Read) {
                break error;
            }
        };
        assert!(matches!(error, TransportError::Deadline));
    }

    #[test]
    fn after_the_watchdog_the_end_of_the_stream_is_the_deadline() {
        let watchdog = Watchdog::start(1).expect("starts");
        let (link, _peer) = pair(&watchdog.slot(0), soon());
        let error = loop {
            match link.try_read(&mut [0; 8]) {
                Ok(None) => thread::sleep(Duration::from_millis(5)),
                Ok(Some(n)) => panic!("{n} bytes from a silent peer"),
                Err(error) => break error,
            }
        };
        assert!(matches!(error, TransportError::Deadline));
        assert!(matches!(link.broken("gone"), TransportError::Deadline));
    }

    #[test]
    fn a_cancel_ends_a_wait() {
        let watchdog = Watchdog::start(1).expect("starts");
        let (link, _peer) = pair(&watchdog.slot(0), late());
        let waiter = thread::spawn(move || link.wait(Interest::Read));
        thread::sleep(Duration::from_millis(20));
        watchdog.cancel_all();
        assert!(matches!(waiter.join().expect("ends"), Err(TransportError::Cancelled)));
    }

    #[test]
    fn a_blocking_read_waits_for_bytes_and_ends_with_the_deadline() {
        let watchdog = Watchdog::start(1).expect("starts");
        for blocking in [false, true] {
            let (mut link, mut peer) = pair(&watchdog.slot(0), late());
            if blocking {
                link.set_blocking();
            }
            assert_eq!(link.try_read(&mut [0; 8]).expect("looks"), None, "nothing is waited for");
            let writer = thread::spawn(move || {
                thread::sleep(Duration::from_millis(20));
                peer.write_all(b"hello").expect("sends");
                peer
            });
            let mut buffer = Vec::with_capacity(8);
            assert_eq!(link.fill(&mut buffer).expect("reads"), 5);
            assert_eq!(buffer, b"hello");
            link.set_deadline(soon());
            assert!(matches!(link.fill(&mut buffer), Err(TransportError::Deadline)));
            drop(writer.join().expect("ends"));
        }
    }

    #[test]
    fn a_cancel_ends_a_blocking_read() {
        let watchdog = Watchdog::start(1).expect("starts");
        let (link, _peer) = pair(&watchdog.slot(0), late());
        link.set_blocking();
        let reader = thread::spawn(move || link.fill(&mut Vec::with_capacity(8)));
        thread::sleep(Duration::from_millis(20));
        watchdog.cancel_all();
        assert!(matches!(reader.join().expect("ends"), Err(TransportError::Cancelled)));
    }

    #[test]
    fn a_peer_that_closes_is_the_end_and_no_error() {
        let watchdog = Watchdog::start(1).expect("starts");
        let (link, peer) = pair(&watchdog.slot(0), late());
        drop(peer);
        link.wait(Interest::Read).expect("ready");
        assert_eq!(link.try_read(&mut [0; 8]).expect("reads"), Some(0));
        assert!(link.is_ended());
    }

    #[test]
    fn one_end_of_a_pair_is_as_good_as_a_connection() {
        let watchdog = Watchdog::start(1).expect("starts");
        let (ours, mut theirs) = UnixStream::pair().expect("a pair");
        ours.set_nonblocking(true).expect("sets");
        let link = Link::new(ours, &watchdog.slot(0), late()).expect("watches");
        theirs.write_all(b"hello").expect("sends");
        link.wait(Interest::Read).expect("ready");
        assert_eq!(link.peek(&mut [0; 2]).expect("looks"), 2);
        assert_eq!(link.try_read(&mut [0; 8]).expect("reads"), Some(5));
        assert!(!link.is_ended());
        watchdog.cancel_all();
        assert_eq!(theirs.read(&mut [0]).expect("reads"), 0, "the watchdog shuts it down");
        assert!(matches!(link.try_read(&mut [0]), Err(TransportError::Cancelled)));
    }

    #[test]
    fn a_helper_that_does_not_answer_is_waited_for_until_the_deadline() {
        let watchdog = Watchdog::start(1).expect("starts");
        let (_sender, receiver) = std::sync::mpsc::channel::<()>();
        let error = wait_for(&receiver, &watchdog.slot(0), soon());
        assert!(matches!(error, Err(TransportError::Deadline)));
    }
}
