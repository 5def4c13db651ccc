//! From what a device sends to the text of its answers. Nothing here waits or sends.
//!
//! Bytes become lines either as a terminal would show them ([`screen`]) or to the byte
//! ([`verbatim`]); [`answer`] takes the echo, the pager's leavings and the prompt off and hands
//! the rest to a [`record`].

// Characters of the device's encoding.
pub(crate) mod charset;
// Lines, and who takes them.
pub(crate) mod line;
pub(crate) mod screen;
pub(crate) mod verbatim;
// What stands before, behind and around an output.
pub(crate) mod echo;
pub(crate) mod preamble;
pub(crate) mod prompt;
// One answer: its lines in, its output out.
pub(crate) mod answer;
pub(crate) mod record;
pub(crate) mod refusals;
