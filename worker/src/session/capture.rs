//! What one command printed: without echo, in pieces, up to a limit.

use std::collections::VecDeque;

use netsweep_shared::protocol::OUTPUT_CHUNK;

use super::Observer;
use super::exchange::Answered;
use crate::channel::{Echo, Heard};
use crate::platform::CompiledPlatform;

/// An error pattern is looked for in so many bytes of a line.
const SEARCHED: usize = 4096;

/// GNU readline's word that pasting is over, which bash sends between the echo and the output.
const END_OF_PASTE: &[u8] = b"\x1b[?2004l\r";

pub(super) struct Capture<'a> {
    platform: &'a CompiledPlatform,
    observer: &'a mut dyn Observer,
    command: u32,
    echo: Echo,
    /// Lines that belong to the prompt, if the prompt comes next.
    lead: VecDeque<Vec<u8>>,
    batch: Vec<u8>,
    room: u64,
    refused: bool,
    truncated: bool,
    /// Nothing was output yet.
    untouched: bool,
}

/// What is to be said of a command whose output is over.
pub(super) struct Told {
    /// The device answered with its platform's error pattern.
    pub(super) refused: bool,
    /// The output went over the limit.
    pub(super) truncated: bool,
}

impl<'a> Capture<'a> {
    pub(super) fn new(
        platform: &'a CompiledPlatform,
        command: &str,
        limit: u64,
        number: u32,
        observer: &'a mut dyn Observer,
    ) -> Self {
        Self {
            platform,
            observer,
            command: number,
            echo: Echo::of(command),
            lead: VecDeque::new(),
            batch: Vec::new(),
            room: limit,
            refused: false,
            truncated: false,
            untouched: true,
        }
    }

    /// The prompt has come, behind `rest` on the same line.
    pub(super) fn last(&mut self, rest: &[u8]) {
        if !rest.is_empty() {
            self.flush_lead();
            self.output(rest);
        }
        self.lead.clear();
    }

    /// The answer was cut short, with `rest` on its last line.
    pub(super) fn cut(&mut self, rest: &[u8]) {
        self.flush_lead();
        if self.echo.line_ended {
            self.output(rest);
        }
    }

    /// Passes on what is left.
    pub(super) fn finish(mut self) -> Told {
        self.flush();
        Told { refused: self.refused, truncated: self.truncated }
    }

    fn flush_lead(&mut self) {
        while let Some(line) = self.lead.pop_front() {
            self.output(&line);
        }
    }

    fn output(&mut self, mut bytes: &[u8]) {
        if std::mem::take(&mut self.untouched) {
            bytes = bytes.strip_prefix(END_OF_PASTE).unwrap_or(bytes);
        }
        let searched = &bytes[..bytes.len().min(SEARCHED)];
        self.refused = self.refused || self.platform.errors.is_match(searched.trim_ascii_end());
        let kept = bytes.len().min(usize::try_from(self.room).unwrap_or(usize::MAX));
        self.truncated |= kept < bytes.len();
        self.room -= kept as u64;
        self.batch.extend_from_slice(&bytes[..kept]);
        if self.batch.len() >= OUTPUT_CHUNK {
            self.flush();
        }
    }

    fn flush(&mut self) {
        if !self.batch.is_empty() {
            self.observer.output(self.command, &self.batch);
            self.batch.clear();
        }
    }
}

impl Answered for Capture<'_> {
    fn line(&mut self, line: &[u8]) {
        let Heard::Output(blank_lines) = self.echo.judge(line) else { return };
        for _ in 0..blank_lines {
            self.output(b"\n");
        }
        if self.platform.prompt_lead.is_match(line.trim_ascii_end()) {
            self.lead.push_back(line.to_vec());
            if self.lead.len() > self.platform.prompt_lead.len()
                && let Some(oldest) = self.lead.pop_front()
            {
                self.output(&oldest);
            }
        } else {
            self.flush_lead();
            self.output(line);
        }
    }

    fn may_end(&self) -> bool {
        self.echo.line_ended
    }
}
