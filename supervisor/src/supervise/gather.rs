//! What the sessions have printed so far.
//!
//! Bounded by the mix: one spool for each job that runs, in memory while it is small and in an
//! unlinked temporary file beyond that.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom, Write};
use std::time::{Instant, SystemTime};

use anyhow::{Context, Result};
use encoding_rs::Encoding;
use netsweep_shared::job::JobId;
use netsweep_shared::outcome::CommandEnd;
use netsweep_shared::protocol::OUTPUT_CHUNK;
use tempfile::SpooledTempFile;

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
    /// All outputs, one behind the other.
    spool: SpooledTempFile,
    commands: Vec<Gathered>,
}

/// One command's share of the spool.
#[derive(Debug)]
struct Gathered {
    index: u32,
    length: u64,
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
        let spool = SpooledTempFile::new(IN_MEMORY);
        self.jobs.insert(job, Gathering { started, spool, commands: Vec::new() });
    }

    pub(super) fn output(&mut self, job: JobId, command: u32, bytes: &[u8]) -> Result<Result<(), OutOfTurn>> {
        let Some((gathering, index)) = self.command(job, command) else { return Ok(Err(OutOfTurn)) };
        gathering.commands[index].length += bytes.len() as u64;
        gathering.spool.write_all(bytes).context("cannot keep an output in the temporary directory")?;
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
            gathering.commands.push(Gathered { index, length: 0, first_seen: Instant::now(), end: None });
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
        let spool = &mut gathering.spool;
        spool.seek(SeekFrom::Start(0)).context("cannot read an output back")?;
        let mut records = Vec::with_capacity(gathering.commands.len());
        for gathered in &gathering.commands {
            let mut output = Vec::with_capacity(gathered.length as usize);
            spool.take(gathered.length).read_to_end(&mut output).context("cannot read an output back")?;
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
    use super::*;

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
