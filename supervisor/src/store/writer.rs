//! The thread that writes while a sweep runs: what it is told, in batches, each a transaction.

use std::mem;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use crossbeam_channel::{Receiver, Sender};
use netsweep_shared::outcome::Failure;
use rusqlite::{Connection, TransactionBehavior, params};

use super::budget::Budget;
use super::open::Store;
use super::outcomes::{self, Entered, Inserts};
use super::runs::{Ended, Millis};
use super::trouble::{StoreFailed, failed};
use crate::record::Record;

/// Longest time between an outcome's arrival and its commit, writing apart.
pub const LINGER: Duration = Duration::from_millis(50);
/// Most entries in a batch. So many do not wait for the rest of [`LINGER`].
const BATCH: usize = 256;
/// A batch that has so many bytes is written without waiting for more.
const BATCH_BYTES: usize = 4 << 20;
/// Most bytes that wait or are being written.
const WAITING_BYTES: usize = 32 << 20;
/// Most entries that wait.
const WAITING: usize = 1024;
/// How long another process may hold the store locked before the run is given up for it.
const PATIENCE: Duration = Duration::from_secs(30);

/// Something to be written.
#[derive(Debug)]
pub(super) enum Entry {
    /// These devices' commands may change them, and a worker is about to have them.
    HandOut(Vec<Entered>),
    /// An attempt that another is to follow.
    Attempt { device: Entered, worker: u32, at: SystemTime, failure: Option<Failure> },
    /// A device's outcome.
    Outcome(Entered, Arc<Record>),
    /// The sweep came to an orderly end.
    End(Ended),
}

/// What goes through the queue.
#[derive(Debug)]
struct Order {
    entry: Entry,
    bytes: usize,
    /// To be told when it is durable.
    waiting: Option<Sender<()>>,
}

/// The near side of the thread. Dropping it writes what waits.
#[derive(Debug)]
pub(super) struct Writer {
    orders: Option<Sender<Order>>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    budget: Budget,
    /// Orders that somebody waits for and the thread has not taken yet.
    awaited: AtomicUsize,
    failure: OnceLock<StoreFailed>,
}

impl Writer {
    /// Starts the thread, which writes run `run`.
    pub(super) fn start(store: Store, run: i64) -> Result<Self> {
        store.db.busy_timeout(PATIENCE)?;
        let (orders, receiver) = crossbeam_channel::bounded(WAITING);
        let shared = Arc::new(Shared::default());
        let thread = thread::Builder::new().name("run-store".into()).spawn({
            let shared = Arc::clone(&shared);
            move || write_all(store, run, &receiver, &shared)
        });
        let thread = thread.context("cannot start a thread for the run store")?;
        Ok(Self { orders: Some(orders), shared, thread: Some(thread) })
    }

    /// Hands `entry` over; waits while too much is waiting.
    ///
    /// # Errors
    /// When something could not be written, of this or of what came before it.
    pub(super) fn write(&self, entry: Entry) -> Result<(), StoreFailed> {
        self.order(entry, None)
    }

    /// Hands `entry` over and waits until it is durable.
    ///
    /// # Errors
    /// As for [`write`](Self::write).
    pub(super) fn write_now(&self, entry: Entry) -> Result<(), StoreFailed> {
        let (tell, done) = crossbeam_channel::bounded(1);
        self.order(entry, Some(tell))?;
        done.recv().map_err(|_| self.failure())
    }

    fn order(&self, entry: Entry, waiting: Option<Sender<()>>) -> Result<(), StoreFailed> {
        if let Some(failure) = self.shared.failure.get() {
            return Err(failure.clone());
        }
        let Some(orders) = &self.orders else { return Err(self.failure()) };
        let bytes = entry.bytes();
        let used = self.shared.budget.take(bytes);
        self.shared.awaited.fetch_add(usize::from(waiting.is_some()), Relaxed);
        orders.send(Order { entry, bytes, waiting }).map_err(|_| self.failure())?;
        if self.shared.is_due(orders.len(), used) {
            self.wake();
        }
        Ok(())
    }

    /// Ends the thread's wait for others to go into the batch.
    fn wake(&self) {
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }

    fn failure(&self) -> StoreFailed {
        let failure = self.shared.failure.get().cloned();
        failure.unwrap_or_else(|| StoreFailed("the run store's thread has ended".into()))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.orders = None;
        self.shared.awaited.fetch_add(1, Relaxed);
        self.wake();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Default for Shared {
    fn default() -> Self {
        Self { budget: Budget::new(WAITING_BYTES), awaited: AtomicUsize::new(0), failure: OnceLock::new() }
    }
}

impl Shared {
    /// Whether `orders` with `bytes` of entries are to be written without waiting for more.
    fn is_due(&self, orders: usize, bytes: usize) -> bool {
        orders >= BATCH || bytes >= BATCH_BYTES || self.awaited.load(Relaxed) > 0
    }
}

impl Entry {
    /// What it takes in the queue, roughly.
    fn bytes(&self) -> usize {
        match self {
            Self::Outcome(_, record) => {
                let outputs =
                    record.commands.iter().map(|it| it.output.len() + it.as_sent().len() + it.command.len());
                mem::size_of::<Record>() + outputs.sum::<usize>()
            }
            _ => mem::size_of::<Self>(),
        }
    }
}

fn write_all(mut store: Store, run: i64, orders: &Receiver<Order>, shared: &Shared) {
    let mut was_full = false;
    // Being woken for each entry would cost more than writing it.
    while let Some(batch) = next_batch(orders, shared, || thread::park_timeout(LINGER)) {
        if let Err(error) = write_batch(&mut store.db, run, &batch, &mut was_full) {
            // In this order: who is woken finds the reason.
            let _ = shared.failure.set(failed(&store.path, &error));
            shared.budget.close();
            drop(batch);
            // Who waits for an order is told by its end; a channel without a receiver would keep it.
            orders.iter().for_each(drop);
            return;
        }
        shared.budget.give_back(batch.iter().map(|order| order.bytes).sum());
        for waiting in batch.iter().filter_map(|order| order.waiting.as_ref()) {
            let _ = waiting.send(());
        }
    }
}

/// Waits for an order, and then a little, as `linger` does, for others to go with it, unless somebody waits for one or
/// there are enough. `None` when there will be no more.
fn next_batch(orders: &Receiver<Order>, shared: &Shared, linger: impl FnOnce()) -> Option<Vec<Order>> {
    let mut batch = vec![orders.recv().ok()?];
    if !shared.is_due(batch.len() + orders.len(), shared.budget.used()) {
        linger();
    }
    let mut bytes = batch[0].bytes;
    while batch.len() < BATCH
        && bytes < BATCH_BYTES
        && let Ok(order) = orders.try_recv()
    {
        bytes += order.bytes;
        batch.push(order);
    }
    shared.awaited.fetch_sub(batch.iter().filter(|order| order.waiting.is_some()).count(), Relaxed);
    Some(batch)
}

/// `was_full` says whether the batch before had marks.
fn write_batch(db: &mut Connection, run: i64, batch: &[Order], was_full: &mut bool) -> Result<()> {
    // A mark has to outlive the machine's power as well: what may have been begun on a device must not
    // be begun again.
    let marks = batch.iter().any(|order| matches!(order.entry, Entry::HandOut(_)));
    if marks != std::mem::replace(was_full, marks) {
        db.pragma_update(None, "synchronous", if marks { "FULL" } else { "NORMAL" })?;
    }
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut inserts = Inserts::new(&transaction)?;
    for order in batch {
        match &order.entry {
            Entry::HandOut(devices) => {
                devices.iter().try_for_each(|device| outcomes::hand_out(&transaction, *device))?;
            }
            Entry::Attempt { device, worker, at, failure } => {
                outcomes::insert_attempt(&transaction, *device, *worker, *at, failure.as_ref())?;
            }
            Entry::Outcome(device, record) => inserts.outcome(*device, record)?,
            Entry::End(ended) => {
                // Whoever's commands had begun has an outcome by now.
                transaction
                    .execute("UPDATE devices SET handed_out = 0 WHERE run = ?1 AND handed_out", [run])?;
                transaction.execute(
                    "UPDATE runs SET ended = ?2, ending = ?3 WHERE id = ?1",
                    params![run, Millis(SystemTime::now()), ended],
                )?;
            }
        }
    }
    drop(inserts);
    transaction.commit()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_waits_for_more_where_there_is_enough_or_somebody_waits() {
        let (orders, receiver) = crossbeam_channel::unbounded();
        let writer = Writer { orders: Some(orders), shared: Arc::default(), thread: None };
        let (tell, _told) = crossbeam_channel::bounded(1);
        let write = |waiting| writer.order(Entry::End(Ended::Complete), waiting).expect("taken");
        let next = |linger: &dyn Fn()| {
            let batch = next_batch(&receiver, &writer.shared, linger).expect("there are some");
            writer.shared.budget.give_back(batch.iter().map(|order| order.bytes).sum());
            batch.len()
        };
        (0..=BATCH).for_each(|_| write(None));
        write(Some(tell));
        let at_once = || panic!("there is enough, and then somebody waits");
        assert_eq!((next(&at_once), next(&at_once)), (BATCH, 2));
        // Nobody waits any more: others may come.
        write(None);
        assert_eq!(next(&|| write(None)), 2);
    }
}
