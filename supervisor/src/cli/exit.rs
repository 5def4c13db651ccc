//! Exit codes: part of the contract.

use std::process::ExitCode;

/// How the program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// Every device succeeded.
    Ok = 0,
    /// The run finished, and some device failed.
    DeviceFailed = 1,
    /// Bad usage or bad input: nothing was started.
    Usage = 2,
    /// Interrupted.
    Interrupted = 3,
    /// Our own failure.
    Internal = 4,
}

/// An error with the exit code that it leads to.
#[derive(Debug)]
pub(super) struct ExitError {
    exit: Exit,
    error: anyhow::Error,
}

impl Exit {
    /// Prints the error, once and in full, and says how to exit.
    pub(super) fn report(error: ExitError) -> Self {
        eprintln!("netsweep: {:#}", error.error);
        error.exit
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Says what exit code an error leads to.
pub(super) trait OrExit<T> {
    /// The input was bad: nothing was started.
    fn or_usage(self) -> Result<T, ExitError>;
    /// It was our own failure.
    fn or_internal(self) -> Result<T, ExitError>;
}

impl<T, E: Into<anyhow::Error>> OrExit<T> for Result<T, E> {
    fn or_usage(self) -> Result<T, ExitError> {
        self.map_err(|error| ExitError { exit: Exit::Usage, error: error.into() })
    }

    fn or_internal(self) -> Result<T, ExitError> {
        self.map_err(|error| ExitError { exit: Exit::Internal, error: error.into() })
    }
}
