//! The device's own value wins, then its groups' in order, then the defaults.

use std::sync::Arc;

use netsweep_shared::job::{Route, Transport};

use super::device::{Credentials, Device};
use super::settings::{Settings, TransportEntry};

/// What devices of the same groups have in common, unless they say otherwise.
#[derive(Debug)]
pub(super) struct Inherited {
    groups: Arc<[Arc<str>]>,
    settings: Settings,
    routes: Arc<[Route]>,
    credentials: Arc<Credentials>,
}

impl Inherited {
    /// From `levels`, the nearest first.
    pub(super) fn new<'a>(
        groups: Arc<[Arc<str>]>,
        levels: impl DoubleEndedIterator<Item = &'a Settings>,
    ) -> Self {
        let settings = levels.rev().fold(Settings::default(), |farther, nearer| nearer.over(&farther));
        let (routes, credentials) = (settings.routes(), settings.credentials().into());
        Self { groups, settings, routes, credentials }
    }

    /// A device that says `own` of itself, without its name and address, and whether somebody chose the
    /// port of its SSH server. Its platform may be empty.
    pub(super) fn device(&self, own: &Settings) -> (Device, Settings) {
        let settings = own.over(&self.settings);
        let device = Device {
            name: Arc::default(),
            address: Arc::default(),
            routes: if own.says_routes() { settings.routes() } else { Arc::clone(&self.routes) },
            jumps: Arc::default(),
            platform: settings.platform.clone().unwrap_or_default(),
            credentials: if own.says_credentials() {
                Arc::new(settings.credentials())
            } else {
                Arc::clone(&self.credentials)
            },
            ssh_legacy: settings.ssh_legacy.unwrap_or(false),
            mode: settings.mode.unwrap_or_default(),
            keepalive: settings.keepalive,
            encoding: settings.encoding.filter(|encoding| *encoding != encoding_rs::UTF_8),
            connect_timeout: settings.connect_timeout,
            command_timeout: settings.command_timeout,
            commands: settings.commands.clone().unwrap_or_default(),
            vars: settings.vars.clone(),
            groups: Arc::clone(&self.groups),
        };
        (device, settings)
    }
}

impl Settings {
    /// These where they say something, and otherwise the `farther`.
    fn over(&self, farther: &Self) -> Self {
        macro_rules! nearest {
            ($key:ident) => {
                self.$key.clone().or_else(|| farther.$key.clone())
            };
        }
        let transport = self.transport.as_ref();
        // The port is the first transport's. Where that came with a port of its own, only what is said
        // nearer changes it.
        let settles_port = transport.is_some_and(|entries| entries[0].port.is_some());
        Self {
            platform: nearest!(platform),
            transport: nearest!(transport),
            port: if settles_port { None } else { nearest!(port) },
            username: nearest!(username),
            password: nearest!(password),
            enable_password: nearest!(enable_password),
            private_key: nearest!(private_key),
            agent: nearest!(agent),
            jump: nearest!(jump),
            ssh_legacy: nearest!(ssh_legacy),
            mode: nearest!(mode),
            keepalive: nearest!(keepalive),
            encoding: nearest!(encoding),
            connect_timeout: nearest!(connect_timeout),
            command_timeout: nearest!(command_timeout),
            commands: nearest!(commands),
            vars: self.vars.over(&farther.vars),
        }
    }

    fn says_routes(&self) -> bool {
        self.transport.is_some() || self.port.is_some()
    }

    fn says_credentials(&self) -> bool {
        self.username.is_some()
            || self.password.is_some()
            || self.enable_password.is_some()
            || self.private_key.is_some()
            || self.agent.is_some()
    }

    fn credentials(&self) -> Credentials {
        Credentials {
            username: self.username.clone().unwrap_or_default(),
            password: self.password.clone(),
            enable_password: self.enable_password.clone(),
            private_key: self.private_key.clone(),
            agent: self.agent.unwrap_or(false),
        }
    }

    /// The transports, each with the port that was said of it.
    fn entries(&self) -> impl Iterator<Item = TransportEntry> {
        const SSH: [TransportEntry; 1] = [TransportEntry { transport: Transport::Ssh, port: None }];
        let entries = self.transport.as_deref().unwrap_or(&SSH).iter().enumerate();
        entries.map(|(place, entry)| TransportEntry {
            port: self.port.filter(|_| place == 0).or(entry.port),
            ..*entry
        })
    }

    fn routes(&self) -> Arc<[Route]> {
        let route = |entry: TransportEntry| Route {
            transport: entry.transport,
            port: entry.port.unwrap_or_else(|| entry.transport.default_port()),
        };
        self.entries().map(route).collect()
    }

    /// Whether somebody chose the port of its SSH server.
    pub(super) fn says_ssh_port(&self) -> bool {
        self.entries().any(|entry| entry.transport == Transport::Ssh && entry.port.is_some())
    }
}
