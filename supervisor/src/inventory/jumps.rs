//! What stands between us and a device.
//!
//! `jump` names devices of the inventory, which bring their own credentials and their own jumps, or
//! other hosts as `[user@]host[:port]`, which are logged in to with what the device itself uses.
//! Several stand for a chain, the first of them reached from here.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use netsweep_shared::job::Transport;

use super::device::{Device, Hop};
use super::problems::Problems;
use crate::secrets::Credentials;
use crate::ssh_config::SshConfig;

/// Nothing in between, although a group or the SSH configuration says so.
const NONE: [&str; 2] = ["", "none"];

/// What a device says of its jumps: the text, and where in the inventory it stands.
pub(super) type Said = Option<(Arc<str>, usize)>;

/// Resolves the jumps of all `devices`, of which `said` tells what they say.
pub(super) fn resolve(devices: &mut [Device], said: &[Said], config: &SshConfig, problems: &mut Problems) {
    let by_name =
        devices.iter().enumerate().map(|(index, device)| (Arc::clone(&device.name), index)).collect();
    let mut resolver = Resolver { devices, said, by_name, config, problems, known: HashMap::new() };
    let all: Vec<Arc<[Hop]>> = (0..said.len()).map(|index| resolver.jumps_of(index, &mut vec![])).collect();
    for (device, jumps) in devices.iter_mut().zip(all) {
        device.jumps = jumps;
    }
}

struct Resolver<'a> {
    devices: &'a [Device],
    said: &'a [Said],
    by_name: HashMap<Arc<str>, usize>,
    config: &'a SshConfig,
    problems: &'a mut Problems,
    /// By device.
    known: HashMap<usize, Arc<[Hop]>>,
}

impl Resolver<'_> {
    /// `on_the_way` are the devices that are being resolved.
    fn jumps_of(&mut self, index: usize, on_the_way: &mut Vec<usize>) -> Arc<[Hop]> {
        let Some((text, place)) = &self.said[index] else { return Arc::new([]) };
        if let Some(known) = self.known.get(&index) {
            return Arc::clone(known);
        }
        if on_the_way.contains(&index) {
            let names: Vec<&str> =
                on_the_way.iter().chain([&index]).map(|at| &*self.devices[*at].name).collect();
            let message = format!("jump: {} go round in a circle", names.join(" → "));
            self.problems.add(&(*place..*place), message);
            return Arc::new([]);
        }
        on_the_way.push(index);
        let mut hops: Vec<Hop> = vec![];
        for text in text.split(',').map(str::trim).filter(|text| !NONE.contains(text)) {
            match self.by_name.get(text) {
                // Said for a whole group, to which the jump host belongs.
                Some(&jump) if jump == index => {}
                Some(&jump) => {
                    if hops.is_empty() {
                        hops.extend_from_slice(&self.jumps_of(jump, on_the_way));
                    }
                    match hop(&self.devices[jump]) {
                        Some(hop) => hops.push(hop),
                        None => {
                            self.wrong(*place..*place, text, "is reached by telnet, and so is no jump host")
                        }
                    }
                }
                None => match self.host(text, &self.devices[index]) {
                    Ok(hop) => hops.push(hop),
                    Err(why) => self.wrong(*place..*place, text, why),
                },
            }
        }
        on_the_way.pop();
        let hops: Arc<[Hop]> = hops.into();
        self.known.insert(index, Arc::clone(&hops));
        hops
    }

    fn wrong(&mut self, at: Range<usize>, jump: &str, why: &str) {
        self.problems.add(&at, format!("jump {jump:?} {why}"));
    }

    /// `[user@]host[:port]` on the way to `device`.
    fn host(&self, text: &str, device: &Device) -> Result<Hop, &'static str> {
        const MALFORMED: &str = "is neither a device nor [user@]host[:port]";
        let (user, host) = text.rsplit_once('@').map_or((None, text), |(user, host)| (Some(user), host));
        let (host, port) = match host.rsplit_once(':') {
            // An IPv6 address without brackets has no port.
            Some((name, port)) if !name.contains(':') || name.ends_with(']') => (name, Some(port)),
            _ => (host, None),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let port = port
            .map(|port| port.parse::<u16>().ok().filter(|port| *port > 0).ok_or(MALFORMED))
            .transpose()?;
        if host.is_empty() || host.contains(char::is_whitespace) || user == Some("") {
            return Err(MALFORMED);
        }
        let said = self.config.host(host);
        let username = user.map(Arc::from).or(said.user.map(Arc::from));
        let mut credentials = Credentials {
            username: username.unwrap_or_else(|| Arc::clone(&device.credentials.username)),
            enable_password: None,
            ..device.credentials.clone()
        };
        credentials.or_key(said.identity);
        let address = said.host_name.map_or_else(|| host.into(), Arc::from);
        Ok(Hop { address, port: port.or(said.port).unwrap_or(22), credentials, ssh_legacy: false })
    }
}

/// `device` on the way to another one.
fn hop(device: &Device) -> Option<Hop> {
    let route = device.routes.iter().find(|route| route.transport == Transport::Ssh)?;
    Some(Hop {
        address: Arc::clone(&device.address),
        port: route.port,
        credentials: Credentials { enable_password: None, ..device.credentials.clone() },
        ssh_legacy: device.ssh_legacy,
    })
}
