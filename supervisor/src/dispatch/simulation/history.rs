//! One history: the dispatcher in a simulated world, and what really happens there.

use std::collections::BTreeSet;
use std::time::Duration;

use netsweep_shared::job::JobId;
use netsweep_shared::outcome::{AttemptEnd, ErrorKind, Stage};

use super::agenda::{Agenda, AtWorker, Happening, Order};
use super::chance::Chance;
use super::device::{Device, Nature, Way};
use super::process::{Process, Vice};
use super::store::Store;
use super::tally::Tally;
use crate::dispatch::message::{Action, Death, Ending, Event, Verdict, WorkerId};
use crate::dispatch::witness::{Kept, Witness};
use crate::dispatch::{Dispatcher, JobSpec, Settings, Tuning};
use crate::store::Standstill;
use crate::store::invariants::resumes_exactly;

const TICK: Duration = Duration::from_millis(200);
/// A history that lasts longer has no end.
const LONGEST: Duration = Duration::from_secs(50_000);
/// How much of the world is played when the run is over: nothing may come of it.
const EPILOGUE: u32 = 50;

pub(super) struct History {
    world: World,
    dispatcher: Dispatcher,
    first_actions: Vec<Action>,
    witness: Witness,
    devices: Vec<Device>,
    /// By number: the living, and the dead that were not yet found.
    processes: Vec<Option<Process>>,
    agenda: Agenda,
    held_up_until: Duration,
    interrupts: usize,
    store: Store,
    /// When the supervisor is killed.
    killed_at: Option<Duration>,
    tally: Tally,
    aloud: bool,
}

/// What kind of history this is.
#[derive(Debug)]
struct World {
    settings: Settings,
    /// Nothing is wrong but with devices: so nobody may be killed or blamed without reason.
    calm: bool,
    /// What workers say may not be so.
    liars: bool,
    /// Workers with a vice, in a hundred.
    troubled: u64,
    /// Longest way through a pipe, in milliseconds.
    slowness: u64,
}

impl History {
    pub(super) fn new(seed: u64, aloud: bool) -> Self {
        let mut chance = Chance::new(seed);
        let calm = chance.in_hundred(30);
        let groups = chance.below(3);
        let most = chance.pick(&[3, 12, 60]);
        let credentials = chance.below(3) as u32;
        let ways: Vec<Way> = (0..chance.below(3))
            .map(|_| chance.pick(&[Way::Open, Way::Open, Way::RefusesUs, Way::Broken]))
            .collect();
        let devices = (0..chance.below(most))
            .map(|name| Device::new(name as u32, &mut chance, groups, credentials, &ways, calm));
        let devices: Vec<_> = devices.collect();
        let settings = Settings {
            processes: chance.between(1, 4) as u32,
            threads: chance.pick(&[1, 2, 3, 12]),
            retries: chance.below(4) as u32,
            device_timeout: match chance.in_hundred(80) {
                true => chance.millis(1_000, 12_000),
                false => chance.millis(1_000, 60_000),
            },
            grace: match chance.in_hundred(80) {
                true => chance.millis(0, 5_000),
                false => chance.millis(0, 60_000),
            },
            group_limits: (0..groups).map(|_| chance.between(1, 3) as u32).collect(),
            credentials,
            ways: ways.len() as u32,
            max_auth_failures: chance.between(1, 4) as u32,
            login_rate: chance.in_hundred(20).then(|| chance.between(2, 40) as f64),
            tuning: chance
                .in_hundred(25)
                .then(|| Tuning { least: chance.between(1, 3) as u32, most: chance.between(1, 30) as u32 }),
            seed,
        };
        let world = World {
            settings: settings.clone(),
            calm,
            liars: !calm && chance.in_hundred(40),
            troubled: if calm { 0 } else { chance.pick(&[5, 20, 50, 95]) },
            slowness: chance.pick(&[2, 50, 1_000]),
        };
        if aloud {
            println!("{world:#?}\n{devices:#?}");
        }
        let killed_at = chance.in_hundred(15).then(|| chance.millis(0, 20_000));
        Self { killed_at, ..Self::begin(world, devices, chance, aloud) }
    }

    /// A run of `devices`, by a supervisor that nobody kills.
    fn begin(world: World, devices: Vec<Device>, chance: Chance, aloud: bool) -> Self {
        let settings = world.settings.clone();
        let specs: Vec<JobSpec> = devices.iter().map(|device| device.spec.clone()).collect();
        let (witness, store) = (Witness::new(&settings, &specs), Store::new(&specs));
        let processes = (0..settings.processes).map(|_| None).collect();
        let order = (0..devices.len() as u32).map(JobId).collect();
        let (dispatcher, first_actions) = Dispatcher::start(settings, specs, order);
        Self {
            world,
            dispatcher,
            first_actions,
            witness,
            devices,
            processes,
            agenda: Agenda::new(chance),
            held_up_until: Duration::ZERO,
            interrupts: 0,
            store,
            killed_at: None,
            tally: Tally::default(),
            aloud,
        }
    }

    /// Plays until the run is over and a little longer.
    pub(super) fn play(mut self) -> Result<Tally, String> {
        let first_actions = std::mem::take(&mut self.first_actions);
        self.witness.saw_start(&first_actions)?;
        self.act(first_actions)?;
        self.plan_what_comes_from_outside();
        let mut epilogue = EPILOGUE;
        while self.witness.finished().is_none() || epilogue > 0 {
            epilogue -= u32::from(self.witness.finished().is_some());
            let (number, happening) = self.agenda.next();
            if self.killed_at.is_some_and(|at| self.agenda.now >= at)
                && self.witness.finished().is_none()
                && self.interrupts == 0
            {
                return self.resume();
            }
            ensure(self.agenda.now < LONGEST, || format!("{} jobs never end", self.dispatcher.unsettled()))?;
            if self.agenda.now < self.held_up_until && concerns_the_supervisor(&happening) {
                self.agenda.at(self.held_up_until, happening);
            } else {
                self.happens(number, happening)?;
            }
        }
        self.ending_is_just()?;
        // A word that dies with its worker is not heard, and so not counted.
        let deadly = self.devices.iter().any(|device| matches!(device.nature, Nature::Deadly { .. }));
        if self.world.calm && !deadly {
            self.rejections_are_few()?;
        }
        Ok(self.tally)
    }

    /// The supervisor is killed, its workers with it, and another finishes the run.
    fn resume(mut self) -> Result<Tally, String> {
        self.tally.note("resumed");
        let found: Vec<_> = self.store.found(self.agenda.now).collect();
        let stored: Vec<_> = self.devices.iter().map(|device| device.name).zip(found).collect();
        let left = self.devices.into_iter().zip(&stored).filter(|(_, (_, at))| *at == Standstill::Left);
        let left: Vec<Device> = left.map(|(device, _)| device).collect();
        // Another guard counts anew.
        let forget = |device: Device| Device { ends: Vec::new(), let_in: false, ..device };
        let left: Vec<Device> = left.into_iter().map(forget).collect();
        let begun: BTreeSet<u32> = left.iter().map(|device| device.name).collect();
        resumes_exactly(stored, &begun)?;
        let next = Self::begin(self.world, left, self.agenda.chance, self.aloud);
        Ok([self.tally, next.play()?].into_iter().sum())
    }

    fn plan_what_comes_from_outside(&mut self) {
        let Agenda { chance, .. } = &mut self.agenda;
        let mut outside = vec![(Duration::ZERO, Happening::Tick)];
        if chance.in_hundred(35) {
            let first = chance.millis(0, 20_000);
            outside.push((first, Happening::Interrupt));
            if chance.in_hundred(50) {
                outside.push((first + chance.millis(0, 8_000), Happening::Interrupt));
            }
        }
        for _ in 0..chance.below(3) {
            outside.push((chance.millis(0, 30_000), Happening::HeldUp(chance.millis(1_500, 100_000))));
        }
        for (time, happening) in outside {
            self.agenda.at(time, happening);
        }
    }

    fn happens(&mut self, number: u64, happening: Happening) -> Kept {
        match happening {
            Happening::Tick => {
                self.agenda.after(TICK, Happening::Tick);
                self.tell(Event::Tick)
            }
            Happening::Interrupt => {
                self.interrupts += 1;
                self.tell(Event::Interrupt)
            }
            Happening::HeldUp(how_long) => {
                self.held_up_until = self.held_up_until.max(self.agenda.now + how_long);
                Ok(())
            }
            Happening::Worker(id, AtWorker::IsHeard) => self.hear(id),
            Happening::Worker(id, AtWorker::IsFoundDead) => self.find_dead(id),
            Happening::Worker(id, what) => {
                let Some(process) = process(&mut self.processes, id) else { return Ok(()) };
                process.happens(number, what, &mut self.devices, &mut self.agenda);
                self.world_is_in_order()
            }
        }
    }

    fn hear(&mut self, id: WorkerId) -> Kept {
        let words = process(&mut self.processes, id).map(Process::heard);
        words.into_iter().flatten().try_for_each(|word| self.tell(word))
    }

    fn find_dead(&mut self, id: WorkerId) -> Kept {
        self.hear(id)?;
        let found = self.processes[id.number as usize].take_if(|process| process.id == id);
        let Some((death, last_word)) = found.and_then(Process::found_dead) else { return Ok(()) };
        let gone = Event::WorkerGone(id, death);
        self.tell(gone.clone())?;
        // Of a former life nothing counts any more.
        last_word.into_iter().chain([gone]).try_for_each(|event| self.tell(event))
    }

    fn tell(&mut self, event: Event) -> Kept {
        let actions = self.dispatcher.handle(event.clone(), self.agenda.now);
        if self.aloud && !(actions.is_empty() && matches!(event, Event::Tick | Event::Heard(_))) {
            println!("{:9.3} {event:?}", self.agenda.now.as_secs_f64());
            actions.iter().for_each(|action| println!("          -> {action:?}"));
        }
        self.witness.saw(&event, &actions, self.agenda.now)?;
        self.act(actions)
    }

    fn act(&mut self, actions: Vec<Action>) -> Kept {
        for action in actions {
            self.store.enter(&action, self.agenda.now);
            self.tally.count(&action);
            self.login_rate_is_kept()?;
            let (id, order) = match action {
                Action::Start(id) => {
                    self.processes[id.number as usize] = Some(self.start_process(id));
                    continue;
                }
                Action::Kill(id, reason) => {
                    self.kill_is_just(id, &reason)?;
                    let death = AtWorker::Dies(Death::Fault(reason));
                    let soon = self.agenda.chance.millis(0, 300);
                    self.agenda.after(soon, Happening::Worker(id, death));
                    continue;
                }
                Action::Settle { job, verdict, .. } => {
                    self.verdict_is_just(job, &verdict)?;
                    continue;
                }
                Action::Retry { .. } | Action::Allow(_) | Action::Finish(_) => continue,
                Action::Send { worker, job, asks_first, time_left, .. } => {
                    (worker, Order::Job { job, asks_first, time_left })
                }
                Action::LogIn { worker, job } => (worker, Order::LogIn(job)),
                Action::Drain(id) | Action::Retire(id) => (id, Order::Drain),
                Action::Withdraw { worker, job } => (worker, Order::Withdraw(job)),
                Action::Cancel(id) => (id, Order::Cancel),
            };
            if let Some(process) = process(&mut self.processes, id) {
                process.order(order, &mut self.agenda);
            }
        }
        Ok(())
    }

    /// The world's own count of logins that began.
    fn login_rate_is_kept(&self) -> Kept {
        let Some(rate) = self.world.settings.login_rate else { return Ok(()) };
        let sent = self.tally.of("sent");
        // Suspects of one death set out together; ticks come late.
        let most = (self.agenda.now.as_secs_f64() + 1.0) * rate + self.devices.len() as f64;
        ensure(sent as f64 <= most, || format!("{sent} logins have begun, at {rate} a second"))
    }

    fn start_process(&mut self, id: WorkerId) -> Process {
        let World { settings, troubled, liars, slowness, .. } = &self.world;
        let chance = &mut self.agenda.chance;
        let vice = match chance.in_hundred(*troubled) {
            true if *liars && chance.in_hundred(50) => Some(Vice::Lies),
            // Who cannot work at all ends the run: a rare case.
            true => Some(chance.pick(&Vice::HONEST))
                .filter(|vice| *vice != Vice::Unusable || chance.in_hundred(20)),
            false => None,
        };
        Process::start(id, vice, settings.threads as usize, *slowness, &mut self.agenda)
    }
}

/// What really happens, which the dispatcher and the witness only hear of.
impl History {
    /// No device has two sessions, no group more than it may have, and nothing that may change a
    /// device is done twice.
    fn world_is_in_order(&self) -> Kept {
        if self.world.liars {
            // Who believes a liar can be made to do all that.
            return Ok(());
        }
        let sessions: Vec<JobId> =
            self.processes.iter().flatten().flat_map(|process| process.sessions.keys().copied()).collect();
        for (number, device) in self.devices.iter().enumerate() {
            let at_once = sessions.iter().filter(|job| job.index() == number).count();
            ensure(at_once <= 1, || format!("device {number} has {at_once} sessions"))?;
            let times = device.commands_begun;
            ensure(device.spec.read_only || times <= 1, || {
                format!("device {number} was changed {times} times")
            })?;
        }
        for (group, limit) in self.world.settings.group_limits.iter().enumerate() {
            let in_group = |job: &&JobId| self.devices[job.index()].spec.groups.contains(&(group as u16));
            let at_once = sessions.iter().filter(in_group).count();
            ensure(at_once <= *limit as usize, || {
                format!("group {group} has {at_once} sessions, not {limit}")
            })?;
        }
        Ok(())
    }

    /// A credential that no device takes is rejected so often and no more, and by a jump host once.
    fn rejections_are_few(&self) -> Kept {
        let rejected_at = |end: &AttemptEnd, stage| {
            end.failure.as_ref().is_some_and(|it| it.kind == ErrorKind::Auth && it.stage == stage)
        };
        for way in 0..self.world.settings.ways {
            let on_it = self.devices.iter().filter(|device| device.spec.way == Some(way));
            let times =
                on_it.flat_map(|device| &device.ends).filter(|end| rejected_at(end, Stage::JumpLogin));
            let times = times.count();
            ensure(times <= 1, || format!("a jump host of way {way} refused us {times} times"))?;
        }
        let rejected = |end: &AttemptEnd| rejected_at(end, Stage::Login);
        (0..self.world.settings.credentials).try_for_each(|credential| {
            let with_it = || self.devices.iter().filter(|device| device.spec.credential == Some(credential));
            let rejections = with_it().flat_map(|device| &device.ends).filter(|end| rejected(end)).count();
            let most = self.world.settings.max_auth_failures as usize;
            ensure(rejections <= most || with_it().any(|device| device.let_in), || {
                format!("credential {credential}, which no device takes, was rejected {rejections} times")
            })
        })
    }

    /// A worker without a vice is killed only when a run that was cut short has to end.
    fn kill_is_just(&self, id: WorkerId, reason: &str) -> Kept {
        ensure(!self.world.calm || self.interrupts > 0, || format!("{id:?} is killed for nothing: {reason}"))
    }

    /// What is told of a device did happen, and no device is blamed for another.
    fn verdict_is_just(&self, job: JobId, verdict: &Verdict) -> Kept {
        let Device { nature, spec, ends, .. } = &self.devices[job.index()];
        let just = match verdict {
            Verdict::Told(end) => ends.last() == Some(end) || self.world.liars,
            Verdict::Lost(failure) if failure.kind == ErrorKind::Crashed && self.world.calm => {
                matches!(nature, Nature::Deadly { .. }) || !spec.read_only
            }
            Verdict::Lost(_) => true,
        };
        ensure(just, || format!("device {job}, {nature:?}, is settled as {verdict:?}"))
    }

    /// A run is cut short only by an interrupt or by workers that cannot be kept running.
    fn ending_is_just(&self) -> Kept {
        let just = match self.witness.finished() {
            Some(Ending::Complete) => self.interrupts == 0 || self.dispatcher.unsettled() == 0,
            Some(Ending::Interrupted) => self.interrupts > 0,
            Some(Ending::GaveUp(reason)) => reason == "another version" || self.tally.of("started") > 20,
            None => false,
        };
        ensure(just, || format!("the run ended as {:?}", self.witness.finished()))
    }
}

fn process(processes: &mut [Option<Process>], id: WorkerId) -> Option<&mut Process> {
    processes[id.number as usize].as_mut().filter(|process| process.id == id)
}

fn concerns_the_supervisor(happening: &Happening) -> bool {
    use Happening::{Interrupt, Tick, Worker};
    matches!(happening, Tick | Interrupt | Worker(_, AtWorker::IsHeard | AtWorker::IsFoundDead))
}

fn ensure(condition: bool, otherwise: impl FnOnce() -> String) -> Kept {
    if condition { Ok(()) } else { Err(otherwise()) }
}
