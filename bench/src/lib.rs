//! netsweep beside a bare client and its peers: what a session costs, and what must hold of that.
//!
//! `README.md` beside this says what is the ratio of what.

// Who sweeps what.
pub mod clients;
pub mod fleet;
// What that costs.
pub mod instructions;
pub mod measure;
pub mod side_by_side;
pub mod statistics;
// What is measured, one file each.
pub mod benchmarks;
// What is said of it.
pub mod bounds;
pub mod machine;
pub mod report;

pub use benchmarks::{BENCHMARKS, Bench};
