//! Which methods a server takes (RFC 4252, 5.1).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use ssh2::Session;

use super::super::drive::{Broken, drive};
use super::super::overheard::printable;
use super::Means;
use crate::link::Link;

/// How long a device that has refused something may take to say which methods it knows.
const PATIENCE: Duration = Duration::from_secs(5);

/// The names of methods by which a login can go on.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Methods(String);

impl Methods {
    /// Asks by the request `none` (RFC 4252, 5.2). A server that lets everybody in does so now.
    pub(super) fn ask(session: &Session, link: &Link, username: &str) -> Result<Self, Broken> {
        drive(session, link, || {
            // ssh2 panics where the answer is not UTF-8.
            catch_unwind(AssertUnwindSafe(|| session.auth_methods(username).map(str::to_owned)))
                .unwrap_or_else(|_| Ok("?".into()))
        })
        .map(Self)
    }

    /// Asks a server that may have had enough of us; `None` where it does not say.
    pub(super) fn ask_patiently(session: &Session, link: &mut Link, username: &str) -> Option<Self> {
        let deadline = link.deadline();
        link.set_deadline(deadline.min(Instant::now() + PATIENCE));
        let methods = Self::ask(session, link, username);
        link.set_deadline(deadline);
        methods.ok()
    }

    /// Whether this method is one of them.
    pub(super) fn have(&self, method: &str) -> bool {
        self.0.split(',').any(|known| known == method)
    }

    /// All of them, for a message.
    pub(super) fn list(&self) -> String {
        printable(self.0.replace(',', ", "))
    }

    /// Those that are none of `means`, for a message.
    pub(super) fn without(&self, means: &[Means]) -> String {
        let others = self.0.split(',').filter(|known| means.iter().all(|means| means.method() != *known));
        printable(others.collect::<Vec<_>>().join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_known_by_their_whole_names() {
        let methods = Methods("publickey,keyboard-interactive".into());
        assert!(methods.have("publickey") && !methods.have("key") && !methods.have("password"));
        assert_eq!(methods.list(), "publickey, keyboard-interactive");
        assert_eq!(methods.without(&[Means::Key]), "keyboard-interactive");
        assert_eq!(methods.without(&Means::ALL), "");
    }
}
