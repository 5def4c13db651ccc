//! A connection to an SSH server that has let us in.

use std::sync::Arc;
use std::time::Instant;

use netsweep_shared::job::SshSettings;
use netsweep_shared::login::Login;
use netsweep_shared::outcome::Failure;
use ssh2::Session;

use super::{handshake, login};
use crate::link::Link;

/// Keys are agreed on, the server has shown the right host key and has let us in.
///
/// Dropping it closes the connection at once and waits for nothing.
pub struct Connection {
    // In the order in which they are dropped: the session needs its socket.
    pub(crate) session: Session,
    pub(crate) link: Link,
}

impl Connection {
    /// Shakes hands and logs in, all by `deadline`. `new_key` is told of a host key of which
    /// nothing was known, before anything is sent that is not for everyone.
    ///
    /// # Errors
    /// - `handshake` at `Stage::Handshake`: no SSH server, no algorithm in common, or a broken
    ///   key exchange;
    /// - `host_key` at `Stage::Handshake`: not the key that is known;
    /// - `auth` at `Stage::Login`: the device refuses the login, or there is nothing to log in with;
    /// - `timeout`, `disconnected` and `interrupted` at any of these.
    pub fn open(
        mut link: Link,
        who: &Login,
        settings: &SshSettings,
        _new_key: &mut dyn FnMut(&[u8]),
        deadline: Instant,
    ) -> Result<Self, Failure> {
        link.set_deadline(deadline);
        let session = Session::new().map_err(|error| handshake::broken(&error))?;
        session.set_blocking(false);
        // From here on leaving by an error closes the connection in the right order.
        let mut connection = Self { session, link };
        connection.session.set_tcp_stream(Arc::clone(connection.link.socket()));
        handshake::shake_hands(&connection.session, &connection.link, settings.legacy)?;
        login::log_in(&connection.session, &mut connection.link, who)?;
        Ok(connection)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.link.shut_down();
    }
}
