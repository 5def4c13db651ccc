//! `netsweep experiment`: what processes, threads and a mix of both do to a sweep.
//!
//! - [`results`]: what was found, as it is kept, printed and drawn

pub mod results;
