use netsweep_shared::fleet::{FleetReady, FleetReport, FleetSpec};
use netsweep_shared::frame::{FrameError, FrameReader, MAX_FRAME};
use netsweep_shared::protocol::{FromWorker, Hello, ToWorker};
use serde::de::DeserializeOwned;

use super::samples;

/// Mutated frames, each read as every message.
const MUTATIONS: u32 = 300_000;
/// What reading a short frame may allocate, whatever lengths it claims. serde prepares up to 1 MiB
/// for a sequence before it has seen the elements.
const ALLOWED: u64 = 4 << 20;

type Read = fn(&[u8]) -> Result<bool, FrameError>;

/// Whether there was a frame to read.
fn read_as<T: DeserializeOwned>(bytes: &[u8]) -> Result<bool, FrameError> {
    FrameReader::new(bytes).read::<T>().map(|message| message.is_some())
}

const MESSAGES: [Read; 6] = [
    read_as::<Hello>,
    read_as::<ToWorker>,
    read_as::<FromWorker>,
    read_as::<FleetSpec>,
    read_as::<FleetReady>,
    read_as::<FleetReport>,
];

#[test]
fn a_frame_that_is_cut_anywhere_is_truncated() {
    for frame in samples::all().iter().map(|golden| &golden.frame) {
        for read in MESSAGES {
            assert!(matches!(read(&[]), Ok(false)), "the end between two frames is no fault");
            for length in 1..frame.len() {
                assert!(matches!(read(&frame[..length]), Err(FrameError::Truncated)), "{length} bytes");
            }
        }
    }
}

/// The frame's length is in order, but its body ends early.
#[test]
fn a_body_that_is_cut_anywhere_is_malformed() {
    for frame in samples::all().iter().map(|golden| &golden.frame) {
        for length in 0..frame.len() - 4 {
            let mut cut = (length as u32).to_le_bytes().to_vec();
            cut.extend(&frame[4..4 + length]);
            for read in MESSAGES {
                // Of another type than the sample it may be a message by accident.
                if let Err(error) = read(&cut) {
                    assert!(matches!(error, FrameError::Malformed(_)), "{length} bytes: {error}");
                }
            }
        }
    }
}

#[test]
fn a_promise_of_much_is_not_believed() {
    for promised in [MAX_FRAME as u32, MAX_FRAME as u32 + 1, u32::MAX] {
        let mut frame = promised.to_le_bytes().to_vec();
        frame.extend([0xff; 100]);
        for read in MESSAGES {
            let allocated = allocation_counter::measure(|| {
                let error = read(&frame).expect_err("there are only 100 bytes");
                assert!(matches!(error, FrameError::Truncated | FrameError::TooLong(_)), "{error}");
            });
            assert!(allocated.bytes_max < 64 * 1024, "{allocated:?} for {promised} bytes promised");
        }
    }
}

#[test]
fn damaged_frames_neither_panic_nor_cost_memory() {
    let frames: Vec<Vec<u8>> = samples::all().into_iter().map(|golden| golden.frame).collect();
    let mut chance = Chance(1);
    let (mut refused, mut most) = (0u32, 0);
    for _ in 0..MUTATIONS {
        let mut frame = frames[chance.below(frames.len())].clone();
        for _ in 0..=chance.below(3) {
            damage(&mut frame, &mut chance);
        }
        // Most damaged lengths end in an error before the body is looked at.
        if chance.below(8) > 0 {
            let body = frame.len().saturating_sub(4) as u32;
            frame.resize(frame.len().max(4), 0);
            frame[..4].copy_from_slice(&body.to_le_bytes());
        }
        for read in MESSAGES {
            let allocated = allocation_counter::measure(|| refused += u32::from(read(&frame).is_err()));
            most = most.max(allocated.bytes_max);
            assert!(allocated.bytes_max < ALLOWED, "{allocated:?} for {frame:02x?}");
        }
    }
    println!("{refused} of {} refused, at most {most} bytes allocated", MUTATIONS * MESSAGES.len() as u32);
    assert!(refused > MUTATIONS, "the damage does no harm: {refused} refused");
}

/// One small damage: a byte changed, put in, or left out, or a length made huge.
fn damage(frame: &mut Vec<u8>, chance: &mut Chance) {
    let at = chance.below(frame.len().max(1));
    let byte = chance.below(256) as u8;
    match chance.below(5) {
        0 if at < frame.len() => frame[at] ^= 1 << chance.below(8),
        1 if at < frame.len() => frame[at] = byte,
        2 if at < frame.len() => drop(frame.remove(at)),
        3 => frame.insert(at, byte),
        // Bincode's mark of an eight-byte length, and such a length.
        _ => {
            let length = [u64::MAX, 1 << 40, MAX_FRAME as u64][chance.below(3)];
            let end = frame.len().min(at + 1);
            frame.splice(at..end, [253].into_iter().chain(length.to_le_bytes()));
        }
    }
}

/// Xorshift: the same damage every time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 16) % limit as u64) as usize
    }
}
