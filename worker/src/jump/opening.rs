//! A channel that the jump host has been asked for (RFC 4254, 5.1 and 7.2).

use netsweep_shared::outcome::{ErrorKind, Failure, Stage};
use ssh2::{Channel, Error, ErrorCode, Session};

use super::hub::Blocked;
use super::request::Request;

/// A request on its way. libssh2 has one at a time, and it cannot be taken back.
pub(super) struct Opening {
    pub(super) request: Request,
}

/// How far it has come.
pub(super) enum Opened {
    /// The jump host has not answered.
    NotYet,
    /// The target is connected to.
    Channel(Channel),
    /// The jump host will not or cannot connect; or it has not answered for so long that libssh2
    /// would not know a late answer from one to another request, and then the connection is not
    /// `usable` for another.
    Refused { blocked: Blocked, usable: bool },
    /// The connection to the jump host is gone.
    Broken(Error),
}

impl Opening {
    /// Asks, and looks for the answer. `through` is how to call the jump host.
    pub(super) fn step(&self, session: &Session, through: &str) -> Opened {
        let Request { host, port, .. } = &self.request;
        // An address in brackets is an IPv6 address as URLs have it; servers want it bare.
        let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        let error = match session.channel_direct_tcpip(bare, *port, None) {
            Ok(channel) => return Opened::Channel(channel),
            Err(error) => error,
        };
        let refused = |kind, why: &str| {
            let message = format!("{through}: no connection to {host}:{port}: {why}");
            Blocked::Target(Failure::new(kind, Stage::Connect, message))
        };
        match error.code() {
            ErrorCode::Session(libssh2_sys::LIBSSH2_ERROR_EAGAIN) => Opened::NotYet,
            ErrorCode::Session(libssh2_sys::LIBSSH2_ERROR_CHANNEL_FAILURE) => Opened::Refused {
                blocked: refused(ErrorKind::Connect, reason(error.message())),
                usable: true,
            },
            ErrorCode::Session(libssh2_sys::LIBSSH2_ERROR_TIMEOUT) => {
                Opened::Refused { blocked: refused(ErrorKind::Timeout, "no answer"), usable: false }
            }
            _ => Opened::Broken(error),
        }
    }
}

/// libssh2 has the reason code of RFC 4254, 5.1, in words, and drops what the server adds.
fn reason(message: &str) -> &str {
    let words = message.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    words.unwrap_or("it refuses the channel")
}

#[cfg(test)]
mod tests {
    use super::reason;

    #[test]
    fn the_reason_is_what_stands_in_parentheses() {
        assert_eq!(reason("Channel open failure (connect failed)"), "connect failed");
        assert_eq!(reason("Channel open failure"), "it refuses the channel");
    }
}
