//! Records, plans and writers for the tests of the consumers.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;
use std::time::{Duration, UNIX_EPOCH};

use netsweep_shared::job::Transport;
use netsweep_shared::outcome::ErrorKind;

use crate::event::RunPlan;
use crate::record::{CommandRecord, CommandStatus, DeviceStatus, Record, RecordError, TimingMs};

/// Keeps what was written, to be looked at from outside.
#[derive(Clone, Debug, Default)]
pub(super) struct Sink(Rc<RefCell<Vec<u8>>>);

impl Sink {
    pub(super) fn text(&self) -> String {
        String::from_utf8(self.0.borrow().clone()).expect("UTF-8")
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        self.0.borrow().clone()
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(crate) fn plan(devices: &[&str]) -> RunPlan {
    RunPlan {
        run: "r1".into(),
        devices: devices.iter().map(|&name| name.into()).collect(),
        processes: 2,
        threads: 4,
        resume: Some("netsweep resume r1".into()),
    }
}

/// The record of the contract's sample.
pub(crate) fn ok(device: &str, output: &str) -> Record {
    Record {
        run: "r1".into(),
        device: device.into(),
        address: "192.0.2.1".into(),
        port: 22,
        transport: Transport::Ssh,
        platform: "cisco_ios".into(),
        status: DeviceStatus::Ok,
        error: None,
        attempts: 1,
        worker: Some(0),
        started: Some(UNIX_EPOCH + Duration::from_secs(1_767_225_600)),
        timing_ms: TimingMs { connect: 3.1, login: 42.0, commands: 611.0, total: 656.9 },
        commands: vec![command("show version", output)],
        ssh_legacy: None,
    }
}

pub(crate) fn command(command: &str, output: &str) -> CommandRecord {
    CommandRecord {
        command: command.into(),
        status: CommandStatus::Ok,
        output: output.into(),
        undecoded: None,
        elapsed_ms: 305.2,
        truncated: false,
        parsed: None,
    }
}

pub(crate) fn failed(device: &str, kind: ErrorKind, message: &str) -> Record {
    Record {
        status: DeviceStatus::Failed,
        error: Some(RecordError { kind, message: message.into(), commands_may_have_begun: false }),
        timing_ms: TimingMs { connect: 3.1, login: 42.0, commands: 0.0, total: 45.1 },
        commands: vec![],
        ..ok(device, "")
    }
}

pub(crate) fn auth_failure(device: &str) -> Record {
    failed(device, ErrorKind::Auth, "the device refused the password")
}

pub(crate) fn skipped(device: &str) -> Record {
    Record {
        status: DeviceStatus::Skipped,
        attempts: 0,
        worker: None,
        started: None,
        timing_ms: TimingMs::default(),
        ..failed(device, ErrorKind::LockoutGuard, "3 logins in a row were refused")
    }
}
