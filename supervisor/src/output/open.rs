//! From what the user asked for to those who listen.

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::Result;
use indicatif::ProgressDrawTarget;

use crate::event::Consumer;
use crate::output::{
    Directory, Format, JsonLines, Notices, ProgressBars, ProgressLines, Screen, Summary, Table, Terminal,
    Text,
};

/// What the user asked for.
#[derive(Clone, Debug, Default)]
pub struct OutputOptions {
    /// What standard output shows; `None` for what suits it.
    pub format: Option<Format>,
    /// A file a device goes here.
    pub directory: Option<PathBuf>,
    /// Standard error is for errors only.
    pub quiet: bool,
}

/// Those who listen, and the screen that they may share.
pub struct Outputs {
    /// In the order in which they hear of an event: files, results, notices, progress,
    /// summary.
    pub consumers: Vec<Box<dyn Consumer>>,
    /// For others who write lines to standard error while bars may be shown, such as a log.
    pub terminal: Terminal,
}

/// Opens everything that `options` ask for. An error is for the user: nothing was started.
pub fn open(options: &OutputOptions) -> Result<Outputs> {
    let (stdout, stderr) = (Screen::of_stdout(), Screen::of_stderr());
    let terminal = Terminal::new();
    let mut consumers: Vec<Box<dyn Consumer>> = Vec::new();

    if let Some(path) = &options.directory {
        consumers.push(Box::new(Directory::open(path)?));
    }

    // Only a terminal is shared with the bars; a pipe or a file is written to at once.
    let out: Box<dyn Write> = match stdout {
        Some(_) => Box::new(terminal.stdout()),
        None => Box::new(io::BufWriter::new(io::stdout())),
    };
    match options.format.unwrap_or_else(|| Format::by_default(stdout.is_some())) {
        Format::Table => consumers.push(Box::new(Table::new(out, stdout))),
        Format::Jsonl => consumers.push(Box::new(JsonLines::new(out))),
        Format::Text => consumers.push(Box::new(Text::new(out, stdout))),
        Format::None => {}
    }

    consumers.push(Box::new(Notices::new(terminal.stderr(), options.quiet)));
    if !options.quiet {
        match stderr {
            Some(screen) => consumers.push(Box::new(ProgressBars::new(
                terminal.clone(),
                ProgressDrawTarget::stderr(),
                screen,
            ))),
            None => consumers.push(Box::new(ProgressLines::new(io::stderr()))),
        }
        consumers.push(Box::new(Summary::new(terminal.stderr(), stderr)));
    }
    Ok(Outputs { consumers, terminal })
}
