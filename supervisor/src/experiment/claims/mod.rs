//! The six claims of the chapter, each with a workload of its own and a judge.
//!
//! - `plans`: what each claim has measured
//! - `verdicts`: what follows from it
//! - `evidence`: how figures of cells are compared and put into words

mod plans;
pub use plans::{CLAIMS, Common, plan};

mod verdicts;
pub use verdicts::judge;

mod evidence;
