//! Who is reached through whom.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::complete::{Draft, Filler};
use super::device::{Credentials, Hop};
use super::problems::Problems;
use crate::ssh_config::HopName;

/// Most jumps in a row: more are a mistake, and every one costs a session.
const MOST: usize = 16;

/// What is said to be jumped over, the first reached from here.
#[derive(Clone, Debug)]
pub(super) struct Jump {
    pub(super) hops: Arc<[HopName]>,
    pub(super) author: Author,
}

/// Who says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Author {
    /// Its names are devices, where there are such devices.
    Inventory,
    /// Its names are the config's own.
    SshConfig,
}

/// For each device the SSH servers on the way to it. Without `real` nobody logs in there.
pub(super) fn resolve(
    drafts: &[Draft],
    filler: &mut Filler<'_>,
    real: bool,
    problems: &mut Problems,
) -> Vec<Arc<[Hop]>> {
    let names = drafts.iter().enumerate().map(|(index, draft)| (&*draft.device.name, index)).collect();
    let mut ways = Ways { drafts, names, filler, real, known: HashMap::new() };
    let mut told = HashSet::new();
    let mut all = Vec::with_capacity(drafts.len());
    for (index, draft) in drafts.iter().enumerate() {
        let way = match &draft.jump {
            Some(jump) => ways.way(jump, &draft.device.credentials, &mut vec![Stop::Device(index)]),
            None => Ok(Way::default()),
        };
        all.push(way.map(|way| way.hops).unwrap_or_else(|trouble| {
            let at = trouble.at.unwrap_or(draft.at);
            if told.insert(trouble.message.clone()) {
                problems.add(&(at..at), trouble.message);
            }
            Arc::default()
        }));
    }
    all
}

struct Ways<'a, 'f> {
    drafts: &'a [Draft],
    names: HashMap<&'a str, usize>,
    filler: &'a mut Filler<'f>,
    real: bool,
    /// By the list and the credentials of whoever uses it.
    known: HashMap<(usize, usize), Way>,
}

#[derive(Clone, Debug, Default)]
struct Way {
    hops: Arc<[Hop]>,
    stops: Arc<[Stop]>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Stop {
    Device(usize),
    Host(Arc<str>),
}

struct Trouble {
    message: String,
    /// Where, if not at the device that uses the jump.
    at: Option<usize>,
}

impl Ways<'_, '_> {
    /// The way over `jump` for someone who logs in with `base`; `path` holds those who wait for it.
    fn way(&mut self, jump: &Jump, base: &Arc<Credentials>, path: &mut Vec<Stop>) -> Result<Way, Trouble> {
        let key = (Arc::as_ptr(&jump.hops).addr(), Arc::as_ptr(base).addr());
        if let Some(known) = self.known.get(&key) {
            return match known.stops.iter().find(|stop| path.contains(stop)) {
                Some(stop) => Err(self.circle(path, stop)),
                None => Ok(known.clone()),
            };
        }
        let (mut hops, mut stops) = (Vec::new(), Vec::new());
        for (place, name) in jump.hops.iter().enumerate() {
            let (stop, hop, next, next_base) = self.hop(name, jump.author, base)?;
            if path.contains(&stop) {
                return Err(self.circle(path, &stop));
            }
            // Only the first is reached from here, as whoever wrote the list did it.
            if let Some(next) = next.filter(|_| place == 0) {
                path.push(stop.clone());
                let way = self.way(&next, &next_base, path)?;
                path.pop();
                hops.extend_from_slice(&way.hops);
                stops.extend_from_slice(&way.stops);
            }
            hops.push(hop);
            stops.push(stop);
            if hops.len() > MOST || path.len() > MOST {
                let message = format!("more than {MOST} jumps in a row");
                return Err(Trouble { message, at: None });
            }
        }
        let way = Way { hops: hops.into(), stops: stops.into() };
        self.known.insert(key, way.clone());
        Ok(way)
    }

    /// What is jumped over at `name`, and before that.
    fn hop(
        &mut self,
        name: &HopName,
        author: Author,
        base: &Arc<Credentials>,
    ) -> Result<(Stop, Hop, Option<Jump>, Arc<Credentials>), Trouble> {
        let trouble = |why: &str| Trouble { message: format!("jump {:?}: {why}", name.text), at: None };
        if let Some(index) = self.names.get(&*name.text).copied().filter(|_| author == Author::Inventory) {
            let Draft { device, jump, .. } = &self.drafts[index];
            let port = device.ssh_port();
            let port = port.ok_or_else(|| trouble("this device is not reached over SSH"))?;
            let hop = Hop {
                address: Arc::clone(&device.address),
                port,
                credentials: Arc::clone(&device.credentials),
                ssh_legacy: device.ssh_legacy,
            };
            return Ok((Stop::Device(index), hop, jump.clone(), Arc::clone(&device.credentials)));
        }
        let (hop, next) = self.filler.hop(name, author, base);
        if self.real && hop.credentials.username.is_empty() {
            return Err(trouble("no username: write user@host"));
        }
        Ok((Stop::Host(Arc::clone(&name.host)), hop, next, Arc::clone(base)))
    }

    /// The circle that closes at `stop`, told alike wherever it is entered.
    fn circle(&self, path: &[Stop], stop: &Stop) -> Trouble {
        let from = path.iter().position(|waiting| waiting == stop).unwrap_or_default();
        let mut names: Vec<&str> = path[from..].iter().map(|stop| self.name(stop)).collect();
        let least = (0..names.len()).min_by_key(|place| names[*place]).unwrap_or_default();
        names.rotate_left(least);
        names.push(names[0]);
        let at = path[from..].iter().filter_map(|stop| match stop {
            Stop::Device(index) => Some(self.drafts[*index].at),
            Stop::Host(_) => None,
        });
        let message = format!(
            "the jumps go in a circle: {}; jump = \"\" is for a device that is reached directly",
            names.join(" → ")
        );
        Trouble { message, at: at.min() }
    }

    fn name<'s>(&'s self, stop: &'s Stop) -> &'s str {
        match stop {
            Stop::Device(index) => &self.drafts[*index].device.name,
            Stop::Host(host) => host,
        }
    }
}
