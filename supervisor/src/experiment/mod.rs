//! `netsweep experiment`: what processes, threads and a mix of both do to a sweep.
//!
//! - [`results`]: what was found, as it is kept, printed and drawn
//! - [`figures`]: what follows from it: medians, spreads, speed-ups, knees
//! - [`report`]: how it is told: a table, CSV, JSON, Markdown, a page

pub mod figures;
pub mod report;
pub mod results;
