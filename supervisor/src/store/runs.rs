//! Runs and their devices.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, anyhow, bail};
use netsweep_shared::job::Route;
use rusqlite::types::{FromSql, FromSqlResult, ToSqlOutput, ValueRef};
use rusqlite::{OptionalExtension, Row, ToSql, TransactionBehavior, params};

use super::lock::RunLock;
use super::open::Store;

/// A run as it begins.
#[derive(Clone, Debug)]
pub struct NewRun<'a> {
    /// Its name.
    pub name: &'a str,
    /// Version of netsweep.
    pub version: &'a str,
    /// The inventory, as an absolute path.
    pub inventory: &'a Path,
    /// It is a rehearsal.
    pub simulated: bool,
    /// What was asked for, in whatever form the command line gives it.
    pub options: &'a str,
    /// The selected devices, in inventory order.
    pub devices: Vec<NewDevice<'a>>,
}

/// A device as its run begins.
#[derive(Clone, Debug)]
pub struct NewDevice<'a> {
    /// Unique in the run.
    pub name: &'a str,
    /// IP address or host name.
    pub address: &'a str,
    /// How to reach it.
    pub routes: &'a [Route],
    /// Name of its platform.
    pub platform: &'a str,
    /// What to run.
    pub commands: &'a Arc<[String]>,
    /// Every one of them only reads.
    pub read_only: bool,
}

/// A run in the store.
#[derive(Clone, Debug)]
pub struct Run {
    pub(super) id: i64,
    /// Its name.
    pub name: String,
    /// When it began.
    pub begun: SystemTime,
    /// When its last sweep came to an orderly end.
    pub ended: Option<SystemTime>,
    /// How it stands.
    pub standing: Standing,
    /// Its inventory.
    pub inventory: PathBuf,
    /// It is a rehearsal.
    pub simulated: bool,
    /// As they were given to [`Store::begin`].
    pub options: String,
    /// What became of its devices.
    pub tally: Tally,
    /// What the first of its devices ran.
    pub commands: Vec<String>,
}

impl Run {
    /// Its number in the store.
    pub fn id(&self) -> i64 {
        self.id
    }
}

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A process works at it.
    Running,
    /// Every device has its outcome.
    Finished,
    /// It came to this end with devices left.
    CutShort(Ended),
    /// Its process ended without a word.
    Killed,
}

/// How a sweep came to an orderly end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Every device has its outcome.
    Complete,
    /// The user cut it short.
    Interrupted,
    /// Workers could not be kept running.
    GaveUp,
}

/// Devices of a run by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// All of them.
    pub devices: usize,
    /// Every command succeeded.
    pub ok: usize,
    /// Something went wrong.
    pub failed: usize,
    /// Never tried.
    pub skipped: usize,
    /// Without an outcome, or cut short by the user.
    pub left: usize,
}

/// How far a device of a run has durably come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standstill {
    /// It has an outcome that stands.
    Done,
    /// It has none, and commands that may change it may have been begun: it must not be run again.
    Doubtful,
    /// It is to be run.
    Left,
}

/// A device of a run in the store.
#[derive(Clone, Debug)]
pub struct RunDevice {
    /// Its name.
    pub name: String,
    /// Its IP address or host name, as the run began.
    pub address: String,
    /// How to reach it, as the run began.
    pub routes: Vec<Route>,
    /// Name of its platform, as the run began.
    pub platform: String,
    /// What it runs; shared by those that run the same.
    pub commands: Arc<[String]>,
    /// What is known of it, should nobody work at the run.
    pub standstill: Standstill,
    /// Attempts that failed and were to be followed by another.
    pub failed_attempts: u32,
}

impl Store {
    /// Enters a run with all its devices, and takes the right to write it.
    pub fn begin(&mut self, run: &NewRun<'_>) -> Result<(i64, RunLock)> {
        let result = self.try_begin(run);
        self.told(result)
    }

    fn try_begin(&mut self, run: &NewRun<'_>) -> Result<(i64, RunLock)> {
        let Some(lock) = RunLock::take(&self.path, run.name)? else { bail!("there is a run of this name") };
        let transaction = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute(
            "INSERT INTO runs (name, begun, version, inventory, simulated, options)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                run.name,
                Millis(SystemTime::now()),
                run.version,
                run.inventory.to_string_lossy(),
                run.simulated,
                run.options
            ],
        )?;
        let id = transaction.last_insert_rowid();
        // Lists that are equal are the same one, and mostly a device is reached as the one before it.
        let mut lists: HashMap<*const String, i64> = HashMap::new();
        let (mut routes, mut routes_json) = (&[][..], String::from("[]"));
        {
            let mut insert = transaction.prepare(
                "INSERT INTO devices (run, name, address, platform, routes, commands, read_only)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?;
            for device in &run.devices {
                let list = match lists.get(&device.commands.as_ptr()) {
                    Some(list) => *list,
                    None => {
                        let commands = serde_json::to_string(&**device.commands)?;
                        transaction.execute(
                            "INSERT INTO command_lists (run, commands) VALUES (?1, ?2)",
                            params![id, commands],
                        )?;
                        let list = transaction.last_insert_rowid();
                        lists.insert(device.commands.as_ptr(), list);
                        list
                    }
                };
                if device.routes != routes {
                    routes = device.routes;
                    routes_json = serde_json::to_string(routes)?;
                }
                insert.execute(params![
                    id,
                    device.name,
                    device.address,
                    device.platform,
                    routes_json,
                    list,
                    device.read_only
                ])?;
            }
        }
        transaction.commit()?;
        Ok((id, lock))
    }

    /// Takes the right to write `run` again. `None` where another process has it.
    pub fn reopen(&self, run: &Run) -> Result<Option<RunLock>> {
        self.told(RunLock::take(&self.path, &run.name).map_err(Into::into))
    }

    /// Enters that `run` goes on, for which its lock is needed. The attempts at devices that are to be
    /// run again count no more: those devices begin anew.
    pub fn go_on(&mut self, run: &Run) -> Result<()> {
        let result = self.try_go_on(run);
        self.told(result)
    }

    fn try_go_on(&mut self, run: &Run) -> Result<()> {
        let transaction = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute("UPDATE runs SET ended = NULL, ending = NULL WHERE id = ?1", [run.id])?;
        transaction.execute(
            "DELETE FROM attempts WHERE device IN (
                SELECT d.id FROM devices d LEFT JOIN outcomes o ON o.device = d.id
                WHERE d.run = ?1 AND iif(o.id IS NULL, NOT d.handed_out, o.unfinished))",
            [run.id],
        )?;
        Ok(transaction.commit()?)
    }

    /// All runs, the newest first.
    pub fn runs(&self) -> Result<Vec<Run>> {
        let all = || -> Result<_> {
            let sql = format!("{RUN} ORDER BY begun DESC, id DESC");
            let rows = self.db.prepare(&sql)?.query_map([], row)?.collect::<rusqlite::Result<Vec<_>>>()?;
            rows.into_iter().map(|row| self.complete(row)).collect()
        };
        self.told(all())
    }

    /// The run called `name`.
    pub fn run(&self, name: &str) -> Result<Option<Run>> {
        let find = || -> Result<_> {
            let found = self.db.query_row(&format!("{RUN} WHERE name = ?1"), [name], row).optional()?;
            found.map(|row| self.complete(row)).transpose()
        };
        self.told(find())
    }

    /// The devices of `run`, in inventory order.
    pub fn devices(&self, run: &Run) -> Result<Vec<RunDevice>> {
        let all = || -> Result<_> {
            let lists = self.command_lists(run.id, u32::MAX)?;
            let mut query = self.db.prepare(
                "SELECT d.name, d.commands, d.handed_out, o.unfinished, d.address, d.routes, d.platform,
                    (SELECT count(*) FROM attempts a WHERE a.device = d.id)
                 FROM devices d LEFT JOIN outcomes o ON o.device = d.id WHERE d.run = ?1 ORDER BY d.id",
            )?;
            let mut rows = query.query([run.id])?;
            let mut devices = Vec::with_capacity(run.tally.devices);
            while let Some(row) = rows.next()? {
                let list: i64 = row.get(1)?;
                let unfinished: Option<bool> = row.get(3)?;
                let commands = lists.binary_search_by_key(&list, |(id, _)| *id).ok();
                let commands = commands.map(|place| Arc::clone(&lists[place].1));
                devices.push(RunDevice {
                    name: row.get(0)?,
                    address: row.get(4)?,
                    routes: serde_json::from_str(&row.get::<_, String>(5)?)?,
                    platform: row.get(6)?,
                    commands: commands.context("a device without commands")?,
                    standstill: match unfinished {
                        Some(false) => Standstill::Done,
                        None if row.get(2)? => Standstill::Doubtful,
                        _ => Standstill::Left,
                    },
                    failed_attempts: row.get(7)?,
                });
            }
            Ok(devices)
        };
        self.told(all())
    }

    /// The first `most` of a run, by their numbers.
    fn command_lists(&self, run: i64, most: u32) -> Result<Vec<(i64, Arc<[String]>)>> {
        let mut query =
            self.db.prepare("SELECT id, commands FROM command_lists WHERE run = ?1 ORDER BY id LIMIT ?2")?;
        let rows = query.query_map(params![run, most], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))?;
        rows.map(|row| {
            let (id, commands) = row?;
            Ok((id, serde_json::from_str::<Vec<String>>(&commands)?.into()))
        })
        .collect()
    }

    fn complete(&self, mut run: Run) -> Result<Run> {
        run.tally = self.db.query_row(
            "SELECT count(*),
                    count(*) FILTER (WHERE o.unfinished = 0 AND o.status = 'ok'),
                    count(*) FILTER (WHERE o.unfinished = 0 AND o.status = 'failed'),
                    count(*) FILTER (WHERE o.unfinished = 0 AND o.status = 'skipped')
             FROM devices d LEFT JOIN outcomes o ON o.device = d.id WHERE d.run = ?1",
            [run.id],
            |row| {
                let number = |column| Ok::<_, rusqlite::Error>(row.get::<_, u32>(column)? as usize);
                let tally = Tally {
                    devices: number(0)?,
                    ok: number(1)?,
                    failed: number(2)?,
                    skipped: number(3)?,
                    left: 0,
                };
                Ok(Tally { left: tally.devices - tally.ok - tally.failed - tally.skipped, ..tally })
            },
        )?;
        run.standing = match run.standing {
            _ if RunLock::is_taken(&self.path, &run.name) => Standing::Running,
            _ if run.tally.left == 0 => Standing::Finished,
            other => other,
        };
        let first = self.command_lists(run.id, 1)?;
        run.commands = first.first().map(|(_, commands)| commands.to_vec()).unwrap_or_default();
        Ok(run)
    }
}

const RUN: &str = "SELECT id, name, begun, ended, ending, inventory, simulated, options FROM runs";

/// What is in the row itself.
fn row(row: &Row<'_>) -> rusqlite::Result<Run> {
    let ending: Option<Ended> = row.get(4)?;
    Ok(Run {
        id: row.get(0)?,
        name: row.get(1)?,
        begun: row.get::<_, Millis>(2)?.0,
        ended: row.get::<_, Option<Millis>>(3)?.map(|time| time.0),
        standing: ending.map_or(Standing::Killed, Standing::CutShort),
        inventory: row.get::<_, String>(5)?.into(),
        simulated: row.get(6)?,
        options: row.get(7)?,
        tally: Tally::default(),
        commands: Vec::new(),
    })
}

impl Ended {
    const WORDS: [(Self, &'static str); 3] =
        [(Self::Complete, "complete"), (Self::Interrupted, "interrupted"), (Self::GaveUp, "gave_up")];
}

impl ToSql for Ended {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(Self::WORDS.iter().find(|(it, _)| it == self).map_or("", |(_, word)| *word).into())
    }
}

impl FromSql for Ended {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let text = value.as_str()?;
        let found = Self::WORDS.iter().find(|(_, word)| *word == text).map(|(it, _)| *it);
        found.ok_or_else(|| rusqlite::types::FromSqlError::Other(anyhow!("no such end: {text:?}").into()))
    }
}

/// A time, to the millisecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Millis(pub(super) SystemTime);

impl ToSql for Millis {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let since = self.0.duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(i64::try_from(since.as_millis()).unwrap_or(i64::MAX).into())
    }
}

impl FromSql for Millis {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        // No later than the year 9999, so that it can be shown.
        let millis = value.as_i64()?.clamp(0, 253_402_300_799_000);
        Ok(Self(UNIX_EPOCH + Duration::from_millis(millis.cast_unsigned())))
    }
}
