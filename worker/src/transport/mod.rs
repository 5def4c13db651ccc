//! Moving bytes to and from a device. Nothing here knows a prompt.

pub mod ssh;
pub mod telnet;

use std::time::{Duration, Instant};

use netsweep_shared::outcome::{ErrorKind, Failure, Stage};

/// A device's terminal, whatever carries it.
///
/// Calls block until they can do something, the deadline passes, or the worker is told to end
/// its sessions. Every wait goes through [`crate::link::Link::wait`].
pub trait Transport {
    /// Whether the device has let us in already; otherwise it asks in the conversation.
    fn has_logged_in(&self) -> bool;

    /// Asked before the device is told in the conversation who we are: waits where the supervisor has to give leave,
    /// and says for how long.
    ///
    /// # Errors
    /// [`TransportError::Withdrawn`] where the supervisor has withdrawn the session's job.
    fn await_leave(&mut self) -> Result<Duration, TransportError> {
        Ok(Duration::ZERO)
    }

    /// The same before a password goes out; from then on the session runs its course, even where the
    /// supervisor withdraws its job.
    ///
    /// # Errors
    /// [`TransportError::Withdrawn`] where it has done so already.
    fn commit(&mut self) -> Result<Duration, TransportError> {
        Ok(Duration::ZERO)
    }

    /// From here on every call must be over by `deadline`, however busily the device talks.
    fn set_deadline(&mut self, deadline: Instant);

    /// Reads what the device has sent, at least one byte; nothing where it has closed the session.
    ///
    /// There is room for it only once something has come: what a session holds while it waits, thousands hold.
    fn read(&mut self) -> Result<Vec<u8>, TransportError>;

    /// Whether a `read` now would return at once.
    fn is_readable(&mut self) -> bool;

    /// Sends all of `bytes`.
    fn write_all(&mut self, bytes: &[u8]) -> Result<(), TransportError>;
}

/// Why a transport gave up.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The deadline passed.
    #[error("the deadline passed")]
    Deadline,
    /// The worker was told to end its sessions.
    #[error("interrupted")]
    Cancelled,
    /// The supervisor wants nobody to log in for this job any more.
    #[error("withdrawn")]
    Withdrawn,
    /// The connection is gone.
    #[error("{0}")]
    Closed(String),
    /// The device broke the protocol.
    #[error("{0}")]
    Protocol(String),
}

impl TransportError {
    /// The failure that this is at `stage`; `doing` completes "timed out …", "… while …".
    pub fn at(self, stage: Stage, doing: &str) -> Failure {
        match self {
            Self::Deadline => Failure::new(ErrorKind::Timeout, stage, format!("timed out while {doing}")),
            Self::Cancelled => {
                Failure::new(ErrorKind::Interrupted, stage, format!("interrupted while {doing}"))
            }
            Self::Withdrawn => Failure::locked_out(),
            Self::Closed(why) => Failure::new(
                ErrorKind::Disconnected,
                stage,
                format!("the device closed the connection while {doing}: {why}"),
            ),
            Self::Protocol(why) => {
                let kind =
                    if stage == Stage::Handshake { ErrorKind::Handshake } else { ErrorKind::Disconnected };
                Failure::new(kind, stage, format!("protocol error while {doing}: {why}"))
            }
        }
    }
}
