//! One simulated device.

use std::sync::Arc;

use netsweep_shared::fleet::{Fault, Latencies, SimulatedDevice};
use netsweep_shared::job::Transport;

use crate::dice::Dice;
use crate::identity::Identity;
use crate::latency::Pace;
use crate::login_server::Server;
use crate::manners::{self, Manners};
use crate::report::Counters;

/// What all devices of a fleet share.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    pub(crate) seed: u64,
    pub(crate) latency: Latencies,
    pub(crate) login_server: Option<Server>,
    /// Bytes that a show command prints, roughly.
    pub(crate) output_bytes: Option<u64>,
    pub(crate) counters: Counters,
}

/// One device: a name, a platform's manners, a transport and what is wrong with it.
#[derive(Debug)]
pub(crate) struct Device {
    pub(crate) name: String,
    pub(crate) manners: &'static Manners,
    pub(crate) transport: Transport,
    pub(crate) fault: Option<Fault>,
    pub(crate) settings: Arc<Settings>,
}

impl Device {
    /// The device that `spec` describes; none where nobody knows the manners of its platform.
    pub(crate) fn new(spec: SimulatedDevice, settings: &Arc<Settings>) -> Option<Self> {
        let several = manners::of(&spec.platform)?;
        let one = Dice::new(settings.seed, &[&spec.name, "manners"]).below(several.len() as u64);
        Some(Self {
            manners: several[one as usize],
            name: spec.name,
            transport: spec.transport,
            fault: spec.fault,
            settings: Arc::clone(settings),
        })
    }

    /// Its facts. Made anew for each session: a fleet of many devices keeps only names.
    pub(crate) fn identity(&self) -> Identity {
        Identity::new(self.settings.seed, &self.name)
    }

    /// Whether `fault` is what is wrong with it.
    pub(crate) fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    /// How long it makes one wait.
    pub(crate) fn pace(&self) -> Pace<'_> {
        Pace { latencies: self.settings.latency, seed: self.settings.seed, name: &self.name }
    }

    /// Chance for one purpose of this device.
    pub(crate) fn dice(&self, purpose: &[&str]) -> Dice {
        let path: Vec<&str> = [self.name.as_str()].into_iter().chain(purpose.iter().copied()).collect();
        Dice::new(self.settings.seed, &path)
    }
}
