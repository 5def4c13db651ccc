//! Everything that a device's bytes reach, fed with anything: one function a target.
//!
//! A target takes any bytes, reads them as what a device does ([`input`]), and panics where
//! something does not hold that must hold of every device. Two callers: tests run each for a
//! bounded time, from seeds ([`bounded`]); libFuzzer looks for inputs that go new ways
//! (`fuzz/`, built with `--cfg fuzzing`).

// What a device does, and a device that does it.
mod device;
pub(crate) mod input;
mod platforms;
// The targets.
mod cleaning;
mod frames;
mod session;
// The bounded runs.
#[cfg(test)]
mod bounded;
#[cfg(test)]
mod corpus;
#[cfg(test)]
mod floods;
#[cfg(test)]
mod seeds;

pub use crate::transport::ssh::overheard;
pub use crate::transport::telnet::fuzz::telnet;

pub use self::cleaning::cleaning;
pub use self::frames::frames;
pub use self::session::session;
