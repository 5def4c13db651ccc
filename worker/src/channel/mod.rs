//! From a device's bytes to lines of text, and back.

// Lines: as a terminal would show them, or to the byte.
mod cleaner;
mod verbatim;
// Tells the echo of a command from its output.
mod echo;
// The prompt, learned at login.
mod prompt;
// Joins them with a transport.
mod conduit;

pub use cleaner::{Cleaner, LineSink};
pub use conduit::Channel;
pub use echo::{Echo, Heard};
pub use prompt::Prompt;
