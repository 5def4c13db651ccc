//! What workers say, and their ends.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;
use netsweep_shared::job::JobId;
use netsweep_shared::outcome::Stage;
use netsweep_shared::protocol::{Activity, Cost, FromWorker};

use super::Sweep;
use crate::dispatch::message::{Event, Passage, WorkerId};
use crate::event::RunEvent;
use crate::host_keys::{Learned, fingerprint};
use crate::supervise::gather::OutOfTurn;
use crate::supervise::process::{Incoming, PipeFault, WorkerProcess};

/// Devices that are named where a worker is lost.
const NAMED: usize = 3;

impl Sweep<'_> {
    pub(super) fn take_in(&mut self, what: Incoming) -> Result<()> {
        match what {
            Incoming::Ready(id) => {
                let worker = self.workers.get(&id.number).filter(|worker| worker.id == id);
                if let Some(pid) = worker.map(WorkerProcess::pid) {
                    self.tell(&RunEvent::WorkerUp { worker: id.number, pid })?;
                }
                self.handle(Event::WorkerReady(id))
            }
            Incoming::Log(id, line) => self.tell(&RunEvent::Notice(&format!("{id}: {line}"))),
            Incoming::Ended(id, fault) => self.worker_ended(id, fault),
            Incoming::Messages(id, messages) => {
                messages.into_iter().try_for_each(|message| self.take_message(id, message))
            }
        }
    }

    fn worker_ended(&mut self, id: WorkerId, fault: Option<PipeFault>) -> Result<()> {
        let Some(worker) = self.workers.remove(&id.number) else { return Ok(()) };
        let (doing, cost) = (self.doing(&worker.activities), worker.cost);
        let death = worker.reap(fault)?;
        self.tell_cost(id, cost)?;
        // One that was killed because the user wants it is no loss.
        if self.interrupts < 2 {
            let reason = format!("{}{doing}", death.reason());
            self.tell(&RunEvent::WorkerLost { worker: id.number, reason: &reason })?;
        }
        self.handle(Event::WorkerGone(id, death))
    }

    /// What a worker that is over has cost, if it said so.
    pub(super) fn tell_cost(&mut self, id: WorkerId, cost: Option<Cost>) -> Result<()> {
        match &cost {
            Some(cost) => self.tell(&RunEvent::WorkerCost { worker: id.number, cost }),
            None => Ok(()),
        }
    }

    /// What a worker that is lost last told of its sessions, to be put behind the reason. Of many the
    /// stages are counted, of few the devices are named.
    pub(super) fn doing(&self, activities: &[Activity]) -> String {
        let mut stages: BTreeMap<Stage, Vec<&str>> = BTreeMap::new();
        for activity in activities {
            let job = self.plan.jobs.get(activity.job.index());
            stages.entry(activity.stage).or_default().extend(job.map(|job| &*job.device));
        }
        if stages.is_empty() {
            return String::new();
        }
        let counts = stages.iter().map(|(stage, devices)| match &devices[..] {
            few if few.len() <= NAMED => format!("{stage} ({})", few.join(", ")),
            many => format!("{stage} ({} devices)", many.len()),
        });
        format!("; its sessions were at: {}", counts.collect::<Vec<_>>().join(", "))
    }

    fn take_message(&mut self, id: WorkerId, message: FromWorker) -> Result<()> {
        let (job, passage) = match message {
            FromWorker::Alive { doing, cost } => {
                self.note_alive(id, doing, cost);
                return self.handle(Event::Heard(id));
            }
            FromWorker::Output { job, command, bytes } => return self.take_output(id, job, command, bytes),
            FromWorker::CommandEnded { job, command, end } => {
                let known = self.knows(id, job, command);
                let taken =
                    if known { self.gatherer.command_ended(job, command, end) } else { Err(OutOfTurn) };
                return self.heard(id, job, taken);
            }
            FromWorker::Started(job) => (job, Passage::Started),
            FromWorker::NewHostKey { job, hop, key } => return self.take_host_key(id, job, hop, &key),
            FromWorker::AsksToLogIn(job) => (job, Passage::AsksToLogIn),
            FromWorker::LogsIn(job) => (job, Passage::LogsIn),
            FromWorker::LoggedIn(job) => (job, Passage::LoggedIn),
            FromWorker::CommandsBegin(job) => (job, Passage::CommandsBegin),
            FromWorker::Finished { job, end } => (job, Passage::Finished(end)),
            FromWorker::Returned(job) => (job, Passage::Returned),
        };
        let was_running = self.dispatcher.runs(id, job);
        if was_running && let Passage::Finished(end) = &passage {
            let plan = self.plan;
            let device = &plan.job(job).device;
            self.tell(&RunEvent::AttemptEnded { worker: id.number, device, end })?;
        }
        self.handle(Event::Job(id, job, passage))?;
        if !was_running && self.dispatcher.runs(id, job) {
            self.gatherer.begin(job);
            let device = Arc::clone(&self.plan.job(job).device);
            self.tell(&RunEvent::AttemptStarted { device: &device, worker: id.number })?;
        }
        Ok(())
    }

    pub(super) fn note_alive(&mut self, id: WorkerId, doing: Vec<Activity>, cost: Cost) {
        if let Some(worker) = self.workers.get_mut(&id.number).filter(|worker| worker.id == id) {
            worker.activities = doing;
            worker.cost = Some(cost);
        }
    }

    fn take_output(&mut self, id: WorkerId, job: JobId, command: u32, bytes: Vec<u8>) -> Result<()> {
        let known = self.knows(id, job, command);
        let taken = if known { self.gatherer.output(job, command, bytes)? } else { Err(OutOfTurn) };
        self.heard(id, job, taken)
    }

    fn take_host_key(&mut self, id: WorkerId, job: JobId, hop: u32, key: &[u8]) -> Result<()> {
        let server = if self.dispatcher.runs(id, job) { self.plan.job(job).server(hop) } else { None };
        let Some((host, port)) = server else {
            return self.kill(id, format!("it told of a host key of job {job} out of turn"));
        };
        let device = &self.plan.job(job).device;
        match self.host_keys.learn(host, port, key) {
            Ok(Learned::New { name }) if self.plan.verbose => {
                let notice = format!("{device}: new host key of {name}: {}", fingerprint(key));
                self.tell(&RunEvent::Notice(&notice))?;
            }
            Ok(Learned::New { .. } | Learned::Known) => {}
            Ok(Learned::Other { name, fingerprints: [first, second] }) => {
                let notice = format!(
                    "{device}: {name} has just shown two host keys, {first} and {second}: somebody may be in between"
                );
                self.tell(&RunEvent::Notice(&notice))?;
            }
            Err(error) => self.tell(&RunEvent::Notice(&format!("{error:#}")))?,
        }
        self.heard(id, job, Ok(()))
    }

    /// Whether `worker` runs `job` and the job has such a command.
    fn knows(&self, worker: WorkerId, job: JobId, command: u32) -> bool {
        self.dispatcher.runs(worker, job) && (command as usize) < self.plan.job(job).commands.len()
    }

    fn heard(&mut self, id: WorkerId, job: JobId, taken: Result<(), OutOfTurn>) -> Result<()> {
        match taken {
            Ok(()) => self.handle(Event::Heard(id)),
            Err(OutOfTurn) => self.kill(id, format!("it sent output of job {job} out of turn")),
        }
    }
}
