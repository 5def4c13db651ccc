//! What earlier runs tell of devices that are to be swept again.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::open::Store;
use super::outcomes::from_word;
use crate::order::{Health, Known};

/// Runs that are looked at, the newest.
const RUNS: u32 = 20;
/// What a device that is looked up by its name costs, in rows that are read one after the other.
const LOOK_UP: usize = 3;
/// Names in so many rows are counted at the cost of one.
const COUNTED: usize = 25;
/// Rows that may be read beyond two for each device that is sought.
const SPARE: usize = 20_000;

/// A device that is to be swept.
#[derive(Clone, Copy, Debug)]
pub struct Sought<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its IP address or host name: the same name with another address is another device.
    pub address: &'a str,
    /// What it is to run.
    pub commands: &'a Arc<[String]>,
}

/// What earlier runs tell.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// Of each device that was sought, in their order; empty where none was asked for.
    pub known: Vec<Option<Known>>,
    /// The runs that tell it, the newest first.
    pub runs: Vec<String>,
}

impl Store {
    /// What the newest runs, rehearsals if `simulated`, tell of `devices`, whichever inventory they came from.
    ///
    /// The newest outcome holds that tells something of a device. If that is a success with other commands, an
    /// older one with the same commands is preferred: how long those take matters more than when it was. A
    /// bounded part of the store is read, so where many runs would have to be searched some devices may remain
    /// unknown.
    pub fn history(&self, simulated: bool, devices: &[Sought<'_>]) -> Result<History> {
        self.told(search(&self.db, simulated, devices))
    }
}

fn search(db: &Connection, simulated: bool, devices: &[Sought<'_>]) -> Result<History> {
    let mut query =
        db.prepare("SELECT id, name FROM runs WHERE simulated = ?1 ORDER BY begun DESC, id DESC LIMIT ?2")?;
    let runs = query
        .query_map(params![simulated, RUNS], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<Vec<(i64, String)>>>()?;
    if runs.is_empty() {
        return Ok(History { known: vec![None; devices.len()], runs: Vec::new() });
    }
    let mut search = Search::new(devices)?;
    let mut told = Vec::new();
    let mut budget = devices.len().saturating_mul(2).saturating_add(SPARE);
    for (run, name) in runs {
        let same = search.same_lists(db, run)?;
        let wanted = search.wanted(!same.is_empty());
        if wanted.is_empty() {
            continue;
        }
        let Some(Span { first, last, size }) = Span::of(db, run)? else { continue };
        let (one_by_one, all) = (wanted.len().saturating_mul(LOOK_UP), size);
        let Some(left) = budget.checked_sub(one_by_one.min(all) + size / COUNTED) else { break };
        budget = left;
        let found = match one_by_one < all {
            true => search.look_up(db, run, &wanted, &same)?,
            false => search.read(db, run, first, last, &same)?,
        };
        told.extend((found > 0).then_some(name));
    }
    Ok(History { known: search.known, runs: told })
}

/// Where a run's devices stand in their table.
struct Span {
    first: i64,
    last: i64,
    size: usize,
}

impl Span {
    fn of(db: &Connection, run: i64) -> Result<Option<Self>> {
        let mut query = db.prepare_cached(
            "SELECT min(id), max(id), count(*) FROM devices WHERE run = ?1 HAVING count(*) > 0",
        )?;
        let span = query.query_row([run], |row| {
            Ok(Self { first: row.get(0)?, last: row.get(1)?, size: row.get::<_, u32>(2)? as usize })
        });
        Ok(span.optional()?)
    }
}

const OUTCOME: &str = "SELECT d.name, d.address, d.commands, o.error_kind, o.attempts, o.total_ms
    FROM devices d JOIN outcomes o ON o.device = d.id WHERE NOT o.unfinished";

struct Search<'a> {
    devices: &'a [Sought<'a>],
    /// Made when it is first needed.
    by_name: OnceCell<HashMap<&'a str, usize>>,
    /// The numbers of the different lists of commands, by their JSON.
    lists: HashMap<String, usize>,
    list_of: Vec<usize>,
    known: Vec<Option<Known>>,
    /// No older run could tell more.
    settled: Vec<bool>,
}

/// Of the lists of commands of a run, by their number in the store, those that are ours, by our number.
type SameLists = HashMap<i64, usize>;

impl<'a> Search<'a> {
    fn new(devices: &'a [Sought<'a>]) -> Result<Self> {
        let (mut lists, mut seen) = (HashMap::new(), HashMap::new());
        let mut list_of = Vec::with_capacity(devices.len());
        for device in devices {
            // Most devices share theirs.
            let list = match seen.get(&device.commands.as_ptr()) {
                Some(list) => *list,
                None => {
                    let next = lists.len();
                    let list = *lists.entry(serde_json::to_string(&**device.commands)?).or_insert(next);
                    seen.insert(device.commands.as_ptr(), list);
                    list
                }
            };
            list_of.push(list);
        }
        Ok(Self {
            devices,
            by_name: OnceCell::new(),
            lists,
            list_of,
            known: vec![None; devices.len()],
            settled: vec![false; devices.len()],
        })
    }

    fn same_lists(&self, db: &Connection, run: i64) -> Result<SameLists> {
        let mut query = db.prepare_cached("SELECT id, commands FROM command_lists WHERE run = ?1")?;
        let mut rows = query.query([run])?;
        let mut same = SameLists::new();
        while let Some(row) = rows.next()? {
            if let Some(list) = self.lists.get(row.get_ref(1)?.as_str()?) {
                same.insert(row.get(0)?, *list);
            }
        }
        Ok(same)
    }

    /// The devices of which a run could tell something that is not known.
    fn wanted(&self, has_same_lists: bool) -> Vec<usize> {
        let is_wanted = |&place: &usize| match self.known[place] {
            None => true,
            Some(_) => has_same_lists && !self.settled[place],
        };
        (0..self.devices.len()).filter(is_wanted).collect()
    }

    fn look_up(&mut self, db: &Connection, run: i64, wanted: &[usize], same: &SameLists) -> Result<usize> {
        let mut query = db.prepare_cached(&format!("{OUTCOME} AND d.run = ?1 AND d.name = ?2"))?;
        let mut found = 0;
        for &place in wanted {
            let mut rows = query.query(params![run, self.devices[place].name])?;
            while let Some(row) = rows.next()? {
                found += usize::from(self.take(place, row, same)?);
            }
        }
        Ok(found)
    }

    fn read(&mut self, db: &Connection, run: i64, first: i64, last: i64, same: &SameLists) -> Result<usize> {
        // A run's devices were entered at one go. In the order of their numbers they are read from one page
        // after the other.
        let mut query =
            db.prepare_cached(&format!("{OUTCOME} AND +d.run = ?1 AND d.id BETWEEN ?2 AND ?3"))?;
        let mut rows = query.query([run, first, last])?;
        let (mut found, mut next) = (0, 0);
        while let Some(row) = rows.next()? {
            if let Some(place) = self.place(row.get_ref(0)?.as_str()?, next) {
                next = place + 1;
                found += usize::from(self.take(place, row, same)?);
            }
        }
        Ok(found)
    }

    /// Where the device called `name` is: mostly, runs have the devices of an inventory in its order.
    fn place(&self, name: &str, presumed: usize) -> Option<usize> {
        if self.devices.get(presumed).is_some_and(|device| device.name == name) {
            return Some(presumed);
        }
        let all = || self.devices.iter().enumerate().map(|(place, device)| (device.name, place)).collect();
        self.by_name.get_or_init(all).get(name).copied()
    }

    /// Whether `row` tells something of the device at `place` that was not known.
    fn take(&mut self, place: usize, row: &Row<'_>, same: &SameLists) -> Result<bool> {
        if self.settled[place] || row.get_ref(1)?.as_str()? != self.devices[place].address {
            return Ok(false);
        }
        let kind: Option<String> = row.get(3)?;
        // What is no time is none.
        let last = Duration::try_from_secs_f64(row.get::<_, f64>(5)? / 1000.0).unwrap_or_default();
        let Some(known) = Known::from_outcome(kind.map(from_word).transpose()?, row.get(4)?, last) else {
            return Ok(false);
        };
        let is_same = same.get(&row.get(2)?) == Some(&self.list_of[place]);
        let is_well = known.health == Health::Well;
        let tells = self.known[place].is_none() || (is_same && is_well);
        if tells {
            self.known[place] = Some(known);
            // Whatever a device that failed was to run, it did not come to it.
            self.settled[place] = is_same || !is_well;
        }
        Ok(tells)
    }
}
