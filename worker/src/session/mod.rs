//! One login on one device: let in, prepared, its commands run, in straight-line code.
//!
//! A step sends a line and reads until its prompt is back; no step waits for anything else, and
//! none waits a fixed time.

// Who is told, and the whole conversation.
mod converse;
mod observer;
// The other way to run commands: without a shell.
mod exec;
// Its steps, in their order.
mod commands;
mod login;
mod prepare;
mod privileges;
// What they are made of: one question and its answer; one wait.
mod ask;
mod state;
mod wait;

pub use converse::{Deadlines, converse};
pub use exec::execute;
pub use observer::Observer;
