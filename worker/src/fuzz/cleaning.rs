//! What becomes of one answer.

use regex::bytes::RegexSet;

use super::input::{HEAD, Input, pieces};
use super::platforms;
use crate::channel::answer::{ScreenAnswer, VerbatimAnswer};
use crate::channel::charset::Charset;
use crate::channel::echo::Echo;
use crate::channel::preamble::Preamble;
use crate::channel::record::Record;
use crate::channel::refusals::Refusals;
use crate::channel::screen::Screen;
use crate::channel::verbatim::Verbatim;

/// Most that repetitions add up to: a few of the longest lines.
const LARGEST: usize = 256 * 1024;

/// Most memory that an answer takes: a line of the longest, twice while it grows, what is held
/// back, a chunk, and what the patterns' machines remember.
const MEMORY: u64 = 2 << 20;

/// Bytes that come at once, as a session reads them.
pub(super) const READ: usize = 8 * 1024;

const PROMPT: &[u8] = b"core-1#";
const COMMANDS: [&str; 3] =
    ["show version", "", "show interfaces GigabitEthernet0/0/1 switchport | include Administrative Mode:"];
const LIMITS: [u64; 4] = [u64::MAX, 10_000, 100, 0];
const WIDTHS: [u16; 4] = [511, 0, 80, 1];
const CHARSETS: [Charset; 4] = [Charset::Utf8, Charset::Single, Charset::Double, Charset::ShiftJis];

/// What surrounds the answer.
#[derive(Clone, Copy)]
struct Surroundings {
    lead: &'static RegexSet,
    errors: &'static Refusals,
    command: &'static str,
    echoes: bool,
    limit: u64,
    width: u16,
    charset: Charset,
}

impl Surroundings {
    fn of([platform, seed, choices, charset]: [u8; HEAD]) -> (Self, u8) {
        let platform = &platforms::chosen(platform).platform;
        let choice = |shift: u8, of: usize| usize::from(choices >> shift) % of;
        let surroundings = Self {
            lead: &platform.prompt_lead,
            errors: &platform.errors,
            command: COMMANDS[choice(0, 4) % COMMANDS.len()],
            echoes: choice(2, 2) == 1,
            limit: LIMITS[choice(3, LIMITS.len())],
            width: WIDTHS[choice(5, WIDTHS.len())],
            charset: CHARSETS[usize::from(charset) % CHARSETS.len()],
        };
        (surroundings, seed)
    }
}

/// All that can be told of an answer.
#[derive(Debug, PartialEq, Eq)]
struct Cleaned {
    may_end: bool,
    line: Vec<u8>,
    output: Vec<u8>,
    truncated: bool,
    refusal: Option<Vec<u8>>,
}

impl Cleaned {
    fn expect_same(&self, whole: &Self, seed: u8) {
        let same = self.output.iter().zip(&whole.output).take_while(|(a, b)| a == b).count();
        let [ours, theirs] =
            [self, whole].map(|of| of.output[same..].iter().take(80).copied().collect::<Vec<_>>());
        let [ours, theirs] = [&ours, &theirs].map(|of| of.escape_ascii());
        assert!(
            self.output == whole.output,
            "cut by {seed}, output differs at {same}: {ours}, whole {theirs}"
        );
        assert!(self == whole, "cut by {seed}, what is told of the output differs");
    }
}

/// An answer as a terminal shows it, and to the byte: the same in whatever pieces it comes, no
/// longer than the limit, within [`MEMORY`].
pub fn cleaning(data: &[u8]) {
    let input = Input::read(data, LARGEST);
    let (surroundings, seed) = Surroundings::of(input.head);
    let bytes = input.bytes();
    for clean in [on_screen, verbatim] {
        let whole = collected(clean, surroundings, &bytes, 0);
        assert!(whole.output.len() as u64 <= surroundings.limit, "{} bytes", whole.output.len());
        for seed in [1, seed] {
            let cut = collected(clean, surroundings, &bytes, seed);
            cut.expect_same(&whole, seed);
        }
        let memory = allocation_counter::measure(|| {
            let _ = clean(surroundings, &bytes, 0, &mut |_| {});
        });
        assert!(memory.bytes_max <= MEMORY, "{} bytes of memory", memory.bytes_max);
    }
}

type Clean = fn(Surroundings, &[u8], u8, &mut dyn FnMut(Vec<u8>)) -> Cleaned;

fn collected(clean: Clean, surroundings: Surroundings, bytes: &[u8], seed: u8) -> Cleaned {
    let mut output = vec![];
    let cleaned = clean(surroundings, bytes, seed, &mut |bytes| output.extend(bytes));
    Cleaned { output, ..cleaned }
}

fn on_screen(surroundings: Surroundings, bytes: &[u8], seed: u8, emit: &mut dyn FnMut(Vec<u8>)) -> Cleaned {
    let Surroundings { lead, errors, command, echoes, limit, width, charset } = surroundings;
    let mut record = Record::new(limit, errors, emit);
    let echo = Echo::new(command, PROMPT, echoes, vec![b"showclock".to_vec()]);
    let mut answer = ScreenAnswer::new(echo, lead, &mut record);
    let mut screen = Screen::new(width, charset);
    pieces(bytes, READ, seed).for_each(|piece| screen.feed(piece, &mut answer));
    let may_end = answer.may_end();
    answer.cut(screen.rest());
    finished(may_end, screen.current(), record)
}

fn verbatim(surroundings: Surroundings, bytes: &[u8], seed: u8, emit: &mut dyn FnMut(Vec<u8>)) -> Cleaned {
    let Surroundings { errors, command, echoes, limit, .. } = surroundings;
    let silent: &[u8] = if echoes { b"\x1b[?2004l\r: x\r\n\x1b[?2004l\r" } else { b"\r\n" };
    let mut record = Record::new(limit, errors, emit);
    let mut answer = VerbatimAnswer::new(Preamble::learn(": x", silent).expect(command), &mut record);
    let mut lines = Verbatim::default();
    pieces(bytes, READ, seed).for_each(|piece| lines.feed(piece, &mut answer));
    let may_end = answer.may_end();
    answer.end(lines.current());
    finished(may_end, &[], record)
}

fn finished(may_end: bool, line: &[u8], mut record: Record<'_>) -> Cleaned {
    record.finish();
    Cleaned {
        may_end,
        line: line.to_vec(),
        output: vec![],
        truncated: record.truncated(),
        refusal: record.refusal().map(<[u8]>::to_vec),
    }
}
