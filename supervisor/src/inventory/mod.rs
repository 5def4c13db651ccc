//! The inventory: which devices there are and how to reach them.

// What is known of a device when everything is resolved.
mod device;
// Reading a file: sections, then single values, each with its place for messages.
mod load;
mod values;
// One entry for many devices.
mod range;
// What stands between us and a device.
mod jumps;
// All that is wrong with a file, at once.
mod problems;

pub use device::{Device, Group, Hop, Inventory};
pub use problems::InventoryErrors;
pub(crate) use problems::suggestion;
