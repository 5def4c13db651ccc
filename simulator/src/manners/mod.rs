//! How the devices of a platform behave on a terminal: data, with functions where data ends.
//!
//! To add a platform: one file with a `Manners`, of which most can be another platform's, and a line in
//! `registry`. The tests in `fit` hold it against the platform's own file.

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
pub(crate) use behaviour::{Interpreter, Login, Manners, Pager, Question};
pub(crate) use state::{Mode, Reply, State};

// What several have in common.
mod bash;
mod cli;
mod ios_like;
mod template;
mod terminal;
pub(crate) use terminal::last_line;
use terminal::return_key;

// The platforms, and by which names they are found.
mod arista_eos;
mod cisco_asa;
mod cisco_ios;
mod cisco_nxos;
mod cisco_xe;
mod cisco_xr;
mod dell_os10;
mod extreme_exos;
mod fortinet_fortios;
mod frr;
mod generic;
mod hp_comware;
mod huawei_vrp;
mod juniper_junos;
mod linux;
mod mikrotik_routeros;
mod nokia_sros;
mod paloalto_panos;
mod registry;
mod vyos;
pub(crate) use registry::of;
pub use registry::platforms;
#[cfg(test)]
mod fit;
