//! A fleet that listens and answers.

use std::io;
use std::net::{IpAddr, SocketAddrV4};
use std::sync::Arc;
use std::time::Duration;

use netsweep_shared::fleet::{Fault, FleetReport, FleetSpec, SimulatedDevice};
use netsweep_shared::job::Transport;
use socket2::Socket;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::device::{Device, Settings};
use crate::login_server::Server;
use crate::ssh::Hosts;
use crate::waits::Waits;
use crate::{fault, listen, ssh, telnet};

/// How long accepting rests where the system has no descriptor left.
const EXHAUSTED_REST: Duration = Duration::from_millis(20);

/// A running fleet. Dropping it ends the listening; sessions end with their peers or with the
/// runtime.
#[derive(Debug)]
pub struct Fleet {
    endpoints: Vec<SocketAddrV4>,
    settings: Arc<Settings>,
    listeners: [JoinHandle<()>; 2],
    /// Holds the port of the devices that refuse.
    _refusing: Socket,
}

impl Fleet {
    /// Starts the devices of `spec`; when it returns, every one can be reached.
    ///
    /// # Errors
    /// Sockets that cannot be had, a platform of which no manners are known, or more devices than 127/8 has
    /// addresses.
    ///
    /// # Panics
    /// Outside a Tokio runtime with I/O and timers.
    pub fn start(spec: FleetSpec) -> io::Result<Self> {
        if spec.devices.len() > listen::MOST_DEVICES {
            let (devices, most) = (spec.devices.len(), listen::MOST_DEVICES);
            return Err(invalid(format!("{devices} devices; 127/8 has room for {most}")));
        }
        listen::raise_descriptor_limit();
        let (ssh, ssh_port) = listen::listen()?;
        let (telnet, telnet_port) = listen::listen()?;
        let (refusing, refused_port) = listen::refuse()?;
        let settings = Arc::new(Settings {
            seed: spec.seed,
            latency: spec.latency,
            login_server: spec.login_server.map(Server::new),
            output_bytes: spec.output_bytes,
            ..Settings::default()
        });
        let simulated = |spec: SimulatedDevice| {
            let unknown = format!("no manners are known of {}, the platform of {}", spec.platform, spec.name);
            Ok(Arc::new(Device::new(spec, &settings).ok_or_else(|| invalid(unknown))?))
        };
        let devices = spec.devices.into_iter().map(simulated).collect::<io::Result<Arc<[_]>>>()?;
        let endpoint = |(index, device): (usize, &Arc<Device>)| {
            let port = match (device.fault, device.transport) {
                (Some(Fault::Refuse), _) => refused_port,
                (_, Transport::Ssh) => ssh_port,
                (_, Transport::Telnet) => telnet_port,
            };
            SocketAddrV4::new(listen::address_of(index), port)
        };
        let endpoints = devices.iter().enumerate().map(endpoint).collect();
        let hosts = Arc::new(Hosts::new(spec.seed));
        let accept = |listener, transport| {
            tokio::spawn(accept(listener, transport, Arc::clone(&devices), Arc::clone(&hosts)))
        };
        let listeners = [accept(ssh, Transport::Ssh), accept(telnet, Transport::Telnet)];
        Ok(Self { endpoints, settings, listeners, _refusing: refusing })
    }

    /// Where each device of the spec is reached, in the order of the spec.
    pub fn endpoints(&self) -> &[SocketAddrV4] {
        &self.endpoints
    }

    /// What the fleet saw so far. The CPU time is that of the whole process.
    pub fn report(&self) -> FleetReport {
        self.settings.counters.report()
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        self.listeners.iter().for_each(JoinHandle::abort);
    }
}

fn invalid(spec: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, spec)
}

/// Accepts connections and hands each to its device.
async fn accept(listener: TcpListener, transport: Transport, devices: Arc<[Arc<Device>]>, hosts: Arc<Hosts>) {
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!("cannot accept a connection: {error}");
                tokio::time::sleep(EXHAUSTED_REST).await;
                continue;
            }
        };
        // Whoever called another address than a device's gets no answer.
        let Some(device) = called(&stream).and_then(|index| devices.get(index)) else { continue };
        if device.transport == transport && !device.has(Fault::Refuse) {
            device.settings.counters.connections.up();
            tracing::debug!("{} is called", device.name);
            tokio::spawn(converse(Arc::clone(device), stream, Arc::clone(&hosts)));
        }
    }
}

/// Index of the device that a connection called; only loopback addresses have one.
fn called(stream: &TcpStream) -> Option<usize> {
    match stream.local_addr().ok()?.ip() {
        IpAddr::V4(address) => listen::index_of(address),
        IpAddr::V6(_) => None,
    }
}

/// One connection from its first byte to its last.
async fn converse(device: Arc<Device>, stream: TcpStream, hosts: Arc<Hosts>) {
    let waits = Waits::new(&device.settings);
    if !device.has(Fault::Silent) {
        waits.pause(device.pace().connect()).await;
    }
    let Some(stream) = fault::before_login(&device, stream).await else { return };
    match device.transport {
        Transport::Ssh => ssh::serve(device, stream, &hosts, waits).await,
        Transport::Telnet => telnet::serve(device, stream, waits).await,
    }
}
