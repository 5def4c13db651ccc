//! When nobody reads the results any more.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt;

use anyhow::{Context, Result};
use rustix::io::Errno;

/// Standard output's reader has gone, as in `netsweep run … | head`, or its terminal was closed. That
/// is no failure to tell of: whoever finds it (`error.is::<ReaderGone>()`) ends the run quietly.
#[derive(Debug, thiserror::Error)]
#[error("nobody reads standard output any more")]
pub struct ReaderGone;

/// The result of a write to standard output, as a consumer returns it.
pub fn written(result: io::Result<()>) -> Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe || is_hung_up(&error) => {
            Err(ReaderGone.into())
        }
        other => other.context("cannot write to standard output"),
    }
}

/// Whether a write failed because the terminal that it was for is gone. Such a one is not known for a
/// terminal any more, but for the kind of file that terminals are; the disk of another kind may be
/// broken.
fn is_hung_up(error: &io::Error) -> bool {
    let is_device = || -> io::Result<bool> {
        let stdout = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        Ok(stdout.metadata()?.file_type().is_char_device())
    };
    error.raw_os_error() == Some(Errno::IO.raw_os_error()) && is_device().unwrap_or(false)
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
