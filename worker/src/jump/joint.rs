//! A channel joined to one end of a socket pair, whose other end a session has.
//!
//! What libssh2 asks for in return for never blocking:
//! - It encrypts a packet once and then insists on it: a call that could not send all of its packet
//!   has to be repeated, with the same bytes, before the session can send anything else. Calls for
//!   other packets fail with EAGAIN until then, except that short packets from the stack (the end of
//!   a channel's data) are told apart by nothing but their address: of those only one may be under
//!   way, which [`Turn`] sees to.
//! - A read that had to wait has to be repeated with a buffer of the same length. It may have widened
//!   the window (RFC 4254, 5.2) by what it had room for, and takes the length of the second call for
//!   that of the first: bytes that the jump host was allowed to send would be dropped.

use std::io::{self, ErrorKind as Io, Read, Write};
use std::net::Shutdown;
use std::time::{Duration, Instant};

use socket2::Socket;
use ssh2::{BlockDirections, Channel, Error, ErrorCode, ExtendedData, Session};

/// Read at once and the most that is held of each direction: the largest payload that every
/// implementation has to take (RFC 4253, 6.1).
pub(super) const CHUNK: usize = 32 * 1024;

/// Chunks of one direction after which the other channels have their turn.
const TURNS: usize = 8;

/// How long the jump host may take to close a channel that its session has left, and to take what
/// the session said last.
const FAREWELL: Duration = Duration::from_secs(10);

/// One session's bytes.
pub(super) struct Joint {
    number: u64,
    channel: Channel,
    pair: Socket,
    up: Flow,
    down: Flow,
    /// The session may have sent something.
    readable: bool,
    /// The session sends nothing more.
    session_ended: bool,
    /// The session reads nothing more.
    session_gone: bool,
    /// The target sends nothing more.
    target_ended: bool,
    /// The target was told that the session sends nothing more.
    end_told: bool,
    /// A packet of ours may be half-way out: libssh2 has to be called again in the same way.
    must_read: bool,
    must_write: bool,
    /// When there was nothing left to do but to part.
    parting: Option<Instant>,
}

/// Bytes on their way: taken in when there are none, so never more than a chunk.
#[derive(Default)]
struct Flow {
    bytes: Vec<u8>,
    sent: usize,
}

/// What the session's libssh2 calls have to agree on within one round, and between rounds.
#[derive(Default)]
pub(super) struct Turn {
    /// Everything that has come is in libssh2's queues.
    pub(super) drained: bool,
    /// Something went on.
    pub(super) moved: bool,
    /// The joint whose end of data may be half-way out.
    ending: Option<u64>,
}

/// What a joint's round came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Round {
    /// Nothing can be done before a socket is ready.
    Waits,
    /// There is more to do at once.
    Continues,
    /// All is said and both sides are closed.
    Over,
    /// The jump host does not close its side.
    Abandoned,
}

impl Joint {
    /// Joins `channel` to `pair`, which has to be non-blocking. `number` is no other joint's.
    pub(super) fn new(number: u64, mut channel: Channel, pair: Socket) -> Result<Self, Error> {
        // Nothing that a forwarded connection has, but it would count as unread for ever.
        channel.handle_extended_data(ExtendedData::Ignore)?;
        Ok(Self {
            number,
            channel,
            pair,
            up: Flow::default(),
            down: Flow::default(),
            readable: true,
            session_ended: false,
            session_gone: false,
            target_ended: false,
            end_told: false,
            must_read: false,
            must_write: false,
            parting: None,
        })
    }

    /// The session's end of the pair.
    pub(super) fn pair(&self) -> &Socket {
        &self.pair
    }

    /// What the pair is to be polled for: reading, writing. `None` where it would only say again
    /// that the session is gone.
    pub(super) fn awaits(&self) -> Option<(bool, bool)> {
        let reads = self.up.is_empty() && !self.session_ended;
        (!self.session_gone || reads).then_some((reads, !self.down.is_empty()))
    }

    /// There is something of the session's to be read, or its end.
    pub(super) fn session_speaks(&mut self) {
        self.readable = true;
    }

    /// The session has closed its end in both directions.
    pub(super) fn session_is_gone(&mut self) {
        self.session_gone = true;
        self.down.clear();
    }

    /// Whether anything that the jump host may send is wanted here.
    pub(super) fn needs_input(&self) -> bool {
        (self.down.is_empty() && !self.session_gone && !self.target_ended)
            || !self.up.is_empty()
            || self.must_read
            || self.parting.is_some()
    }

    /// Sends what there is room for, and the end where there is nothing more.
    pub(super) fn send(&mut self, session: &Session, turn: &mut Turn) -> Result<Round, Error> {
        let continues = self.move_up(session, turn)?;
        if self.is_finished() {
            return self.part(session, turn);
        }
        if self.session_ended && self.up.is_empty() && !self.end_told {
            self.tell_end(session, turn)?;
        }
        if self.session_gone && self.parting.get_or_insert_with(Instant::now).elapsed() > FAREWELL {
            // The target takes nothing; what the session said last is lost.
            if self.must_write || self.must_read {
                return Err(Error::new(ErrorCode::Session(libssh2_sys::LIBSSH2_ERROR_TIMEOUT), "stuck"));
            }
            self.up.clear();
            self.session_ended = true;
            return Ok(Round::Continues);
        }
        Ok(if continues { Round::Continues } else { Round::Waits })
    }

    /// Moves what the target sent to the session; whether there may be more.
    pub(super) fn receive(&mut self, session: &Session, turn: &mut Turn) -> Result<bool, Error> {
        for _ in 0..TURNS {
            while !self.down.is_empty() {
                match (&self.pair).write(self.down.rest()) {
                    Ok(n) => self.down.advance(n),
                    Err(error) if error.kind() == Io::WouldBlock => return Ok(false),
                    Err(error) if error.kind() == Io::Interrupted => {}
                    Err(_) => self.session_is_gone(),
                }
            }
            if self.target_ended || (self.session_gone && !self.must_read) {
                return Ok(false);
            }
            if self.channel.eof() {
                self.target_ended = true;
                self.must_read = false;
                // Fails where the session is gone.
                let _ = self.pair.shutdown(Shutdown::Write);
                return Ok(false);
            }
            // Each read asks the socket again, which is for nothing where all has come.
            if turn.drained && !self.must_read && self.channel.read_window().available == 0 {
                return Ok(false);
            }
            turn.drained = true;
            match self.down.fill(|room| self.channel.read(room)) {
                // Nothing is no end: libssh2 says so after a packet of a type that does not exist.
                Ok(n) => {
                    self.must_read = false;
                    turn.moved = true;
                    if self.session_gone {
                        self.down.clear();
                    }
                    if n == 0 && !self.channel.eof() {
                        return Ok(true);
                    }
                }
                Err(error) if error.kind() == Io::WouldBlock => {
                    self.must_read = sends(session);
                    return Ok(false);
                }
                Err(_) => return Err(why(session)),
            }
        }
        Ok(true)
    }

    /// From the session to the target; whether there may be more.
    fn move_up(&mut self, session: &Session, turn: &mut Turn) -> Result<bool, Error> {
        for _ in 0..TURNS {
            if self.up.is_empty() && self.readable && !self.session_ended {
                self.take_up();
            }
            if self.up.is_empty() {
                return Ok(false);
            }
            // A full window is waited for, without asking the socket again.
            if turn.drained && !self.must_write && self.channel.write_window().remaining == 0 {
                return Ok(false);
            }
            match self.channel.write(self.up.rest()) {
                Ok(0) => return Ok(false),
                Ok(n) => {
                    self.must_write = false;
                    turn.moved = true;
                    self.up.advance(n);
                }
                Err(error) if error.kind() == Io::WouldBlock => {
                    self.must_write = true;
                    return Ok(false);
                }
                Err(_) => return Err(why(session)),
            }
        }
        Ok(true)
    }

    fn take_up(&mut self) {
        match self.up.fill(|room| (&self.pair).read(room)) {
            Ok(0) => self.session_ended = true,
            Ok(_) => {}
            Err(error) if error.kind() == Io::Interrupted => {}
            Err(error) if error.kind() == Io::WouldBlock => self.readable = false,
            Err(_) => {
                self.session_ended = true;
                self.session_is_gone();
            }
        }
    }

    /// Whether nothing is left to move.
    fn is_finished(&self) -> bool {
        let down_is = self.session_gone || (self.target_ended && self.down.is_empty());
        self.session_ended && self.up.is_empty() && down_is && !self.must_read && !self.must_write
    }

    /// Tells the target that the session sends nothing more, and may still read.
    fn tell_end(&mut self, session: &Session, turn: &mut Turn) -> Result<(), Error> {
        if !turn.may_end(self.number) {
            return Ok(());
        }
        let told = self.channel.send_eof();
        turn.has_ended(self.number, session);
        match told {
            Ok(()) => self.end_told = true,
            Err(error) if must_wait(&error) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Closes the channel, and waits for the jump host to close it as well: RFC 4254, 5.3.
    fn part(&mut self, session: &Session, turn: &mut Turn) -> Result<Round, Error> {
        let since = *self.parting.get_or_insert_with(Instant::now);
        if !turn.may_end(self.number) {
            return Ok(Round::Waits);
        }
        let closed = self.channel.close();
        turn.has_ended(self.number, session);
        match closed {
            Ok(()) => Ok(Round::Over),
            Err(error) if !must_wait(&error) => Err(error),
            Err(_) if since.elapsed() < FAREWELL => Ok(Round::Waits),
            Err(error) if turn.ending == Some(self.number) => Err(error),
            Err(_) => Ok(Round::Abandoned),
        }
    }
}

impl Turn {
    fn may_end(&self, number: u64) -> bool {
        self.ending.is_none_or(|ending| ending == number)
    }

    fn has_ended(&mut self, number: u64, session: &Session) {
        self.ending = sends(session).then_some(number);
    }
}

impl Flow {
    fn is_empty(&self) -> bool {
        self.sent == self.bytes.len()
    }

    fn rest(&self) -> &[u8] {
        &self.bytes[self.sent..]
    }

    fn advance(&mut self, n: usize) {
        self.sent += n;
        if self.is_empty() {
            self.clear();
        }
    }

    /// Has `read` fill the room of a flow that is empty.
    fn fill(&mut self, read: impl FnOnce(&mut [u8]) -> io::Result<usize>) -> io::Result<usize> {
        self.bytes.resize(CHUNK, 0);
        let result = read(&mut self.bytes);
        self.bytes.truncate(*result.as_ref().unwrap_or(&0));
        self.sent = 0;
        result
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.sent = 0;
    }
}

/// Whether a packet is half-way out.
pub(super) fn sends(session: &Session) -> bool {
    matches!(session.block_directions(), BlockDirections::Outbound | BlockDirections::Both)
}

fn must_wait(error: &Error) -> bool {
    error.code() == ErrorCode::Session(libssh2_sys::LIBSSH2_ERROR_EAGAIN)
}

/// What libssh2's last call failed of; as an I/O error it has lost its number.
fn why(session: &Session) -> Error {
    Error::last_session_error(session)
        .unwrap_or_else(|| Error::new(ErrorCode::Session(libssh2_sys::LIBSSH2_ERROR_SOCKET_RECV), "broken"))
}
