//! From what was typed to what will be done. Everything that can be wrong with the input is found
//! here, before anything is started.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail, ensure};
use netsweep_shared::experiment::Conditions;
use netsweep_shared::job::Timeouts;
use netsweep_shared::login::Login;
use netsweep_shared::platform::Platform;
use netsweep_shared::secret::Secret;

use super::args::{Count, LimitArgs, RunArgs, SelectionArgs};
use super::simulate::SIMULATED_USER;
use crate::commands_file;
use crate::dispatch::JobSpec;
use crate::home;
use crate::inventory::{Device, Group, Hop, Inventory};
use crate::mix::{self, Mix, raise_descriptor_limit};
use crate::plan::{Plan, PlannedJob, PlannedJump};
use crate::platforms::{Platforms, ReadOnly};
use crate::secrets::LoginReader;
use crate::select::Limit;
use crate::ssh_config::SshConfig;
use crate::store::RunDevice;
use crate::supervise::WorkerCommand;
use crate::usage::Machine;

pub(super) const DEFAULT_CONNECT: Duration = Duration::from_secs(10);
pub(super) const DEFAULT_COMMAND: Duration = Duration::from_secs(30);
const MIB: u64 = 1024 * 1024;

/// The selected devices and what each is to run, checked.
pub(super) struct Selection {
    pub(super) devices: Vec<Device>,
    /// For each device, in the same order.
    pub(super) commands: Vec<Arc<[String]>>,
    /// Most sessions at once, by group.
    pub(super) group_limits: BTreeMap<Arc<str>, u32>,
    /// What a person should know of the inventory.
    pub(super) notices: Vec<String>,
}

impl Selection {
    /// Loads the inventory and selects from it.
    ///
    /// # Errors
    /// Everything that is wrong with either, and commands that cannot be sent.
    pub(super) fn load(
        args: &SelectionArgs,
        commands: &[String],
        platforms: &Platforms,
        rehearsal: bool,
    ) -> Result<Self> {
        let ssh = ssh_config(args, rehearsal)?;
        let inventory = Inventory::load(&args.inventory, &platforms.names(), ssh.as_ref())?;
        let limit = args.limit.as_deref().map(|text| Limit::parse(text, &inventory)).transpose()?;
        let Inventory { devices, groups, notices } = inventory;
        ensure!(!devices.is_empty(), "{} has no devices: add a [[devices]] entry", args.inventory.display());
        let group_limits = limits_of(&groups);
        let devices: Vec<Device> = devices
            .into_iter()
            .filter(|device| limit.as_ref().is_none_or(|limit| limit.matches(device)))
            .collect();
        if devices.is_empty() {
            let limit = args.limit.as_deref().unwrap_or_default();
            bail!("--limit {limit:?} selects none of the devices of {}", args.inventory.display());
        }
        let mut selection = Self { commands: Vec::new(), devices, group_limits, notices };
        selection.commands = selection.commands_for(commands, args.commands_file.as_deref())?;
        selection.check_encodings()?;
        Ok(selection)
    }

    /// The devices `wanted` of an earlier run, in their order: as the inventory has them now, with the
    /// commands that they had then.
    pub(super) fn again(
        inventory: &Path,
        wanted: &[&RunDevice],
        platforms: &Platforms,
        ssh: Option<&SshConfig>,
    ) -> Result<Self> {
        let Inventory { devices, groups, notices } = Inventory::load(inventory, &platforms.names(), ssh)?;
        let mut there: HashMap<Arc<str>, Device> =
            devices.into_iter().map(|device| (Arc::clone(&device.name), device)).collect();
        let missing: Vec<&str> =
            wanted.iter().map(|device| &*device.name).filter(|name| !there.contains_key(*name)).collect();
        if let [first, ..] = missing[..] {
            bail!(
                "{} no longer has {}, which the run needs: put an entry for {first} back, or begin a new run",
                inventory.display(),
                some_of(&missing, ", ")
            );
        }
        let selection = Self {
            devices: wanted.iter().filter_map(|device| there.remove(&*device.name)).collect(),
            commands: wanted.iter().map(|device| Arc::clone(&device.commands)).collect(),
            group_limits: limits_of(&groups),
            notices,
        };
        selection.check_encodings()?;
        Ok(selection)
    }

    /// Leaves out all devices but those at `places`, which are in order.
    pub(super) fn keep(&mut self, places: &[usize]) {
        let kept = |place: &usize| places.binary_search(place).is_ok();
        let mut place = 0..;
        self.devices.retain(|_| place.next().is_some_and(|place| kept(&place)));
        let mut place = 0..;
        self.commands.retain(|_| place.next().is_some_and(|place| kept(&place)));
    }

    /// Commands are sent in UTF-8: on a device with another encoding they would arrive as others.
    fn check_encodings(&self) -> Result<()> {
        for (device, commands) in self.devices.iter().zip(&self.commands) {
            let Some(encoding) = device.encoding else { continue };
            if let Some(command) = commands.iter().find(|command| !command.is_ascii()) {
                bail!(
                    "device {:?}: the command {command:?} goes beyond ASCII, and commands are sent in UTF-8, not \
                     in the device's encoding, {}",
                    device.name,
                    encoding.name()
                );
            }
        }
        Ok(())
    }

    /// Jump hosts on the longest way to a device.
    pub(super) fn most_hops(&self) -> usize {
        self.devices.iter().map(|device| device.jumps.len()).max().unwrap_or(0)
    }

    fn commands_for(&self, typed: &[String], file: Option<&Path>) -> Result<Vec<Arc<[String]>>> {
        let mut commands = typed.to_vec();
        for (place, command) in commands.iter().enumerate() {
            check_command(command).with_context(|| format!("command {}", place + 1))?;
        }
        if let Some(path) = file {
            commands.extend(commands_file::read(path)?);
        }
        if commands.is_empty() {
            if let Some(device) = self.devices.iter().find(|device| device.commands.is_empty()) {
                bail!(
                    "no commands for device {:?}: name them on the command line, in --commands-file or as \
                     `commands` in the inventory",
                    device.name
                );
            }
            return Ok(self.devices.iter().map(|device| Arc::clone(&device.commands)).collect());
        }
        let commands: Arc<[String]> = commands.into();
        Ok(vec![commands; self.devices.len()])
    }
}

/// Most that are told of many.
const MOST_TOLD: usize = 10;

/// The first of `items`, and how many more there are.
pub(super) fn some_of(items: &[impl AsRef<str>], between: &str) -> String {
    let told: Vec<&str> = items.iter().take(MOST_TOLD).map(AsRef::as_ref).collect();
    let more = match items.len().saturating_sub(MOST_TOLD) {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    told.join(between) + &more
}

fn limits_of(groups: &BTreeMap<Arc<str>, Group>) -> BTreeMap<Arc<str>, u32> {
    groups.iter().filter_map(|(name, group)| Some((Arc::clone(name), group.max_sessions?))).collect()
}

/// A line break would be a second command, and other control characters are keys with meanings.
fn check_command(command: &str) -> Result<()> {
    ensure!(!command.trim().is_empty(), "is empty");
    if let Some(character) = command.chars().find(|character| character.is_control()) {
        bail!("has a control character ({character:?}): give one command for each line");
    }
    Ok(())
}

/// The configuration that was named, or the user's own where there is one; in a rehearsal none.
pub(super) fn ssh_config(args: &SelectionArgs, rehearsal: bool) -> Result<Option<SshConfig>> {
    let config = match &args.ssh_config {
        _ if rehearsal => return Ok(None),
        Some(none) if none == "none" => SshConfig::default(),
        Some(path) => SshConfig::load(path).context("--ssh-config")?,
        None => match home::home().map(|home| home.join(".ssh/config")).filter(|path| path.is_file()) {
            Some(path) => SshConfig::load(&path).context("--ssh-config none reads no such file")?,
            None => SshConfig::default(),
        },
    };
    Ok(Some(config))
}

/// Who logs in where.
pub(super) enum Logins<'a> {
    /// To the devices themselves, with the inventory's secrets.
    Real(&'a Path),
    /// To simulated devices, with these wrong passwords where there are any: no secret is read, and
    /// nothing is jumped over.
    Simulated(Vec<Option<String>>),
}

/// A device's login, and the way there.
type LoginAndJumps = (Arc<Login>, Arc<[PlannedJump]>);

impl Logins<'_> {
    fn of(&self, devices: &[Device]) -> Result<Vec<LoginAndJumps>> {
        match self {
            Self::Real(inventory) => read_logins(devices, inventory),
            Self::Simulated(wrong_passwords) => {
                let login = |password: &str| {
                    let enable_password = Some(Secret::new(SIMULATED_USER));
                    let login = Login::with_password(SIMULATED_USER, Secret::new(password));
                    (Arc::new(Login { enable_password, ..login }), Arc::default())
                };
                let usual = login(SIMULATED_USER);
                let login = |wrong: &Option<String>| wrong.as_deref().map_or_else(|| usual.clone(), login);
                Ok(wrong_passwords.iter().map(login).collect())
            }
        }
    }
}

fn read_logins(devices: &[Device], inventory: &Path) -> Result<Vec<LoginAndJumps>> {
    let mut reader = LoginReader::new(inventory);
    // Devices with the same way share it.
    let mut ways: HashMap<*const Hop, Arc<[PlannedJump]>> = HashMap::new();
    let mut all = Vec::with_capacity(devices.len());
    for device in devices {
        let who = format_args!("device {:?}", device.name);
        let login = reader.login(&device.credentials, device.ssh_port().is_some(), who);
        let jumps = ways.entry(device.jumps.as_ptr()).or_insert_with(|| {
            let planned = |hop: &Hop| PlannedJump {
                address: Arc::clone(&hop.address),
                port: hop.port,
                login: reader.login(&hop.credentials, true, format_args!("jump {:?}", hop.address)),
                ssh_legacy: hop.ssh_legacy,
            };
            device.jumps.iter().map(planned).collect()
        });
        all.push((login, Arc::clone(jumps)));
    }
    reader.finish()?;
    Ok(all)
}

/// Processes and threads for a selection, and what is to be said of them.
pub(super) fn choose_mix(args: &RunArgs, selection: &Selection) -> (Mix, Vec<String>) {
    let hops = if args.simulate { 0 } else { selection.most_hops() };
    let devices = selection.devices.len();
    let processes = args.mix.processes.and_then(Count::number);
    let threads = args.mix.threads.and_then(Count::number);
    let choose = |threads| Mix::choose(processes, threads, devices, hops, raise_descriptor_limit());
    if !is_tuned(args) {
        return choose(threads);
    }
    let most = mix::most_threads(Machine::detect().memory_bytes, choose(None).0.processes);
    let (mix, _) = choose(Some(most));
    let said = format!(
        "as many of them at once as help, which is found out: {} to {}",
        mix.tuning().least,
        mix.sessions()
    );
    (mix, vec![said])
}

/// Whether it is to be found out how many sessions are good.
pub(super) fn is_tuned(args: &RunArgs) -> bool {
    matches!(args.mix.threads, Some(Count::Auto(_)))
}

/// Joins everything into the plan.
pub(super) fn plan(
    args: &RunArgs,
    selection: Selection,
    logins: &Logins<'_>,
    platforms: &Platforms,
    mix: Mix,
) -> Result<Plan> {
    let logins = logins.of(&selection.devices)?;
    let guarded = args.logins.max_auth_failures > 0;
    let (guards, credentials, ways) =
        if guarded { number(&logins) } else { (vec![(None, None); logins.len()], 0, 0) };
    let mut hosts = Numbers::default();
    let mut lists = CommandLists::new(platforms);
    let limits: Vec<(&Arc<str>, &u32)> = selection.group_limits.iter().collect();
    let jobs = selection.devices.into_iter().zip(selection.commands).zip(logins).zip(guards).map(
        |(((device, commands), (login, jumps)), (credential, way))| {
            let limited =
                device.groups.iter().filter_map(|group| limits.iter().position(|(name, _)| *name == group));
            // Each jump host is a limited group of its own.
            let passed = jumps.iter().map(|jump| hosts.of((Arc::clone(&jump.address), jump.port)));
            let passed: BTreeSet<u32> = passed.collect();
            let behind = limits.len() as u32;
            let groups =
                limited.map(|index| index as u32).chain(passed.into_iter().map(|host| behind + host));
            let groups = groups.map(|group| group as u16).collect();
            let (commands, read_only) = lists.shared(&device.platform, commands);
            PlannedJob {
                timeouts: timeouts(&args.limits, &device),
                device: device.name,
                address: device.address,
                routes: device.routes,
                jumps,
                platform: device.platform,
                login,
                ssh_legacy: device.ssh_legacy,
                mode: device.mode,
                keepalive: device.keepalive,
                encoding: device.encoding,
                spec: JobSpec { read_only, groups, credential, way },
                commands,
            }
        },
    );
    let jobs: Vec<PlannedJob> = jobs.collect();
    Ok(Plan {
        run: run_name().into(),
        mix,
        platforms: used_platforms(&jobs, platforms),
        group_limits: (limits.iter().map(|(_, limit)| **limit))
            .chain((0..hosts.count()).map(|_| args.logins.jump_sessions))
            .collect(),
        credentials,
        ways,
        max_auth_failures: args.logins.max_auth_failures,
        login_rate: args.logins.login_rate,
        known: Vec::new(),
        // Short enough to be typed.
        seed: args.logins.seed.unwrap_or_else(|| rand::random::<u32>().into()),
        device_timeout: args.limits.device_timeout,
        retries: args.limits.retries,
        grace: args.limits.grace,
        output_limit: args.limits.max_output * MIB,
        verbose: args.output.verbose,
        sandbox: !args.mix.no_sandbox,
        tuning: is_tuned(args).then(|| mix.tuning()),
        experiment: Conditions::default(),
        pin: false,
        jobs,
    })
}

/// Lists of commands that devices of a platform run, and whether they only read.
struct CommandLists<'a> {
    platforms: &'a Platforms,
    patterns: HashMap<Arc<str>, ReadOnly>,
    known: HashMap<(Arc<str>, Arc<[String]>), bool>,
}

impl<'a> CommandLists<'a> {
    fn new(platforms: &'a Platforms) -> Self {
        Self { platforms, patterns: HashMap::new(), known: HashMap::new() }
    }

    /// The list that stands for all that are equal to `commands`, and whether it only reads.
    fn shared(&mut self, platform: &Arc<str>, commands: Arc<[String]>) -> (Arc<[String]>, bool) {
        let list = (Arc::clone(platform), commands);
        if let Some(((_, commands), only_reads)) = self.known.get_key_value(&list) {
            return (Arc::clone(commands), *only_reads);
        }
        let patterns = self.patterns.entry(Arc::clone(platform));
        let patterns = patterns.or_insert_with(|| self.platforms.read_only(platform));
        let only_reads = list.1.iter().all(|command| patterns.allows(command));
        let commands = Arc::clone(&list.1);
        self.known.insert(list, only_reads);
        (commands, only_reads)
    }
}

/// Numbers for things, the same for equal ones, in the order in which they first come.
struct Numbers<T>(HashMap<T, u32>);

impl<T> Default for Numbers<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T: Eq + Hash> Numbers<T> {
    fn of(&mut self, thing: T) -> u32 {
        let next = self.count();
        *self.0.entry(thing).or_insert(next)
    }

    fn count(&self) -> u32 {
        self.0.len() as u32
    }
}

/// A user's name and password.
type Account<'a> = (&'a str, &'a str);

/// What the device may lock. Who logs in with a key alone has none: keys that are refused lock no account.
fn account(login: &Login) -> Option<Account<'_>> {
    Some((&login.username, login.password.as_ref()?.expose()))
}

/// Where a way leads along, and as whom.
fn way(jumps: &[PlannedJump]) -> Vec<(&str, u16, &str, Option<Account<'_>>)> {
    jumps
        .iter()
        .map(|jump| (&*jump.address, jump.port, &*jump.login.username, account(&jump.login)))
        .collect()
}

/// The numbers of a job's credential and way.
type Guards = (Option<u32>, Option<u32>);

/// Those of each job, and how many there are of each kind.
fn number(logins: &[LoginAndJumps]) -> (Vec<Guards>, u32, u32) {
    let (mut credentials, mut ways) = (Numbers::default(), Numbers::default());
    let of_job = logins.iter().map(|(login, jumps)| {
        let way = (!jumps.is_empty()).then(|| ways.of(way(jumps)));
        (account(login).map(|account| credentials.of(account)), way)
    });
    (of_job.collect(), credentials.count(), ways.count())
}

/// What was typed for this run wins over the inventory, and the inventory over the defaults.
fn timeouts(typed: &LimitArgs, device: &Device) -> Timeouts {
    Timeouts {
        connect: typed.connect_timeout.or(device.connect_timeout).unwrap_or(DEFAULT_CONNECT),
        login: typed.login_timeout,
        command: typed.command_timeout.or(device.command_timeout).unwrap_or(DEFAULT_COMMAND),
        device: typed.device_timeout,
    }
}

fn used_platforms(jobs: &[PlannedJob], platforms: &Platforms) -> Vec<Platform> {
    let names: BTreeSet<&Arc<str>> = jobs.iter().map(|job| &job.platform).collect();
    names.into_iter().filter_map(|name| platforms.get(name).cloned()).collect()
}

/// When the run was planned, to the second, and four hexadecimal digits to tell apart those of one
/// second.
fn run_name() -> String {
    let now = SystemTime::now();
    let nanos = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.subsec_nanos());
    let stamp = humantime::format_rfc3339_seconds(now).to_string().replace(['-', ':'], "");
    format!("{stamp}-{:04x}", ((nanos / 1000) ^ std::process::id()) & 0xffff)
}

/// The worker that was asked for.
pub(super) fn worker_command(path: Option<&Path>) -> Result<WorkerCommand> {
    let Some(path) = path else { return Ok(WorkerCommand::Ourselves) };
    let metadata = std::fs::metadata(path).with_context(|| format!("--worker-binary {}", path.display()))?;
    ensure!(metadata.is_file(), "--worker-binary {}: not a file", path.display());
    Ok(WorkerCommand::Binary(path.to_owned()))
}
