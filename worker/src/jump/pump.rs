//! The thread of one connection to a jump host: moves the bytes of all its channels.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use netsweep_shared::outcome::{ErrorKind, Failure, Stage};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use socket2::{Domain, Socket, Type};
use ssh2::ErrorCode;

use super::hub::{Blocked, name};
use super::joint::{Joint, Round, Turn, sends};
use super::opening::{Opened, Opening};
use super::request::News;
use super::way::{MOST_CHANNELS, Spare, Way};
use crate::link::plain;
use crate::transport::TransportError;
use crate::transport::ssh::Connection;

/// How long a connection that nobody uses is kept for the next session.
const IDLE: Duration = Duration::from_secs(30);

/// How long one round may take, or come to nothing. libssh2 does not return while there is
/// something to read: a jump host that floods is cut off by the watchdog.
const STALL: Duration = Duration::from_secs(30);

/// The longest sleep: what is told by no descriptor is looked at so often.
const TICK: Duration = Duration::from_secs(1);

/// A connection to a jump host and everything that goes through it.
pub(super) struct Pump {
    // In the order in which they are dropped: channels need their session, pairs come with them.
    joints: Vec<Joint>,
    connection: Box<Connection>,
    way: Arc<Way>,
    /// What the way knows this connection by.
    number: u64,
    wake: Arc<OwnedFd>,
    through: String,
    opening: Option<Opening>,
    /// Takes no further channel, and ends with its last.
    retired: bool,
    turn: Turn,
    next_joint: u64,
    /// When something was last asked of it.
    used: Instant,
    /// There is no channel, and none to come.
    spare: Option<Spare>,
    /// Since when a packet has been half-way out for no good reason.
    stuck: Option<Instant>,
}

/// What has become ready.
#[derive(Default)]
struct Ready {
    /// The jump host is gone.
    gone: bool,
    /// There is room for more to be sent to it.
    room: bool,
}

impl Pump {
    /// Offers `connection` to those who wait at `way`.
    pub(super) fn new(mut connection: Box<Connection>, way: &Arc<Way>) -> Result<Self, Errno> {
        connection.lift_wire();
        let (number, wake) = way.join()?;
        Ok(Self {
            joints: vec![],
            connection,
            way: Arc::clone(way),
            number,
            wake,
            through: name(&way.chain),
            opening: None,
            retired: false,
            turn: Turn::default(),
            next_joint: 0,
            used: Instant::now(),
            spare: None,
            stuck: None,
        })
    }

    /// Serves until there is nothing to serve, or the connection breaks.
    pub(super) fn run(mut self) {
        let mut ready = Ready::default();
        loop {
            self.connection.link.set_deadline(Instant::now() + STALL);
            let round = self.round(&ready);
            match self.connection.link.ended_by_us() {
                _ if self.way.is_over() => return,
                Some(TransportError::Cancelled) => return,
                Some(_) => return self.broke("it kept us busy without end"),
                None => {}
            }
            let result = round.and_then(|continues| {
                if self.is_done() {
                    return Ok(None);
                }
                self.wait(continues).map(Some)
            });
            match result {
                Ok(Some(now)) => ready = now,
                Ok(None) => return,
                Err(why) => return self.broke(&why),
            }
        }
    }

    /// Does what can be done; whether there is more to do at once.
    fn round(&mut self, ready: &Ready) -> Result<bool, String> {
        let mut continues = self.open_channels()?;
        (self.turn.drained, self.turn.moved) = (false, false);
        for joint in &mut self.joints {
            continues |= joint.receive(&self.connection.session, &mut self.turn).map_err(said)?;
        }
        if ready.gone && !self.turn.drained {
            // Nobody has asked the socket, and it would go on to say so.
            return Err("it was closed".into());
        }
        let mut at = 0;
        while let Some(joint) = self.joints.get_mut(at) {
            let round = joint.send(&self.connection.session, &mut self.turn).map_err(said)?;
            if matches!(round, Round::Over | Round::Abandoned) {
                // What the jump host has not closed by then stays in libssh2 until the connection ends.
                self.retired |= round == Round::Abandoned;
                self.joints.swap_remove(at);
                self.report();
                self.used = Instant::now();
                // There is room for another.
                continues = true;
            } else {
                continues |= round == Round::Continues;
                at += 1;
            }
        }
        self.check_progress(ready)?;
        Ok(continues)
    }

    /// A packet that does not get out although there is room for it, because whoever knows how to
    /// go on with it is no more, would keep this thread busy for ever.
    fn check_progress(&mut self, ready: &Ready) -> Result<(), String> {
        if !ready.room || self.turn.moved || !sends(&self.connection.session) {
            self.stuck = None;
        } else if self.stuck.get_or_insert_with(Instant::now).elapsed() > STALL {
            return Err("a packet cannot be completed".into());
        }
        Ok(())
    }

    /// Has channels opened for those who wait; whether there is more to do at once.
    fn open_channels(&mut self) -> Result<bool, String> {
        loop {
            if self.opening.is_none() && !self.retired && self.joints.len() < MOST_CHANNELS {
                self.opening = self.way.take(self.number).map(|request| Opening { request });
                if let Some(opening) = &self.opening {
                    opening.request.tell(News::Opening);
                }
            }
            let Some(opening) = &self.opening else { return Ok(false) };
            let opened = opening.step(&self.connection.session, &self.through);
            match opened {
                Opened::NotYet => {
                    // It cannot be taken back, and the next would have to wait for its end.
                    if opening.request.is_given_up() && !self.retired {
                        self.retired = true;
                        self.report();
                    }
                    return Ok(false);
                }
                Opened::Channel(channel) => self.join(channel)?,
                Opened::Refused { blocked, usable } => {
                    self.retired |= !usable;
                    self.answer(Err(blocked));
                }
                Opened::Broken(error) => return Err(said(error)),
            }
            self.used = Instant::now();
            self.report();
        }
    }

    /// Joins a fresh channel to a pair, whose other end is the answer.
    fn join(&mut self, channel: ssh2::Channel) -> Result<(), String> {
        let ends = match Socket::pair(Domain::UNIX, Type::STREAM.nonblocking(), None) {
            Ok(ends) => ends,
            Err(error) => {
                // Without a pair the channel can only be left alone.
                self.retired = true;
                let message = format!("{}: no socket pair for a session: {}", self.through, plain(&error));
                let failure = Failure::new(ErrorKind::Connect, Stage::Connect, message);
                self.answer(Err(Blocked::Jump(failure)));
                return Ok(());
            }
        };
        let (ours, theirs) = ends;
        self.joints.push(Joint::new(self.next_joint, channel, ours).map_err(said)?);
        self.next_joint += 1;
        // Where nobody waits any more it is dropped, which ends the joint.
        self.answer(Ok(theirs));
        Ok(())
    }

    fn answer(&mut self, answer: Result<Socket, Blocked>) {
        if let Some(opening) = self.opening.take() {
            opening.request.tell(News::Done(answer));
        }
    }

    fn report(&self) {
        let is_opening = self.opening.is_some();
        let channels = self.joints.len() + usize::from(is_opening);
        self.way.report(self.number, is_opening, channels, self.retired);
    }

    /// Whether there is no channel and none to come.
    fn is_unused(&self) -> bool {
        self.joints.is_empty() && self.opening.is_none()
    }

    /// Whether this connection has nothing to do and may end.
    fn is_done(&mut self) -> bool {
        if !self.is_unused() {
            self.spare = None;
            return self.joints.is_empty() && self.opening.as_ref().is_some_and(|o| o.request.is_given_up());
        }
        let spare = self.spare.get_or_insert_with(|| self.way.spare());
        (self.retired || spare.is_one_too_many || self.used.elapsed() > IDLE)
            && self.way.may_leave(self.number)
    }

    /// Waits until there is something to do.
    fn wait(&mut self, continues: bool) -> Result<Ready, String> {
        let socket = self.connection.link.socket();
        let mut jump = PollFlags::empty();
        if self.is_unused() {
            // What the jump host says then waits for the next channel: libssh2 reads by channels alone.
            jump |= PollFlags::RDHUP;
        } else if self.opening.is_some() || self.joints.iter().any(Joint::needs_input) {
            jump |= PollFlags::IN;
        }
        if sends(&self.connection.session) {
            jump |= PollFlags::OUT;
        }
        let mut polled = vec![PollFd::new(&*self.wake, PollFlags::IN), PollFd::new(&**socket, jump)];
        let mut watched = vec![];
        for (at, joint) in self.joints.iter().enumerate() {
            let Some((reads, writes)) = joint.awaits() else { continue };
            let mut flags = PollFlags::empty();
            flags.set(PollFlags::IN, reads);
            flags.set(PollFlags::OUT, writes);
            polled.push(PollFd::new(joint.pair(), flags));
            watched.push(at);
        }
        let time = if continues { Duration::ZERO } else { TICK };
        match poll(&mut polled, Timespec::try_from(time).ok().as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(format!("it cannot be waited for: {error}")),
        }
        let over = PollFlags::HUP | PollFlags::ERR;
        let woken = polled[0].revents();
        let ready = Ready {
            gone: polled[1].revents().intersects(over | PollFlags::RDHUP),
            room: polled[1].revents().contains(PollFlags::OUT),
        };
        let sessions: Vec<_> = watched.into_iter().zip(polled[2..].iter().map(PollFd::revents)).collect();
        for (at, revents) in sessions {
            if !revents.is_empty() {
                self.joints[at].session_speaks();
            }
            if revents.intersects(over) {
                self.joints[at].session_is_gone();
            }
        }
        if woken.contains(PollFlags::IN) {
            // The count is of no interest.
            let _ = rustix::io::read(&*self.wake, &mut [0; 8]);
        }
        Ok(ready)
    }

    /// The connection is gone, and with it every session's: they see their pairs closed.
    fn broke(mut self, why: &str) {
        let through = self.through.clone();
        tracing::debug!("{through}: the connection broke: {why}");
        self.way.leave(self.number);
        let Some(Opening { request }) = self.opening.take() else { return };
        if request.again {
            let message = format!("{through}: the connection broke while opening a channel: {why}");
            let failure = Failure::new(ErrorKind::Disconnected, Stage::Connect, message);
            request.tell(News::Done(Err(Blocked::Jump(failure))));
        } else {
            // It may have been an old connection that the jump host ended just now.
            self.way.ask_again(request);
        }
    }
}

impl Drop for Pump {
    fn drop(&mut self) {
        self.way.leave(self.number);
        // What is freed from here on finds the socket dead and waits for nothing.
        self.connection.link.shut_down();
    }
}

fn said(error: ssh2::Error) -> String {
    let (ErrorCode::Session(number) | ErrorCode::SFTP(number)) = error.code();
    format!("{} ({number})", error.message().trim().to_lowercase())
}
