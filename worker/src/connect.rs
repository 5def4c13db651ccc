//! From an address to a connected socket, in bounded time.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use netsweep_shared::outcome::{ErrorKind, Failure, Stage};
use rustix::io::Errno;
use socket2::{Domain, Protocol, Socket, Type};

use crate::link::{Interest, Link, plain, wait_for};
use crate::transport::TransportError;
use crate::watchdog::Slot;

/// Connects to `port` of `address`, an IP address or a host name, by `deadline`. A name with
/// several addresses has them tried in the order of the system's resolver, each with its share
/// of the time that is left.
///
/// # Errors
/// All at [`Stage::Connect`]: `resolve` where the name has no address, `connect` where no
/// address can be connected to, `timeout` at the deadline, `interrupted` after a cancel,
/// `lockout_guard` where the job was withdrawn.
pub fn connect(address: &str, port: u16, slot: &Slot, deadline: Instant) -> Result<Link, Failure> {
    let allowed = deadline.saturating_duration_since(Instant::now());
    if port == 0 {
        return Err(failure(
            ErrorKind::Connect,
            format!("{address} cannot be reached on port 0: give its port"),
        ));
    }
    let targets = resolve(address, port, slot, deadline, allowed)?;
    let mut misses: Vec<Failure> = vec![];
    for (tried, target) in targets.iter().enumerate() {
        let left = deadline.saturating_duration_since(Instant::now());
        let untried = u32::try_from(targets.len() - tried).unwrap_or(u32::MAX);
        let until = if untried == 1 { deadline } else { Instant::now() + left / untried };
        match connect_to(*target, slot, until) {
            Ok(mut link) => {
                link.set_deadline(deadline);
                return Ok(link);
            }
            Err(Miss::Ended(why)) => {
                return Err(why.at(Stage::Connect, &format!("connecting to {target}")));
            }
            Err(Miss::NoAnswer) => {
                let waited = if targets.len() == 1 { allowed } else { left / untried };
                let message = format!("no answer from {target} within {}", Readable(waited));
                misses.push(failure(ErrorKind::Timeout, message));
            }
            Err(Miss::Failed(message)) => misses.push(failure(ErrorKind::Connect, message)),
        }
    }
    // An address that answered, if only to refuse, tells more than those that were silent.
    let kind = misses.iter().map(|miss| miss.kind).find(|kind| *kind == ErrorKind::Connect);
    let messages: Vec<_> = misses.into_iter().map(|miss| miss.message).collect();
    Err(failure(kind.unwrap_or(ErrorKind::Timeout), messages.join("; ")))
}

fn failure(kind: ErrorKind, message: String) -> Failure {
    Failure::new(kind, Stage::Connect, message)
}

/// The addresses that `address` stands for, never none.
fn resolve(
    address: &str,
    port: u16,
    slot: &Slot,
    deadline: Instant,
    allowed: Duration,
) -> Result<Vec<SocketAddr>, Failure> {
    let literal = address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(address);
    if let Ok(ip) = literal.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(ip, port)]);
    }
    // The system's look-up can be neither bounded nor interrupted: it gets a thread of its own,
    // which is left behind where it takes too long, and ends when the resolver gives up.
    let (sender, receiver) = mpsc::channel();
    let name = literal.to_owned();
    let helper = thread::Builder::new().name("look-up".into()).spawn(move || {
        let found = (name.as_str(), port).to_socket_addrs();
        // Nobody listens any more where it took too long.
        let _ = sender.send(found.map(Vec::from_iter));
    });
    if let Err(error) = helper {
        let message = format!("{address} cannot be looked up, no thread for it: {}", plain(&error));
        return Err(failure(ErrorKind::Resolve, message));
    }
    match wait_for(&receiver, slot, deadline) {
        Ok(Ok(found)) if !found.is_empty() => Ok(distinct(found)),
        Ok(Ok(_)) => Err(failure(ErrorKind::Resolve, format!("{address} has no address"))),
        Ok(Err(error)) => {
            let why = plain(&error);
            let why = why.strip_prefix("failed to lookup address information: ").unwrap_or(&why);
            Err(failure(ErrorKind::Resolve, format!("{address} cannot be resolved: {why}")))
        }
        Err(TransportError::Deadline) => {
            let message =
                format!("no answer from the name service about {address} within {}", Readable(allowed));
            Err(failure(ErrorKind::Timeout, message))
        }
        Err(other) => Err(other.at(Stage::Connect, &format!("looking up {address}"))),
    }
}

fn distinct(found: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let mut targets: Vec<SocketAddr> = vec![];
    for target in found {
        if !targets.contains(&target) {
            targets.push(target);
        }
    }
    targets
}

/// Why one address gave no connection.
enum Miss {
    NoAnswer,
    /// By us.
    Ended(TransportError),
    Failed(String),
}

impl From<TransportError> for Miss {
    fn from(error: TransportError) -> Self {
        match error {
            TransportError::Deadline => Self::NoAnswer,
            TransportError::Cancelled | TransportError::Withdrawn => Self::Ended(error),
            TransportError::Closed(why) | TransportError::Protocol(why) => Self::Failed(why),
        }
    }
}

fn connect_to(target: SocketAddr, slot: &Slot, deadline: Instant) -> Result<Link, Miss> {
    let refused = |error: io::Error| Miss::from(error, target);
    let socket = Socket::new(Domain::for_address(target), Type::STREAM.nonblocking(), Some(Protocol::TCP))
        .map_err(refused)?;
    // libssh2 writes small packets back to back, and a typed line is one as well.
    socket.set_tcp_nodelay(true).map_err(refused)?;
    let under_way = match socket.connect(&target.into()) {
        Ok(()) => false,
        Err(error) if error.raw_os_error() == Some(Errno::INPROGRESS.raw_os_error()) => true,
        Err(error) => return Err(refused(error)),
    };
    let link = Link::new(socket, slot, deadline)?;
    if under_way {
        link.wait(Interest::Write)?;
        if let Some(error) = link.socket().take_error().map_err(refused)? {
            return Err(refused(error));
        }
    }
    if target.ip().is_loopback() && is_own_address(link.socket(), target) {
        return Err(refused(Errno::CONNREFUSED.into()));
    }
    Ok(link)
}

/// TCP's simultaneous open: a port of the local machine on which nobody listens can be chosen
/// as the connection's own, and then it is connected to itself.
fn is_own_address(socket: &Socket, target: SocketAddr) -> bool {
    socket.local_addr().is_ok_and(|local| local.as_socket() == Some(target))
}

impl Miss {
    /// What the system's error means for `target`, and what to do where that is known.
    fn from(error: io::Error, target: SocketAddr) -> Self {
        let ip = target.ip();
        Self::Failed(match error.raw_os_error().map(Errno::from_raw_os_error) {
            Some(Errno::TIMEDOUT) => return Self::NoAnswer,
            Some(Errno::CONNREFUSED) => format!("connection refused by {target}"),
            Some(Errno::CONNRESET) => format!("connection reset by {target}"),
            Some(Errno::HOSTUNREACH) => format!("no route to {ip}, or its host does not answer"),
            Some(Errno::NETUNREACH) => format!("no route to the network of {ip}"),
            Some(Errno::ACCESS | Errno::PERM) => {
                format!("connecting to {target} is forbidden on this machine: look at its firewall")
            }
            Some(Errno::MFILE) => format!(
                "no descriptor left to connect to {target}: raise the limit (ulimit -n) or take fewer threads (-T)"
            ),
            Some(Errno::NFILE) => format!("no descriptor left on this machine to connect to {target}"),
            Some(Errno::ADDRNOTAVAIL) => {
                format!("no free local port to connect to {target}: take fewer threads (-T)")
            }
            Some(Errno::NOBUFS | Errno::NOMEM) => format!("no memory left to connect to {target}"),
            Some(Errno::AFNOSUPPORT) => format!("this machine does not speak the protocol of {ip}"),
            _ => format!("no connection to {target}: {}", plain(&error)),
        })
    }
}

/// A duration for a person: `10 s`, `1.5 s`, `250 ms`.
pub(crate) struct Readable(pub(crate) Duration);

impl std::fmt::Display for Readable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ms = (self.0.as_micros() + 500) / 1000;
        if ms < 1000 {
            return write!(f, "{ms} ms");
        }
        // Tenths are enough, and the call itself has used up a little of the time.
        match ((ms + 50) / 1000, (ms + 50) / 100 % 10) {
            (whole, 0) => write!(f, "{whole} s"),
            (whole, tenths) => write!(f, "{whole}.{tenths} s"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::sync::Arc;

    use super::*;
    use crate::watchdog::Watchdog;

    fn slot() -> Slot {
        Watchdog::start(1).expect("starts").slot(0)
    }

    fn within(time: Duration) -> Instant {
        Instant::now() + time
    }

    const AMPLE: Duration = Duration::from_secs(20);

    #[test]
    fn a_literal_address_is_connected_to_without_delay() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("listens");
        let port = listener.local_addr().expect("address").port();
        let link = connect("127.0.0.1", port, &slot(), within(AMPLE)).expect("connects");
        assert!(link.socket().tcp_nodelay().expect("asks"));
        assert!(link.deadline() > within(AMPLE / 2));
    }

    #[test]
    fn a_name_is_looked_up_and_its_addresses_tried_in_order() {
        // Only on IPv4: where localhost is ::1 first, that one is refused on the way.
        let listener = TcpListener::bind("127.0.0.1:0").expect("listens");
        let port = listener.local_addr().expect("address").port();
        connect("localhost", port, &slot(), within(AMPLE)).expect("connects");
    }

    #[test]
    fn a_refusal_is_named() {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port();
        let failure = connect("127.0.0.1", port, &slot(), within(AMPLE)).expect_err("refused");
        assert_eq!(failure.kind, ErrorKind::Connect);
        assert_eq!(failure.stage, Stage::Connect);
        assert_eq!(failure.message, format!("connection refused by 127.0.0.1:{port}"));
    }

    #[test]
    fn a_peer_that_does_not_answer_is_a_timeout() {
        // A listener whose queue is full drops what asks to connect.
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("socket");
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).expect("binds");
        socket.listen(0).expect("listens");
        let target = socket.local_addr().expect("address").as_socket().expect("IP");
        let _full: Vec<_> = (0..4)
            .map(|_| {
                let filler = Socket::new(Domain::IPV4, Type::STREAM.nonblocking(), None).expect("socket");
                let _ = filler.connect(&target.into());
                filler
            })
            .collect();
        thread::sleep(Duration::from_millis(50));
        let failure = connect("127.0.0.1", target.port(), &slot(), within(Duration::from_millis(500)))
            .expect_err("no answer");
        assert_eq!(failure.kind, ErrorKind::Timeout, "{failure}");
        assert_eq!(failure.message, format!("no answer from {target} within 500 ms"));
    }

    #[test]
    fn a_name_without_address_is_a_resolve_failure() {
        // Reserved never to exist: RFC 6761, 6.4.
        let failure = connect("router.invalid", 22, &slot(), within(AMPLE)).expect_err("no such name");
        assert_eq!(failure.kind, ErrorKind::Resolve, "{failure}");
        assert!(failure.message.starts_with("router.invalid cannot be resolved: "), "{failure}");
        let failure = connect("a\0b", 22, &slot(), within(AMPLE)).expect_err("no name at all");
        assert_eq!(failure.kind, ErrorKind::Resolve, "{failure}");
    }

    #[test]
    fn a_cancelled_worker_connects_to_nothing() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("listens");
        let port = listener.local_addr().expect("address").port();
        let watchdog = Watchdog::start(1).expect("starts");
        watchdog.cancel_all();
        let failure = connect("127.0.0.1", port, &watchdog.slot(0), within(AMPLE)).expect_err("cancelled");
        assert_eq!(failure.kind, ErrorKind::Interrupted);
        let failure = connect("localhost", port, &watchdog.slot(0), within(AMPLE)).expect_err("cancelled");
        assert_eq!(failure.kind, ErrorKind::Interrupted);
    }

    #[test]
    fn port_zero_is_told_apart() {
        let failure = connect("127.0.0.1", 0, &slot(), within(AMPLE)).expect_err("no port");
        assert_eq!(failure.kind, ErrorKind::Connect);
    }

    #[test]
    fn system_errors_carry_a_remedy() {
        let target = SocketAddr::from(([192, 0, 2, 1], 22));
        for (errno, words) in [
            (Errno::MFILE, "ulimit -n"),
            (Errno::ADDRNOTAVAIL, "no free local port"),
            (Errno::HOSTUNREACH, "no route to 192.0.2.1"),
            (Errno::ACCESS, "firewall"),
        ] {
            match Miss::from(errno.into(), target) {
                Miss::Failed(message) => assert!(message.contains(words), "{message}"),
                _ => panic!("{errno} must fail"),
            }
        }
        assert!(matches!(Miss::from(Errno::TIMEDOUT.into(), target), Miss::NoAnswer));
    }

    #[test]
    fn a_dropped_link_closes_the_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("listens");
        let port = listener.local_addr().expect("address").port();
        let link = connect("127.0.0.1", port, &slot(), within(AMPLE)).expect("connects");
        let kept = Arc::clone(link.socket());
        let (mut peer, _) = listener.accept().expect("accepts");
        drop(link);
        assert_eq!(io::Read::read(&mut peer, &mut [0]).expect("reads"), 0);
        drop(kept);
    }

    #[test]
    fn durations_are_readable() {
        let text = |ms| Readable(Duration::from_millis(ms)).to_string();
        assert_eq!(
            (text(250), text(1500), text(10_000), text(9_999)),
            ("250 ms".into(), "1.5 s".into(), "10 s".into(), "10 s".into())
        );
    }
}
