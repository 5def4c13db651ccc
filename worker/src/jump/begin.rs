//! A connection to a jump host, up to the login.

use std::net::Shutdown;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use netsweep_shared::outcome::{ErrorKind, Failure, Stage};

use super::hub::{Blocked, Hub, Patience, name};
use super::pump::Pump;
use super::way::Way;
use crate::connect::connect;
use crate::link::plain;
use crate::transport::ssh::Connection;
use crate::watchdog::Slot;

/// As much as a session thread has, for the same libraries.
const STACK: usize = 512 * 1024;

/// Starts a thread that connects to the end of `way` and then serves those who wait there. It takes
/// the time of `patience` for each step, but is bound to no session's end: others may wait longer.
pub(super) fn begin(hub: &Arc<Hub>, way: &Arc<Way>, slot: Slot, patience: Patience) {
    let mut promise = Promise { way: Arc::clone(way), kept: false };
    let hub = Arc::clone(hub);
    let thread = thread::Builder::new().name("jump".into()).stack_size(STACK);
    let through = name(&way.chain);
    let started = thread.spawn(move || {
        let way = Arc::clone(&promise.way);
        match open(&hub, &way, &slot, patience) {
            Ok(connection) => {
                // From here on the hub may go, and we with it.
                drop(hub);
                match Pump::new(connection, &way) {
                    Ok(pump) => {
                        // It has told them itself.
                        promise.is_kept();
                        pump.run();
                    }
                    Err(error) => {
                        promise.keep(&broken(&through, &format!("no descriptor left for it: {error}")));
                    }
                }
            }
            Err(failure) => promise.keep(&failure),
        }
    });
    if let Err(error) = started {
        // The promise went with the thread that was not to be.
        tracing::warn!("no thread for a connection to {}: {}", name(&way.chain), plain(&error));
    }
}

/// Those who wait hear what came of it, even where the thread panics or cannot be had.
struct Promise {
    way: Arc<Way>,
    kept: bool,
}

impl Promise {
    fn keep(&mut self, failure: &Failure) {
        self.is_kept();
        self.way.failed(failure);
    }

    fn is_kept(&mut self) {
        self.kept = true;
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        if !self.kept {
            let through = name(&self.way.chain);
            self.keep(&broken(&through, "its thread failed, see the log"));
        }
    }
}

fn broken(through: &str, why: &str) -> Failure {
    Failure::new(ErrorKind::Connect, Stage::Connect, format!("{through}: {why}"))
}

/// Connects, by way of the jump hosts before it, and logs in.
fn open(hub: &Arc<Hub>, way: &Way, slot: &Slot, patience: Patience) -> Result<Box<Connection>, Failure> {
    let Some((jump, before)) = way.chain.split_last() else {
        return Err(broken("jump host", "there is none"));
    };
    let through = name(&way.chain);
    let of_jump =
        |failure: Failure| Failure { message: format!("{through}: {}", failure.message), ..failure };
    let link = if before.is_empty() {
        connect(&jump.address, jump.port, slot, Instant::now() + patience.connect).map_err(of_jump)?
    } else {
        let hops = u32::try_from(before.len() + 1).unwrap_or(u32::MAX);
        let until = Instant::now() + patience.connect.saturating_add(patience.login).saturating_mul(hops);
        let mut new_key = |hop, key: &[u8]| way.tell_of_key(hop, key);
        let target = (jump.address.as_str(), jump.port);
        let patience = Patience { until, ..patience };
        hub.reach(before, target, patience, slot, &mut new_key).map_err(Blocked::into_failure)?
    };
    let socket = Arc::clone(link.socket());
    let mut untold = false;
    let mut new_key = |key: &[u8]| {
        let hop = u32::try_from(before.len()).unwrap_or(u32::MAX);
        if !way.tell_of_key(hop, key) {
            // Nobody waits any more, and a key that nobody has heard of is not logged in to.
            untold = true;
            let _ = socket.shutdown(Shutdown::Both);
        }
    };
    let deadline = Instant::now() + patience.login;
    Connection::open(link, &jump.login, None, &jump.ssh, &mut new_key, deadline).map_err(|failure| {
        let failure = of_jump(failure);
        if !failure.may_pass() && failure.kind != ErrorKind::Interrupted && !untold {
            hub.remember(&way.chain, &failure);
        }
        failure
    })
}
