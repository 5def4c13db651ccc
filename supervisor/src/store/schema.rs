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
/// Of a file that is another program's, or a newer version's; as it is, where `create` is not asked
/// for.
pub(super) fn check(db: &mut Connection, create: bool) -> Result<()> {
    if create {
        // Two of us may have found the file new.
        let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if is_empty(&transaction)? {
            transaction.execute_batch(include_str!("schema.sql"))?;
            transaction.pragma_update(None, "application_id", APPLICATION)?;
            transaction.pragma_update(None, "user_version", VERSION)?;
        }
        transaction.commit()?;
    }
    let number = |name: &str| db.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    if number("application_id")? != APPLICATION {
        bail!("it is an SQLite file, but no run store of netsweep");
    }
    match number("user_version")? {
        VERSION => Ok(()),
        newer if newer > VERSION => bail!(
            "it was written by a newer netsweep (version {newer} of its tables, this one knows {VERSION})"
        ),
        other => bail!("its tables have an unknown version, {other}"),
    }
}

fn is_empty(db: &Connection) -> rusqlite::Result<bool> {
    db.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0))
}
