//! A bare SSH session: `ssh2` as it comes, in blocking mode.

use std::net::TcpStream;

use anyhow::{Context, Result};
use ssh2::{MethodType, Session};

use crate::{Device, Login, TIMEOUT, dialogue};

/// What is agreed on, in the order of netsweep's own preference (`worker/src/transport/ssh/algorithms.rs`),
/// so that both pay for the same cryptography. Left alone, OpenSSL 3.6 has libssh2 begin with a hybrid
/// post-quantum exchange.
const PREFERENCES: [(MethodType, &str); 6] = [
    (MethodType::Kex, "curve25519-sha256,curve25519-sha256@libssh.org"),
    (MethodType::HostKey, "ssh-ed25519"),
    (MethodType::CryptCs, CIPHER),
    (MethodType::CryptSc, CIPHER),
    (MethodType::MacCs, MAC),
    (MethodType::MacSc, MAC),
];
const CIPHER: &str = "aes128-gcm@openssh.com,aes256-gcm@openssh.com,aes128-ctr";
const MAC: &str = "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,hmac-sha2-256";

/// So many rows that nothing is paged, and so many columns that nothing is wrapped.
const TERMINAL: (u32, u32, u32, u32) = (511, 10_000, 0, 0);

/// Runs the commands on a device; the bytes that it printed.
pub(crate) fn session(device: &Device, login: &Login, commands: &[String]) -> Result<usize> {
    let session = log_in(device, login)?;
    let mut channel = session.channel_session().context("channel")?;
    channel.request_pty("vt100", None, Some(TERMINAL)).context("terminal")?;
    channel.shell().context("shell")?;
    let bytes = dialogue::run(&mut channel, "\n", commands)?;
    channel.close().context("close")?;
    session.disconnect(None, "", None).context("disconnect")?;
    Ok(bytes)
}

/// The algorithms that a device and this client agree on.
pub(crate) fn algorithms(device: &Device, login: &Login) -> Result<String> {
    let session = log_in(device, login)?;
    let names: Vec<_> = PREFERENCES.iter().filter_map(|&(method, _)| session.methods(method)).collect();
    Ok(names.join(" "))
}

fn log_in(device: &Device, login: &Login) -> Result<Session> {
    let stream = TcpStream::connect((device.address.as_str(), device.port)).context("connect")?;
    stream.set_nodelay(true)?;
    let mut session = Session::new()?;
    session.set_timeout(TIMEOUT.as_millis() as u32);
    for (method, names) in PREFERENCES {
        session.method_pref(method, names)?;
    }
    session.set_tcp_stream(stream);
    session.handshake().context("handshake")?;
    session.userauth_password(&login.username, &login.password).context("login")?;
    Ok(session)
}
