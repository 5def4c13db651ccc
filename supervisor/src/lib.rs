//! netsweep's supervisor: runs commands on many devices through worker processes.
//!
//! A job's way is one way: inventory → selection → plan → dispatch → pipe → session thread →
//! outcome → pipe → record → listeners. The modules stand in that order.

// What the user wants.
pub mod cli;
// Which devices, on which platforms, with which secrets.
pub mod commands_file;
pub mod home;
pub mod host_keys;
pub mod inventory;
pub mod platforms;
pub mod secrets;
pub mod select;
pub mod ssh_config;
// What will be done, with how many processes and threads, and in which order.
pub mod mix;
pub mod order;
pub mod plan;
// Doing it: decisions, then processes and pipes.
pub mod dispatch;
pub mod supervise;
// The simulated fleet's process.
pub mod fleet;
// Many sweeps, to be compared.
pub mod experiment;
// What happened, and everyone who listens.
pub mod event;
pub mod output;
pub mod record;
pub mod store;
pub mod usage;

pub use cli::main;
