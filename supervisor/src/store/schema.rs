//! The tables, and telling our files from others.

use anyhow::{Result, bail};
use rusqlite::{Connection, TransactionBehavior};

/// Version of `schema.sql`, kept in the file as `user_version`.
///
/// 1. The first.
const VERSION: i32 = 1;
/// Kept in the file as `application_id`: "nswp".
const APPLICATION: i32 = i32::from_be_bytes(*b"nswp");

/// Creates the tables of a new file.
///
/// # Errors
/// As for [`check`].
pub(super) fn create(db: &mut Connection) -> Result<()> {
    // Two of us may have found the file new.
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if !check(&transaction)? {
        transaction.execute_batch(include_str!("schema.sql"))?;
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
    }
    Ok(transaction.commit()?)
}

/// Whether there are tables.
///
/// # Errors
/// When they are another program's, or a newer version's.
pub(super) fn check(db: &Connection) -> Result<bool> {
    if db.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0))? {
        return Ok(false);
    }
    let number = |name: &str| db.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    if number("application_id")? != APPLICATION {
        bail!("it is an SQLite file, but no run store of netsweep");
    }
    match number("user_version")? {
        VERSION => Ok(true),
        newer if newer > VERSION => bail!(
            "it was written by a newer netsweep (version {newer} of its tables, this one knows {VERSION})"
        ),
        other => bail!("its tables have an unknown version, {other}"),
    }
}
