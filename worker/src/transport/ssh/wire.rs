//! libssh2's way to its socket, with fewer calls of the system's.
//!
//! Left to itself libssh2 reads a version byte by byte, looks once more after each read that has emptied the socket, is
//! waited for in a call of its own, and sends each packet by itself: some seventy calls a session. Here a wait is a read
//! (the watchdog ends it), nobody looks where nothing can be, and what is small goes out together, before the next wait.
//!
//! libssh2 calls back with nothing but the descriptor, so wires are found by that, on the thread that laid them. What is
//! not found, as an agent's socket, is read and written as libssh2 would have done.

mod callbacks;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io::Read;
use std::os::fd::AsRawFd;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use libssh2_sys::libssh2_socket_t;
use rustix::io::{Errno, ioctl_fionbio};
use rustix::net::{RecvFlags, SendFlags, recv, send};
use socket2::Socket;
use ssh2::Session;

use crate::link::{Interest, Link, PIECE};
use crate::transport::TransportError;

/// What is kept to be sent together: all of a session's packets but key exchange offers and long commands.
const TOGETHER: usize = 256;

/// Without a wait, and without a signal where nobody reads any more.
const NOW: SendFlags = SendFlags::DONTWAIT.union(SendFlags::NOSIGNAL);

thread_local! {
    static LAID: RefCell<Vec<Rc<Wire>>> = const { RefCell::new(vec![]) };
}

/// A session's wire; taken up where it is dropped. Not for another thread.
pub(super) struct Laid(Rc<Wire>);

impl Laid {
    /// Between `session` and the socket of `link`, from now on.
    pub(super) fn new(session: &Session, link: &Link) -> Self {
        callbacks::set(session);
        let wire = Rc::new(Wire::new(Arc::clone(link.socket())));
        LAID.with_borrow_mut(|laid| laid.push(Rc::clone(&wire)));
        Self(wire)
    }

    /// Neither sends nor receives any more.
    pub(super) fn cut(&self) {
        self.0.is_cut.set(true);
        self.0.unsent.borrow_mut().clear();
    }
}

impl Drop for Laid {
    fn drop(&mut self) {
        self.0.set_aside();
        LAID.with_borrow_mut(|laid| laid.retain(|wire| !Rc::ptr_eq(wire, &self.0)));
    }
}

/// [`Link::wait`], for what libssh2 waits for, whose first bytes are read with that.
pub(super) fn wait(link: &Link, interest: Interest) -> Result<(), TransportError> {
    match of(link) {
        // Not within a call of libssh2's: that would have its buffers wait as well.
        Some(wire) if interest == Interest::Read && wire.flush() => {
            if !wire.is_blocking.replace(true) {
                // libssh2 has made it a non-blocking one at the beginning of the handshake.
                link.set_blocking();
            }
            match link.receive(&mut |bytes| wire.take_in(bytes)) {
                // libssh2 meets the end by itself, and says what it means.
                Ok(_) | Err(TransportError::Closed(_)) => Ok(()),
                Err(error) => Err(error),
            }
        }
        _ => while_nothing_is_read(link, interest),
    }
}

/// [`Link::wait`], for what libssh2 waits for, where somebody looks at the socket before it is read from.
pub(super) fn while_nothing_is_read(link: &Link, interest: Interest) -> Result<(), TransportError> {
    while !wait_at_most(link, interest, Duration::MAX)? {}
    Ok(())
}

/// [`Link::wait_at_most`], for what libssh2 waits for.
pub(super) fn wait_at_most(link: &Link, interest: Interest, time: Duration) -> Result<bool, TransportError> {
    let Some(wire) = of(link) else { return link.wait_at_most(interest, time) };
    let interest = if wire.flush() { interest } else { Interest::Both };
    let is_ready = link.wait_at_most(interest, time)?;
    wire.is_drained.set(false);
    Ok(is_ready)
}

/// Sends what there is room for: where nobody waits after it.
pub(super) fn flush(link: &Link) {
    if let Some(wire) = of(link) {
        wire.flush();
    }
}

/// Leaves the socket to calls of another thread, until the next wait here.
pub(super) fn set_aside(link: &Link) {
    if let Some(wire) = of(link) {
        wire.set_aside();
    }
}

/// Something may have come since libssh2 has seen that nothing was left.
pub(super) fn look_again(link: &Link) {
    if let Some(wire) = of(link) {
        wire.is_drained.set(false);
    }
}

/// Reads what `line` has room for, which has come, and keeps it for libssh2; false where that is to read by itself.
pub(super) fn read_ahead(link: &Link, line: &mut [u8]) -> bool {
    let Some(wire) = of(link) else { return false };
    let read = link.try_read(line);
    if let Ok(Some(n)) = read {
        wire.ahead.borrow_mut().extend(&line[..n]);
    }
    read.is_ok()
}

fn of(link: &Link) -> Option<Rc<Wire>> {
    found(link.socket().as_raw_fd())
}

fn found(socket: libssh2_socket_t) -> Option<Rc<Wire>> {
    // When the thread ends, sessions that are dropped with it find none.
    let find = |laid: &RefCell<Vec<Rc<Wire>>>| {
        laid.borrow().iter().rfind(|wire| wire.socket.as_raw_fd() == socket).cloned()
    };
    LAID.try_with(find).ok().flatten()
}

struct Wire {
    socket: Arc<Socket>,
    /// Read and not taken by libssh2.
    ahead: RefCell<VecDeque<u8>>,
    /// Of libssh2, to be sent.
    unsent: RefCell<Vec<u8>>,
    /// The last read has left nothing behind.
    is_drained: Cell<bool>,
    /// The socket is a blocking one.
    is_blocking: Cell<bool>,
    is_cut: Cell<bool>,
}

impl Wire {
    fn new(socket: Arc<Socket>) -> Self {
        Self {
            socket,
            ahead: RefCell::default(),
            unsent: RefCell::default(),
            is_drained: Cell::new(false),
            is_blocking: Cell::new(false),
            is_cut: Cell::new(false),
        }
    }

    /// As libssh2 has left it.
    fn set_aside(&self) {
        self.flush();
        if self.is_blocking.take() {
            let _ = ioctl_fionbio(&*self.socket, true);
        }
        self.is_drained.set(false);
    }

    fn read(&self, buffer: &mut [u8]) -> Result<usize, Errno> {
        let mut ahead = self.ahead.borrow_mut();
        let n = ahead.read(buffer).unwrap_or(0);
        if ahead.is_empty() {
            // Its room is not to wait with the session.
            *ahead = VecDeque::new();
        }
        if n > 0 || self.is_cut.get() {
            return Ok(n);
        }
        if self.is_drained.get() {
            return Err(Errno::AGAIN);
        }
        let length = buffer.len();
        let read = recv(&*self.socket, buffer, RecvFlags::DONTWAIT).map(|(n, _)| n);
        self.is_drained.set(read.map_or_else(|error| error == Errno::AGAIN, |n| n < length));
        read
    }

    /// Keeps what was read while it was waited for. The end is seen again.
    fn take_in(&self, bytes: &[u8]) {
        self.ahead.borrow_mut().extend(bytes);
        self.is_drained.set((1..PIECE).contains(&bytes.len()));
    }

    fn write(&self, bytes: &[u8]) -> Result<usize, Errno> {
        if self.is_cut.get() {
            return Err(Errno::PIPE);
        }
        if self.unsent.borrow().len() + bytes.len() <= TOGETHER {
            self.unsent.borrow_mut().extend_from_slice(bytes);
            return Ok(bytes.len());
        }
        if !self.flush() {
            return Err(Errno::AGAIN);
        }
        send(&*self.socket, bytes, NOW)
    }

    /// Sends what there is room for; whether that is all. A connection that is gone tells so when it is read from.
    fn flush(&self) -> bool {
        let mut unsent = self.unsent.borrow_mut();
        while !unsent.is_empty() {
            match send(&*self.socket, &unsent, NOW) {
                Ok(n) => drop(unsent.drain(..n)),
                Err(Errno::AGAIN) => return false,
                Err(_) => unsent.clear(),
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::net::UnixStream;
    use std::thread;

    use super::*;

    fn pair() -> (Wire, UnixStream) {
        let (ours, theirs) = UnixStream::pair().expect("a pair");
        ours.set_nonblocking(true).expect("sets");
        theirs.set_nonblocking(true).expect("sets");
        (Wire::new(Arc::new(ours.into())), theirs)
    }

    fn heard(theirs: &mut UnixStream) -> Vec<u8> {
        let mut bytes = vec![0; 4096];
        let n = theirs.read(&mut bytes).unwrap_or(0);
        bytes.truncate(n);
        bytes
    }

    #[test]
    fn what_is_small_goes_out_together_and_in_order() {
        let (wire, mut theirs) = pair();
        assert_eq!(wire.write(b"one "), Ok(4));
        assert_eq!(wire.write(b"two "), Ok(4));
        assert_eq!(heard(&mut theirs), b"");
        assert!(wire.flush());
        assert_eq!(heard(&mut theirs), b"one two ");
        assert_eq!(wire.write(b"three "), Ok(6));
        assert_eq!(wire.write(&[b'x'; TOGETHER]), Ok(TOGETHER), "too large to be kept");
        assert_eq!(heard(&mut theirs), [b"three ", &[b'x'; TOGETHER][..]].concat());
    }

    #[test]
    fn a_socket_without_room_loses_nothing() {
        const ALL: usize = 4 << 20;
        let (wire, theirs) = pair();
        theirs.set_nonblocking(false).expect("sets");
        let reader = thread::spawn(move || {
            let mut all = vec![];
            (&theirs).take(ALL as u64).read_to_end(&mut all).expect("reads");
            all
        });
        let byte = |at: usize| (at % 251) as u8;
        let mut sent = 0;
        while sent < ALL {
            // Some that are kept, and some that are not.
            let length = (1 + sent % 700).min(ALL - sent);
            let bytes: Vec<_> = (sent..sent + length).map(byte).collect();
            match wire.write(&bytes) {
                Ok(n) => sent += n,
                Err(error) => {
                    assert_eq!(error, Errno::AGAIN);
                    thread::yield_now();
                }
            }
        }
        while !wire.flush() {
            thread::yield_now();
        }
        let all = reader.join().expect("reads");
        assert!(all.iter().enumerate().all(|(at, it)| *it == byte(at)));
    }

    #[test]
    fn a_socket_that_was_emptied_is_not_asked_before_a_wait() {
        let (wire, mut theirs) = pair();
        let mut buffer = [0; 16];
        theirs.write_all(b"first").expect("writes");
        assert_eq!(wire.read(&mut buffer), Ok(5));
        theirs.write_all(b"second").expect("writes");
        assert_eq!(wire.read(&mut buffer), Err(Errno::AGAIN));
        wire.take_in(b"waited for");
        assert_eq!(wire.read(&mut buffer), Ok(10));
        assert_eq!(wire.read(&mut buffer), Err(Errno::AGAIN));
        wire.take_in(&[b'x'; PIECE]);
        let mut buffer = [0; 2 * PIECE];
        assert_eq!(wire.read(&mut buffer), Ok(PIECE));
        assert_eq!(wire.read(&mut buffer), Ok(6), "a wait does not read all of it");
        assert_eq!(wire.read(&mut buffer), Err(Errno::AGAIN), "now the socket has told so");
    }

    #[test]
    fn a_read_that_left_something_behind_is_followed_by_another() {
        let (wire, mut theirs) = pair();
        let mut buffer = [0; 4];
        theirs.write_all(b"abcdef").expect("writes");
        assert_eq!(wire.read(&mut buffer), Ok(4));
        assert_eq!(wire.read(&mut buffer), Ok(2));
        assert_eq!(&buffer[..2], b"ef");
    }

    #[test]
    fn the_end_shows_as_often_as_it_is_looked_for() {
        let (wire, theirs) = pair();
        drop(theirs);
        for _ in 0..2 {
            wire.take_in(b"");
            assert_eq!(wire.read(&mut [0; 4]), Ok(0));
        }
    }

    #[test]
    fn what_was_read_ahead_comes_first() {
        let (wire, mut theirs) = pair();
        wire.ahead.borrow_mut().extend(b"SSH-2.0-x\r\n");
        theirs.write_all(b"behind").expect("writes");
        let mut line = vec![];
        let mut byte = [0];
        while line.last() != Some(&b'\n') {
            assert_eq!(wire.read(&mut byte), Ok(1));
            line.push(byte[0]);
        }
        assert_eq!(line, b"SSH-2.0-x\r\n");
        let mut buffer = [0; 16];
        assert_eq!(wire.read(&mut buffer), Ok(6));
        assert_eq!(&buffer[..6], b"behind");
    }
}
