//! How an experiment is told.
//!
//! - `words`: quantities, mixes and verdicts for people
//! - `grid`: the figures of a section as rows and columns of words, for all that follow
//! - `table`: for the terminal
//! - `markdown`: the same in Markdown
//! - `csv`: every figure, a row a trial
//! - `json`: the experiment as it is kept
//! - [`page`]: one file for a browser, with pictures

mod words;

mod grid;

mod table;
pub use table::write as write_table;

mod markdown;
pub use markdown::write as write_markdown;

mod csv;
pub use csv::write as write_csv;

mod json;
pub use json::write as write_json;

pub mod page;

#[cfg(test)]
mod fixture;
#[cfg(test)]
use super::results;
