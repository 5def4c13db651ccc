//! A whole session with a device that does anything.

use std::time::{Duration, Instant};

use netsweep_shared::host_key::HostKeyCheck;
use netsweep_shared::job::{Job, JobId, Mode, SshSettings, Timeouts};
use netsweep_shared::login::Login;
use netsweep_shared::outcome::CommandEnd;
use netsweep_shared::protocol::OUTPUT_CHUNK;
use netsweep_shared::secret::Secret;

use super::device::{Device, End};
use super::input::{HEAD, Input};
use super::platforms::{self, Named};
use crate::session::{Deadlines, Observer, converse};

/// Most that repetitions add up to: a few of the longest lines.
const LARGEST: usize = 256 * 1024;

/// Most memory that a session takes, whatever it reads: a line of the longest, twice while it
/// grows, what waits for a verdict, a chunk, and what the patterns' machines remember.
pub(super) const MEMORY: u64 = 4 << 20;

const PASSWORD: &str = "Login-Pw1";
const ENABLE_PASSWORD: &str = "Enable-Pw1";

const COMMANDS: [&str; 4] = [
    "show version",
    "show clock",
    "",
    "show interfaces GigabitEthernet0/0/1 switchport | include Administrative Mode:",
];

const LIMITS: [u64; 4] = [u64::MAX, 10_000, 100, 0];

/// How an input's head chooses the surroundings of a session.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Surroundings {
    /// Index of the platform.
    pub(super) platform: u8,
    /// The device itself asks who is there.
    pub(super) in_band: bool,
    pub(super) no_username: bool,
    pub(super) no_password: bool,
    pub(super) no_enable_password: bool,
    /// Index of the encoding.
    pub(super) encoding: u8,
    /// How many commands, less one.
    pub(super) commands: u8,
    /// Index of the output limit.
    pub(super) limit: u8,
    /// Index of the device's end.
    pub(super) end: u8,
}

/// One of each family.
const ENCODINGS: [Option<&str>; 4] = [None, Some("IBM866"), Some("GBK"), Some("Shift_JIS")];

impl Surroundings {
    #[cfg(test)]
    pub(super) fn head(self) -> [u8; HEAD] {
        let flags = [self.in_band, self.no_username, self.no_password, self.no_enable_password];
        let flags =
            flags.iter().zip(0..).map(|(flag, bit)| u8::from(*flag) << bit).sum::<u8>() | self.encoding << 4;
        [self.platform, flags, self.commands, self.limit | self.end << 4]
    }

    fn of([platform, flags, commands, limit]: [u8; HEAD]) -> Self {
        Self {
            platform,
            in_band: flags & 1 != 0,
            no_username: flags & 2 != 0,
            no_password: flags & 4 != 0,
            no_enable_password: flags & 8 != 0,
            encoding: flags >> 4,
            commands,
            limit: limit & 15,
            end: limit >> 4,
        }
    }

    fn limit(self) -> u64 {
        LIMITS[usize::from(self.limit) % LIMITS.len()]
    }

    fn end(self) -> End {
        [End::FallsSilent, End::Closes, End::BreaksTheProtocol][usize::from(self.end) % 3]
    }

    pub(super) fn job(self, platform: &Named) -> Job {
        let secret = |missing: bool, secret| (!missing).then(|| Secret::new(secret));
        let commands = 1 + usize::from(self.commands) % (2 * COMMANDS.len());
        let minutes = Duration::from_secs(600);
        Job {
            id: JobId(0),
            encoding: ENCODINGS[usize::from(self.encoding) % ENCODINGS.len()].map(Into::into),
            attempt: 1,
            device: "core-1".into(),
            address: "192.0.2.1".into(),
            routes: vec![],
            jumps: vec![],
            platform: platform.name.clone(),
            login: Login {
                username: if self.no_username { "" } else { "admin" }.into(),
                key: None,
                agent: None,
                password: secret(self.no_password, PASSWORD),
                enable_password: secret(self.no_enable_password, ENABLE_PASSWORD),
            },
            asks_first: false,
            ssh: SshSettings { host_key: HostKeyCheck::Off, legacy: false },
            mode: Mode::Shell,
            keepalive: None,
            read_only: true,
            commands: COMMANDS.iter().cycle().take(commands).map(|command| (*command).into()).collect(),
            timeouts: Timeouts { connect: minutes, login: minutes, command: minutes, device: minutes },
        }
    }
}

/// Checks what it is told.
struct Witness {
    limit: u64,
    logged_in: bool,
    begun: bool,
    ended: u32,
    bytes: u64,
}

impl Observer for Witness {
    fn logged_in(&mut self) {
        assert!(!std::mem::replace(&mut self.logged_in, true), "logged in twice");
    }

    fn commands_begin(&mut self) {
        assert!(self.logged_in, "commands before the login");
        assert!(!std::mem::replace(&mut self.begun, true), "commands begin twice");
    }

    fn output(&mut self, command: u32, bytes: Vec<u8>) {
        assert!(self.begun && command == self.ended, "output of another command");
        assert!(!bytes.is_empty() && bytes.len() <= OUTPUT_CHUNK, "a chunk of {} bytes", bytes.len());
        self.bytes += bytes.len() as u64;
        assert!(self.bytes <= self.limit, "{} bytes of output", self.bytes);
    }

    fn command_ended(&mut self, command: u32, end: CommandEnd) {
        assert_eq!(command, self.ended, "commands in their order");
        assert!(!end.truncated || self.bytes == self.limit, "cut after {} bytes", self.bytes);
        self.ended += 1;
        self.bytes = 0;
    }
}

/// A session over a device of any platform, which may ask who is there: it ends when the device
/// does, hands out no more than the limit, takes no more memory than [`MEMORY`], and shows no
/// secret.
pub fn session(data: &[u8]) {
    let input = Input::read(data, LARGEST);
    let surroundings = Surroundings::of(input.head);
    let platform = platforms::chosen(surroundings.platform);
    let job = surroundings.job(platform);
    let until = Instant::now() + job.timeouts.device;
    let deadlines = Deadlines { login: until, device: until };
    let limit = surroundings.limit();
    let mut witness = Witness { limit, logged_in: false, begun: false, ended: 0, bytes: 0 };
    let mut device = Device::new(input.events, surroundings.in_band, surroundings.end());
    let mut result = Ok(());
    let memory = allocation_counter::measure(|| {
        result = converse(&mut device, &platform.platform, &job, deadlines, limit, &mut witness);
    });
    assert!(memory.bytes_max <= MEMORY, "{} bytes of memory", memory.bytes_max);
    match result {
        Ok(()) => assert_eq!(witness.ended as usize, job.commands.len(), "commands that were run"),
        Err(failure) => {
            let message = failure.to_string();
            assert!(message.len() < 1024, "a message of {} bytes", message.len());
            for secret in [PASSWORD, ENABLE_PASSWORD] {
                assert!(!message.contains(secret), "a secret in {message}");
            }
        }
    }
}
