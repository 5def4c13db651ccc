//! A terminal of one line: what a device sends becomes what a person would have read.
//!
//! The cursor moves within the line, so that what a device erases or draws again (its pager's
//! question, its echo) comes out as it looks in the end. Sequences of ECMA-48 that move between
//! lines or set colours and modes are dropped; what they would have covered stays in the text,
//! because an output must not lose lines.
//!
//! Controls are those of ASCII alone: the bytes 0x80 to 0x9F, which ECMA-48 has as well, are parts of
//! characters in UTF-8 and in most of the encodings that devices use.

use super::charset::Charset;
use super::line::{LONGEST_LINE, LineSink};

const BACKSPACE: u8 = 0x08;
const CANCEL: u8 = 0x18;
const SUBSTITUTE: u8 = 0x1a;
const ESCAPE: u8 = 0x1b;
const BELL: u8 = 0x07;

/// Furthest column that the cursor is moved to beyond the end of the line. Without it a few
/// bytes could ask for any number of blanks.
const FURTHEST_COLUMN: usize = 1024;

/// Longest control string (a window title, say). What is longer is none, and is text from there.
const LONGEST_STRING: usize = 4096;

/// Longest parameters of a control sequence.
const LONGEST_PARAMETERS: usize = 32;

/// The line, its cursor, and where in an escape sequence the device is.
#[derive(Debug)]
pub(crate) struct Screen {
    charset: Charset,
    line: Vec<u8>,
    /// The first half of a character of two bytes, until the second comes.
    half: Option<u8>,
    /// Where the next character goes, in bytes; may be beyond the end of the line.
    cursor: usize,
    /// Columns of the terminal that was asked for; a carriage return goes back to a multiple.
    width: usize,
    state: State,
    parameters: Vec<u8>,
    /// Part of the line was written over, so the blanks at its end may be what erased it.
    overwritten: bool,
    /// The line's beginning went ahead.
    continued: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Text,
    Escape,
    /// Behind an intermediate byte, as in `ESC ( B`.
    Intermediate,
    Control,
    /// A title or another string, and how long it is so far.
    String(usize),
    /// `ESC` within one: with `\` it is the end.
    StringEscape(usize),
}

impl Screen {
    /// An empty line on a terminal of `width` columns; 0 stands for one that never wraps.
    pub(crate) fn new(width: u16, charset: Charset) -> Self {
        Self {
            charset,
            line: vec![],
            half: None,
            cursor: 0,
            width: if width == 0 { usize::MAX } else { width.into() },
            state: State::Text,
            parameters: vec![],
            overwritten: false,
            continued: false,
        }
    }

    /// Takes in what the device has sent; finished lines go to `sink`.
    pub(crate) fn feed(&mut self, mut bytes: &[u8], sink: &mut impl LineSink) {
        while let Some(&first) = bytes.first() {
            if self.state != State::Text {
                self.sequence(first, sink);
                bytes = &bytes[1..];
                continue;
            }
            let run = text_run(bytes);
            let (text, rest) = bytes.split_at(run);
            bytes = match rest {
                // The common case, without a copy.
                [b'\r', b'\n', rest @ ..] | [b'\n', rest @ ..] if self.is_fresh() && run <= LONGEST_LINE => {
                    sink.line(text, true);
                    rest
                }
                _ => {
                    self.write(text, sink);
                    if let Some(special) = rest.first() {
                        self.special(*special, sink);
                    }
                    rest.get(1..).unwrap_or_default()
                }
            };
        }
    }

    /// The unfinished line as it looks now. Empty where its beginning went ahead: what is left
    /// of it is no line.
    pub(crate) fn current(&self) -> &[u8] {
        if self.continued { &[] } else { self.shown() }
    }

    /// What of the unfinished line has not gone to a sink.
    pub(crate) fn rest(&self) -> &[u8] {
        self.shown()
    }

    /// Begins a new line here.
    pub(crate) fn clear(&mut self) {
        self.line.clear();
        self.half = None;
        self.cursor = 0;
        self.overwritten = false;
        self.continued = false;
    }

    /// Takes away the end of the unfinished line from byte `at` on, whether or not the device
    /// is going to erase it itself.
    pub(crate) fn cut(&mut self, at: usize) {
        self.line.truncate(at);
        self.cursor = self.cursor.min(at);
    }

    fn is_fresh(&self) -> bool {
        self.line.is_empty() && self.cursor == 0 && !self.continued && !self.overwritten
    }

    fn shown(&self) -> &[u8] {
        if self.overwritten { self.line.trim_ascii_end() } else { &self.line }
    }

    fn end_line(&mut self, sink: &mut impl LineSink) {
        sink.line(self.shown(), true);
        self.clear();
    }

    /// Writes `text` at the cursor, but for half a character at its end that goes over another, with which
    /// it would be taken for a whole one.
    fn write(&mut self, text: &[u8], sink: &mut impl LineSink) {
        let joined;
        let text = match self.half.take() {
            Some(half) => {
                joined = [&[half], text].concat();
                &joined
            }
            None => text,
        };
        match text.split_last() {
            Some((half, whole)) if self.charset.half(text) => {
                self.put(whole, sink);
                if self.cursor < self.line.len() {
                    self.half = Some(*half);
                } else {
                    self.put(&[*half], sink);
                }
            }
            _ => self.put(text, sink),
        }
    }

    /// Writes whole characters at the cursor. What makes the line too long begins it anew, at the same
    /// byte in whatever pieces the text comes.
    fn put(&mut self, mut text: &[u8], sink: &mut impl LineSink) {
        while let Some(&first) = text.first() {
            let room = LONGEST_LINE.saturating_sub(self.line.len().max(self.cursor));
            let over = self.cursor < self.line.len();
            if room == 0 && (!over || self.charset.continues(first)) {
                sink.line(&self.line, false);
                self.clear();
                self.continued = true;
                continue;
            }
            let mut end = text.len().min(room.max(1));
            if over && end < text.len() && self.charset.half(&text[..end]) {
                end += 1;
            }
            let (now, later) = text.split_at(end);
            if over {
                self.overwrite(now);
            } else {
                self.line.resize(self.cursor, b' ');
                self.line.extend_from_slice(now);
            }
            self.cursor += now.len();
            text = later;
        }
    }

    /// Puts `text` in the place of as many characters from the cursor on.
    fn overwrite(&mut self, text: &[u8]) {
        self.overwritten = true;
        let end = self.forward(self.charset.cells(text));
        self.split(self.cursor);
        self.split(end);
        if end - self.cursor == text.len() {
            self.line[self.cursor..end].copy_from_slice(text);
        } else {
            self.line.splice(self.cursor..end, text.iter().copied());
        }
    }

    /// Leaves blanks in place of a character that byte `at` would tear in two, as terminals do.
    fn split(&mut self, at: usize) {
        if at < self.line.len() && self.charset.half(&self.line[..at]) {
            self.line[at - 1] = b' ';
            if Charset::is_second(self.line[at]) {
                self.line[at] = b' ';
            }
            self.overwritten = true;
        }
    }

    fn special(&mut self, byte: u8, sink: &mut impl LineSink) {
        let acts = matches!(byte, b'\n' | b'\r' | BACKSPACE | ESCAPE);
        if let Some(half) = self.half.take_if(|_| acts) {
            // There is no other half.
            self.put(&[half], sink);
        }
        match byte {
            b'\n' => self.end_line(sink),
            // To the beginning of the row: a shell that wraps its echo sends a blank in the
            // next row and a carriage return.
            b'\r' => self.cursor = self.row(),
            BACKSPACE => self.cursor = self.back(1),
            ESCAPE => self.state = State::Escape,
            _ => {}
        }
    }

    /// One byte of an escape sequence.
    fn sequence(&mut self, byte: u8, sink: &mut impl LineSink) {
        let state = std::mem::replace(&mut self.state, State::Text);
        match (state, byte) {
            (State::String(_), BELL) | (_, CANCEL | SUBSTITUTE) => {}
            (State::String(length), ESCAPE) => self.state = State::StringEscape(length),
            // No string has lines: this one was never ended, or is none.
            (State::String(_) | State::StringEscape(_), b'\n' | b'\r') => self.special(byte, sink),
            (State::StringEscape(_), b'\\') => {}
            (State::String(length) | State::StringEscape(length), _) => {
                if length < LONGEST_STRING {
                    self.state = State::String(length + 1);
                }
            }
            (_, ESCAPE) => self.state = State::Escape,
            (_, ..=0x1f) => self.special(byte, sink),
            (State::Escape, b'[') => {
                self.parameters.clear();
                self.state = State::Control;
            }
            (State::Escape, b']' | b'P' | b'X' | b'^' | b'_') => self.state = State::String(0),
            (State::Escape | State::Intermediate, b' '..=b'/') => self.state = State::Intermediate,
            // Next line (NEL), index (IND).
            (State::Escape, b'E' | b'D') => self.end_line(sink),
            (State::Control, b' '..=b'?') => {
                if self.parameters.len() < LONGEST_PARAMETERS {
                    self.parameters.push(byte);
                }
                self.state = State::Control;
            }
            // No byte of a sequence.
            (_, 0x80..) => self.write(&[byte], sink),
            (State::Control, _) => self.control(byte),
            (State::Text | State::Escape | State::Intermediate, _) => {}
        }
    }

    /// A complete control sequence (ECMA-48, 8.3).
    fn control(&mut self, function: u8) {
        let mut numbers = self.parameters.split(|byte| *byte == b';').map(number);
        let (first, second) = (numbers.next().flatten(), numbers.next().flatten());
        let count = first.unwrap_or(0).max(1);
        if self.parameters.iter().any(|byte| !matches!(byte, b'0'..=b'9' | b';')) {
            return;
        }
        match (function, first.unwrap_or(0)) {
            // From here to the end of the line, or of the screen.
            (b'K' | b'J', 0) => {
                self.split(self.cursor);
                self.line.truncate(self.cursor);
            }
            (b'K', kind @ (1 | 2)) => {
                self.split(self.cursor);
                if kind == 2 {
                    self.line.truncate(self.cursor);
                }
                let end = self.cursor.min(self.line.len());
                self.line[..end].fill(b' ');
                self.overwritten = true;
            }
            // Not beyond the end of the row, for devices that go there to ask how wide it is.
            (b'C', _) => {
                let last = self.row().saturating_add(self.width - 1).max(self.cursor);
                self.cursor = self.forward_beyond(count).min(last);
            }
            (b'D', _) => self.cursor = self.back(count),
            (b'G' | b'`', _) => self.column(count),
            (b'H' | b'f', _) => self.column(second.unwrap_or(1).max(1)),
            (b'P', _) => {
                let end = self.forward(count);
                self.split(self.cursor);
                self.split(end);
                self.line.drain(self.cursor.min(end)..end);
            }
            (b'X', _) => {
                let end = self.forward(count);
                self.split(self.cursor);
                self.split(end);
                self.line[self.cursor.min(end)..end].fill(b' ');
                self.overwritten = true;
            }
            (b'@', _) if self.cursor < self.line.len() && self.line.len() < FURTHEST_COLUMN => {
                let blanks = count.min(FURTHEST_COLUMN);
                self.split(self.cursor);
                self.line.splice(self.cursor..self.cursor, std::iter::repeat_n(b' ', blanks));
            }
            _ => {}
        }
    }

    /// Where the cursor's row begins.
    fn row(&self) -> usize {
        self.cursor.saturating_sub(1) / self.width * self.width
    }

    fn column(&mut self, column: usize) {
        self.cursor = 0;
        self.cursor = self.forward_beyond(column - 1);
    }

    /// Where `count` cells before the cursor begin.
    fn back(&self, count: usize) -> usize {
        if count >= self.cursor {
            return 0;
        }
        let mut at = self.cursor;
        for _ in 0..count {
            at = at.saturating_sub(1);
            while at > 0 && self.line.get(at).is_some_and(|byte| self.charset.continues(*byte)) {
                at -= 1;
            }
        }
        at
    }

    /// Where `count` cells from the cursor end, at most at the end of the line.
    fn forward(&self, count: usize) -> usize {
        if count >= self.line.len().saturating_sub(self.cursor) {
            return self.line.len();
        }
        let mut at = self.cursor;
        for _ in 0..count {
            at += 1;
            while self.line.get(at).is_some_and(|byte| self.charset.continues(*byte)) {
                at += 1;
            }
        }
        at.min(self.line.len())
    }

    /// As [`Screen::forward`], but into the empty part behind the line as well.
    fn forward_beyond(&self, count: usize) -> usize {
        let end = self.forward(count);
        if end < self.line.len() {
            return end;
        }
        let from = self.cursor.min(end);
        let walked = self.charset.cells(&self.line[from..end]);
        let beyond = end.max(self.cursor) + count.saturating_sub(walked);
        beyond.min(FURTHEST_COLUMN.max(end))
    }
}

/// What is not simply written: control characters but for the tab.
fn is_special(byte: u8) -> bool {
    (byte < 0x20 && byte != b'\t') || byte == 0x7f
}

/// How many bytes from here on are simply written. Whole blocks are judged at once, which the processor does in a
/// few steps.
fn text_run(bytes: &[u8]) -> usize {
    let (blocks, _) = bytes.as_chunks::<16>();
    let is_text = |block: &&[u8; 16]| !block.iter().fold(false, |any, byte| any | is_special(*byte));
    let start = blocks.iter().take_while(is_text).count() * 16;
    let rest = &bytes[start..];
    start + rest.iter().position(|byte| is_special(*byte)).unwrap_or(rest.len())
}

fn number(digits: &[u8]) -> Option<usize> {
    std::str::from_utf8(digits).ok()?.parse::<u16>().ok().map(usize::from)
}

#[cfg(test)]
mod tests;
