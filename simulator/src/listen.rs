//! The fleet's sockets: one listener a transport, whatever the number of devices.
//!
//! All of 127/8 is local on Linux, so a listener on the wildcard address hears every device; the
//! address that a connection called tells which one was meant.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;

/// Connections that may wait to be accepted; the kernel's `somaxconn` has the last word.
const BACKLOG: i32 = 4096;

/// Hosts in each /24 of the pool: .0 and .255 are left out, which some programs take for the
/// network and for broadcast.
const HOSTS: usize = 254;

/// Devices that the pool has addresses for: 127.1.0.1 to 127.255.255.254.
pub(crate) const MOST_DEVICES: usize = 255 * 256 * HOSTS;

/// Address of the device with this `index`, which is below [`MOST_DEVICES`].
pub(crate) fn address_of(index: usize) -> Ipv4Addr {
    let (net, host) = (index / HOSTS, index % HOSTS);
    Ipv4Addr::new(127, (1 + net / 256) as u8, (net % 256) as u8, (1 + host) as u8)
}

/// Index of the device with this `address`; none outside the pool.
pub(crate) fn index_of(address: Ipv4Addr) -> Option<usize> {
    let [first, second, third, fourth] = address.octets();
    if first != 127 || second == 0 || fourth == 0 || fourth == 255 {
        return None;
    }
    let net = (usize::from(second) - 1) * 256 + usize::from(third);
    Some(net * HOSTS + usize::from(fourth) - 1)
}

/// A listener on a free port, on the loopback interface only.
pub(crate) fn listen() -> io::Result<(TcpListener, u16)> {
    let socket = bind()?;
    // Accepted sockets inherit it.
    socket.set_tcp_nodelay(true)?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    let port = port_of(&socket)?;
    Ok((TcpListener::from_std(socket.into())?, port))
}

/// A port that is taken but refuses connections for as long as the socket lives.
pub(crate) fn refuse() -> io::Result<(Socket, u16)> {
    let socket = bind()?;
    let port = port_of(&socket)?;
    Ok((socket, port))
}

fn bind() -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
    if let Err(error) = socket.bind_device(Some(b"lo")) {
        // Every connection is checked as well.
        tracing::warn!("cannot bind to the loopback interface alone: {error}");
    }
    socket.bind(&SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)).into())?;
    Ok(socket)
}

fn port_of(socket: &Socket) -> io::Result<u16> {
    let address = socket.local_addr()?.as_socket_ipv4();
    address.map(|address: SocketAddrV4| address.port()).ok_or_else(|| io::ErrorKind::AddrNotAvailable.into())
}

/// Allows as many descriptors as the system lets this process have.
pub(crate) fn raise_descriptor_limit() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        tracing::warn!("cannot raise the limit of descriptors: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_indices_belong_together() {
        assert_eq!(address_of(0), Ipv4Addr::new(127, 1, 0, 1));
        assert_eq!(address_of(253), Ipv4Addr::new(127, 1, 0, 254));
        assert_eq!(address_of(254), Ipv4Addr::new(127, 1, 1, 1));
        assert_eq!(address_of(MOST_DEVICES - 1), Ipv4Addr::new(127, 255, 255, 254));
        for index in (0..MOST_DEVICES).step_by(997) {
            assert_eq!(index_of(address_of(index)), Some(index));
        }
        for outside in [[127, 0, 0, 1], [127, 1, 0, 0], [127, 1, 0, 255], [10, 1, 0, 1]] {
            assert_eq!(index_of(outside.into()), None);
        }
    }
}
