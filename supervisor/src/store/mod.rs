//! The run store: what was to be done, what became of it, and what is left.
//!
//! An SQLite file with a write-ahead log. A run's devices are in it before the first of them is
//! called; an outcome follows within [`writer::LINGER`] of its being told. So a run that ends in
//! whatever way (`kill -9` of this process, a full disk, Ctrl-C) can be finished by another
//! process, which runs exactly the devices that have no durable outcome. No secret is stored.
//!
//! The store itself does not read inventories, run anything or print anything.

// Where the file is, who may read it, and what is said where it cannot be used.
mod place;
mod trouble;
// What is in it.
mod open;
mod schema;
// Who writes a run, and that it is one process only.
mod lock;
// Rows of the two kinds: runs with their devices, and outcomes.
mod outcomes;
mod runs;
// What they tell of devices that are to be swept again.
mod history;
// Writing while a sweep runs: a bounded queue, the thread behind it, the consumer before it.
mod budget;
mod recorder;
pub mod writer;

// What must hold between the two.
pub mod invariants;
mod witness;

#[cfg(test)]
mod tests;

pub use history::{History, Sought};
pub use lock::RunLock;
pub use open::Store;
pub use place::default_path;
pub use recorder::Recorder;
pub use runs::{Ended, NewDevice, NewRun, Run, RunDevice, Standing, Standstill, Tally};
pub use trouble::StoreFailed;
pub use witness::StoreWitness;
