//! Outputs without end: in time that grows as they do, and in no more memory.

use std::time::{Duration, Instant};

use netsweep_shared::job::Job;
use netsweep_shared::outcome::{CommandEnd, Failure};
use rustix::time::{ClockId, clock_gettime};

use super::device::{Device, End};
use super::input::{Event, Input};
use super::platforms;
use super::seeds::{self, Opening};
use super::session::MEMORY;
use crate::session::{Deadlines, Observer, converse};

/// A debug build is slower.
const SLOWER: usize = if cfg!(debug_assertions) { 50 } else { 1 };

/// What came of a command whose output was a flood.
struct Flooded {
    bytes: u64,
    cpu: Duration,
    memory: u64,
    result: Result<(), Failure>,
}

/// Counts.
#[derive(Default)]
struct Counted {
    bytes: u64,
    ended: Option<CommandEnd>,
}

impl Observer for Counted {
    fn logged_in(&mut self) {}
    fn commands_begin(&mut self) {}
    fn output(&mut self, _: u32, bytes: Vec<u8>) {
        self.bytes += bytes.len() as u64;
    }
    fn command_ended(&mut self, _: u32, end: CommandEnd) {
        self.ended = Some(end);
    }
}

/// A session in which the output of the only command is `before` and then `size` bytes made of
/// `piece`.
fn flooded(opening: &Opening, before: &[u8], piece: &[u8], size: usize) -> Flooded {
    // As much as a transport has at once, and more.
    let piece = piece.repeat((16 * 1024 / piece.len()).max(1));
    let mut events = Input::read(&opening.input, 0).events;
    if opening.echoes {
        events.push(Event::Echo);
        events.push(Event::Bytes(b"\r\n".to_vec()));
    }
    if !before.is_empty() {
        events.push(Event::Bytes(before.to_vec()));
    }
    let times = (size / piece.len()).max(1);
    events.push(Event::Flood(piece, times));
    events.push(Event::Bytes(b"\x18\r\n".to_vec()));
    events.extend(Input::read(&[b"----", opening.prompt.as_slice()].concat(), 0).events);
    let platform = platforms::chosen(opening.surroundings.platform);
    // Of which nothing goes ahead: the device takes one line at a time.
    let job = Job { read_only: false, ..opening.surroundings.job(platform) };
    let until = Instant::now() + job.timeouts.device;
    let deadlines = Deadlines { login: until, device: until };
    let mut device = Device::new(events, opening.surroundings.in_band, End::FallsSilent);
    let mut counted = Counted::default();
    let mut result = Ok(());
    let begun = cpu();
    let memory = allocation_counter::measure(|| {
        result = converse(&mut device, &platform.platform, &job, deadlines, u64::MAX, &mut counted);
    });
    assert!(counted.ended.is_some(), "{}: ends before the command with {result:?}", platform.name);
    Flooded { bytes: counted.bytes, cpu: cpu() - begun, memory: memory.bytes_max, result }
}

/// What this thread has computed: no matter what else the machine does.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

#[test]
fn fifty_megabytes_pass_through_every_platform() {
    const SIZE: usize = 50_000_000 / SLOWER;
    const LINE: &[u8] = b"GigabitEthernet1/0/24  10.0.12.34  YES NVRAM  up  up  uplink to core-2\r\n";
    for opening in seeds::openings() {
        let name = &platforms::chosen(opening.surroundings.platform).name;
        let prompt = Input::read(&[b"----", opening.prompt.as_slice()].concat(), 0).bytes();
        let lookalike = [&prompt, b"\r\n".as_slice()].concat();
        for (what, piece) in [("lines", LINE), ("one line", b"0123456789"), ("prompts", &lookalike)] {
            let Flooded { bytes, cpu, memory, result } = flooded(&opening, b"", piece, SIZE);
            println!("{name}, {what}: {:.0} MB/s, {memory}", SIZE as f64 / 1e6 / cpu.as_secs_f64());
            assert!(result.is_ok(), "{name}, {what}: {result:?}");
            // Some prompts have colours, of which nothing is left.
            let least = if what == "prompts" { SIZE / 100 } else { SIZE / 100 * 90 };
            assert!((least..=SIZE + 2).contains(&(bytes as usize)), "{name}, {what}: {bytes}");
            assert!(memory <= MEMORY, "{name}, {what}: {memory} bytes of memory");
        }
    }
}

#[test]
fn no_output_takes_more_than_its_share_of_time() {
    const SMALL: usize = 50_000 / SLOWER;
    const TIMES: usize = 4;
    let long = [b'x'; 60_000];
    let shapes: [(&str, &[u8], &[u8]); 22] = [
        ("returns", b"", b"\r"),
        ("returns and a letter", b"", b"\rx"),
        ("backspaces", b"", b"\x08"),
        ("letters and backspaces", b"", b"x\x08"),
        ("escapes", b"", b"\x1b"),
        ("a control sequence without end", b"\x1b[", b"1;"),
        ("a title without end", b"\x1b]0;", b"x"),
        ("titles begun", b"", b"\x1b]0;"),
        ("bells", b"", b"\x07"),
        ("blanks far behind", b"", b"\x1b[1000Gx\r"),
        ("wide letters over narrow ones", &long, b"\r\xd0\xbf"),
        ("broken letters", &long, b"\r\x80"),
        ("ways to and fro", &long, b"\x1b[60000D\x1b[60000C"),
        ("erasures", &long, b"\x1b[1K"),
        ("erasures of letters", &long, b"\x1b[60000X"),
        ("deletions", &long, b"\r\x1b[P"),
        ("insertions", b"x\r", b"\x1b[@"),
        ("columns", &long, b"\x1b[60000G"),
        ("empty lines", b"", b"\n"),
        ("pages", b"", b" --More-- \r"),
        ("refusals", b"", b"% Invalid input\r\n"),
        ("commands again", b"", b"show version\r\n"),
    ];
    for opening in seeds::openings() {
        let name = &platforms::chosen(opening.surroundings.platform).name;
        if !["cisco_ios", "linux"].contains(&name.as_str()) {
            continue;
        }
        for (what, before, piece) in shapes {
            let time =
                |size| (0..2).map(|_| flooded(&opening, before, piece, size).cpu).min().unwrap_or_default();
            let (small, large) = (time(SMALL), time(TIMES * SMALL));
            let memory = flooded(&opening, before, piece, SMALL).memory;
            println!(
                "{name}, {what}: {small:?} {large:?} {:.1} MB/s",
                (TIMES * SMALL) as f64 / 1e6 / large.as_secs_f64()
            );
            assert!(memory <= MEMORY, "{name}, {what}: {memory} bytes of memory");
            // Whatever takes the square of the size would take 16 times as long.
            let allowed = small * 2 * TIMES as u32 + Duration::from_millis(50);
            assert!(large <= allowed, "{name}, {what}: {large:?} for {TIMES} times what takes {small:?}");
        }
    }
}
