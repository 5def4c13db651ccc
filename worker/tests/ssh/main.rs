//! SSH as the worker speaks it, against a server that does what each test asks of it.

mod agent;
mod exec;
mod host_keys;
mod logins;
mod new_keys;
mod questions;
mod server;

use std::time::{Duration, Instant};

use netsweep_shared::host_key::HostKeyCheck;
use netsweep_shared::job::SshSettings;
use netsweep_shared::login::Login;
use netsweep_shared::outcome::Failure;
use netsweep_shared::secret::Secret;
use netsweep_worker::connect::connect;
use netsweep_worker::platform::CompiledPlatform;
use netsweep_worker::transport::ssh::Connection;
use netsweep_worker::watchdog::Watchdog;

use crate::server::{PASSWORD, Server};

/// By then everything that is going to happen has happened, however busy the machine.
const AMPLE: Duration = Duration::from_secs(60);

/// A user who knows the password.
fn admin() -> Login {
    Login::with_password("admin", Secret::new(PASSWORD))
}

/// A user who has nothing.
fn nobody() -> Login {
    Login { password: None, ..admin() }
}

/// Connects and logs in.
fn log_in(server: &Server, who: &Login) -> Result<Box<Connection>, Failure> {
    open(server, who, HostKeyCheck::Off, &mut |_| {}, AMPLE)
}

/// Connects and logs in to a device of this platform.
fn log_in_to(platform: &CompiledPlatform, server: &Server, who: &Login) -> Result<Box<Connection>, Failure> {
    open_on(Some(platform), server, who, HostKeyCheck::Off, &mut |_| {}, AMPLE)
}

fn open(
    server: &Server,
    who: &Login,
    host_key: HostKeyCheck,
    new_key: &mut dyn FnMut(&[u8]),
    within: Duration,
) -> Result<Box<Connection>, Failure> {
    open_on(None, server, who, host_key, new_key, within)
}

fn open_on(
    platform: Option<&CompiledPlatform>,
    server: &Server,
    who: &Login,
    host_key: HostKeyCheck,
    new_key: &mut dyn FnMut(&[u8]),
    within: Duration,
) -> Result<Box<Connection>, Failure> {
    let watchdog = Watchdog::start(1).expect("starts");
    let deadline = Instant::now() + within;
    let link = connect("127.0.0.1", server.port, &watchdog.slot(0), deadline)?;
    Connection::open(link, who, platform, &SshSettings { host_key, legacy: false }, new_key, deadline)
}

/// Why there is no connection.
fn refused(result: Result<Box<Connection>, Failure>) -> Failure {
    result.err().expect("no connection")
}
