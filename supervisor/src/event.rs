//! What happens in a run, told to everyone who listens.
//!
//! Progress, results, files and summary are consumers side by side; none knows another.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use netsweep_shared::outcome::{AttemptEnd, Failure};
use netsweep_shared::protocol::Cost;

use crate::dispatch::Tuned;
use crate::record::Record;
use crate::usage::Usage;

/// Something that happened.
#[derive(Debug)]
pub enum RunEvent<'a> {
    /// Before the first worker starts.
    Began(&'a RunPlan),
    /// A worker process is up.
    WorkerUp {
        /// Its number.
        worker: u32,
        /// Its process.
        pid: u32,
    },
    /// A worker process is gone before its time, and with it every attempt that it ran: no
    /// `AttemptEnded` is told of those.
    WorkerLost {
        /// Its number.
        worker: u32,
        /// What was seen of its end.
        reason: &'a str,
    },
    /// These devices' jobs, whose commands do not only read, are about to be handed to workers. Where
    /// that cannot be recorded they must not be: an error keeps them here.
    HandingOut(&'a [&'a str]),
    /// A session thread has taken a device.
    AttemptStarted {
        /// This one.
        device: &'a str,
        /// On this worker.
        worker: u32,
    },
    /// That session is over, whether or not another attempt follows; where it was the last,
    /// `DeviceDone` comes after this.
    AttemptEnded {
        /// On this worker.
        worker: u32,
        /// At this device.
        device: &'a str,
        /// How it ended, and what it took.
        end: &'a AttemptEnd,
    },
    /// An attempt came to nothing, and another will follow.
    AttemptFailed {
        /// At this device.
        device: &'a str,
        /// On this worker.
        worker: u32,
        /// Why, where the device was the reason and not the worker.
        failure: Option<&'a Failure>,
    },
    /// A device is done: its one record, for whoever wants to keep it.
    DeviceDone(&'a Arc<Record>),
    /// Something a person should know now, in one line.
    Notice(&'a str),
    /// A worker process is over: what it said last of its cost. Told once of each process that has said
    /// anything; where a number's worker was replaced, the processes add up. One that ended in order has
    /// said it when all its sessions were over, one that did not up to a second before its end.
    WorkerCost {
        /// Its number.
        worker: u32,
        /// What it used.
        cost: &'a Cost,
    },
    /// Figures of processes, once a second and once at the end.
    Usage(&'a Usage),
    /// Time passes: some ten times a second, so that a screen can move while nothing happens.
    Tick,
    /// The run is over.
    Ended(&'a RunEnd),
}

/// What is about to be done.
#[derive(Clone, Debug, Default)]
pub struct RunPlan {
    /// The run's name.
    pub run: String,
    /// Names of the selected devices, in inventory order.
    pub devices: Vec<Arc<str>>,
    /// Worker processes.
    pub processes: u32,
    /// Session threads in each.
    pub threads: u32,
    /// The command that finishes the run should it be cut short; `None` where it is not recorded.
    pub resume: Option<String>,
}

/// How the run as a whole ended.
#[derive(Clone, Debug)]
pub struct RunEnd {
    /// From the first dispatch to the last result.
    pub makespan: Duration,
    /// Selected devices that have no record, because the run was cut short.
    pub left: usize,
    /// The user cut it short.
    pub interrupted: bool,
    /// How many sessions were found to be enough, where that was to be found out.
    pub tuned: Option<Tuned>,
}

/// Someone who listens. An error ends the run, because what cannot be written is lost; see
/// [`ReaderGone`](crate::output::ReaderGone) for the one that ends it quietly once running sessions are through, and
/// [`StoreFailed`](crate::store::StoreFailed) for the one that lets running sessions finish.
pub trait Consumer {
    /// Takes note of `event`.
    fn on(&mut self, event: &RunEvent<'_>) -> Result<()>;
}

/// Several who listen: all of them hear of `event`, in their order, and then the first error
/// is returned.
impl Consumer for Vec<Box<dyn Consumer>> {
    fn on(&mut self, event: &RunEvent<'_>) -> Result<()> {
        self.iter_mut().map(|consumer| consumer.on(event)).fold(Ok(()), Result::and)
    }
}
