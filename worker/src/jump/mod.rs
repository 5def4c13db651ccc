//! Ways through SSH servers to hosts behind them (RFC 4254, 7.2).
//!
//! libssh2 knows no jumps. A jump is a `direct-tcpip` channel of a connection to the jump host; one
//! end of a Unix socket pair stands for it, so that whatever uses a socket, the next jump host's
//! connection included, works through it unchanged.
//!
//! A connection to a jump host is shared by the worker's sessions. A libssh2 session and its
//! channels belong to one thread, so each such connection has one, its pump, which moves the bytes
//! of all its channels.
//!
//! A session thread asks the [`Hub`] and waits; the hub keeps a queue for each way; pumps take
//! from it whenever they are free.
//!
//! Descriptors: a pair for each session, in place of its socket; and for each connection to a jump
//! host one that wakes its pump, and its socket or, behind another jump host, a pair. Sessions that
//! share a jump host need one connection for every [`MOST_CHANNELS`] of them, a few more while many
//! begin at once, and one for each device that keeps the jump host waiting. Where nothing is shared, a
//! session through `n` jump hosts takes `3n + 1` descriptors and `n` threads besides its own. A few
//! connections are kept for later sessions.

// Who is asked, and what was refused once and for all.
mod hub;
pub use hub::{Blocked, Hub, Patience};
// What waits: one request; all of one way, and who serves them.
mod request;
mod way;
pub use way::MOST_CHANNELS;
// Who serves: a connection is begun, and moves bytes until it ends.
mod begin;
mod joint;
mod opening;
mod pump;
