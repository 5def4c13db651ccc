//! What the dispatcher wants done.

use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use netsweep_shared::job::{JobId, Transport};
use netsweep_shared::outcome::{AttemptEnd, Timing};
use netsweep_shared::protocol::{Setup, ToWorker};

use super::Sweep;
use crate::dispatch::message::{Action, Death, Event, Verdict, WorkerId};
use crate::event::RunEvent;
use crate::mix::usable_cores;
use crate::plan::Plan;
use crate::record::{DeviceStatus, Record, RecordError, TimingMs};
use crate::supervise::process::WorkerProcess;

impl Sweep<'_> {
    pub(super) fn act(&mut self, actions: Vec<Action>) -> Result<()> {
        let mut announced = false;
        let mut actions = actions.into_iter();
        while let Some(action) = actions.next() {
            if !announced && changing(self.plan, &action).is_some() {
                // Not before: what came to an end has to be told before another begins.
                self.announce(&action, actions.as_slice())?;
                announced = true;
            }
            match action {
                Action::Send { worker, job, .. } if self.must_not_be_sent(job) => {
                    self.withheld.push((worker, job));
                }
                Action::Start(id) => self.start_worker(id)?,
                Action::Send { worker, job, attempt, asks_first, time_left } => {
                    self.first_dispatch.get_or_insert_with(Instant::now);
                    let message =
                        self.plan.job(job).to_job(job, attempt, asks_first, time_left, self.host_keys);
                    self.send(worker, &ToWorker::Job(Box::new(message)));
                }
                Action::Drain(worker) | Action::Retire(worker) => self.send(worker, &ToWorker::Drain),
                Action::LogIn { worker, job } => self.send(worker, &ToWorker::LogIn(job)),
                Action::Withdraw { worker, job } => self.send(worker, &ToWorker::Withdraw(job)),
                Action::Cancel(worker) => self.send(worker, &ToWorker::Cancel),
                Action::Kill(worker, reason) => self.kill(worker, reason)?,
                Action::Retry { worker, job, failure } => self.tell(&RunEvent::AttemptFailed {
                    device: &self.plan.job(job).device,
                    worker: worker.number,
                    failure: failure.as_ref(),
                })?,
                Action::Settle { job, attempts, worker, verdict } => {
                    self.settle(job, attempts, worker, verdict)?
                }
                Action::Allow(_) => {}
                Action::Finish(ending) => self.ending = Some(ending),
            }
        }
        Ok(())
    }

    /// Makes known which jobs that may change their devices are about to be sent, all of them at once.
    fn announce(&mut self, first: &Action, others: &[Action]) -> Result<()> {
        let plan = self.plan;
        let all = std::iter::once(first).chain(others);
        let changing: Vec<&str> = all.filter_map(|action| changing(plan, action)).collect();
        self.tell(&RunEvent::HandingOut(&changing))
    }

    /// Whether nobody would know that `job` may have changed its device.
    fn must_not_be_sent(&self, job: JobId) -> bool {
        self.unrecorded.is_some() && !self.plan.job(job).spec.read_only
    }

    fn start_worker(&mut self, id: WorkerId) -> Result<()> {
        let setup = Setup {
            worker: id.number,
            threads: self.plan.mix.threads,
            output_limit: self.plan.output_limit,
            verbose: self.plan.verbose,
            sandbox: self.plan.sandbox,
            agent_sockets: self.plan.agent_sockets(),
            platforms: self.plan.platforms.clone(),
            experiment: self.plan.conditions(id.number, &usable_cores()),
        };
        match WorkerProcess::start(id, self.command, setup, &self.incoming) {
            Ok(worker) => {
                self.workers.insert(id.number, worker);
                Ok(())
            }
            Err(error) => {
                // What has worked once may work again.
                let death = if id.life == 0 { Death::Unusable } else { Death::Fault };
                self.handle(Event::WorkerGone(id, death(format!("{error:#}"))))
            }
        }
    }

    fn send(&mut self, id: WorkerId, message: &ToWorker) {
        if let Some(worker) = self.workers.get_mut(&id.number).filter(|worker| worker.id == id) {
            worker.send(message);
        }
    }

    fn settle(
        &mut self,
        job: JobId,
        attempts: u32,
        worker: Option<WorkerId>,
        verdict: Verdict,
    ) -> Result<()> {
        let planned = self.plan.job(job);
        let (started, commands) = self.gatherer.finish(job, &planned.commands, planned.encoding)?;
        let AttemptEnd { failure, timing, route, old_algorithms, .. } = match verdict {
            Verdict::Told(end) => end,
            Verdict::Lost(failure) => {
                let total = started.and_then(|started| started.elapsed().ok()).unwrap_or_default();
                AttemptEnd {
                    failure: Some(failure),
                    timing: Timing { total, ..Timing::default() },
                    ..AttemptEnd::default()
                }
            }
        };
        let route = planned.routes.get(route as usize).unwrap_or(&planned.routes[0]);
        let record = Record {
            run: Arc::clone(&self.plan.run),
            device: Arc::clone(&planned.device),
            address: Arc::clone(&planned.address),
            port: route.port,
            transport: route.transport,
            platform: Arc::clone(&planned.platform),
            status: DeviceStatus::of(failure.as_ref()),
            error: failure.map(RecordError::from),
            attempts,
            worker: worker.map(|worker| worker.number),
            started,
            timing_ms: TimingMs::from(timing),
            commands,
            ssh_legacy: (planned.ssh_legacy && route.transport == Transport::Ssh).then_some(old_algorithms),
        };
        self.last_result = Some(Instant::now());
        self.tell(&RunEvent::DeviceDone(&Arc::new(record)))
    }

    pub(super) fn kill(&mut self, id: WorkerId, reason: String) -> Result<()> {
        if let Some(worker) = self.workers.get_mut(&id.number).filter(|worker| worker.id == id) {
            worker.kill(reason);
        }
        Ok(())
    }
}

/// The device of a job that is about to be sent and may change it.
fn changing<'a>(plan: &'a Plan, action: &Action) -> Option<&'a str> {
    let Action::Send { job, .. } = action else { return None };
    let job = plan.job(*job);
    (!job.spec.read_only).then_some(&*job.device)
}
