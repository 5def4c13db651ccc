//! What is told of each device: the record contract.
//!
//! Field names and order are those of the JSON; the wire types of `netsweep_shared` are another
//! family on purpose.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use netsweep_shared::job::Transport;
use netsweep_shared::outcome::{ErrorKind, Failure, Stage, Timing};
use serde::{Deserialize, Serialize, Serializer};

/// The record of one device in one run.
#[derive(Clone, Debug, Serialize)]
pub struct Record {
    /// The run's name.
    pub run: Arc<str>,
    /// The device's name.
    pub device: Arc<str>,
    /// Where it was reached.
    pub address: Arc<str>,
    /// TCP port.
    pub port: u16,
    /// What carried the session.
    pub transport: Transport,
    /// Name of its platform.
    pub platform: Arc<str>,
    /// How it ended.
    pub status: DeviceStatus,
    /// Why, where it is not `ok`.
    pub error: Option<RecordError>,
    /// Attempts made.
    pub attempts: u32,
    /// Worker of the last attempt.
    pub worker: Option<u32>,
    /// When the first attempt began.
    #[serde(serialize_with = "timestamp")]
    pub started: Option<SystemTime>,
    /// Where the last attempt's time went.
    pub timing_ms: TimingMs,
    /// The commands that were begun.
    pub commands: Vec<CommandRecord>,
    /// Of a device with `ssh_legacy`: the old algorithms that its session used. Last and left out
    /// elsewhere, so that an ordinary record is no other for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ssh_legacy: Option<Vec<String>>,
}

/// How a device ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeviceStatus {
    /// Every command succeeded.
    Ok,
    /// Something went wrong; the record's error says what.
    Failed,
    /// Nobody tried to log in.
    Skipped,
}

impl DeviceStatus {
    /// What it is with this failure, or without one.
    pub fn of(failure: Option<&Failure>) -> Self {
        match failure.map(|failure| failure.kind) {
            None => Self::Ok,
            Some(ErrorKind::LockoutGuard) => Self::Skipped,
            Some(_) => Self::Failed,
        }
    }

    /// The word of the record contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// Why a device is not `ok`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RecordError {
    /// The contract's word.
    pub kind: ErrorKind,
    /// For a person.
    pub message: String,
    /// It came up when commands may have been begun. Not told: it decides whether the device may be
    /// run again.
    #[serde(skip)]
    pub commands_may_have_begun: bool,
}

impl From<Failure> for RecordError {
    fn from(failure: Failure) -> Self {
        let Failure { kind, stage, message } = failure;
        Self { kind, message, commands_may_have_begun: stage == Stage::Commands }
    }
}

/// Milliseconds with one decimal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct TimingMs {
    /// Name look-up and TCP connection.
    pub connect: f64,
    /// From the open connection to the prompt that takes the first command.
    pub login: f64,
    /// All commands.
    pub commands: f64,
    /// The attempt as a whole.
    pub total: f64,
}

impl From<Timing> for TimingMs {
    fn from(timing: Timing) -> Self {
        Self {
            connect: millis(timing.connect),
            login: millis(timing.login),
            commands: millis(timing.commands),
            total: millis(timing.total),
        }
    }
}

/// One command and its answer.
#[derive(Clone, Debug, Serialize)]
pub struct CommandRecord {
    /// As it was sent.
    pub command: String,
    /// `failed` where the device refused it or the session ended within it.
    pub status: CommandStatus,
    /// What the device printed, in UTF-8 where its encoding is known; in JSON, bytes that are not
    /// UTF-8 become U+FFFD.
    #[serde(serialize_with = "lossy")]
    pub output: Vec<u8>,
    /// What the device printed in its own encoding, where `output` had to be decoded from that.
    #[serde(skip)]
    pub undecoded: Option<Vec<u8>>,
    /// From its first byte sent to the end of its output.
    pub elapsed_ms: f64,
    /// The output went over the limit and was cut.
    pub truncated: bool,
    /// What a template made of the output.
    pub parsed: Option<serde_json::Value>,
}

impl CommandRecord {
    /// The output, byte for byte as the device sent it.
    pub fn as_sent(&self) -> &[u8] {
        self.undecoded.as_ref().unwrap_or(&self.output)
    }
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CommandStatus {
    /// The prompt came back, and no error with it.
    Ok,
    /// Refused, or cut short.
    Failed,
}

impl CommandStatus {
    /// The word of the record contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
        }
    }
}

/// `duration` in milliseconds, to a tenth.
pub fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 10_000.0).round() / 10.0
}

fn lossy<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&String::from_utf8_lossy(bytes))
}

fn timestamp<S: Serializer>(time: &Option<SystemTime>, serializer: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => serializer.collect_str(&humantime::format_rfc3339_millis(*time)),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn old_algorithms_stand_behind_everything_and_only_where_they_are_asked_for() {
        let mut record = Record {
            run: "r1".into(),
            device: "core-1".into(),
            address: "192.0.2.1".into(),
            port: 22,
            transport: Transport::Ssh,
            platform: "cisco_ios".into(),
            status: DeviceStatus::Ok,
            error: None,
            attempts: 1,
            worker: Some(0),
            started: Some(UNIX_EPOCH),
            timing_ms: TimingMs::default(),
            commands: vec![],
            ssh_legacy: None,
        };
        let json = |record: &Record| serde_json::to_string(record).expect("JSON");
        assert!(json(&record).ends_with(r#""commands":[]}"#));
        record.ssh_legacy = Some(vec!["ssh-rsa".into(), "aes128-cbc".into()]);
        assert!(json(&record).ends_with(r#""commands":[],"ssh_legacy":["ssh-rsa","aes128-cbc"]}"#));
    }

    #[test]
    fn the_words_are_those_of_the_json() {
        for status in [DeviceStatus::Ok, DeviceStatus::Failed, DeviceStatus::Skipped] {
            assert_eq!(serde_json::to_value(status).expect("JSON"), status.as_str());
        }
        for status in [CommandStatus::Ok, CommandStatus::Failed] {
            assert_eq!(serde_json::to_value(status).expect("JSON"), status.as_str());
        }
    }

    #[test]
    fn an_output_as_it_was_sent_is_in_no_json() {
        let command = CommandRecord {
            command: "show clock".into(),
            status: CommandStatus::Ok,
            output: "café".into(),
            undecoded: Some(b"caf\xe9".to_vec()),
            elapsed_ms: 1.0,
            truncated: false,
            parsed: None,
        };
        assert_eq!(command.as_sent(), b"caf\xe9");
        let json = serde_json::to_string(&command).expect("JSON");
        assert!(json.contains(r#""output":"café","elapsed_ms""#), "{json}");
    }
}
