//! Simulated fleets.

use std::path::PathBuf;

use clap::Args;
use netsweep_shared::fleet::{Fault, Latency, LoginServer};
use netsweep_shared::job::Transport;
use serde::{Deserialize, Serialize};

use super::values::{latency, login_server, transport};

/// `netsweep simulate`.
#[derive(Debug, Args)]
pub struct SimulateArgs {
    /// Simulate the devices of this inventory, instead of --devices
    #[arg(short, long, value_name = "FILE", conflicts_with_all = ["devices", "platform", "transport"])]
    pub inventory: Option<PathBuf>,

    /// Simulate this many devices
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=200_000))]
    pub devices: u32,

    /// Their platform
    #[arg(long, value_name = "NAME", default_value = "cisco_ios")]
    pub platform: String,

    /// Their transport: ssh or telnet
    #[arg(long, value_name = "TRANSPORT", default_value = "ssh", value_parser = transport)]
    pub transport: Transport,

    /// Where the inventory of the fleet is written [default: stdout]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// What the devices are like.
    #[command(flatten)]
    pub fleet: FleetArgs,
}

/// What simulated devices are like.
#[derive(Clone, Debug, Args, Serialize, Deserialize)]
#[command(next_help_heading = "Simulated fleet")]
pub struct FleetArgs {
    /// Time before a device's first byte: `20ms`, `10ms..50ms` (uniform) or `20ms~200ms` (log-normal: median and
    /// 99th percentile) [default: 5ms]
    #[arg(long, value_name = "LATENCY", value_parser = latency)]
    pub sim_connect: Option<Latency>,

    /// Time before a device answers the password [default: 50ms~200ms]
    #[arg(long, value_name = "LATENCY", value_parser = latency)]
    pub sim_login: Option<Latency>,

    /// Time before a device answers a command [default: 100ms~500ms]
    #[arg(long, value_name = "LATENCY", value_parser = latency)]
    pub sim_command: Option<Latency>,

    /// Have all logins pass one server that serves one at a time: `100ms` each, or `100ms,140,0.3%`, where each login
    /// beyond 140 at once makes the next ones 0.3 % slower
    #[arg(long, value_name = "SERVICE", value_parser = login_server)]
    pub sim_login_server: Option<LoginServer>,

    /// Bytes that a show command prints [default: what the platform's would]
    #[arg(long, value_name = "BYTES")]
    pub sim_output: Option<u64>,

    /// Give a share of the devices a fault: `silent=2%`, or `cut=5` devices; a variable `sim_fault` in the inventory
    /// gives it to one device
    #[arg(long, value_name = "FAULT=SHARE")]
    pub sim_fault: Vec<FaultShare>,

    /// Source of all that varies among simulated devices [default: 1]
    #[arg(long, value_name = "N")]
    pub sim_seed: Option<u64>,
}

impl FleetArgs {
    /// Whether any of them was typed.
    pub fn any(&self) -> bool {
        self.sim_connect.is_some()
            || self.sim_login.is_some()
            || self.sim_command.is_some()
            || self.sim_login_server.is_some()
            || self.sim_output.is_some()
            || !self.sim_fault.is_empty()
            || self.sim_seed.is_some()
    }
}

/// `FAULT=SHARE`: how many devices have a fault.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FaultShare {
    /// Which.
    pub fault: Fault,
    /// How many.
    pub share: Share,
}

/// How many of a whole.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Share {
    /// So many.
    Count(usize),
    /// So many in a hundred.
    Percent(f64),
}

impl Share {
    /// How many of `whole`.
    pub fn of(self, whole: usize) -> usize {
        match self {
            Self::Count(count) => count.min(whole),
            Self::Percent(percent) => (whole as f64 * percent / 100.0).round() as usize,
        }
    }
}

impl std::str::FromStr for FaultShare {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (fault, share) = text.split_once('=').ok_or("write FAULT=SHARE, such as silent=2% or cut=5")?;
        let bad = || format!("{share:?} is no share: write a number of devices, or 0% to 100%");
        let share = match share.strip_suffix('%') {
            Some(percent) => Share::Percent(
                percent.parse().ok().filter(|percent| (0.0..=100.0).contains(percent)).ok_or_else(bad)?,
            ),
            None => Share::Count(share.parse().map_err(|_| bad())?),
        };
        Ok(Self { fault: fault.parse()?, share })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares() {
        let share = |text: &str| text.parse::<FaultShare>().map(|it| it.share.of(200));
        assert_eq!(share("silent=2%"), Ok(4));
        assert_eq!(share("cut=5"), Ok(5));
        assert!(share("cut=101%").is_err());
        assert!(share("cut=-1").is_err());
        assert!(share("cut").is_err());
        assert!(share("explode=1").is_err_and(|error| error.contains("stall-output")));
    }
}
