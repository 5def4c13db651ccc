//! What the sessions have printed so far.
//!
//! Bounded by the mix: of each job that runs, the first outputs in memory, and what goes beyond
//! that in an unlinked temporary file.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::time::{Instant, SystemTime};

use anyhow::{Context, Result};
use encoding_rs::Encoding;
use netsweep_shared::job::JobId;
use netsweep_shared::outcome::CommandEnd;
use netsweep_shared::protocol::OUTPUT_CHUNK;

use crate::record::{CommandRecord, CommandStatus, millis};

/// Output of one job that is kept in memory; more goes to a temporary file.
const IN_MEMORY: usize = 2 * OUTPUT_CHUNK;

/// The running jobs' outputs.
#[derive(Debug, Default)]
pub(super) struct Gatherer {
    jobs: BTreeMap<JobId, Gathering>,
}

#[derive(Debug)]
struct Gathering {
    /// Of the first attempt.
    started: SystemTime,
    /// Bytes of outputs that are in memory.
    held: usize,
    /// Those that are not, one behind the other.
    spilled: Option<File>,
    commands: Vec<Gathered>,
}

/// One command and its output.
#[derive(Debug)]
struct Gathered {
    index: u32,
    held: Vec<u8>,
    /// Its share of the file, which comes behind that.
    spilled: u64,
    first_seen: Instant,
    end: Option<CommandEnd>,
}

/// A worker told something of a command out of turn.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OutOfTurn;

impl Gatherer {
    /// An attempt begins: whatever an earlier one printed is forgotten.
    pub(super) fn begin(&mut self, job: JobId) {
        let started = self.jobs.get(&job).map_or_else(SystemTime::now, |earlier| earlier.started);
        self.jobs.insert(job, Gathering { started, held: 0, spilled: None, commands: Vec::new() });
    }

    pub(super) fn output(
        &mut self,
        job: JobId,
        command: u32,
        bytes: Vec<u8>,
    ) -> Result<Result<(), OutOfTurn>> {
        let Some((gathering, index)) = self.command(job, command) else { return Ok(Err(OutOfTurn)) };
        gathering.add(index, bytes).context("cannot keep an output in the temporary directory")?;
        Ok(Ok(()))
    }

    pub(super) fn command_ended(
        &mut self,
        job: JobId,
        command: u32,
        end: CommandEnd,
    ) -> Result<(), OutOfTurn> {
        let (gathering, index) = self.command(job, command).ok_or(OutOfTurn)?;
        gathering.commands[index].end = Some(end);
        Ok(())
    }

    /// The job's command `index`, which must be the last one told of or one behind it.
    fn command(&mut self, job: JobId, index: u32) -> Option<(&mut Gathering, usize)> {
        let gathering = self.jobs.get_mut(&job)?;
        let last = gathering.commands.last();
        if last.is_none_or(|last| last.index < index) {
            let (held, spilled, first_seen) = (Vec::new(), 0, Instant::now());
            gathering.commands.push(Gathered { index, held, spilled, first_seen, end: None });
        } else if last.is_some_and(|last| last.index != index || last.end.is_some()) {
            return None;
        }
        let last = gathering.commands.len() - 1;
        Some((gathering, last))
    }

    /// Hands over what there is of `job`: when it began, and the commands of its last attempt, their
    /// outputs decoded from `encoding`.
    pub(super) fn finish(
        &mut self,
        job: JobId,
        commands: &[String],
        encoding: Option<&'static Encoding>,
    ) -> Result<(Option<SystemTime>, Vec<CommandRecord>)> {
        let Some(mut gathering) = self.jobs.remove(&job) else { return Ok((None, Vec::new())) };
        if let Some(file) = &mut gathering.spilled {
            file.rewind().context("cannot read an output back")?;
        }
        let mut records = Vec::with_capacity(gathering.commands.len());
        for gathered in gathering.commands {
            let mut output = gathered.held;
            if let Some(file) = &mut gathering.spilled {
                file.take(gathered.spilled).read_to_end(&mut output).context("cannot read an output back")?;
            }
            let (output, undecoded) = decode(output, encoding);
            let elapsed = gathered.end.map_or_else(|| gathered.first_seen.elapsed(), |end| end.elapsed);
            records.push(CommandRecord {
                command: commands.get(gathered.index as usize).cloned().unwrap_or_default(),
                status: if gathered.end.is_some_and(|end| end.ok) {
                    CommandStatus::Ok
                } else {
                    CommandStatus::Failed
                },
                output,
                undecoded,
                elapsed_ms: millis(elapsed),
                truncated: gathered.end.is_some_and(|end| end.truncated),
                parsed: None,
            });
        }
        Ok((Some(gathering.started), records))
    }
}

impl Gathering {
    /// Adds to the output of the command at `index`, the last one.
    fn add(&mut self, index: usize, bytes: Vec<u8>) -> io::Result<()> {
        let command = &mut self.commands[index];
        if self.spilled.is_none() && self.held + bytes.len() <= IN_MEMORY {
            self.held += bytes.len();
            match command.held.is_empty() {
                // Most outputs come in one piece.
                true => command.held = bytes,
                false => command.held.extend(bytes),
            }
            return Ok(());
        }
        let file = match &mut self.spilled {
            Some(file) => file,
            none => none.insert(tempfile::tempfile()?),
        };
        command.spilled += bytes.len() as u64;
        file.write_all(&bytes)
    }
}

/// `bytes` in UTF-8, and where that made them others, as they were.
fn decode(bytes: Vec<u8>, encoding: Option<&'static Encoding>) -> (Vec<u8>, Option<Vec<u8>>) {
    let Some(encoding) = encoding else { return (bytes, None) };
    let decoded = match encoding.decode_without_bom_handling(&bytes) {
        (Cow::Owned(text), _) => Some(text.into_bytes()),
        (Cow::Borrowed(_), _) => None,
    };
    match decoded {
        Some(text) => (text, Some(bytes)),
        None => (bytes, None),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn outputs_come_back_in_order_however_large_they_are() {
        let (job, commands) = (JobId(0), ["a", "b", "c"].map(String::from));
        let end = CommandEnd { ok: true, elapsed: Duration::from_millis(5), truncated: false };
        for piece in [1, OUTPUT_CHUNK / 3, OUTPUT_CHUNK] {
            let mut gatherer = Gatherer::default();
            gatherer.begin(job);
            let mut told: Vec<Vec<u8>> = Vec::new();
            for (command, pieces) in (0..).zip([1, 5, 2]) {
                let pieces: Vec<Vec<u8>> = (0..pieces).map(|n| vec![command as u8 * 16 + n; piece]).collect();
                for bytes in &pieces {
                    let taken = gatherer.output(job, command, bytes.clone());
                    assert_eq!(taken.expect("there is room"), Ok(()));
                }
                assert_eq!(gatherer.command_ended(job, command, end), Ok(()));
                told.push(pieces.concat());
            }
            assert!(gatherer.jobs[&job].held <= IN_MEMORY);
            let (_, records) = gatherer.finish(job, &commands, None).expect("reads");
            let records: Vec<_> = records.into_iter().map(|record| (record.command, record.output)).collect();
            assert_eq!(records, commands.iter().cloned().zip(told).collect::<Vec<_>>(), "{piece}");
        }
    }

    #[test]
    fn outputs_are_decoded_and_kept() {
        let cyrillic = b"\xe8\xed\xf2\xe5\xf0\xf4\xe5\xe9\xf1".to_vec();
        let (text, raw) = decode(cyrillic.clone(), Some(encoding_rs::WINDOWS_1251));
        assert_eq!((String::from_utf8(text).expect("UTF-8").as_str(), raw), ("интерфейс", Some(cyrillic)));
        let ascii = b"interface up".to_vec();
        assert_eq!(decode(ascii.clone(), Some(encoding_rs::WINDOWS_1251)), (ascii.clone(), None));
        assert_eq!(decode(b"\xff".to_vec(), None), (b"\xff".to_vec(), None));
    }
}
