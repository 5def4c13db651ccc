//! What is said where the store cannot be used.

use std::path::Path;

use anyhow::anyhow;
use rusqlite::ErrorCode;

/// Results cannot be recorded any more: whoever finds this lets the running sessions finish and
/// begins no others.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct StoreFailed(pub(super) String);

/// Whether another process is the reason.
pub(super) fn is_busy(error: &anyhow::Error) -> bool {
    let code = error.downcast_ref::<rusqlite::Error>().and_then(rusqlite::Error::sqlite_error_code);
    matches!(code, Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// `error`, which came up while the store at `path` was opened or read, for a person: what is wrong,
/// where, and what to do about it.
pub(super) fn explain(path: &Path, error: &anyhow::Error) -> anyhow::Error {
    let code = error.downcast_ref::<rusqlite::Error>().and_then(rusqlite::Error::sqlite_error_code);
    let remedy = match code {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            "it is damaged or no run store; move it away, or name another with --store FILE"
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "another program holds it locked; wait for that to end, or name another with --store FILE"
        }
        Some(ErrorCode::DiskFull) => "make room, or name another with --store FILE",
        _ => "name another with --store FILE, or go without one with --no-store",
    };
    anyhow!("cannot use the run store {}: {}; {remedy}", path.display(), plain(error))
}

/// `error` as it came up while the store at `path` was written in a run.
pub(super) fn failed(path: &Path, error: &anyhow::Error) -> StoreFailed {
    StoreFailed(format!("cannot write to the run store {}: {}", path.display(), plain(error)))
}

/// Without SQLite's numbers.
fn plain(error: &anyhow::Error) -> String {
    match error.downcast_ref::<rusqlite::Error>() {
        Some(rusqlite::Error::SqliteFailure(code, _)) if code.code == ErrorCode::DiskFull => {
            "no room is left on the disk".into()
        }
        Some(rusqlite::Error::SqliteFailure(_, Some(message))) => message.clone(),
        _ => format!("{error:#}"),
    }
}
