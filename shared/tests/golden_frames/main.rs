//! What the pipes carry, byte for byte.
//!
//! `tests/golden/` has one frame for every message, as hex. Each message must encode to its file
//! and each file decode to its message, so that no change of a type goes by unnoticed: a supervisor
//! and a worker that disagree about a single byte would misunderstand each other for the rest of the
//! pipe. **Whoever changes the bytes raises `PROTOCOL_VERSION`** (until the first release there is
//! only version 1), and writes the files anew with
//!
//! ```text
//! NETSWEEP_TEST_BLESS=1 cargo test -p netsweep-shared --test golden_frames
//! ```
//!
//! A new message or variant gets its sample in `samples.rs`; a forgotten one fails the test.

// The bytes in the files, and how they are compared.
mod golden;
// Frames that were cut short or damaged.
mod hostile;
// One of each message.
mod samples;
