//! Real servers on loopback, each started for one test and ended with it.
//!
//! They need root, Debian's packages and a system account, so they run only where the
//! environment variable `NETSWEEP_PEERS` says so: `1` starts those that are installed and shows
//! the others' tests as ignored; `require` makes a missing one a failure.

#![allow(dead_code, reason = "every test target uses a part of it")]

/// Whether peers are wanted, and those that a test needs are installed.
mod wanted;

/// Processes that end together; directories and ports for them.
mod server;

/// The account that the peers let in: its password, its keys and its `show`.
pub(crate) mod account;

/// Networks of their own, for what only a jump host can reach.
pub(crate) mod network;

/// FRRouting: daemons with VTYs, and the shell `vtysh` over all of them.
pub(crate) mod frr;

/// OpenSSH: its server in several tempers, its agent.
pub(crate) mod openssh;

/// dropbear, the SSH server of small systems.
pub(crate) mod dropbear;

/// GNU inetutils' telnetd.
pub(crate) mod telnetd;

pub(crate) use server::Port;
pub(crate) use wanted::trial;
