//! Simulated devices: how a session with one goes.

use std::collections::VecDeque;
use std::time::Duration;

use netsweep_shared::outcome::{AttemptEnd, ErrorKind, Failure, Stage};

use super::chance::Chance;
use crate::dispatch::JobSpec;

#[derive(Debug)]
pub(super) struct Device {
    pub(super) name: u32,
    pub(super) spec: JobSpec,
    pub(super) nature: Nature,
    /// How often its first command was sent.
    pub(super) commands_begun: u32,
    /// Whether a login of any session succeeded.
    pub(super) let_in: bool,
    /// What the way there is like, if there are jump hosts.
    pub(super) way: Option<Way>,
    /// What its sessions ended with.
    pub(super) ends: Vec<AttemptEnd>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nature {
    Healthy,
    /// Every other login fails for a reason that can pass.
    Flaky,
    /// No login ever succeeds.
    Down,
    RefusesPassword,
    RefusesCommands,
    /// Never comes to an end by itself.
    Slow,
    /// Its worker crashes, before the login or while commands run.
    Deadly {
        early: bool,
    },
    /// Its session thread hangs for ever.
    Wedged,
}

/// What a way of jump hosts is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Open,
    RefusesUs,
    Broken,
}

/// What happens next in a session.
#[derive(Clone, Debug)]
pub(super) enum Progress {
    LoggedIn,
    CommandsBegin,
    Output,
    Finished(AttemptEnd),
    Crash,
    Hang,
}

impl Progress {
    /// Whether it comes of a password that was shown.
    pub(super) fn shows_password(&self) -> bool {
        match self {
            Self::LoggedIn => true,
            Self::Finished(AttemptEnd { failure: Some(it), .. }) => {
                it.kind == ErrorKind::Auth && it.stage == Stage::Login
            }
            _ => false,
        }
    }
}

/// The steps of a session, each with the wait before it.
pub(super) type Course = VecDeque<(Duration, Progress)>;

impl Device {
    pub(super) fn new(
        name: u32,
        chance: &mut Chance,
        groups: u64,
        credentials: u32,
        ways: &[Way],
        calm: bool,
    ) -> Self {
        use Nature::*;
        let deadly = Deadly { early: chance.in_hundred(50) };
        let odd = [Flaky, Flaky, Down, RefusesPassword, RefusesCommands, Slow, deadly, Wedged];
        let nature = if chance.in_hundred(60) { Healthy } else { chance.pick(&odd) };
        let nature = if calm && nature == Wedged { Healthy } else { nature };
        let groups = (0..groups as u16).filter(|_| chance.in_hundred(40)).collect();
        let credential =
            (credentials > 0 && chance.in_hundred(70)).then(|| chance.below(credentials.into()) as u32);
        let way = (!ways.is_empty() && chance.in_hundred(50)).then(|| chance.below(ways.len() as u64) as u32);
        let spec = JobSpec { read_only: chance.in_hundred(60), groups, credential, way };
        let way = way.map(|way| ways[way as usize]);
        Self { name, spec, nature, commands_begun: 0, let_in: false, way, ends: Vec::new() }
    }

    /// A session that takes `time_left` at most.
    pub(super) fn session(&self, chance: &mut Chance, time_left: Duration) -> Course {
        let mut course = Course::new();
        let login = chance.millis(1, 400);
        let passing = [ErrorKind::Resolve, ErrorKind::Connect, ErrorKind::Handshake, ErrorKind::Disconnected];
        let blocked = match self.way {
            Some(Way::RefusesUs) => Some((ErrorKind::Auth, Stage::JumpLogin)),
            Some(Way::Broken) => Some((ErrorKind::Timeout, Stage::Jump)),
            Some(Way::Open) | None => None,
        };
        if let Some((kind, stage)) = blocked {
            course.push_back((login, finished(Some(kind), stage)));
            return cut_at_deadline(course, time_left);
        }
        let fails = match self.nature {
            Nature::Down => true,
            Nature::Flaky => chance.in_hundred(50),
            _ => false,
        };
        match self.nature {
            Nature::Deadly { early: true } => course.push_back((login, Progress::Crash)),
            Nature::RefusesPassword => {
                course.push_back((login, finished(Some(ErrorKind::Auth), Stage::Login)))
            }
            _ if fails => {
                let kind = chance.pick(&passing);
                course.push_back((login, finished(Some(kind), Stage::Connect)));
            }
            _ => {
                course.push_back((login, Progress::LoggedIn));
                course.push_back((chance.millis(0, 100), Progress::CommandsBegin));
                for _ in 0..chance.below(4) {
                    course.push_back((chance.millis(0, 700), Progress::Output));
                }
                let last = chance.millis(0, 500);
                course.push_back(match self.nature {
                    Nature::Deadly { .. } => (last, Progress::Crash),
                    Nature::Wedged => (last, Progress::Hang),
                    Nature::RefusesCommands => (last, finished(Some(ErrorKind::Command), Stage::Commands)),
                    Nature::Slow => (Duration::from_secs(3600), finished(None, Stage::Commands)),
                    _ => (last, finished(None, Stage::Commands)),
                });
            }
        }
        cut_at_deadline(course, time_left)
    }
}

/// The worker ends a session when the device's time is over.
pub(super) fn cut_at_deadline(course: Course, time_left: Duration) -> Course {
    let mut spent = Duration::ZERO;
    let mut cut = Course::new();
    // How far it has come within the login nobody can tell.
    let mut stage = Stage::Jump;
    for (wait, progress) in course {
        if spent + wait > time_left {
            cut.push_back((time_left - spent, finished(Some(ErrorKind::Timeout), stage)));
            break;
        }
        spent += wait;
        match progress {
            Progress::LoggedIn => stage = Stage::Prepare,
            Progress::CommandsBegin => stage = Stage::Commands,
            _ => {}
        }
        cut.push_back((wait, progress));
    }
    cut
}

pub(super) fn finished(kind: Option<ErrorKind>, stage: Stage) -> Progress {
    let failure = kind.map(|kind| Failure::new(kind, stage, "simulated"));
    Progress::Finished(AttemptEnd { failure, ..AttemptEnd::default() })
}
