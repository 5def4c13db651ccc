//! Outcomes: from records to rows and back.

use std::sync::Arc;
use std::time::SystemTime;

use anyhow::{Context, Result};
use netsweep_shared::outcome::{ErrorKind, Failure};
use rusqlite::{CachedStatement, Connection, ErrorCode, params};
use serde::de::DeserializeOwned;

use super::open::Store;
use super::runs::{Millis, Run};
use crate::record::{CommandRecord, Record, RecordError, TimingMs};

/// A device of the run that is written, as the store has it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entered {
    pub(super) id: i64,
    /// Its commands only read.
    pub(super) read_only: bool,
}

/// The statements that most of a batch is made of, looked up once for all of it.
pub(super) struct Inserts<'db> {
    db: &'db Connection,
    outcome: CachedStatement<'db>,
    output: CachedStatement<'db>,
}

impl<'db> Inserts<'db> {
    pub(super) fn new(db: &'db Connection) -> Result<Self> {
        let outcome = db.prepare_cached(
            "INSERT INTO outcomes (device, unfinished, address, port, transport, platform, status, error_kind,
                error_message, attempts, worker, started, connect_ms, login_ms, commands_ms, total_ms, ssh_legacy)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
        )?;
        let output = db.prepare_cached(
            "INSERT INTO outputs (outcome, position, command, status, elapsed_ms, truncated, parsed, output,
                undecoded)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?;
        Ok(Self { db, outcome, output })
    }

    /// Enters the outcome of `device`, in place of one that was cut short.
    ///
    /// # Errors
    /// When there is no such device or it has its outcome.
    pub(super) fn outcome(&mut self, device: Entered, record: &Record) -> Result<()> {
        let error = record.error.as_ref();
        // Where commands that may change the device may have been begun, this is all that there will be.
        let interrupted = error.filter(|error| error.kind == ErrorKind::Interrupted);
        let unfinished = interrupted.is_some_and(|error| device.read_only || !error.commands_may_have_begun);
        let timing = &record.timing_ms;
        let ssh_legacy = record.ssh_legacy.as_ref().map(serde_json::to_string).transpose()?;
        let values = params![
            device.id,
            unfinished,
            record.address,
            record.port,
            record.transport.as_str(),
            record.platform,
            record.status.as_str(),
            error.map(|error| error.kind.as_str()),
            error.map(|error| &error.message),
            record.attempts,
            record.worker,
            record.started.map(Millis),
            timing.connect,
            timing.login,
            timing.commands,
            timing.total,
            ssh_legacy
        ];
        let inserted = match self.outcome.execute(values) {
            // Seldom, and so not asked for before.
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
                forget_unfinished(self.db, device)?;
                self.outcome.execute(values)
            }
            first => first,
        };
        inserted.with_context(|| format!("an outcome of device {:?}", record.device))?;
        let outcome = self.db.last_insert_rowid();
        for (position, command) in (0_u32..).zip(&record.commands) {
            self.output.execute(params![
                outcome,
                position,
                command.command,
                command.status.as_str(),
                command.elapsed_ms,
                command.truncated,
                command.parsed.as_ref().map(serde_json::to_string).transpose()?,
                command.output,
                command.undecoded
            ])?;
        }
        Ok(())
    }
}

/// Enters that a worker is about to have a device's commands, which may change it, whatever was
/// thought of them when the run began. What came of it when it was cut short holds no more.
pub(super) fn hand_out(db: &Connection, device: Entered) -> Result<()> {
    forget_unfinished(db, device)?;
    let mut update = db.prepare_cached("UPDATE devices SET handed_out = 1, read_only = 0 WHERE id = ?1")?;
    update.execute([device.id])?;
    Ok(())
}

/// Enters an attempt that another is to follow: no command was begun that may not be begun again.
pub(super) fn insert_attempt(
    db: &Connection,
    device: Entered,
    worker: u32,
    at: SystemTime,
    failure: Option<&Failure>,
) -> Result<()> {
    db.prepare_cached(
        "INSERT INTO attempts (device, failed, worker, error_kind, error_message)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        device.id,
        Millis(at),
        worker,
        failure.map(|failure| failure.kind.as_str()),
        failure.map(|failure| &failure.message)
    ])?;
    let mut update = db.prepare_cached("UPDATE devices SET handed_out = 0 WHERE id = ?1 AND handed_out")?;
    update.execute([device.id])?;
    Ok(())
}

fn forget_unfinished(db: &Connection, device: Entered) -> Result<()> {
    db.prepare_cached("DELETE FROM outcomes WHERE device = ?1 AND unfinished")?.execute([device.id])?;
    Ok(())
}

impl Store {
    /// Tells `note` the devices of run `run`.
    pub(super) fn entered(&self, run: i64, mut note: impl FnMut(Box<str>, Entered)) -> Result<()> {
        let mut read = || -> Result<()> {
            let mut query = self.db.prepare("SELECT name, id, read_only FROM devices WHERE run = ?1")?;
            let mut rows = query.query([run])?;
            while let Some(row) = rows.next()? {
                note(row.get(0)?, Entered { id: row.get(1)?, read_only: row.get(2)? });
            }
            Ok(())
        };
        self.told(read())
    }

    /// Tells `listener` every outcome of `run`, in inventory order, one after the other: memory is
    /// bounded by the largest. An error of the listener's is returned as it is.
    pub fn for_each_record(
        &self,
        run: &Run,
        mut listener: impl FnMut(&Arc<Record>) -> Result<()>,
    ) -> Result<()> {
        let mut outcomes = self.told(
            self.db
                .prepare(
                    "SELECT o.id, d.name, o.address, o.port, o.transport, o.platform, o.status, o.error_kind,
                o.error_message, o.attempts, o.worker, o.started, o.connect_ms, o.login_ms, o.commands_ms,
                o.total_ms, o.ssh_legacy
             FROM devices d JOIN outcomes o ON o.device = d.id WHERE d.run = ?1 ORDER BY d.id",
                )
                .map_err(Into::into),
        )?;
        let mut rows = self.told(outcomes.query([run.id]).map_err(Into::into))?;
        while let Some(row) = self.told(rows.next().map_err(Into::into))? {
            let record = self.told(self.record(run, row))?;
            listener(&Arc::new(record))?;
        }
        Ok(())
    }

    fn record(&self, run: &Run, row: &rusqlite::Row<'_>) -> Result<Record> {
        let kind: Option<String> = row.get(7)?;
        let error = match kind {
            None => None,
            Some(kind) => Some(RecordError {
                kind: from_word(kind)?,
                message: row.get::<_, Option<String>>(8)?.unwrap_or_default(),
                // It has been decided what that means.
                commands_may_have_begun: false,
            }),
        };
        Ok(Record {
            run: run.name.as_str().into(),
            device: row.get(1)?,
            address: row.get(2)?,
            port: row.get(3)?,
            transport: from_word(row.get(4)?)?,
            platform: row.get(5)?,
            status: from_word(row.get(6)?)?,
            error,
            attempts: row.get(9)?,
            worker: row.get(10)?,
            started: row.get::<_, Option<Millis>>(11)?.map(|time| time.0),
            timing_ms: TimingMs {
                connect: row.get(12)?,
                login: row.get(13)?,
                commands: row.get(14)?,
                total: row.get(15)?,
            },
            commands: self.outputs(row.get(0)?)?,
            ssh_legacy: from_json(row.get(16)?)?,
        })
    }

    fn outputs(&self, outcome: i64) -> Result<Vec<CommandRecord>> {
        let mut query = self.db.prepare_cached(
            "SELECT command, status, elapsed_ms, truncated, parsed, output, undecoded FROM outputs WHERE outcome = ?1
             ORDER BY position",
        )?;
        let mut rows = query.query([outcome])?;
        let mut commands = Vec::new();
        while let Some(row) = rows.next()? {
            commands.push(CommandRecord {
                command: row.get(0)?,
                status: from_word(row.get(1)?)?,
                elapsed_ms: row.get(2)?,
                truncated: row.get(3)?,
                parsed: from_json(row.get(4)?)?,
                output: row.get(5)?,
                undecoded: row.get(6)?,
            });
        }
        Ok(commands)
    }
}

fn from_json<T: DeserializeOwned>(json: Option<String>) -> Result<Option<T>> {
    Ok(json.map(|json| serde_json::from_str(&json)).transpose()?)
}

pub(super) fn from_word<T: DeserializeOwned>(word: String) -> Result<T> {
    Ok(serde_json::from_value(word.into())?)
}
