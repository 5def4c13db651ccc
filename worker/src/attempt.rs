//! One attempt of one job: connect, log in, run the commands, and tell of each step.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use netsweep_shared::job::{Job, JobId, Mode, Transport};
use netsweep_shared::outcome::{AttemptEnd, CommandEnd, ErrorKind, Failure, Stage, Timing};
use netsweep_shared::protocol::FromWorker;

use crate::computing;
use crate::effort::Count;
use crate::gil;
use crate::jump::Hub;
use crate::link::Link;
use crate::outbox::Outbox;
use crate::platform::CompiledPlatform;
use crate::ramp::Ramp;
use crate::reach::{Tried, reach};
use crate::session::{self, Deadlines, Observer};
use crate::transport::ssh::{Connection, SshTransport};
use crate::transport::telnet::TelnetTransport;
use crate::watchdog::Slot;

/// What every session thread shares.
pub(crate) struct Shared {
    pub(crate) platforms: HashMap<String, CompiledPlatform>,
    pub(crate) output_limit: u64,
    pub(crate) cpu_per_command: Duration,
    pub(crate) outbox: Outbox,
    pub(crate) hub: Arc<Hub>,
    pub(crate) ramp: Ramp,
}

// Not a part of its caller: what is on the stack below a key exchange is kept by every session, and where all of this was
// one frame, that was a page more.
#[inline(never)]
pub(crate) fn run(job: &Job, slot: &Slot, shared: &Shared) -> AttemptEnd {
    let (mut clock, count) = (Clock::start(), Count::start());
    let _computing = gil::compute();
    let mut tried = Tried::default();
    let mut old_algorithms = vec![];
    let failure = try_run(job, slot, shared, &mut clock, &count, &mut tried, &mut old_algorithms).err();
    let effort = count.stop();
    AttemptEnd {
        failure: failure.map(|failure| tried.account(failure, job)),
        timing: clock.timing(effort.leave),
        effort: Box::new(effort),
        route: tried.last(),
        old_algorithms,
    }
}

// As `run`.
#[inline(never)]
fn try_run(
    job: &Job,
    slot: &Slot,
    shared: &Shared,
    clock: &mut Clock,
    count: &Count,
    tried: &mut Tried,
    old_algorithms: &mut Vec<String>,
) -> Result<(), Failure> {
    let platform = shared.platforms.get(&job.platform).ok_or_else(|| {
        let message = format!("the worker was given no platform {:?}", job.platform);
        Failure::new(ErrorKind::Prompt, Stage::Connect, message)
    })?;
    let device = clock.started + job.timeouts.device;
    let new_key = |hop, key: &[u8]| {
        // Were this lost with us, the next to come would take another key for it.
        shared.outbox.say_for_certain(&FromWorker::NewHostKey { job: job.id, hop, key: key.to_vec() });
    };
    let (link, transport) = reach(job, slot, &shared.hub, device, &new_key, tried)?;
    let connected = Instant::now();
    clock.connected = Some(connected);
    slot.enter(Stage::Handshake);
    let deadlines = Deadlines { login: device.min(connected + job.timeouts.login), device };
    let observer = &mut Reporter { job: job.id, read_only: job.read_only, slot, shared, clock, count };
    match transport {
        Transport::Ssh => over_ssh(link, job, platform, deadlines, &new_key, old_algorithms, observer),
        Transport::Telnet => over_telnet(link, job, platform, deadlines, observer),
    }
}

// As `run`.
#[inline(never)]
fn over_ssh(
    link: Link,
    job: &Job,
    platform: &CompiledPlatform,
    mut deadlines: Deadlines,
    new_key: &dyn Fn(u32, &[u8]),
    old_algorithms: &mut Vec<String>,
    observer: &mut Reporter<'_>,
) -> Result<(), Failure> {
    let hop = u32::try_from(job.jumps.len()).unwrap_or(u32::MAX);
    let new_key = &mut |key: &[u8]| new_key(hop, key);
    let mut connection =
        Connection::open(link, &job.login, Some(platform), &job.ssh, new_key, deadlines.login)?;
    deadlines.login = deadlines.device.min(deadlines.login + connection.waited());
    *old_algorithms = connection.old_algorithms();
    connection.set_keepalive(job.keepalive);
    let limit = observer.shared.output_limit;
    if job.mode == Mode::Exec {
        return session::execute(&mut connection, platform, job, deadlines, limit, observer);
    }
    let mut ssh = SshTransport::open(connection, platform.terminal())?;
    session::converse(&mut ssh, platform, job, deadlines, limit, observer)
}

// As `run`.
#[inline(never)]
fn over_telnet(
    link: Link,
    job: &Job,
    platform: &CompiledPlatform,
    deadlines: Deadlines,
    observer: &mut Reporter<'_>,
) -> Result<(), Failure> {
    let mut telnet = TelnetTransport::open(link, platform.terminal());
    telnet.set_keepalive(job.keepalive);
    session::converse(&mut telnet, platform, job, deadlines, observer.shared.output_limit, observer)
}

/// When each step was over.
struct Clock {
    started: Instant,
    connected: Option<Instant>,
    commands_began: Option<Instant>,
}

impl Clock {
    fn start() -> Self {
        Self { started: Instant::now(), connected: None, commands_began: None }
    }

    /// A step that did not end lasted until now; one that did not begin lasted no time. It is not the device's doing
    /// where its login had to wait for `leave`.
    fn timing(&self, leave: Duration) -> Timing {
        let now = Instant::now();
        let connected = self.connected.unwrap_or(now);
        let commands_began = self.commands_began.unwrap_or(now);
        Timing {
            connect: connected - self.started,
            login: (commands_began - connected).saturating_sub(leave),
            commands: now - commands_began,
            total: (now - self.started).saturating_sub(leave),
        }
    }
}

/// Tells the supervisor what the session observes, and does an experiment's computing with it.
struct Reporter<'a> {
    job: JobId,
    read_only: bool,
    slot: &'a Slot,
    shared: &'a Shared,
    clock: &'a mut Clock,
    count: &'a Count,
}

impl Reporter<'_> {
    fn say(&self, message: &FromWorker) {
        self.shared.outbox.say(message);
    }
}

impl Observer for Reporter<'_> {
    fn logged_in(&mut self) {
        self.shared.ramp.logged_in(self.count.so_far());
        self.slot.enter(Stage::Prepare);
        self.say(&FromWorker::LoggedIn(self.job));
    }

    fn commands_begin(&mut self) {
        self.slot.enter(Stage::Commands);
        self.clock.commands_began = Some(Instant::now());
        let message = FromWorker::CommandsBegin(self.job);
        if self.read_only {
            self.say(&message);
        } else {
            // Were this lost with us, commands that may not be repeated would be.
            self.shared.outbox.say_for_certain(&message);
        }
    }

    fn output(&mut self, command: u32, bytes: Vec<u8>) {
        self.say(&FromWorker::Output { job: self.job, command, bytes });
    }

    fn command_ended(&mut self, command: u32, end: CommandEnd) {
        self.say(&FromWorker::CommandEnded { job: self.job, command, end });
        // Cut short, it is the session's next step that meets the reason.
        computing::compute(self.shared.cpu_per_command, || self.slot.fired().is_none());
    }
}
