//! One SSH session.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use netsweep_shared::fleet::Fault;
use russh::server::{
    Auth, ChannelOpenHandle, Handler, Msg, PublicKeyOffer, Response, Session, VerifiedPublicKey,
};
use russh::{Channel, ChannelId, Pty};
use socket2::SockRef;
use tokio::net::TcpStream;

use crate::device::Device;
use crate::fault;
use crate::script::Script;
use crate::shell::Shell;
use crate::waits::Waits;
use crate::wire::{Scissors, Wire};

mod offer;
pub(crate) use offer::{CHATTER, Hosts, first_words};
mod terminal;
use terminal::{Running, Terminal, Typed, perform};

/// Serves a connection until either side ends it.
pub(crate) async fn serve(device: Arc<Device>, stream: TcpStream, hosts: &Hosts, waits: Waits) {
    if device.has(Fault::Cut) && fault::resets(&device) {
        // A reset instead of an orderly end. Where it cannot be set, the end is orderly.
        let _ = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
    }
    let scissors = Scissors::default();
    let wire = Wire::new(stream, scissors.clone());
    let config = Arc::new(hosts.config(&device));
    let login = Server {
        device: Arc::clone(&device),
        scissors,
        waits: Arc::new(waits),
        user: String::new(),
        terminals: vec![],
    };
    let ended = match russh::server::run_stream(config, wire, login).await {
        Ok(session) => session.await,
        Err(error) => Err(error),
    };
    tracing::trace!(device = device.name, ?ended, "ssh session");
}

/// The device's side of a session.
struct Server {
    device: Arc<Device>,
    scissors: Scissors,
    waits: Arc<Waits>,
    user: String,
    terminals: Vec<Terminal>,
}

impl Server {
    /// Judges a credential, after the device's time for it.
    async fn judge(&self) -> Auth {
        self.waits.login(self.device.pace().login()).await;
        if self.device.has(Fault::Reject) {
            self.device.settings.counters.rejected.up();
            // A method that was refused once may be tried again, as everywhere: without this russh would
            // say that it is not to be had.
            Auth::Reject { proceed_with_methods: Some(offer::methods()), partial_success: false }
        } else {
            Auth::Accept
        }
    }

    fn terminal(&mut self, channel: ChannelId) -> Option<&mut Terminal> {
        self.terminals.iter_mut().find(|terminal| terminal.channel == channel)
    }

    /// Starts a shell; one is enough for a channel (RFC 4254, 6.5).
    fn start(
        &mut self,
        channel: ChannelId,
        session: &mut Session,
        first: impl FnOnce(&mut Shell) -> Script,
    ) -> Result<(), russh::Error> {
        let mut shell = Box::new(Shell::new(Arc::clone(&self.device), &self.user));
        let (scissors, waits) = (self.scissors.clone(), Arc::clone(&self.waits));
        let Some(terminal) = self.terminal(channel).filter(|t| matches!(t.shell, Running::No)) else {
            return session.channel_failure(channel);
        };
        session.channel_success(channel)?;
        shell.resize(terminal.rows);
        let script = first(&mut shell);
        terminal.shell = perform(script, shell, channel, session, scissors, waits)?;
        Ok(())
    }

    fn resize(&mut self, channel: ChannelId, rows: u32) {
        let Some(terminal) = self.terminal(channel) else { return };
        terminal.rows = rows;
        match &mut terminal.shell {
            Running::No => {}
            Running::Here(shell) => shell.resize(rows),
            Running::Apart(typed) => {
                let _ = typed.try_send(Typed::Rows(rows));
            }
        }
    }
}

impl Handler for Server {
    type Error = russh::Error;

    async fn auth_password(&mut self, user: &str, _: &str) -> Result<Auth, Self::Error> {
        self.user = user.to_owned();
        Ok(self.judge().await)
    }

    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        user: &str,
        _: &str,
        response: Option<Response<'a>>,
    ) -> Result<Auth, Self::Error> {
        if response.is_none() {
            return Ok(Auth::Partial {
                name: Cow::Borrowed(""),
                instructions: Cow::Borrowed(""),
                prompts: Cow::Borrowed(&[(Cow::Borrowed("Password: "), false)]),
            });
        }
        self.user = user.to_owned();
        Ok(self.judge().await)
    }

    async fn auth_publickey_offered(&mut self, _: &str, _: PublicKeyOffer<'_>) -> Result<Auth, Self::Error> {
        Ok(Auth::Accept)
    }

    async fn auth_publickey(&mut self, user: &str, _: VerifiedPublicKey<'_>) -> Result<Auth, Self::Error> {
        self.user = user.to_owned();
        Ok(self.judge().await)
    }

    async fn auth_succeeded(&mut self, _: &mut Session) -> Result<(), Self::Error> {
        self.device.settings.counters.logins.up();
        Ok(())
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        // The channel itself is dropped: data comes through `data`, and nothing is to pile up.
        self.terminals.push(Terminal { channel: channel.id(), rows: 0, shell: Running::No });
        reply.accept().await;
        Ok(())
    }

    async fn channel_close(&mut self, channel: ChannelId, _: &mut Session) -> Result<(), Self::Error> {
        self.terminals.retain(|terminal| terminal.channel != channel);
        Ok(())
    }

    async fn pty_request(
        &mut self,
        channel: ChannelId,
        _: &str,
        _: u32,
        rows: u32,
        _: u32,
        _: u32,
        _: &[(Pty, u32)],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        self.resize(channel, rows);
        session.channel_success(channel)
    }

    async fn window_change_request(
        &mut self,
        channel: ChannelId,
        _: u32,
        rows: u32,
        _: u32,
        _: u32,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        self.resize(channel, rows);
        Ok(())
    }

    async fn env_request(
        &mut self,
        channel: ChannelId,
        _: &str,
        _: &str,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_success(channel)
    }

    async fn subsystem_request(
        &mut self,
        channel: ChannelId,
        _: &str,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_failure(channel)
    }

    async fn shell_request(&mut self, channel: ChannelId, session: &mut Session) -> Result<(), Self::Error> {
        self.start(channel, session, Shell::welcome)
    }

    async fn exec_request(
        &mut self,
        channel: ChannelId,
        command: &[u8],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        let command = String::from_utf8_lossy(command);
        self.start(channel, session, |shell| shell.execute(&command))
    }

    async fn data(
        &mut self,
        channel: ChannelId,
        data: &[u8],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        let (scissors, waits) = (self.scissors.clone(), Arc::clone(&self.waits));
        let Some(terminal) = self.terminal(channel) else { return Ok(()) };
        match std::mem::replace(&mut terminal.shell, Running::No) {
            Running::No => {}
            Running::Here(mut shell) => {
                let script = shell.keys(data);
                terminal.shell = perform(script, shell, channel, session, scissors, waits)?;
            }
            Running::Apart(typed) => {
                let _ = typed.try_send(Typed::Keys(data.to_vec()));
                terminal.shell = Running::Apart(typed);
            }
        }
        Ok(())
    }
}
