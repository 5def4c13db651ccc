//! `netsweep experiment`: what processes, threads and a mix of both do to a sweep.
//!
//! What is to be measured:
//! - [`workload`]: what sessions do, and what the simulated devices are like
//! - [`matrix`]: sections of mixes, and how much of a workload each is given
//! - [`claims`]: the six claims of the chapter, with what judges them
//! - [`book`]: the sweeps that were published, and devices that explain their times
//!
//! Measuring it:
//! - [`trial`], `meter`: one sweep, and who listens to it
//! - [`measure`]: the loop over a matrix, in a random order and within a budget
//! - [`auto`]: a mix that is found out, held against the matrix
//! - [`keep`]: trials as they come, for `--continue`
//! - [`python`], [`beside`]: the same work done by Python, where there is one
//!
//! What came of it:
//! - [`results`]: what was found, as it is kept, printed and drawn
//! - [`figures`]: what follows from it: medians, spreads, speed-ups, knees
//! - [`choice`]: the mix that one would choose
//! - [`report`]: how it is told: a table, CSV, JSON, Markdown, a page

pub mod auto;
pub mod beside;
pub mod book;
pub mod choice;
pub mod claims;
pub mod figures;
pub mod keep;
pub mod matrix;
pub mod measure;
mod meter;
pub mod python;
pub mod report;
pub mod results;
pub mod trial;
pub mod workload;
