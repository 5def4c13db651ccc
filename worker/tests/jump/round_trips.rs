//! How often a session waits for its device: what it takes on a long line.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use netsweep_shared::job::Job;
use netsweep_shared::job::Transport::{self, Ssh, Telnet};

use crate::sessions::Devices;
use crate::worker::{Worker, job};
use crate::{eventually, target};

/// How late everything comes that a device says: long enough for it to have said all that it says unasked.
const DELAY: Duration = Duration::from_millis(40);

/// Carries a connection to a device and back, what it says late; whether the client spoke after it had heard
/// something is counted.
fn line(mut client: TcpStream, mut device: TcpStream, trips: &AtomicUsize) {
    let heard = Arc::new(AtomicBool::new(false));
    let back = {
        let (mut device, mut client) =
            (device.try_clone().expect("clones"), client.try_clone().expect("clones"));
        let heard = Arc::clone(&heard);
        device.set_read_timeout(Some(DELAY)).expect("sets");
        thread::spawn(move || {
            let (mut said, mut chunk) = (vec![], [0; 64 * 1024]);
            loop {
                match device.read(&mut chunk) {
                    Ok(n @ 1..) => said.extend_from_slice(&chunk[..n]),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {
                        if !said.is_empty() {
                            heard.store(true, Ordering::SeqCst);
                            if client.write_all(&said).is_err() {
                                break;
                            }
                            said.clear();
                        }
                    }
                    _ => break,
                }
            }
            let _ = client.write_all(&said);
            let _ = client.shutdown(Shutdown::Write);
        })
    };
    let mut chunk = [0; 64 * 1024];
    while let Ok(n @ 1..) = client.read(&mut chunk) {
        if heard.swap(false, Ordering::SeqCst) {
            trips.fetch_add(1, Ordering::SeqCst);
        }
        if device.write_all(&chunk[..n]).is_err() {
            break;
        }
    }
    let _ = device.shutdown(Shutdown::Both);
    let _ = back.join();
}

/// How often a session of two commands spoke after it had heard something. The least of some: where a device is held
/// up between two of its words, the client answers each.
fn round_trips(transport: Transport) -> usize {
    let devices = Devices::start(&[(transport, None)]);
    let (address, port) = (devices.address(0), devices.port(0));
    let [trips, ended] = [(), ()].map(|()| Arc::new(AtomicUsize::new(0)));
    let ours = {
        let (trips, ended) = (Arc::clone(&trips), Arc::clone(&ended));
        target(move |client| {
            let device = TcpStream::connect((address.as_str(), port)).expect("connects");
            for socket in [&client, &device] {
                socket.set_nodelay(true).expect("sets");
            }
            line(client, device, &trips);
            ended.fetch_add(1, Ordering::SeqCst);
        })
    };
    let mut worker = Worker::start(1, &["cisco_ios"]);
    let counts = (0..3u32).map(|id| {
        trips.store(0, Ordering::SeqCst);
        let commands = vec!["show version".into(), "show clock".into()];
        let (end, output) = worker.run(Job { commands, ..job(id, "127.0.0.1", &[(transport, ours)], &[]) });
        assert_eq!(end.failure, None);
        assert!(output.contains("IOS"), "{output}");
        eventually("the line is closed", || ended.load(Ordering::SeqCst) > id as usize);
        trips.load(Ordering::SeqCst)
    });
    counts.min().expect("three of them")
}

/// Beyond TCP's own: each is a wait of one round trip, but for a goodbye.
#[test]
fn no_round_trip_is_made_that_could_be_saved() {
    // The version goes out unasked. Algorithms and the key exchange; the request for the login service; password;
    // channel; terminal and shell together, with the prompt; a command that prepares the terminal; another together
    // with the first command; the second.
    assert_eq!(round_trips(Ssh), 5 + 1 + 2);
    // Options, with the question for the name; password, with the prompt; the same from there on; goodbye.
    assert_eq!(round_trips(Telnet), 2 + 1 + 2 + 1);
}
