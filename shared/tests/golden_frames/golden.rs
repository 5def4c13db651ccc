use std::collections::BTreeSet;
use std::fmt::{Debug, Write};
use std::fs;
use std::path::{Path, PathBuf};

use netsweep_shared::fleet::{Fault, Latency};
use netsweep_shared::frame::{self, FrameReader};
use netsweep_shared::job::Transport;
use netsweep_shared::outcome::{ErrorKind, Stage};
use netsweep_shared::protocol::{FromWorker, ToWorker};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::samples;

/// The error is what came instead.
type Check = dyn Fn(&[u8]) -> Result<(), String>;

/// A message and the name of the file that has its bytes.
pub(crate) struct Golden {
    name: &'static str,
    /// As this build encodes it.
    pub(crate) frame: Vec<u8>,
    /// Whether a frame decodes to the message.
    decodes_to_it: Box<Check>,
}

impl Golden {
    pub(crate) fn new<T>(name: &'static str, message: T) -> Self
    where
        T: Serialize + DeserializeOwned + PartialEq + Debug + 'static,
    {
        let mut frame = Vec::new();
        frame::encode(&message, &mut frame).expect("a sample encodes");
        let decodes_to_it = move |frame: &[u8]| match FrameReader::new(frame).read::<T>() {
            Ok(Some(decoded)) if decoded == message => Ok(()),
            other => Err(format!("{other:?}")),
        };
        Self { name, frame, decodes_to_it: Box::new(decodes_to_it) }
    }

    fn file(&self) -> PathBuf {
        folder().join(format!("{}.hex", self.name))
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// Sixteen bytes a line, and behind them what can be read of them.
fn to_hex(name: &str, frame: &[u8]) -> String {
    let mut text = format!("# {name}: a frame of {} bytes, of which 4 are its length\n", frame.len());
    for line in frame.chunks(16) {
        let hex: Vec<_> = line.iter().map(|byte| format!("{byte:02x}")).collect();
        let readable = |&byte: &u8| if byte.is_ascii_graphic() || byte == b' ' { byte as char } else { '.' };
        let readable: String = line.iter().map(readable).collect();
        writeln!(text, "{:47}  |{readable}|", hex.join(" ")).expect("a string takes everything");
    }
    text
}

fn from_hex(text: &str) -> Vec<u8> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let hex = lines.filter_map(|line| line.split('|').next()).flat_map(str::split_whitespace);
    hex.map(|byte| u8::from_str_radix(byte, 16).expect("the file has hex digits")).collect()
}

#[test]
fn every_message_has_the_bytes_of_its_file() {
    let bless = std::env::var_os("NETSWEEP_TEST_BLESS").is_some();
    let mut wrong = Vec::new();
    for golden in samples::all() {
        if bless {
            fs::write(golden.file(), to_hex(golden.name, &golden.frame)).expect("the folder is writable");
        }
        let file = fs::read_to_string(golden.file()).unwrap_or_default();
        let bytes = from_hex(&file);
        if bytes != golden.frame {
            let now = to_hex(golden.name, &golden.frame);
            wrong.push(format!("{} encodes to other bytes.\nThe file:\n{file}Now:\n{now}", golden.name));
        }
        if let Err(other) = (golden.decodes_to_it)(&bytes) {
            wrong.push(format!("the file of {} decodes to {other}", golden.name));
        }
    }
    let expected: BTreeSet<PathBuf> = samples::all().iter().map(Golden::file).collect();
    let files = fs::read_dir(folder())
        .expect("the folder is there")
        .map(|entry| entry.expect("it can be read").path());
    wrong
        .extend(files.filter(|file| !expected.contains(file)).map(|file| format!("no message for {file:?}")));
    assert!(wrong.is_empty(), "{}\n(what to do: see main.rs)", wrong.join("\n"));
}

/// Bincode writes a variant's index first, in one byte: beyond the `count` known ones there must be
/// no other.
fn assert_variants<T: DeserializeOwned + Debug>(count: usize) {
    let beyond = FrameReader::new(&[1, 0, 0, 0, count as u8][..]).read::<T>();
    let error = beyond.expect_err("a variant has no sample").to_string();
    let name = std::any::type_name::<T>();
    assert!(error.contains("variant index"), "variant {count} of {name} has no sample ({error})");
}

fn assert_all_have_samples<T: DeserializeOwned + Debug>(prefix: &str) {
    let all = samples::all();
    let samples = all.iter().filter(|golden| golden.name.starts_with(prefix));
    let seen: BTreeSet<u8> = samples.map(|golden| golden.frame[4]).collect();
    assert_eq!(seen, (0..seen.len() as u8).collect(), "{prefix}: the variants with a sample");
    assert_variants::<T>(seen.len());
}

#[test]
fn every_variant_has_a_sample() {
    assert_all_have_samples::<ToWorker>("to_worker");
    assert_all_have_samples::<FromWorker>("from_worker");
    assert_variants::<ErrorKind>(samples::error_kinds().len());
    assert_variants::<Stage>(samples::stages().len());
    assert_variants::<Fault>(Fault::ALL.len());
    // Those of the jobs and of the fleet.
    assert_variants::<Transport>(2);
    assert_variants::<Latency>(3);
}
