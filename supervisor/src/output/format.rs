//! The formats of standard output.

use clap::ValueEnum;

/// What standard output shows of each device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One row a device (default on a terminal)
    Table,
    /// One JSON object a device (default when piped)
    Jsonl,
    /// Every output as it was, under headings
    Text,
    /// Nothing
    None,
}

/// How the records of an earlier run are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// One JSON object a device
    #[default]
    Jsonl,
    /// One row a device and command, under a header
    Csv,
}

impl Format {
    /// What is shown when nobody asked for a format.
    pub fn by_default(stdout_is_terminal: bool) -> Self {
        if stdout_is_terminal { Self::Table } else { Self::Jsonl }
    }
}
