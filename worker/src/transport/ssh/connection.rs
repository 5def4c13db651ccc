//! A connection to an SSH server that has let us in.

use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use netsweep_shared::job::SshSettings;
use netsweep_shared::login::Login;
use netsweep_shared::outcome::{Failure, Stage};
use ssh2::{Channel, Error, Session};

use super::algorithms::{offer, old_in_use};
use super::drive::{awaited, meaning};
use super::wire::{self, Laid};
use super::{handshake, host_key, login};
use crate::effort;
use crate::leave::WAITING;
use crate::link::{Interest, Link};
use crate::platform::CompiledPlatform;
use crate::transport::TransportError;

/// Bytes read at once, and never another number of them.
///
/// A read may have to widen the window first (RFC 4254, 5.2), by an amount that depends on what it has
/// room for. Where that packet has to wait, as it does while keys are exchanged again, the next read
/// goes on with it, and takes its own room for that of the first: from then on libssh2's window is not
/// the one that the device knows. If it is the larger one, the device comes to a stop in the end;
/// if it is the smaller one, libssh2 drops what it takes for too much.
///
/// Much larger ones would cost a packet each: the window is widened before every read that would empty
/// more than a quarter of it.
const READ: usize = 8 * 1024;

/// Keys are agreed on, the server has shown the right host key and has let us in.
///
/// Dropping it closes the connection at once and waits for nothing.
pub struct Connection {
    // In the order in which they are dropped: the session needs its socket.
    pub(crate) session: Session,
    wire: Option<Laid>,
    pub(crate) link: Link,
    has_logged_in: bool,
    waited: Duration,
    keepalive: Option<Duration>,
    /// After the connection broke: why, and what libssh2 reads from instead.
    wreck: Option<Wreck>,
}

/// A connection that has broken, while libssh2 still holds what came before.
struct Wreck {
    why: TransportError,
    /// Nothing ever comes over this; the other end is libssh2's.
    _silent: UnixStream,
}

impl Connection {
    /// Shakes hands and logs in, all by `deadline`. What the server asks besides name and password is
    /// answered as its `platform` has it, where it is known. `new_key` is told of a host key of which
    /// nothing was known, before anything is sent that is not for everyone. Boxed: what is on the stack below a
    /// key exchange is kept by every session.
    ///
    /// # Errors
    /// - `handshake` at `Stage::Handshake`: no SSH server, no algorithm in common, or a broken
    ///   key exchange;
    /// - `host_key` at `Stage::Handshake`: not the key that is known;
    /// - `auth`: the device refuses the login, or there is nothing to log in with; at `Stage::Login`
    ///   where the password has been sent, at `Stage::Handshake` where nothing secret has;
    /// - `timeout`, `disconnected` and `interrupted` at any of these.
    pub fn open(
        mut link: Link,
        who: &Login,
        platform: Option<&CompiledPlatform>,
        settings: &SshSettings,
        new_key: &mut dyn FnMut(&[u8]),
        deadline: Instant,
    ) -> Result<Box<Self>, Failure> {
        link.set_deadline(deadline);
        let session = Session::new().map_err(|error| handshake::broken(&error))?;
        session.set_blocking(false);
        // From here on leaving by an error closes the connection in the right order.
        let mut connection = Box::new(Self {
            wire: Some(Laid::new(&session, &link)),
            session,
            link,
            has_logged_in: false,
            waited: Duration::ZERO,
            keepalive: None,
            wreck: None,
        });
        connection.session.set_tcp_stream(Arc::clone(connection.link.socket()));
        let Self { session, link, has_logged_in, waited, .. } = &mut *connection;
        effort::timed(
            |effort| &mut effort.key_exchange,
            || {
                handshake::shake_hands(session, link, settings)?;
                host_key::check(session, &settings.host_key, offer(session, settings.legacy), new_key)
            },
        )?;
        *waited = link.commit().map_err(|error| error.at(Stage::Handshake, WAITING))?;
        *has_logged_in =
            login::log_in(session, link, who, platform.map(|platform| &platform.login), settings.legacy)?;
        Ok(connection)
    }

    /// Whether the server knows who we are. Some old switches let everybody in and ask in the
    /// terminal.
    pub fn has_logged_in(&self) -> bool {
        self.has_logged_in
    }

    /// How long leave to log in was waited for: what comes after has as much more time.
    pub fn waited(&self) -> Duration {
        self.waited
    }

    /// The old algorithms that this connection uses, by their names on the wire (RFC 4253, 6).
    pub fn old_algorithms(&self) -> Vec<String> {
        old_in_use(&self.session)
    }

    /// Has something that means nothing sent whenever the server has said nothing for `every` while
    /// it is waited for: a global request that wants no answer (RFC 4254, 4). Not more often than
    /// every two seconds.
    pub fn set_keepalive(&mut self, every: Option<Duration>) {
        self.keepalive = every.map(|every| every.max(Duration::from_secs(2)));
        if every.is_some() {
            // The least that libssh2 keeps between two of them: the time is kept by us.
            self.session.set_keepalive(false, 1);
        }
    }

    /// From here on every call goes to the socket, and whoever makes them waits by itself.
    pub(crate) fn lift_wire(&mut self) {
        self.wire = None;
    }

    /// Waits for what libssh2 waits for, and keeps the connection alive.
    pub(super) fn wait(&self) -> Result<(), TransportError> {
        let Some(every) = self.keepalive else { return wire::wait(&self.link, awaited(&self.session)) };
        while !wire::wait_at_most(&self.link, awaited(&self.session), every)? {
            // Where there is no room it would not be heard, and half of a packet would be in the way
            // of the next one.
            if awaited(&self.session) == Interest::Read
                && self.link.wait_at_most(Interest::Write, Duration::ZERO)?
            {
                self.session.keepalive_send().map_err(|error| meaning(&error, &self.link))?;
            }
        }
        Ok(())
    }

    /// Reads what is there; `None` where nothing is, no bytes at the end of the channel.
    pub(super) fn try_read(&mut self, channel: &mut Channel) -> Result<Option<Vec<u8>>, TransportError> {
        let mut buffer = vec![0; READ];
        loop {
            match channel.read(&mut buffer) {
                // libssh2 says so after a packet of a type that does not exist, too.
                Ok(0) if !channel.eof() => _ = self.link.check()?,
                Ok(n) => {
                    buffer.truncate(n);
                    return Ok(Some(buffer));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return self.take_wreck().map_or(Ok(None), Err);
                }
                Err(error) => {
                    let why = self.why(error);
                    self.salvage(why)?;
                }
            }
        }
    }

    /// Why the connection is broken, if it was found to be.
    pub(super) fn take_wreck(&mut self) -> Option<TransportError> {
        self.wreck.take().map(|wreck| wreck.why)
    }

    /// Has libssh2 hand out what came before the connection broke, which is the reason `why`.
    ///
    /// Where the end comes together with the last words, libssh2 meets the end first, says so and
    /// keeps the words. It hands them out when its socket is one on which nothing is to be read; and
    /// it takes another one at the beginning of a handshake, of which nothing else comes.
    fn salvage(&mut self, why: TransportError) -> Result<(), TransportError> {
        if self.wreck.is_some() || self.link.ended_by_us().is_some() || !self.link.is_ended() {
            return Err(why);
        }
        let Ok((ours, theirs)) = UnixStream::pair() else { return Err(why) };
        if theirs.set_nonblocking(true).is_err() {
            return Err(why);
        }
        self.session.set_tcp_stream(theirs);
        // Waits for the version of a server that is not there.
        let _ = self.session.handshake();
        self.wreck = Some(Wreck { why, _silent: ours });
        Ok(())
    }

    /// What libssh2's last error means; as an I/O error it has lost its number.
    pub(super) fn why(&self, error: io::Error) -> TransportError {
        match Error::last_session_error(&self.session) {
            Some(error) => meaning(&error, &self.link),
            None => self.link.broken(error.to_string()),
        }
    }
}

impl Connection {
    /// Closes the connection at once: no call on it waits from here on.
    pub(super) fn shut_down(&mut self) {
        self.wreck = None;
        self.link.shut_down();
        if let Some(wire) = &self.wire {
            wire.cut();
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.shut_down();
    }
}
