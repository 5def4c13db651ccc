//! When nobody reads the results any more.

use std::io;

use anyhow::{Context, Result};

/// Standard output's reader has gone, as in `netsweep run … | head`. That is no failure to
/// tell of: whoever finds it (`error.is::<ReaderGone>()`) ends the run quietly.
#[derive(Debug, thiserror::Error)]
#[error("nobody reads standard output any more")]
pub struct ReaderGone;

/// The result of a write to standard output, as a consumer returns it.
pub fn written(result: io::Result<()>) -> Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(ReaderGone.into()),
        other => other.context("cannot write to standard output"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_pipe_is_told_apart_also_under_context() {
        let gone = written(Err(io::ErrorKind::BrokenPipe.into())).context("somewhere").expect_err("an error");
        assert!(gone.is::<ReaderGone>());
        let full = written(Err(io::ErrorKind::StorageFull.into())).expect_err("an error");
        assert!(!full.is::<ReaderGone>());
        assert!(format!("{full:#}").starts_with("cannot write to standard output: "));
    }
}
