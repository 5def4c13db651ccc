//! One command's answer: its lines in, its output out.

use regex::bytes::RegexSet;

use super::echo::{Echo, Verdict};
use super::line::LineSink;
use super::preamble::Awaited;
use super::record::Record;

/// Most lines that are held back because they could belong to the prompt.
const MOST_LEADS: usize = 8;

/// An answer as a terminal shows it.
pub(crate) struct ScreenAnswer<'a, 'r> {
    echo: Echo,
    awaiting: bool,
    seen: bool,
    lead: &'a RegexSet,
    /// Lines that stand right above the prompt, if the prompt is next.
    leads: Vec<u8>,
    lead_lines: usize,
    within_line: bool,
    record: &'a mut Record<'r>,
}

impl<'a, 'r> ScreenAnswer<'a, 'r> {
    /// Awaits `echo`, then hands what follows to `record`, without the lines that match `lead`
    /// where the prompt follows them.
    pub(crate) fn new(echo: Echo, lead: &'a RegexSet, record: &'a mut Record<'r>) -> Self {
        Self {
            echo,
            awaiting: true,
            seen: false,
            lead,
            leads: vec![],
            lead_lines: 0,
            within_line: false,
            record,
        }
    }

    /// Whether a prompt now would end the answer.
    pub(crate) fn may_end(&self) -> bool {
        !self.awaiting || self.echo.may_be_absent()
    }

    /// The echo, as long as it has not come.
    pub(crate) fn missing_echo(&mut self) -> Option<&mut Echo> {
        (!self.seen).then_some(&mut self.echo)
    }

    /// The record behind it.
    pub(crate) fn record(&mut self) -> &mut Record<'r> {
        self.record
    }

    /// The prompt has come. Gives back the echo where it did not come.
    pub(crate) fn end(mut self) -> Option<Echo> {
        self.release_held();
        (!self.seen).then_some(self.echo)
    }

    /// The answer was cut short in the line `rest`.
    pub(crate) fn cut(mut self, rest: &[u8]) {
        if self.awaiting && (self.echo.has_begun() || self.echo.judge(rest) != Verdict::Output) {
            return;
        }
        self.release_held();
        self.release_leads();
        self.record.line(rest, false);
    }

    fn release_held(&mut self) {
        if std::mem::take(&mut self.awaiting) {
            let held = self.echo.held().to_vec();
            held.split_inclusive(|byte| *byte == b'\n').for_each(|line| {
                self.output(line.strip_suffix(b"\n").unwrap_or(line), true);
            });
        }
    }

    fn release_leads(&mut self) {
        self.record.bytes(&std::mem::take(&mut self.leads));
        self.lead_lines = 0;
    }

    fn output(&mut self, piece: &[u8], ended: bool) {
        if !self.lead.is_empty() && ended && !self.within_line && self.lead.is_match(piece) {
            if self.lead_lines == MOST_LEADS {
                self.release_leads();
            }
            self.leads.extend_from_slice(piece);
            self.leads.push(b'\n');
            self.lead_lines += 1;
            return;
        }
        if self.lead_lines > 0 {
            self.release_leads();
        }
        self.within_line = !ended;
        self.record.line(piece, ended);
    }
}

impl LineSink for ScreenAnswer<'_, '_> {
    fn line(&mut self, piece: &[u8], ended: bool) {
        if self.awaiting {
            match self.echo.judge(piece) {
                Verdict::Held => return,
                Verdict::Echo => {
                    self.awaiting = false;
                    self.seen = true;
                    return;
                }
                Verdict::Output => self.release_held(),
            }
        }
        self.output(piece, ended);
    }
}

/// An answer to the byte.
pub(crate) struct VerbatimAnswer<'a, 'r> {
    preamble: Awaited,
    record: &'a mut Record<'r>,
}

impl<'a, 'r> VerbatimAnswer<'a, 'r> {
    /// Takes `preamble` off and hands what follows to `record`.
    pub(crate) fn new(preamble: Awaited, record: &'a mut Record<'r>) -> Self {
        Self { preamble, record }
    }

    /// Whether a prompt now would end the answer.
    pub(crate) fn may_end(&self) -> bool {
        self.preamble.has_echo()
    }

    /// The record behind it.
    pub(crate) fn record(&mut self) -> &mut Record<'r> {
        self.record
    }

    /// The prompt has come, behind `rest` on the same line.
    pub(crate) fn end(mut self, rest: &[u8]) {
        self.take(rest);
        let Self { preamble, record } = &mut self;
        preamble.end(&mut |bytes: &[u8]| record.bytes(bytes));
    }

    /// The answer was cut short in the line `rest`.
    pub(crate) fn cut(mut self, rest: &[u8]) {
        self.take(rest);
    }

    fn take(&mut self, bytes: &[u8]) {
        let Self { preamble, record } = self;
        preamble.take(bytes, &mut |bytes: &[u8]| record.bytes(bytes));
    }
}

impl LineSink for VerbatimAnswer<'_, '_> {
    fn line(&mut self, piece: &[u8], ended: bool) {
        if self.preamble.is_done() {
            return self.record.line(piece, ended);
        }
        self.take(piece);
        if ended {
            self.take(b"\n");
        }
    }
}
