//! What is known of one slot's session, for all who have to do with it.

use std::net::Shutdown;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use netsweep_shared::outcome::Stage;
use socket2::Socket;

use crate::leave::Question;

/// One slot's session. The socket is shut down under its lock and only while it is the
/// session's own, so that a late shutdown never meets the next session.
#[derive(Debug, Default)]
pub(super) struct Post {
    pub(super) socket: Mutex<Option<Arc<Socket>>>,
    /// What is to be asked before the session logs in.
    pub(super) question: Mutex<Option<Question>>,
    /// What the session waits for instead of an answer of its device's has happened.
    pub(super) news: Condvar,
    pub(super) fired: AtomicU8,
    pub(super) permit: AtomicU8,
    /// Place of the session's stage among [`STAGES`].
    pub(super) stage: AtomicU8,
}

/// Where a session itself can be: its jump hosts are the hub's.
pub(super) const STAGES: [Stage; 5] =
    [Stage::Connect, Stage::Handshake, Stage::Login, Stage::Prepare, Stage::Commands];

// Why it was shut down, if it was.
pub(super) const QUIET: u8 = 0;
pub(super) const DEADLINE: u8 = 1;
pub(super) const CANCELLED: u8 = 2;
pub(super) const WITHDRAWN: u8 = 3;

// Whether the session may log in; changed under the socket's lock.
pub(super) const OPEN: u8 = 0;
pub(super) const USED: u8 = 1;
pub(super) const REVOKED: u8 = 2;
pub(super) const TO_BE_ASKED_FOR: u8 = 3;

impl Post {
    pub(super) fn socket(&self) -> MutexGuard<'_, Option<Arc<Socket>>> {
        self.socket.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the session that holds the lock's socket, if there is one.
    pub(super) fn fire(&self, socket: &Option<Arc<Socket>>, why: u8) {
        if let Some(socket) = socket {
            // The reason goes first: whoever meets the closed socket finds it.
            let _ = self.fired.compare_exchange(QUIET, why, Ordering::SeqCst, Ordering::SeqCst);
            // Fails where the peer was faster, which is as good.
            let _ = socket.shutdown(Shutdown::Both);
            self.news.notify_all();
        }
    }

    pub(super) fn question(&self) -> MutexGuard<'_, Option<Question>> {
        self.question.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nobody has said yet whether the session may log in, nor ended it.
    pub(super) fn is_open_question(&self) -> bool {
        let waits = self.permit.load(Ordering::SeqCst) == TO_BE_ASKED_FOR;
        waits && self.fired.load(Ordering::SeqCst) == QUIET
    }
}
