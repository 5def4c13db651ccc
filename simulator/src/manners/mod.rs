//! How the devices of a platform behave on a terminal: data, with functions where data ends.
//!
//! To add a platform: one file with a `Manners`, and its names in `registry`.

/// Adds a line to a text: `line!(text, "{} is up", port)`.
macro_rules! line {
    ($text:expr) => { $text.push('\n') };
    ($text:expr, $($arguments:tt)*) => {{
        use std::fmt::Write as _;
        // Writing to a string does not fail.
        let _ = writeln!($text, $($arguments)*);
    }};
}

// What there is to say about a platform.
mod behaviour;
mod state;
pub(crate) use behaviour::{Login, Manners, Pager};
pub(crate) use state::{Mode, Reply, State};

// What several have in common.
mod bash;
mod cli;

// The platforms, and by which names they are found.
mod arista_eos;
mod cisco_ios;
mod huawei_vrp;
mod juniper_junos;
mod linux;
mod registry;
pub(crate) use registry::of;
