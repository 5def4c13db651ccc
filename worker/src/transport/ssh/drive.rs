//! libssh2's non-blocking calls, made to look blocking.

use netsweep_shared::outcome::{Failure, Stage};
use ssh2::{BlockDirections, Error, ErrorCode, Session};

use super::overheard::printable;
use super::wire;
use crate::link::{Interest, Link};
use crate::transport::TransportError;

/// What ended a libssh2 call.
#[derive(Debug)]
pub(super) enum Broken {
    /// The deadline, a cancel, or a wait that failed.
    Link(TransportError),
    /// libssh2 itself.
    Ssh(Error),
}

impl Broken {
    /// The failure that this is at `stage`.
    pub(super) fn at(self, link: &Link, stage: Stage, doing: &str) -> Failure {
        match self {
            Self::Link(error) => error,
            Self::Ssh(error) => meaning(&error, link),
        }
        .at(stage, doing)
    }
}

/// Repeats `call` for as long as libssh2 has to wait, and waits in between.
pub(super) fn drive<T>(
    session: &Session,
    link: &Link,
    mut call: impl FnMut() -> Result<T, Error>,
) -> Result<T, Broken> {
    loop {
        if let Some(result) = step(session, link, call(), wire::wait) {
            return result;
        }
    }
}

/// What came of a call; `None` where it is to be repeated, after it was waited for as `wait` does.
pub(super) fn step<T>(
    session: &Session,
    link: &Link,
    result: Result<T, Error>,
    wait: fn(&Link, Interest) -> Result<(), TransportError>,
) -> Option<Result<T, Broken>> {
    match result {
        Ok(done) => Some(Ok(done)),
        Err(error) if must_wait(&error) => {
            wait(link, awaited(session)).err().map(|error| Err(Broken::Link(error)))
        }
        // Whatever libssh2 makes of a socket that the watchdog has shut down.
        Err(error) => Some(Err(link.ended_by_us().map_or(Broken::Ssh(error), Broken::Link))),
    }
}

/// What libssh2 says where it has to wait.
pub(super) fn wait() -> Error {
    Error::new(ErrorCode::Session(libssh2_sys::LIBSSH2_ERROR_EAGAIN), "wait")
}

/// What libssh2 says where there is no SSH server.
pub(super) fn no_banner() -> Error {
    Error::new(ErrorCode::Session(libssh2_sys::LIBSSH2_ERROR_BANNER_RECV), "no SSH version")
}

/// Whether libssh2 has not failed but waits for the socket.
pub(super) fn must_wait(error: &Error) -> bool {
    code(error) == libssh2_sys::LIBSSH2_ERROR_EAGAIN
}

/// What libssh2 waits for.
pub(super) fn awaited(session: &Session) -> Interest {
    match session.block_directions() {
        BlockDirections::Inbound | BlockDirections::None => Interest::Read,
        BlockDirections::Outbound => Interest::Write,
        BlockDirections::Both => Interest::Both,
    }
}

/// libssh2's number of the error, one of `libssh2_sys::LIBSSH2_ERROR_*`.
pub(super) fn code(error: &Error) -> i32 {
    match error.code() {
        ErrorCode::Session(code) | ErrorCode::SFTP(code) => code,
    }
}

/// What an error of libssh2 means for the session.
pub(super) fn meaning(error: &Error, link: &Link) -> TransportError {
    let message = printable(error.message());
    match code(error) {
        libssh2_sys::LIBSSH2_ERROR_TIMEOUT if !link.is_ended() => TransportError::Deadline,
        libssh2_sys::LIBSSH2_ERROR_SOCKET_DISCONNECT => link.broken(format!("it said goodbye ({message})")),
        _ if is_about_the_socket(error) || link.is_ended() => link.broken(message),
        _ => TransportError::Protocol(message),
    }
}

/// Whether the connection is gone.
pub(super) fn is_about_the_socket(error: &Error) -> bool {
    matches!(
        code(error),
        libssh2_sys::LIBSSH2_ERROR_SOCKET_SEND
            | libssh2_sys::LIBSSH2_ERROR_SOCKET_RECV
            | libssh2_sys::LIBSSH2_ERROR_SOCKET_DISCONNECT
    )
}
