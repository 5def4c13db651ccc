//! What a terminal makes of the bytes around a line.

use super::State;
use crate::identity::Identity;

/// A return key that only ends the line.
pub(super) fn return_key(_: &Identity, _: &State, _: &str) -> String {
    "\r\n".to_owned()
}

/// What a prompt leaves on the line of the cursor, without marks and titles for the terminal.
pub(crate) fn last_line(prompt: &str) -> &str {
    let line = prompt.rsplit(['\n', '\r', '\x07']).next().unwrap_or_default();
    line.trim_start_matches("\x1b[?2004h")
}
