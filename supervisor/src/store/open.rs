//! Opening the file.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rusqlite::{Connection, OpenFlags};

use super::place;
use super::schema;
use super::trouble::{self, explain};

/// How long another process may hold the file locked: our own write for milliseconds.
const PATIENCE: Duration = Duration::from_secs(5);
const PAGE_BYTES: i32 = 16384;
/// Enough for the index of names of a hundred thousand devices.
const CACHE_KIB: i32 = 8 * 1024;
/// Pages in the write-ahead log after which they are put in their place.
const CHECKPOINT: i32 = 2000;

/// An open run store.
#[derive(Debug)]
pub struct Store {
    pub(super) path: PathBuf,
    /// It is the one that is used where none is named.
    pub(super) is_default: bool,
    pub(super) db: Connection,
}

impl Store {
    /// Opens the store at `path`, by default the user's, and creates it where it is missing.
    ///
    /// # Errors
    /// When it cannot be written, is damaged, locked, not ours or of a newer version: for the user,
    /// with a remedy. It is left as it was.
    pub fn create(path: Option<&Path>) -> Result<Self> {
        let (path, is_default) = named(path)?;
        let prepare = || -> Result<Connection> {
            if is_default {
                place::create_folder(&path)?;
            }
            place::create_file(&path)?;
            let mut db = connect(&path)?;
            patiently(|| schema::create(&mut db))?;
            patiently(|| Ok(db.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?))?;
            Ok(db)
        };
        let db = prepare().map_err(|error| explain(&path, &error))?;
        Ok(Self { path, is_default, db })
    }

    /// Opens the store at `path`, by default the user's, where there is one. One whose creation was cut
    /// short has no tables and is as good as none.
    ///
    /// # Errors
    /// As for [`create`](Self::create); and when a store that was named does not exist.
    pub fn open(path: Option<&Path>) -> Result<Option<Self>> {
        let (path, is_default) = named(path)?;
        if is_default && !path.exists() {
            return Ok(None);
        }
        let look = || -> Result<Option<Connection>> {
            let db = connect(&path)?;
            Ok(if patiently(|| schema::check(&db))? { Some(db) } else { None })
        };
        let db = look().map_err(|error| explain(&path, &error))?;
        Ok(db.map(|db| Self { path, is_default, db }))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The command that finishes `run`.
    pub fn resume_command(&self, run: &str) -> String {
        match self.is_default {
            true => format!("netsweep resume {run}"),
            false => format!("netsweep resume {run} --store {}", self.path.display()),
        }
    }

    /// Tells what went wrong with this file.
    pub(super) fn told<T>(&self, result: Result<T>) -> Result<T> {
        result.map_err(|error| explain(&self.path, &error))
    }
}

fn named(path: Option<&Path>) -> Result<(PathBuf, bool)> {
    match path {
        Some(path) => Ok((path.to_owned(), false)),
        None => place::default_path().map(|path| (path, true)).context(
            "there is no place for the run store, because HOME is not set: name one with --store FILE, or go \
             without one with --no-store",
        ),
    }
}

fn connect(path: &Path) -> Result<Connection> {
    // Never created here: SQLite would give it permissions that are not ours.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    db.busy_timeout(PATIENCE)?;
    // No process that is killed loses a commit with NORMAL; a machine that loses its power may lose the
    // last ones, and no more. Where that would not do, `writer` asks for FULL.
    db.pragma_update(None, "synchronous", "NORMAL")?;
    db.pragma_update(None, "foreign_keys", true)?;
    db.pragma_update_and_check(None, "wal_autocheckpoint", CHECKPOINT, |_| Ok(()))?;
    // Of a new file only: outputs of some kilobytes would leave half of smaller pages empty.
    db.pragma_update(None, "page_size", PAGE_BYTES)?;
    db.pragma_update(None, "cache_size", -CACHE_KIB)?;
    Ok(db)
}

/// Tries again for as long as others hold the file: where its journal is being changed, SQLite does
/// not wait by itself.
fn patiently<T>(mut attempt: impl FnMut() -> Result<T>) -> Result<T> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match attempt() {
            Err(error) if trouble::is_busy(&error) && Instant::now() < deadline => {
                thread::sleep(Duration::from_millis(10));
            }
            done => return done,
        }
    }
}
