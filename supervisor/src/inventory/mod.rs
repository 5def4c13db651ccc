//! The inventory: which devices there are and how to reach them.

// What is known of a device when everything is resolved.
mod device;
// Reading a file: in pieces, sections, entries, their keys, each with its place for messages.
mod entry;
mod load;
mod pieces;
mod secret_forms;
mod settings;
mod values;
// What a device has of its groups and the defaults.
mod inherited;
// One entry for many devices.
mod range;
// What only the whole of it shows: what the SSH config fills in, who jumps over whom.
mod complete;
mod jumps;
// All that is wrong with a file, at once.
mod problems;
#[cfg(test)]
mod tests;

pub use device::{Credentials, Device, Group, Hop, Inventory, Vars};
pub use problems::InventoryErrors;
pub(crate) use problems::suggestion;
