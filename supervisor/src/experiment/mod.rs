//! `netsweep experiment`: what processes, threads and a mix of both do to a sweep.
//!
//! - [`workload`]: what sessions do, and what the simulated devices are like
//! - [`book`]: the sweeps that were published, and devices that explain their times
//! - [`python`]: the same work done by Python
//! - [`results`]: what was found, as it is kept, printed and drawn
//! - [`figures`]: what follows from it: medians, spreads, speed-ups, knees
//! - [`report`]: how it is told: a table, CSV, JSON, Markdown, a page

pub mod book;
pub mod figures;
pub mod python;
pub mod report;
pub mod results;
pub mod workload;
