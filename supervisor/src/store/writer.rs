//! The thread that writes while a sweep runs: what it is told, in batches, each a transaction.

use std::mem;
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result};
use crossbeam_channel::{Receiver, Sender, TryRecvError};
use netsweep_shared::outcome::Failure;
use rusqlite::{Connection, TransactionBehavior, params};

use super::budget::Budget;
use super::open::Store;
use super::outcomes;
use super::runs::{Ended, Millis};
use super::trouble::{StoreFailed, failed};
use crate::record::Record;

/// Longest time between an outcome's arrival and its commit, writing apart.
pub const LINGER: Duration = Duration::from_millis(50);
/// How often whoever waits for a batch to grow looks at it: being woken for each entry would cost more than writing it.
const LOOK: Duration = Duration::from_millis(5);
/// Most entries in a batch.
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
    HandOut(Vec<String>),
    /// An attempt that another is to follow.
    Attempt { device: String, worker: u32, at: SystemTime, failure: Option<Failure> },
    /// A device's outcome.
    Outcome(Box<Record>),
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
    failure: OnceLock<StoreFailed>,
}

impl Writer {
    /// Starts the thread, which writes run `run`.
    pub(super) fn start(store: Store, run: i64) -> Result<Self> {
        store.db.busy_timeout(PATIENCE)?;
        let (orders, receiver) = crossbeam_channel::bounded(WAITING);
        let shared = Arc::new(Shared { budget: Budget::new(WAITING_BYTES), failure: OnceLock::new() });
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
        let bytes = entry.bytes();
        self.shared.budget.take(bytes);
        let order = Order { entry, bytes, waiting };
        let sent = self.orders.as_ref().map(|orders| orders.send(order));
        sent.and_then(Result::ok).ok_or_else(|| self.failure())
    }

    fn failure(&self) -> StoreFailed {
        let failure = self.shared.failure.get().cloned();
        failure.unwrap_or_else(|| StoreFailed("the run store's thread has ended".into()))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Entry {
    /// What it takes in the queue, roughly.
    fn bytes(&self) -> usize {
        match self {
            Self::Outcome(record) => {
                let outputs =
                    record.commands.iter().map(|it| it.output.len() + it.as_sent().len() + it.command.len());
                mem::size_of::<Record>() + outputs.sum::<usize>()
            }
            _ => mem::size_of::<Self>(),
        }
    }
}

fn write_all(mut store: Store, run: i64, orders: &Receiver<Order>, shared: &Shared) {
    while let Some(batch) = next_batch(orders) {
        if let Err(error) = write_batch(&mut store.db, run, &batch) {
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

/// Waits for an order, and then a little for others to go with it. `None` when there will be no more.
fn next_batch(orders: &Receiver<Order>) -> Option<Vec<Order>> {
    let mut batch = vec![orders.recv().ok()?];
    let deadline = Instant::now() + LINGER;
    let mut bytes = batch[0].bytes;
    let mut somebody_waits = batch[0].waiting.is_some();
    while batch.len() < BATCH && bytes < BATCH_BYTES {
        match orders.try_recv() {
            // What is there goes along, whoever waits.
            Ok(order) => {
                bytes += order.bytes;
                somebody_waits |= order.waiting.is_some();
                batch.push(order);
            }
            Err(TryRecvError::Empty) if !somebody_waits && Instant::now() < deadline => thread::sleep(LOOK),
            Err(_) => break,
        }
    }
    Some(batch)
}

fn write_batch(db: &mut Connection, run: i64, batch: &[Order]) -> Result<()> {
    // A mark has to outlive the machine's power as well: what may have been begun on a device must not
    // be begun again.
    let marks = batch.iter().any(|order| matches!(order.entry, Entry::HandOut(_)));
    db.pragma_update(None, "synchronous", if marks { "FULL" } else { "NORMAL" })?;
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for order in batch {
        match &order.entry {
            Entry::HandOut(devices) => {
                devices.iter().try_for_each(|device| outcomes::hand_out(&transaction, run, device))?;
            }
            Entry::Attempt { device, worker, at, failure } => {
                outcomes::insert_attempt(&transaction, run, device, *worker, *at, failure.as_ref())?;
            }
            Entry::Outcome(record) => outcomes::insert(&transaction, run, record)?,
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
    transaction.commit()?;
    Ok(())
}
