//! What OpenSSH's client configuration says of a host (ssh_config(5)).
//!
//! Read are `HostName`, `User`, `Port`, `IdentityFile` and `ProxyJump`, under `Host`, and under `Match`
//! by `all`, `host` and `originalhost`, `Include`d files too. Everything else is for OpenSSH alone and
//! passed over.

// `[user@]host[:port]`.
mod hop;
// From text to sections.
mod parse;
// What the sections say of one host.
mod query;
#[cfg(test)]
mod tests;

pub use hop::HopName;
pub use query::{HostSays, SshConfig};
