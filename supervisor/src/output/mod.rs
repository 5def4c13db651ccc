//! Everything that a person or a program sees of a run: consumers of its events, side by side.
//!
//! Results go to standard output or to files, everything about the run to standard error. No
//! consumer knows another; those that share a screen share a [`Terminal`].

// From the options to the consumers.
mod format;
mod open;
pub use format::{ExportFormat, Format};
pub use open::{OutputOptions, Outputs, open};
// Results: one record, one line, row, block or file.
mod csv;
mod directory;
mod jsonl;
mod table;
mod text;
pub use csv::CsvRows;
pub use directory::Directory;
pub use jsonl::JsonLines;
pub use table::Table;
pub use text::Text;
// What is told of the run itself.
mod notices;
mod progress;
mod summary;
pub use notices::Notices;
pub use progress::{ProgressBars, ProgressLines};
pub use summary::Summary;
pub(crate) use summary::fill;
// What is told of runs that were.
pub mod history;
// Where it is written, and how.
mod reader;
mod screen;
mod terminal;
pub use reader::{ReaderGone, written};
pub(crate) use screen::Paint;
pub use screen::Screen;
pub use terminal::{Terminal, TerminalStderr, TerminalStdout};
// Ways of putting things.
mod block;
pub(crate) mod escape;
mod units;
pub use units::{bytes, count, seconds};

#[cfg(test)]
pub(crate) mod fixture;
