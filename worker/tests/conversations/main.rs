//! Conversations with devices, replayed: what is sent is checked as well as what comes of it.
//!
//! Each is replayed whole, in pieces of odd sizes and byte by byte, and, where the recording
//! leaves no doubt, with a pause behind every byte.

mod hostile;
mod page;
mod replay;
mod script;

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use netsweep_shared::host_key::HostKeyCheck;
use netsweep_shared::job::{Job, JobId, Mode, SshSettings, Timeouts};
use netsweep_shared::login::Login;
use netsweep_shared::outcome::{CommandEnd, Failure};
use netsweep_shared::platform::Platform;
use netsweep_shared::protocol::OUTPUT_CHUNK;
use netsweep_shared::secret::Secret;
use netsweep_worker::platform::CompiledPlatform;
use netsweep_worker::session::{Deadlines, Observer, converse};

use crate::replay::{Arrival, Replay};
use crate::script::{Conversation, Header, Output};

/// All that an observer is told.
#[derive(Debug, Default)]
struct Told {
    logged_in: bool,
    begun: bool,
    outputs: Vec<Output>,
    open: Vec<u8>,
}

impl Observer for Told {
    fn logged_in(&mut self) {
        assert!(!std::mem::replace(&mut self.logged_in, true), "logged in twice");
    }

    fn commands_begin(&mut self) {
        assert!(self.logged_in, "commands before the login");
        assert!(!std::mem::replace(&mut self.begun, true), "commands begin twice");
    }

    fn output(&mut self, command: u32, bytes: Vec<u8>) {
        assert!(self.begun && command as usize == self.outputs.len(), "output of another command");
        assert!(!bytes.is_empty() && bytes.len() <= OUTPUT_CHUNK);
        self.open.extend_from_slice(&bytes);
    }

    fn command_ended(&mut self, command: u32, end: CommandEnd) {
        assert_eq!(command as usize, self.outputs.len(), "commands in their order");
        let text = std::mem::take(&mut self.open);
        self.outputs.push(Output { ok: end.ok, truncated: end.truncated, text });
    }
}

fn platform(name: &str) -> Platform {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../platforms/{name}.toml"));
    let text = std::fs::read_to_string(&path).expect("the platform has a file");
    Platform { name: name.to_owned(), ..toml::from_str(&text).expect("a definition") }
}

fn compiled(name: &str) -> CompiledPlatform {
    CompiledPlatform::compile(&platform(name)).expect("its patterns compile")
}

fn job(header: &Header) -> Job {
    let minute = Duration::from_secs(60);
    Job {
        id: JobId(0),
        attempt: 1,
        device: "core-1".into(),
        address: "192.0.2.1".into(),
        routes: vec![],
        jumps: vec![],
        platform: header.platform.clone(),
        login: Login {
            username: header.username.clone(),
            key: None,
            agent: None,
            password: header.password.as_deref().map(Secret::new),
            enable_password: header.enable.as_deref().map(Secret::new),
        },
        asks_first: false,
        commands: header.commands.clone(),
        read_only: true,
        timeouts: Timeouts { connect: minute, login: minute, command: minute, device: 2 * minute },
        ssh: SshSettings { host_key: HostKeyCheck::Off, legacy: false },
        mode: Mode::Shell,
        keepalive: None,
        encoding: header.encoding.clone(),
    }
}

fn deadlines() -> Deadlines {
    let now = Instant::now();
    Deadlines { login: now + Duration::from_secs(60), device: now + Duration::from_secs(120) }
}

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conversations");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("a file").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    files.sort();
    files
}

/// How each conversation is replayed.
const ARRIVALS: [Arrival; 4] = [
    Arrival { chunk: usize::MAX, slowly: false },
    Arrival { chunk: 7, slowly: false },
    Arrival { chunk: 1, slowly: false },
    Arrival { chunk: 1, slowly: true },
];

/// Replays `conversation` with `platform`; what went wrong.
fn replay(conversation: &Conversation, platform: &CompiledPlatform, arrival: Arrival) -> Vec<String> {
    if arrival.slowly && conversation.header.ambiguous {
        return vec![];
    }
    let header = &conversation.header;
    let mut device = Replay::new(&conversation.steps, header.telnet, arrival);
    let mut told = Told::default();
    let limit = header.limit.unwrap_or(u64::MAX);
    let result = converse(&mut device, platform, &job(header), deadlines(), limit, &mut told);
    let mut faults = std::mem::take(&mut device.faults);
    if !device.rest().is_empty() {
        faults.push(format!("does not come to {:?}", device.rest()));
    }
    if told.logged_in == header.not_let_in {
        faults.push(format!("told of a login: {}", told.logged_in));
    }
    let (got, wanted) = (&told.outputs, &conversation.outputs);
    for index in 0..got.len().max(wanted.len()) {
        if got.get(index) != wanted.get(index) {
            faults.push(format!(
                "command {index}: {}, not {}",
                shown(got.get(index)),
                shown(wanted.get(index))
            ));
        }
    }
    if !is_as_expected(&result, conversation.error.as_ref()) {
        faults.push(format!("ends with {result:?}, not {:?}", conversation.error));
    }
    for secret in [&header.password, &header.enable].into_iter().flatten() {
        if format!("{result:?}").contains(secret.as_str()) {
            faults.push("shows a secret".into());
        }
    }
    faults
}

fn shown(output: Option<&Output>) -> String {
    output.map_or("nothing".into(), |output| {
        format!("ok {} truncated {} {:?}", output.ok, output.truncated, String::from_utf8_lossy(&output.text))
    })
}

fn is_as_expected(result: &Result<(), Failure>, expected: Option<&(String, String)>) -> bool {
    match (result, expected) {
        (Ok(()), None) => true,
        (Err(failure), Some((kind, message))) => {
            failure.kind.as_str() == kind && failure.message.contains(message)
        }
        _ => false,
    }
}

#[test]
fn conversations_go_as_recorded() {
    let files = files();
    assert!(files.len() > 15, "the recordings are there");
    let faults: Vec<String> = thread::scope(|scope| {
        let threads: Vec<_> = files
            .iter()
            .flat_map(|file| ARRIVALS.map(|arrival| (file, arrival)))
            .map(|(file, arrival)| {
                scope.spawn(move || {
                    let name = file.file_name().expect("a name").to_string_lossy().into_owned();
                    let text = std::fs::read_to_string(file).expect("readable");
                    let conversation = Conversation::parse(&text);
                    let faults = replay(&conversation, &compiled(&conversation.header.platform), arrival);
                    faults
                        .into_iter()
                        .map(|fault| format!("{name}, {arrival:?}: {fault}"))
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect()
    });
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_platform_with_a_file_is_spoken_with() {
    let spoken: Vec<_> = files()
        .iter()
        .map(|file| Conversation::parse(&std::fs::read_to_string(file).expect("readable")).header.platform)
        .collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../platforms");
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("a file").path();
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        assert!(spoken.contains(&name), "no conversation with {name}");
    }
}
