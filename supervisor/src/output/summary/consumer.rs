//! From the events to the page.

use std::io::Write;

use anyhow::Result;

use super::gather::Gathered;
use super::page;
use crate::event::{Consumer, RunEvent};
use crate::output::screen::Screen;

/// Totals, failures, slowest devices and cost of a run, when it is over.
#[derive(Debug)]
pub struct Summary<W> {
    out: W,
    screen: Option<Screen>,
    gathered: Gathered,
}

impl<W: Write> Summary<W> {
    /// Writes to `out`, which is `screen` where it is a terminal.
    pub fn new(out: W, screen: Option<Screen>) -> Self {
        Self { out, screen, gathered: Gathered::default() }
    }
}

impl<W: Write> Consumer for Summary<W> {
    fn on(&mut self, event: &RunEvent<'_>) -> Result<()> {
        self.gathered.note(event);
        if let RunEvent::Ended(end) = event {
            let page = page::write(&self.gathered, end, self.screen);
            // A run does not fail because nobody reads its summary.
            let _ = self.out.write_all(page.as_bytes());
        }
        Ok(())
    }
}
