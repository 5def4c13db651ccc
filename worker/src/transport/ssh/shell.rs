//! A channel with a terminal and a shell on it (RFC 4254, 6).

use netsweep_shared::outcome::{ErrorKind, Failure, Stage};
use netsweep_shared::platform::Terminal;
use ssh2::{Channel, Error, ErrorCode, ExtendedData, Session};

use super::drive::{Broken, awaited, code, drive, must_wait};
use super::wire;
use crate::link::{Interest, Link};

/// Bytes that a device may send ahead of what is read: the most that a session's output takes
/// in memory, and enough for 2.5 MB/s at a round trip of 100 ms.
const WINDOW: u32 = 256 * 1024;

/// The largest payload that every implementation has to take (RFC 4253, 6.1).
const PACKET: u32 = 32 * 1024;

/// A running shell.
pub(super) struct Shell {
    pub(super) channel: Channel,
    /// Whether it runs on a terminal.
    pub(super) has_terminal: bool,
}

/// Opens a session channel and starts the user's shell on it. A device that refuses the
/// terminal is gone on with without one.
pub(super) fn start_shell(session: &Session, link: &Link, terminal: &Terminal) -> Result<Shell, Failure> {
    let channel = open_channel(session, link, Stage::Prepare)?;
    match request_shell(session, link, &channel, terminal) {
        Ok((has_terminal, true)) => Ok(Shell { channel, has_terminal }),
        Ok((_, false)) => {
            Err(Failure::new(ErrorKind::Prompt, Stage::Prepare, "the device refused to start a shell"))
        }
        Err(broken) => Err(broken.at(link, Stage::Prepare, "starting a shell")),
    }
}

/// Opens a session channel. What is printed on either output comes as one.
pub(super) fn open_channel(session: &Session, link: &Link, stage: Stage) -> Result<Channel, Failure> {
    let opened = drive(session, link, || session.channel_open("session", WINDOW, PACKET, None));
    let mut channel = match opened {
        Ok(channel) => channel,
        Err(Broken::Ssh(error)) if code(&error) == libssh2_sys::LIBSSH2_ERROR_CHANNEL_FAILURE => {
            let message = format!("the device gives no session: {}", error.message());
            return Err(Failure::new(ErrorKind::Disconnected, stage, message));
        }
        Err(other) => return Err(other.at(link, stage, "opening a session")),
    };
    // Sets a flag; nothing is sent.
    channel
        .handle_extended_data(ExtendedData::Merge)
        .map_err(|error| Broken::Ssh(error).at(link, stage, "opening a session"))?;
    Ok(channel)
}

/// Asks for terminal and shell in one round trip; whether each was granted.
///
/// The answers come in the order of the requests and look alike (RFC 4254, 5.4), so the first
/// is the terminal's, whichever of the two libssh2 calls picks it up.
fn request_shell(
    session: &Session,
    link: &Link,
    channel: &Channel,
    terminal: &Terminal,
) -> Result<(bool, bool), Broken> {
    let size = (terminal.width.into(), terminal.height.into(), 0, 0);
    let (mut for_terminal, mut for_shell) = (channel.clone(), channel.clone());
    let mut terminal = || unless_closed(channel, for_terminal.request_pty(&terminal.kind, None, Some(size)));
    let mut shell = || unless_closed(channel, for_shell.shell());
    Ok(match (send(session, link, &mut terminal)?, send(session, link, &mut shell)?) {
        (Some(first), Some(second)) => (first, second),
        (Some(first), None) => (first, collect(session, link, &mut shell)?),
        (None, Some(first)) => (first, collect(session, link, &mut terminal)?),
        (None, None) => {
            let first = collect(session, link, &mut terminal)?;
            (first, collect(session, link, &mut shell)?)
        }
    })
}

/// Sends a request; whether it was granted, where the answer is there already.
fn send(
    session: &Session,
    link: &Link,
    request: &mut dyn FnMut() -> Result<(), Error>,
) -> Result<Option<bool>, Broken> {
    loop {
        match request() {
            Err(error) if must_wait(&error) => match awaited(session) {
                // Sent: what is awaited is the answer.
                Interest::Read => return Ok(None),
                // Not sent yet: libssh2 takes nothing else before that.
                room => wire::wait(link, room).map_err(Broken::Link)?,
            },
            answer => return granted(answer.map_err(Broken::Ssh)).map(Some),
        }
    }
}

/// Waits for the answer to a request that was sent.
fn collect(
    session: &Session,
    link: &Link,
    request: &mut dyn FnMut() -> Result<(), Error>,
) -> Result<bool, Broken> {
    granted(drive(session, link, request))
}

/// Whether a request was granted.
pub(super) fn granted(answer: Result<(), Broken>) -> Result<bool, Broken> {
    match answer {
        Ok(()) => Ok(true),
        Err(Broken::Ssh(error)) if code(&error) == libssh2_sys::LIBSSH2_ERROR_CHANNEL_REQUEST_DENIED => {
            Ok(false)
        }
        Err(other) => Err(other),
    }
}

/// libssh2 waits for an answer also where the device has closed the channel instead.
pub(super) fn unless_closed(channel: &Channel, answer: Result<(), Error>) -> Result<(), Error> {
    match answer {
        Err(error) if must_wait(&error) && channel.eof() => Err(Error::new(
            ErrorCode::Session(libssh2_sys::LIBSSH2_ERROR_SOCKET_DISCONNECT),
            "the session was closed",
        )),
        answer => answer,
    }
}
