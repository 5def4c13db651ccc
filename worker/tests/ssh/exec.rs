//! Commands without a shell.

use std::time::{Duration, Instant};

use netsweep_shared::host_key::HostKeyCheck;
use netsweep_shared::job::{Job, JobId, Mode, Route, SshSettings, Timeouts, Transport};
use netsweep_shared::outcome::{CommandEnd, ErrorKind, Failure, Stage};
use netsweep_shared::platform::Platform;
use netsweep_shared::protocol::OUTPUT_CHUNK;
use netsweep_worker::platform::CompiledPlatform;
use netsweep_worker::session::{Deadlines, Observer, execute};
use russh::MethodKind;

use crate::server::{Door, Server};
use crate::{AMPLE, admin, log_in};

/// What was observed, in order.
#[derive(Debug, PartialEq, Eq)]
enum Event {
    LoggedIn,
    CommandsBegin,
    Ended(u32, bool, bool),
}

#[derive(Default)]
struct Witness {
    events: Vec<Event>,
    outputs: Vec<Vec<u8>>,
}

impl Observer for Witness {
    fn logged_in(&mut self) {
        self.events.push(Event::LoggedIn);
    }

    fn commands_begin(&mut self) {
        self.events.push(Event::CommandsBegin);
    }

    fn output(&mut self, command: u32, bytes: Vec<u8>) {
        assert!(bytes.len() <= OUTPUT_CHUNK);
        self.outputs.resize(self.outputs.len().max(command as usize + 1), vec![]);
        self.outputs[command as usize].extend_from_slice(&bytes);
    }

    fn command_ended(&mut self, command: u32, end: CommandEnd) {
        self.events.push(Event::Ended(command, end.ok, end.truncated));
    }
}

impl Witness {
    fn output(&self, command: usize) -> &str {
        std::str::from_utf8(self.outputs.get(command).map_or(&[], Vec::as_slice)).expect("UTF-8")
    }
}

fn job(commands: &[&str], command_timeout: Duration, keepalive: Option<Duration>) -> Job {
    Job {
        id: JobId(0),
        attempt: 1,
        device: "host".into(),
        address: "127.0.0.1".into(),
        routes: vec![Route { transport: Transport::Ssh, port: 22 }],
        jumps: vec![],
        platform: "linux".into(),
        login: admin(),
        asks_first: false,
        ssh: SshSettings { host_key: HostKeyCheck::Off, legacy: false },
        mode: Mode::Exec,
        keepalive,
        encoding: None,
        read_only: true,
        commands: commands.iter().map(|command| (*command).to_owned()).collect(),
        timeouts: Timeouts { connect: AMPLE, login: AMPLE, command: command_timeout, device: AMPLE },
    }
}

fn platform() -> CompiledPlatform {
    let text = r#"
        description = "a host"
        errors = ["^% Invalid"]
        modes = [{ name = "shell", prompt = "[#$] " }]
    "#;
    let platform: Platform = toml::from_str(text).expect("a platform");
    CompiledPlatform::compile(&platform).expect("compiles")
}

fn run_job(job: &Job, output_limit: u64) -> (Result<(), Failure>, Witness) {
    let server = Server::start(Door::with(MethodKind::Password));
    let mut connection = log_in(&server, &job.login).expect("lets us in");
    connection.set_keepalive(job.keepalive);
    let mut witness = Witness::default();
    let end = Instant::now() + AMPLE;
    let deadlines = Deadlines { login: end, device: end };
    let result = execute(&mut connection, &platform(), job, deadlines, output_limit, &mut witness);
    (result, witness)
}

fn run(commands: &[&str]) -> (Result<(), Failure>, Witness) {
    run_job(&job(commands, AMPLE, None), 10_000_000)
}

/// `command` fails, and what is said of it.
fn fails(command: &str) -> String {
    let (result, witness) = run(&[command, "both outputs"]);
    let failure = result.expect_err("fails");
    assert_eq!((failure.kind, failure.stage), (ErrorKind::Command, Stage::Commands), "{failure}");
    let events =
        [Event::LoggedIn, Event::CommandsBegin, Event::Ended(0, false, false), Event::Ended(1, true, false)];
    assert_eq!(witness.events, events, "the next command runs all the same");
    failure.message
}

#[test]
fn outputs_come_as_they_were_printed() {
    let (result, witness) = run(&["both outputs", "bytes", "large"]);
    result.expect("succeeds");
    assert_eq!(witness.output(0), "out 0\nerr 0\nout 1\nerr 1\nout 2\nerr 2\n");
    assert_eq!(witness.output(1), "\x1b[31mred\r\nrouter# \x08\0 --More-- \r");
    let large: String = (0..1000).map(|n| format!("{n:0>999}\n")).collect();
    assert!(witness.output(2) == large, "{} bytes", witness.output(2).len());
    assert_eq!(witness.events[..2], [Event::LoggedIn, Event::CommandsBegin]);
    assert!(witness.events[2..].iter().all(|event| matches!(event, Event::Ended(_, true, false))));
}

#[test]
fn an_output_over_the_limit_is_cut() {
    let (result, witness) = run_job(&job(&["large", "both outputs"], AMPLE, None), 1500);
    result.expect("succeeds");
    assert_eq!(witness.output(0).len(), 1500);
    assert_eq!(witness.events[2..], [Event::Ended(0, true, true), Event::Ended(1, true, false)]);
}

#[test]
fn the_exit_status_decides_wherever_it_comes() {
    assert_eq!(fails("fails"), "\"fails\" failed with exit status 3");
    assert_eq!(fails("late status"), "\"late status\" failed with exit status 4");
    assert_eq!(fails("early status"), "\"early status\" failed with exit status 5");
    assert_eq!(fails("never closed"), "\"never closed\" failed with exit status 6");
    assert_eq!(fails("signal"), "\"signal\" failed with signal KILL");
    let said = "\"refused politely\" failed with the answer \"% Invalid input\"";
    assert_eq!(fails("refused politely"), said);
    let (result, witness) = run(&["no status"]);
    result.expect("a command of which nothing is told has succeeded");
    assert_eq!(witness.output(0), "fine\n");
}

#[test]
fn of_several_failures_the_first_is_named() {
    let (result, _) = run(&["both outputs", "signal", "fails"]);
    let failure = result.expect_err("fails");
    assert_eq!(failure.message, "2 of 3 commands failed, the first of them \"signal\", with signal KILL");
}

#[test]
fn a_command_finds_its_input_at_its_end() {
    let (result, witness) = run(&["reads its input"]);
    result.expect("succeeds");
    assert_eq!(witness.output(0), "read to the end\n");
}

#[test]
fn a_server_that_runs_nothing_is_told_from_a_command_that_fails() {
    let (result, witness) = run(&["refuse"]);
    let failure = result.expect_err("refuses");
    assert_eq!((failure.kind, failure.stage), (ErrorKind::Prompt, Stage::Prepare), "{failure}");
    assert!(failure.message.contains("mode = \"shell\""), "{failure}");
    assert_eq!(witness.events[1..], [Event::CommandsBegin, Event::Ended(0, false, false)]);
}

#[test]
fn a_server_that_hangs_up_after_a_command_keeps_its_output() {
    let (result, witness) = run(&["hangs up", "both outputs"]);
    let failure = result.expect_err("is gone");
    assert_eq!((failure.kind, failure.stage), (ErrorKind::Disconnected, Stage::Commands), "{failure}");
    assert!(failure.message.contains("only one a connection"), "{failure}");
    assert_eq!(witness.output(0), "fine\n");
    assert_eq!(witness.events[2..], [Event::Ended(0, true, false)]);
}

#[test]
fn the_last_words_of_a_server_are_kept() {
    for _ in 0..10 {
        let (result, witness) = run(&["dies with its last words"]);
        let failure = result.expect_err("is gone");
        assert_eq!((failure.kind, failure.stage), (ErrorKind::Disconnected, Stage::Commands), "{failure}");
        assert_eq!(witness.output(0), "fine\n");
    }
}

#[test]
fn a_command_without_end_is_ended_at_its_deadline() {
    let began = Instant::now();
    let (result, witness) = run_job(&job(&["for ever", "fails"], Duration::from_millis(1500), None), 1000);
    let failure = result.expect_err("times out");
    assert_eq!((failure.kind, failure.stage), (ErrorKind::Timeout, Stage::Commands), "{failure}");
    assert_eq!(failure.message, "no end of the output within 1s 500ms after \"for ever\"");
    assert_eq!(witness.events[2..], [Event::Ended(0, false, false)]);
    assert!(began.elapsed() < AMPLE / 2);
}

#[test]
fn a_silent_command_is_kept_alive_on_request() {
    let keepalive = Some(Duration::from_secs(2));
    let (result, witness) = run_job(&job(&["waits to be kept alive"], AMPLE, keepalive), 1000);
    result.expect("succeeds");
    assert_eq!(witness.output(0), "alive\n");
}
