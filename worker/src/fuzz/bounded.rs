//! Each target for a bounded time, the same inputs every time.
//!
//! A failure names its seed; `NETSWEEP_TEST_SEED=7 cargo test --release -p netsweep-worker
//! fuzz::bounded::session` makes that input alone and tries it again. `NETSWEEP_TEST_RUNS=1000000`
//! tries more of them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::seeds::{self, Seeds};

/// A debug build is slower.
const SLOWER: u64 = if cfg!(debug_assertions) { 20 } else { 1 };

/// One input takes some microseconds. One that takes this long hangs.
const HANGS: Duration = Duration::from_secs(60);

/// Longest input.
const LONGEST: usize = 16 * 1024;

#[test]
fn telnet() {
    run(super::telnet, seeds::telnet(), 20_000);
}

#[test]
fn cleaning() {
    run(super::cleaning, seeds::cleaning(), 10_000);
}

#[test]
fn session() {
    run(super::session, seeds::session(), 20_000);
}

#[test]
fn overheard() {
    run(super::overheard, seeds::overheard(), 20_000);
}

#[test]
fn frames() {
    run(super::frames, seeds::frames(), 200_000);
}

/// Tries `target` with every seed input and with `runs` changes of them.
fn run(target: fn(&[u8]), seeds: Seeds, runs: u64) {
    let only = variable("NETSWEEP_TEST_SEED");
    let runs = variable("NETSWEEP_TEST_RUNS").unwrap_or(runs / SLOWER);
    let (first, last) = only.map_or((0, runs), |seed| (seed, seed));
    let current = AtomicU64::new(first);
    thread::scope(|scope| {
        let runner = scope.spawn(|| {
            for seed in first..=last {
                current.store(seed, Ordering::Relaxed);
                let input = input(&seeds, seed);
                if catch_unwind(AssertUnwindSafe(|| target(&input))).is_err() {
                    let shown = input[..input.len().min(4096)].escape_ascii();
                    panic!("try it again with NETSWEEP_TEST_SEED={seed}; the input is {shown}");
                }
            }
        });
        let (mut seed, mut since) = (first, Instant::now());
        while !runner.is_finished() {
            thread::sleep(Duration::from_millis(20));
            let now = current.load(Ordering::Relaxed);
            if now != seed {
                (seed, since) = (now, Instant::now());
            }
            if since.elapsed() > HANGS {
                // A thread that hangs cannot be joined, and the scope would wait for it.
                eprintln!("hangs with NETSWEEP_TEST_SEED={seed}");
                std::process::abort();
            }
        }
        assert!(runner.join().is_ok(), "an input failed");
    });
}

/// The seed inputs as they are, then changes of them.
fn input(seeds: &Seeds, seed: u64) -> Vec<u8> {
    if let Some(input) = usize::try_from(seed).ok().and_then(|seed| seeds.inputs.get(seed)) {
        return input.clone();
    }
    let mut chance = Chance(seed);
    let mut input = chance.pick(&seeds.inputs).clone();
    // Nothing to begin with, now and then.
    if chance.below(16) == 0 {
        input.truncate(4);
    }
    for _ in 0..=chance.below(8) {
        change(&mut input, seeds, &mut chance);
    }
    input.truncate(LONGEST);
    input
}

fn change(input: &mut Vec<u8>, seeds: &Seeds, chance: &mut Chance) {
    let at = chance.below(input.len() + 1);
    // Mostly short pieces.
    let longest = 1 << chance.below(10);
    let end = at + chance.below((input.len() - at).min(longest) + 1);
    match chance.below(8) {
        0 if at < input.len() => input[at] = chance.below(256) as u8,
        1 => drop(input.drain(at..end)),
        2 => {
            let again = input[at..end].to_vec();
            let to = chance.below(input.len() + 1);
            input.splice(to..to, again);
        }
        3 => {
            let other = chance.pick(&seeds.inputs);
            let from = chance.below(other.len() + 1);
            let piece = &other[from..][..chance.below(other.len() - from + 1)];
            input.splice(at..end, piece.iter().copied());
        }
        4 => {
            let bytes: Vec<u8> = (0..chance.below(12)).map(|_| chance.below(256) as u8).collect();
            input.splice(at..at, bytes);
        }
        // The surroundings.
        5 => {
            if let Some(byte) = input.get_mut(chance.below(4)) {
                *byte = chance.below(256) as u8;
            }
        }
        _ => {
            for _ in 0..=chance.below(4) {
                input.splice(at..at, chance.pick(seeds.words).iter().copied());
            }
        }
    }
}

/// SplitMix64: small, and the same for ever, so that a seed stays good.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % limit as u64) as usize
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().expect("the variable is a number"))
}
