//! What a person should know while the run lasts.

use std::io::Write;

use anyhow::Result;

use crate::event::{Consumer, RunEvent};
use crate::output::escape;

/// A line for each notice and each worker that was lost; when quiet, only for the latter.
#[derive(Debug)]
pub struct Notices<W> {
    out: W,
    quiet: bool,
}

impl<W: Write> Notices<W> {
    /// Writes to `out`, in single writes of whole lines.
    pub fn new(out: W, quiet: bool) -> Self {
        Self { out, quiet }
    }
}

impl<W: Write> Consumer for Notices<W> {
    fn on(&mut self, event: &RunEvent<'_>) -> Result<()> {
        let line = match event {
            RunEvent::Notice(text) if !self.quiet => format!("netsweep: {}\n", escape::line(text)),
            RunEvent::WorkerLost { worker, reason } => {
                format!("netsweep: worker {worker} was lost: {}\n", escape::line(reason))
            }
            _ => return Ok(()),
        };
        // A run does not end because nobody listens to its notices.
        let _ = self.out.write_all(line.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::fixture::Sink;

    #[test]
    fn quiet_leaves_out_what_is_no_error() {
        for (quiet, expected) in [
            (false, "netsweep: new host key\\nof core-1\nnetsweep: worker 1 was lost: killed by signal 9\n"),
            (true, "netsweep: worker 1 was lost: killed by signal 9\n"),
        ] {
            let sink = Sink::default();
            let mut consumer = Notices::new(sink.clone(), quiet);
            consumer.on(&RunEvent::Notice("new host key\nof core-1")).expect("takes note");
            consumer
                .on(&RunEvent::WorkerLost { worker: 1, reason: "killed by signal 9" })
                .expect("takes note");
            assert_eq!(sink.text(), expected);
        }
    }
}
