//! A session's side of the watchdog.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use netsweep_shared::outcome::Stage;
use socket2::Socket;

use super::post::{
    CANCELLED, DEADLINE, OPEN, Post, QUIET, REVOKED, STAGES, TO_BE_ASKED_FOR, USED, WITHDRAWN,
};
use super::{NO_DEADLINE, Row, Watchdog};
use crate::leave::Question;
use crate::transport::TransportError;
use crate::{effort, gil};

/// A session thread's place at the watchdog.
#[derive(Clone, Debug)]
pub struct Slot {
    pub(super) watchdog: Arc<Watchdog>,
    pub(super) row: Arc<Row>,
    pub(super) n: usize,
}

impl Slot {
    /// The next session begins here, and may log in; after it has asked `question`, where there is one.
    pub(crate) fn begin(&self, question: Option<Question>) {
        self.enter(Stage::Connect);
        let permit = if question.is_some() { TO_BE_ASKED_FOR } else { OPEN };
        *self.post().question() = question;
        self.post().permit.store(permit, Ordering::SeqCst);
    }

    /// The session has come to `stage`.
    pub(crate) fn enter(&self, stage: Stage) {
        let place = STAGES.iter().position(|known| *known == stage).unwrap_or_default();
        self.post().stage.store(place as u8, Ordering::Relaxed);
    }

    /// How far the session has come.
    pub(crate) fn stage(&self) -> Stage {
        let place = self.post().stage.load(Ordering::Relaxed);
        STAGES.get(usize::from(place)).copied().unwrap_or(Stage::Connect)
    }

    /// Ends the session, unless it has committed itself.
    pub(crate) fn withdraw(&self) {
        let post = self.post();
        let held = post.socket();
        if matches!(post.permit.load(Ordering::SeqCst), OPEN | TO_BE_ASKED_FOR) {
            post.permit.store(REVOKED, Ordering::SeqCst);
            post.fire(&held, WITHDRAWN);
        }
    }

    /// The session may log in, whether it has asked or not.
    pub(crate) fn give_leave(&self) {
        let post = self.post();
        let _held = post.socket();
        if post.permit.load(Ordering::SeqCst) == TO_BE_ASKED_FOR {
            post.permit.store(OPEN, Ordering::SeqCst);
            post.news.notify_all();
        }
    }

    /// Asks for leave to log in, where that is to be asked for, and waits for it. How long that took.
    pub(crate) fn await_leave(&self) -> Result<Duration, TransportError> {
        let post = self.post();
        let Some(question) = post.question().take() else { return Ok(Duration::ZERO) };
        let began = Instant::now();
        if post.is_open_question() {
            self.set_deadline(question.until);
            question.ask();
            let answered = || drop(post.news.wait_while(post.socket(), |_| post.is_open_question()));
            gil::while_waiting(|| effort::timed(|effort| &mut effort.leave, answered));
            if self.fired().is_none() {
                question.thank();
            }
        }
        self.fired().map_or(Ok(began.elapsed()), Err)
    }

    /// Asked before a password goes out: afterwards [`Self::withdraw`] comes too late.
    pub(crate) fn commit(&self) -> Result<(), TransportError> {
        let post = self.post();
        let _held = post.socket();
        match post.permit.swap(USED, Ordering::SeqCst) {
            REVOKED => Err(TransportError::Withdrawn),
            _ => {
                self.enter(Stage::Login);
                Ok(())
            }
        }
    }

    /// Has `socket` watched until [`Self::release`].
    pub(crate) fn watch(&self, socket: &Arc<Socket>, deadline: Instant) -> Result<(), TransportError> {
        let post = self.post();
        let mut held = post.socket();
        if self.is_cancelled() {
            return Err(TransportError::Cancelled);
        }
        if post.permit.load(Ordering::SeqCst) == REVOKED {
            return Err(TransportError::Withdrawn);
        }
        *held = Some(Arc::clone(socket));
        post.fired.store(QUIET, Ordering::SeqCst);
        self.set_deadline(deadline);
        Ok(())
    }

    /// Moves the deadline of the socket being watched.
    pub(crate) fn set_deadline(&self, deadline: Instant) {
        let kennel = &self.watchdog.kennel;
        self.row.deadlines[self.n].store(kennel.nanos(deadline), Ordering::Relaxed);
    }

    /// Forgets `socket`: from here on it is not touched any more.
    pub(crate) fn release(&self, socket: &Arc<Socket>) {
        let mut held = self.post().socket();
        if held.as_ref().is_some_and(|held| Arc::ptr_eq(held, socket)) {
            *held = None;
            self.row.deadlines[self.n].store(NO_DEADLINE, Ordering::Relaxed);
        }
    }

    /// Why the socket being watched was shut down, if it was.
    pub(crate) fn fired(&self) -> Option<TransportError> {
        match self.post().fired.load(Ordering::SeqCst) {
            DEADLINE => Some(TransportError::Deadline),
            CANCELLED => Some(TransportError::Cancelled),
            WITHDRAWN => Some(TransportError::Withdrawn),
            _ => None,
        }
    }

    /// Whether all sessions were told to end.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.watchdog.is_cancelled()
    }

    fn post(&self) -> &Post {
        &self.row.posts[self.n]
    }
}
