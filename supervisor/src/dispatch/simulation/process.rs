//! A simulated worker: its process, its sessions and its pipe.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use netsweep_shared::job::JobId;
use netsweep_shared::outcome::{ErrorKind, Stage};

use super::agenda::{Agenda, AtWorker, Happening, Order};
use super::device::{Course, Device, Progress, cut_at_deadline, finished};
use crate::dispatch::message::{Death, Event, Passage, WorkerId};

const HEARTBEAT: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Process {
    pub(super) id: WorkerId,
    pub(super) vice: Option<Vice>,
    pub(super) sessions: BTreeMap<JobId, Session>,
    threads: usize,
    /// Longest way through its pipe, in milliseconds.
    slowness: u64,
    /// It does nothing until then.
    frozen_until: Duration,
    /// Jobs that no session thread has taken.
    waiting: VecDeque<Waiting>,
    /// Said, but still in the process's memory: lost when it dies.
    unwritten: Vec<Event>,
    /// In the pipe: arrives even when the process is dead.
    pipe: Vec<Event>,
    /// When the last that is on its way to it, and from it, arrives: pipes keep the order.
    order_arrives: Duration,
    word_arrives: Duration,
    death: Option<Death>,
    last_word: Option<Event>,
}

#[derive(Debug)]
struct Waiting {
    job: JobId,
    asks: bool,
    /// What its session may take.
    time_left: Duration,
}

#[derive(Debug)]
pub(super) struct Session {
    course: Course,
    /// What is to come when it may log in; it has to ask before.
    asks: bool,
    held: Option<Course>,
    until: Duration,
    /// Number of the happening that carries it on; any other is void.
    due: u64,
}

/// What is wrong with a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Vice {
    Unusable,
    DiesAtOnce,
    NeverSaysHello,
    DiesLater,
    IsKilledLater,
    HangsLater,
    /// For less time than would make it silent.
    StallsLater,
    /// Alive, but takes no job.
    Idle,
    /// To all but jobs.
    Deaf,
    /// Says things twice, or things that are not so.
    Lies,
}

impl Vice {
    pub(super) const HONEST: [Self; 9] = [
        Self::Unusable,
        Self::DiesAtOnce,
        Self::NeverSaysHello,
        Self::DiesLater,
        Self::IsKilledLater,
        Self::HangsLater,
        Self::StallsLater,
        Self::Idle,
        Self::Deaf,
    ];
}

impl Process {
    pub(super) fn start(
        id: WorkerId,
        vice: Option<Vice>,
        threads: usize,
        slowness: u64,
        agenda: &mut Agenda,
    ) -> Self {
        let worker = |what| Happening::Worker(id, what);
        let (up, later) = (agenda.chance.millis(5, 3_000), agenda.chance.millis(3_000, 20_000));
        agenda.after(up, worker(AtWorker::IsUp));
        let fate = match vice {
            Some(Vice::Unusable) => Some((up / 2, AtWorker::Dies(Death::Unusable("another version".into())))),
            Some(Vice::DiesAtOnce) => Some((up / 2, AtWorker::Dies(Death::Fault("exit status 1".into())))),
            Some(Vice::NeverSaysHello) => Some((up / 2, AtWorker::Freezes(Duration::MAX))),
            Some(Vice::DiesLater) => Some((later, AtWorker::Dies(Death::Fault("SIGSEGV".into())))),
            Some(Vice::IsKilledLater) => Some((later, AtWorker::Dies(Death::Killed("SIGKILL".into())))),
            Some(Vice::HangsLater) => Some((later, AtWorker::Freezes(Duration::MAX))),
            Some(Vice::StallsLater) => Some((later, AtWorker::Freezes(agenda.chance.millis(1_000, 9_000)))),
            Some(Vice::Idle | Vice::Deaf | Vice::Lies) | None => None,
        };
        if let Some((when, what)) = fate {
            agenda.after(when, worker(what));
        }
        Self {
            id,
            vice,
            sessions: BTreeMap::new(),
            threads,
            slowness,
            frozen_until: Duration::ZERO,
            waiting: VecDeque::new(),
            unwritten: Vec::new(),
            pipe: Vec::new(),
            order_arrives: Duration::ZERO,
            word_arrives: Duration::ZERO,
            death: None,
            last_word: None,
        }
    }

    /// The supervisor puts `order` into the pipe.
    pub(super) fn order(&mut self, order: Order, agenda: &mut Agenda) {
        self.order_arrives = self.order_arrives.max(agenda.now + agenda.chance.millis(0, self.slowness));
        agenda.at(self.order_arrives, Happening::Worker(self.id, AtWorker::Receives(order)));
    }

    /// Something happens to it, or it does something.
    pub(super) fn happens(
        &mut self,
        number: u64,
        what: AtWorker,
        devices: &mut [Device],
        agenda: &mut Agenda,
    ) {
        if let AtWorker::Dies(death) = what {
            return self.die(death, agenda);
        }
        if self.death.is_some() || self.frozen_until == Duration::MAX {
            return;
        }
        match what {
            what if agenda.now < self.frozen_until => {
                let again = agenda.at(self.frozen_until, Happening::Worker(self.id, what));
                self.sessions
                    .values_mut()
                    .filter(|session| session.due == number)
                    .for_each(|s| s.due = again);
            }
            AtWorker::IsUp => {
                self.say(Event::WorkerReady(self.id), agenda);
                agenda.after(HEARTBEAT, Happening::Worker(self.id, AtWorker::Heartbeat));
            }
            AtWorker::Heartbeat => {
                self.say(Event::Heard(self.id), agenda);
                agenda.after(HEARTBEAT, Happening::Worker(self.id, AtWorker::Heartbeat));
            }
            AtWorker::Receives(Order::Job { job, asks_first, time_left }) => {
                self.waiting.push_back(Waiting { job, asks: asks_first, time_left });
                self.begin_sessions(devices, agenda);
            }
            AtWorker::Receives(_) if self.vice == Some(Vice::Deaf) => {}
            AtWorker::Receives(Order::Drain) => self.give_back(agenda),
            AtWorker::Receives(Order::LogIn(job)) => self.log_in(job, agenda),
            AtWorker::Receives(Order::Withdraw(job)) => self.withdraw(job, agenda),
            AtWorker::Receives(Order::Cancel) => {
                self.give_back(agenda);
                self.cancel(agenda);
            }
            AtWorker::CarriesOn(job) => self.carry_on(job, number, devices, agenda),
            AtWorker::Writes => self.write(agenda),
            AtWorker::Freezes(how_long) => self.frozen_until = agenda.now.saturating_add(how_long),
            AtWorker::Dies(_) | AtWorker::IsHeard | AtWorker::IsFoundDead => {}
        }
    }

    /// What has come through the pipe.
    pub(super) fn heard(&mut self) -> Vec<Event> {
        self.last_word = self.pipe.last().cloned().or(self.last_word.take());
        std::mem::take(&mut self.pipe)
    }

    /// What its end was, and the last that was heard of it, if it was found dead.
    pub(super) fn found_dead(self) -> Option<(Death, Option<Event>)> {
        Some((self.death?, self.last_word))
    }

    fn begin_sessions(&mut self, devices: &mut [Device], agenda: &mut Agenda) {
        while self.sessions.len() < self.threads && self.vice != Some(Vice::Idle) {
            let Some(Waiting { job, asks, time_left }) = self.waiting.pop_front() else { break };
            let course = devices[job.index()].session(&mut agenda.chance, time_left);
            let until = agenda.now + time_left;
            self.sessions.insert(job, Session { course, asks, held: None, until, due: 0 });
            self.await_next(job, agenda);
            self.tell_of(job, Passage::Started, agenda);
        }
    }

    fn await_next(&mut self, job: JobId, agenda: &mut Agenda) {
        if let Some(session) = self.sessions.get_mut(&job)
            && let Some((wait, _)) = session.course.front()
        {
            session.due = agenda.after(*wait, Happening::Worker(self.id, AtWorker::CarriesOn(job)));
        }
    }

    fn carry_on(&mut self, job: JobId, number: u64, devices: &mut [Device], agenda: &mut Agenda) {
        let Some(session) = self.sessions.get_mut(&job).filter(|session| session.due == number) else {
            return;
        };
        if session.asks && session.course.front().is_some_and(|(_, next)| next.shows_password()) {
            session.asks = false;
            let too_late = finished(Some(ErrorKind::Timeout), Stage::Handshake);
            let wait = session.until.saturating_sub(agenda.now);
            session.held = Some(std::mem::replace(&mut session.course, [(wait, too_late)].into()));
            self.await_next(job, agenda);
            return self.tell_of(job, Passage::AsksToLogIn, agenda);
        }
        let Some((_, progress)) = session.course.pop_front() else { return };
        match progress {
            Progress::LoggedIn => {
                devices[job.index()].let_in = true;
                self.tell_of(job, Passage::LoggedIn, agenda);
            }
            Progress::CommandsBegin => {
                // The word of it leaves the process before the command does.
                self.tell_of(job, Passage::CommandsBegin, agenda);
                self.write(agenda);
                devices[job.index()].commands_begun += 1;
            }
            Progress::Output => self.say(Event::Heard(self.id), agenda),
            Progress::Finished(end) => {
                self.sessions.remove(&job);
                devices[job.index()].ends.push(end.clone());
                self.tell_of(job, Passage::Finished(end), agenda);
                return self.begin_sessions(devices, agenda);
            }
            Progress::Crash => return self.die(Death::Fault("SIGSEGV".into()), agenda),
            Progress::Hang => return,
        }
        self.await_next(job, agenda);
    }

    fn give_back(&mut self, agenda: &mut Agenda) {
        for Waiting { job, .. } in std::mem::take(&mut self.waiting) {
            self.tell_of(job, Passage::Returned, agenda);
        }
    }

    /// Whether it has asked or not.
    fn log_in(&mut self, job: JobId, agenda: &mut Agenda) {
        if let Some(waiting) = self.waiting.iter_mut().find(|waiting| waiting.job == job) {
            waiting.asks = false;
        }
        let Some(session) = self.sessions.get_mut(&job) else { return };
        session.asks = false;
        if let Some(held) = session.held.take() {
            session.course = cut_at_deadline(held, session.until.saturating_sub(agenda.now));
            self.await_next(job, agenda);
            self.tell_of(job, Passage::LogsIn, agenda);
        }
    }

    /// Unless its login is under way.
    fn withdraw(&mut self, job: JobId, agenda: &mut Agenda) {
        if let Some(place) = self.waiting.iter().position(|waiting| waiting.job == job) {
            self.waiting.remove(place);
            self.tell_of(job, Passage::Returned, agenda);
        } else if let Some(session) = self.sessions.get_mut(&job)
            && (session.held.take().is_some()
                || session.course.iter().any(|(_, progress)| matches!(progress, Progress::LoggedIn))
                    && agenda.chance.in_hundred(60))
        {
            let end = finished(Some(ErrorKind::LockoutGuard), Stage::Handshake);
            session.course = [(agenda.chance.millis(0, 50), end)].into();
            self.await_next(job, agenda);
        }
    }

    fn cancel(&mut self, agenda: &mut Agenda) {
        for job in self.sessions.keys().copied().collect::<Vec<_>>() {
            let soon = agenda.chance.millis(0, 300);
            if let Some(session) = self.sessions.get_mut(&job).filter(|session| !session.course.is_empty()) {
                session.held = None;
                session.course = [(soon, finished(Some(ErrorKind::Interrupted), Stage::Commands))].into();
                self.await_next(job, agenda);
            }
        }
    }

    fn tell_of(&mut self, job: JobId, passage: Passage, agenda: &mut Agenda) {
        self.say(Event::Job(self.id, job, passage.clone()), agenda);
        if self.vice == Some(Vice::Lies) && agenda.chance.in_hundred(3) {
            let of = [job, JobId(agenda.chance.below(8) as u32)];
            let Progress::Finished(end) = finished(None, Stage::Commands) else { unreachable!("it is") };
            let lies = [
                passage,
                Passage::AsksToLogIn,
                Passage::LogsIn,
                Passage::Started,
                Passage::CommandsBegin,
                Passage::Finished(end),
                Passage::Returned,
            ];
            let lie = lies[agenda.chance.below(lies.len() as u64) as usize].clone();
            self.say(Event::Job(self.id, agenda.chance.pick(&of), lie), agenda);
        }
    }

    fn say(&mut self, word: Event, agenda: &mut Agenda) {
        self.unwritten.push(word);
        let soon = agenda.chance.millis(0, 20);
        agenda.after(soon, Happening::Worker(self.id, AtWorker::Writes));
    }

    fn write(&mut self, agenda: &mut Agenda) {
        if !self.unwritten.is_empty() {
            self.pipe.append(&mut self.unwritten);
            self.arrives(AtWorker::IsHeard, agenda);
        }
    }

    fn arrives(&mut self, what: AtWorker, agenda: &mut Agenda) {
        self.word_arrives = self.word_arrives.max(agenda.now + agenda.chance.millis(0, self.slowness));
        agenda.at(self.word_arrives, Happening::Worker(self.id, what));
    }

    fn die(&mut self, death: Death, agenda: &mut Agenda) {
        if self.death.is_none() {
            self.death = Some(death);
            self.unwritten.clear();
            self.waiting.clear();
            self.sessions.clear();
            self.arrives(AtWorker::IsFoundDead, agenda);
        }
    }
}
