//! How far the run has come, on standard error.

// What is counted.
mod tally;
// How it is shown: bars on a terminal, lines elsewhere.
mod bars;
mod lines;
pub use bars::ProgressBars;
pub use lines::ProgressLines;
