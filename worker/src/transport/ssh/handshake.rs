//! Version and key exchange (RFC 4253, 4 and 7), and why it failed.

use netsweep_shared::job::SshSettings;
use netsweep_shared::outcome::{ErrorKind, Failure, Stage};
use ssh2::{Error, Session};

use super::algorithms::{Offer, offer};
use super::drive::{self, Broken, is_about_the_socket};
use super::host_key::known_algorithms;
use super::overheard::{Overheard, printable};
use super::wire;
use crate::link::Link;
use crate::transport::TransportError;

/// Agrees on keys with the device. A host key that is known is asked for; which one came is not
/// looked at.
// Not a part of its caller, nor its failures' of it: what is on the stack below a key exchange is kept by every session.
#[inline(never)]
pub(super) fn shake_hands(session: &Session, link: &Link, settings: &SshSettings) -> Result<(), Failure> {
    let ours = offer(session, settings.legacy);
    ours.apply(session, known_algorithms(&settings.host_key)).map_err(|error| broken(&error))?;
    let mut heard = Overheard::default();
    // The call wants the session for itself; a clone is the same session.
    let mut caller = session.clone();
    let result = loop {
        let may_read = heard.listen(session, link);
        let step = match may_read {
            _ if heard.is_binary() => Err(drive::no_banner()),
            true => caller.handshake(),
            false => Err(drive::wait()),
        };
        let wait = if heard.is_done() { wire::wait } else { wire::while_nothing_is_read };
        if let Some(result) = drive::step(session, link, step, wait) {
            break result;
        }
    };
    result.map_err(|broken| {
        heard.catch_up(session);
        failure(broken, &heard, session, link, ours)
    })
}

#[cold]
#[inline(never)]
fn failure(broken: Broken, heard: &Overheard, session: &Session, link: &Link, ours: &Offer) -> Failure {
    match broken {
        Broken::Link(TransportError::Deadline) => timed_out(heard),
        Broken::Link(error) => error.at(Stage::Handshake, "exchanging keys"),
        Broken::Ssh(error) => match heard.disagreement(ours, offer(session, true)) {
            Some(disagreement) => failed(disagreement),
            None => explain(&error, heard, link),
        },
    }
}

fn failed(message: String) -> Failure {
    Failure::new(ErrorKind::Handshake, Stage::Handshake, message)
}

/// libssh2 refused to begin, or the device broke the protocol.
pub(super) fn broken(error: &Error) -> Failure {
    failed(format!("the key exchange failed: {}", printable(error.message())))
}

fn timed_out(heard: &Overheard) -> Failure {
    let message = match heard.version() {
        Some(version) => format!("timed out while exchanging keys with {version}"),
        None if heard.is_empty() => "timed out while waiting for the device's SSH version".into(),
        None => {
            format!("timed out while waiting for an SSH version; the device said {:?} instead", heard.words())
        }
    };
    Failure::new(ErrorKind::Timeout, Stage::Handshake, message)
}

fn explain(error: &Error, heard: &Overheard, link: &Link) -> Failure {
    match heard.version() {
        // 1.99 is a server that speaks both (RFC 4253, 5.1).
        Some(version) if version.starts_with("SSH-1.") && !version.starts_with("SSH-1.99") => {
            failed(format!("the device speaks only SSH 1 ({version}), which netsweep does not"))
        }
        None if !heard.is_empty() => {
            failed(format!("no SSH server: it said {:?} where its version was due", heard.words()))
        }
        version if is_about_the_socket(error) || link.is_ended() => {
            let when = match version {
                Some(version) => format!("after its version, {version}"),
                None => "before its version; it may be busy, or not let this address in".into(),
            };
            link.broken(when).at(Stage::Handshake, "exchanging keys")
        }
        _ => broken(error),
    }
}
