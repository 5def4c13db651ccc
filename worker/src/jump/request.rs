//! A session that wants to reach a host through a jump host, and what it is told meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Instant;

use socket2::Socket;

use super::hub::Blocked;

/// What a pump, or who is about to become one, tells a waiting session.
pub(super) enum News {
    /// The server of the jump with this number showed a key of which nothing was known. It waits
    /// until the session has told of it.
    NewKey { hop: u32, key: Vec<u8>, told: Sender<()> },
    /// The jump host has been asked for a channel.
    Opening,
    /// The connection broke meanwhile: back to the queue.
    Queued,
    /// The end of the wait.
    Done(Result<Socket, Blocked>),
}

/// One session's wish, as it stands in the queue.
pub(super) struct Request {
    /// Host and port, as the jump host is to see them.
    pub(super) host: String,
    pub(super) port: u16,
    /// When it came to the queue.
    pub(super) asked: Instant,
    /// A connection broke over it before.
    pub(super) again: bool,
    news: Sender<News>,
    given_up: Arc<AtomicBool>,
}

impl Request {
    pub(super) fn new(host: &str, port: u16) -> (Self, Waiter) {
        let (news, heard) = channel();
        let given_up = Arc::new(AtomicBool::new(false));
        let waiter = Waiter { news: heard, given_up: Arc::clone(&given_up) };
        let request = Self { host: host.into(), port, asked: Instant::now(), again: false, news, given_up };
        (request, waiter)
    }

    /// Whether nobody waits any more.
    pub(super) fn is_given_up(&self) -> bool {
        self.given_up.load(Ordering::SeqCst)
    }

    /// What tells the session, apart from the request.
    pub(super) fn teller(&self) -> Sender<News> {
        self.news.clone()
    }

    /// Tells the session; in vain where it has given up.
    pub(super) fn tell(&self, news: News) {
        let _ = self.news.send(news);
    }
}

/// The session's end of a request. Dropping it gives the wish up.
pub(super) struct Waiter {
    pub(super) news: Receiver<News>,
    given_up: Arc<AtomicBool>,
}

impl Drop for Waiter {
    fn drop(&mut self) {
        self.given_up.store(true, Ordering::SeqCst);
    }
}
