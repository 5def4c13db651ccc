//! From a device's bytes to lines of text, and back.

// Undoes what a device does to a terminal.
mod cleaner;
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
