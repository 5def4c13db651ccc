//! The whole conversation with a device.

use std::time::Instant;

use netsweep_shared::job::Job;
use netsweep_shared::outcome::Failure;

use super::observer::Observer;
use super::state::Session;
use super::wait::Limit;
use crate::platform::CompiledPlatform;
use crate::transport::Transport;

/// The absolute limits of a conversation; each command has its own besides
/// ([`Timeouts::command`](netsweep_shared::job::Timeouts::command)).
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// When the prompt that takes the first command must be there: the time of the open
    /// connection and the job's `login`.
    pub login: Instant,
    /// When everything must be over: the time of the attempt's begin and the job's `device`.
    pub device: Instant,
}

/// Logs in where the device itself asks who is there, prepares the session, and runs the job's
/// commands.
///
/// `transport` is open, and over SSH the user is authenticated. Of the output of each command
/// `output_limit` bytes are kept. The commands contain no line breaks.
///
/// # Errors
/// Says what failed and how far the session had come. Outputs that went to the observer before
/// are good, that of the last command as far as it goes. A command that the device refused does
/// not end the conversation; it makes it fail in the end, with kind `command`.
pub fn converse(
    transport: &mut dyn Transport,
    platform: &CompiledPlatform,
    job: &Job,
    deadlines: Deadlines,
    output_limit: u64,
    observer: &mut dyn Observer,
) -> Result<(), Failure> {
    let login = Limit { at: deadlines.login, of: job.timeouts.login };
    let device = Limit { at: deadlines.device, of: job.timeouts.device };
    let mut session = Session::new(transport, platform, job, device);
    let waited = session.log_in(login)?;
    let login = login.later_by(waited);
    observer.logged_in();
    session.raise_privileges(login)?;
    session.prepare(login)?;
    session.run_commands(output_limit, observer)
}
