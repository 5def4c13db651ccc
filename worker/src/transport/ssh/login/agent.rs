//! The keys of an SSH agent, which signs with them and does not hand them out.
//!
//! libssh2 talks to the agent in calls that wait without limit: for an agent that hangs, or for one
//! that asks its user. So they are made by a helper thread, which is left behind where the deadline
//! passes; it ends when the agent answers or goes away. Nothing of the session may be touched while
//! the helper is at work: it holds the session's lock.

use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicIsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use ssh2::{Error, Session};

use super::super::drive::{Broken, awaited, must_wait};
use super::super::overheard::printable;
use super::super::wire;
use super::rsa;
use crate::gil;
use crate::link::{Link, plain};
use crate::transport::TransportError;

/// Helpers that hang; with so many the agent is not asked any more.
const MOST_HANGING: isize = 16;

static HANGING: AtomicIsize = AtomicIsize::new(0);

/// Enough for libssh2 and OpenSSL; only what is touched is resident.
const STACK: usize = 512 * 1024;

/// An agent and the keys that it has.
pub(super) struct Agent {
    calls: Option<Sender<Call>>,
    answers: Receiver<Answer>,
    helper: Option<JoinHandle<()>>,
    /// Whether the helper has ended, or was left behind.
    over: Arc<AtomicBool>,
    /// Its keys: whether they are RSA keys.
    pub(super) keys: Vec<bool>,
}

enum Call {
    /// Log in with the key of this number.
    LogIn(usize),
}

enum Answer {
    Keys(Vec<bool>),
    /// Why it cannot be used.
    Useless(String),
    LoggedIn(Result<(), Error>),
}

/// Why an agent is of no use.
pub(super) enum NoAgent {
    /// It is not there, or does not answer: others may do.
    Useless(String),
    /// The deadline, or a cancel.
    Link(TransportError),
}

impl Agent {
    /// Asks the agent at the socket `path` for its keys.
    pub(super) fn connect(
        session: &Session,
        link: &Link,
        path: &str,
        username: &str,
    ) -> Result<Self, NoAgent> {
        if HANGING.load(Ordering::SeqCst) >= MOST_HANGING {
            return Err(NoAgent::Useless(format!("the agent at {path} does not answer")));
        }
        wire::set_aside(link);
        let (calls, to_do) = mpsc::channel();
        let (done, answers) = mpsc::channel();
        let over = Arc::new(AtomicBool::new(false));
        let helper = Helper {
            session: session.clone(),
            path: path.to_owned(),
            username: username.to_owned(),
            calls: to_do,
            answers: done,
            leaving: Leaving(Arc::clone(&over)),
        };
        let started =
            thread::Builder::new().name("agent".into()).stack_size(STACK).spawn(move || helper.serve());
        let helper = started
            .map_err(|error| NoAgent::Useless(format!("no thread to ask the agent: {}", plain(&error))))?;
        let mut agent = Self { calls: Some(calls), answers, helper: Some(helper), over, keys: vec![] };
        match agent.answer(link).map_err(NoAgent::Link)? {
            Answer::Keys(keys) => agent.keys = keys,
            Answer::Useless(why) => return Err(NoAgent::Useless(why)),
            Answer::LoggedIn(_) => {}
        }
        Ok(agent)
    }

    /// Logs in with the key of this number.
    pub(super) fn log_in(&mut self, session: &Session, link: &Link, number: usize) -> Result<(), Broken> {
        loop {
            // A helper that is gone is met when its answer is waited for.
            let _ = self.calls.as_ref().map(|calls| calls.send(Call::LogIn(number)));
            match self.answer(link).map_err(Broken::Link)? {
                Answer::LoggedIn(Err(error)) if must_wait(&error) => {
                    link.wait(awaited(session)).map_err(Broken::Link)?;
                }
                Answer::LoggedIn(Err(error)) => {
                    return Err(link.ended_by_us().map_or(Broken::Ssh(error), Broken::Link));
                }
                Answer::LoggedIn(Ok(())) | Answer::Keys(_) | Answer::Useless(_) => return Ok(()),
            }
        }
    }

    /// The helper's next answer.
    fn answer(&mut self, link: &Link) -> Result<Answer, TransportError> {
        // There is no socket to shut down, so a cancel is heard between two short waits.
        const STEP: Duration = Duration::from_millis(100);
        loop {
            let given_up = match link.check() {
                Ok(left) => match gil::while_waiting(|| self.answers.recv_timeout(left.min(STEP))) {
                    Ok(answer) => return Ok(answer),
                    Err(RecvTimeoutError::Timeout) => continue,
                    Err(RecvTimeoutError::Disconnected) => {
                        return Err(TransportError::Closed("the helper is gone".into()));
                    }
                },
                Err(error) => error,
            };
            self.helper = None;
            if !self.over.swap(true, Ordering::SeqCst) {
                HANGING.fetch_add(1, Ordering::SeqCst);
            }
            return Err(given_up);
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.calls = None;
        if let Some(helper) = self.helper.take() {
            // It is at no call, so it ends at once; a panic in it was reported already.
            let _ = gil::while_waiting(|| helper.join());
        }
    }
}

/// The thread that waits for the agent.
struct Helper {
    session: Session,
    path: String,
    username: String,
    calls: Receiver<Call>,
    answers: Sender<Answer>,
    leaving: Leaving,
}

/// Ends the count of a helper that hangs no more.
struct Leaving(Arc<AtomicBool>);

impl Drop for Leaving {
    fn drop(&mut self) {
        if self.0.swap(true, Ordering::SeqCst) {
            HANGING.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

impl Helper {
    fn serve(self) {
        let Self { session, path, username, calls, answers, leaving: _leaving } = self;
        let agent = match connect(&session, &path) {
            Ok(agent) => agent,
            Err(why) => {
                let _ = answers.send(Answer::Useless(format!("the agent at {path} is of no use: {why}")));
                return;
            }
        };
        let keys = match agent.identities() {
            Ok(keys) => keys,
            Err(error) => {
                let _ = answers.send(Answer::Useless(printable(error.message())));
                return;
            }
        };
        let mut answer = Answer::Keys(keys.iter().map(|key| rsa::is_public(key.blob())).collect());
        while answers.send(answer).is_ok() {
            let Ok(Call::LogIn(number)) = calls.recv() else { return };
            let Some(key) = keys.get(number) else { return };
            answer = Answer::LoggedIn(agent.userauth(&username, key));
        }
    }
}

/// Connects to the agent and asks it for its keys.
fn connect(session: &Session, path: &str) -> Result<ssh2::Agent, String> {
    // libssh2 closes the descriptor of a connection that failed twice, by which time it may be
    // another session's. So it is let near those alone that can be connected to; and its own reason
    // would tell less.
    UnixStream::connect(path).map_err(|error| plain(&error))?;
    let unusable = |error: Error| printable(error.message());
    let mut agent = session.agent().map_err(unusable)?;
    agent.set_identity_path(Path::new(path)).map_err(unusable)?;
    agent.connect().map_err(unusable)?;
    agent.list_identities().map_err(unusable)?;
    Ok(agent)
}
