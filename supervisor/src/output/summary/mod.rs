//! What came of the run, on standard error at its end.

// Kept while the run lasts: no more than is printed.
mod gather;
// Printed at its end.
mod page;
pub(crate) use page::fill;
// Both together.
mod consumer;
pub use consumer::Summary;
