//! Whole histories, each from a seed: workers that crash, stall and lie, devices that bring them
//! down, slow pipes, a supervisor that is held up or killed, Ctrl-C. After every step the invariants are
//! checked, by a [`Witness`](super::witness::Witness) and against what really happened.
//!
//! A failure names its seed. `NETSWEEP_TEST_SEED=7 cargo test simulation -- --nocapture` plays
//! that history again and prints it; `NETSWEEP_TEST_HISTORIES=1000000` plays more of them.

mod chance;
// What lies ahead.
mod agenda;
// The world: devices, worker processes and their pipes.
mod device;
mod process;
mod store;
// The dispatcher in it.
mod history;
mod tally;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use history::History;
use tally::Tally;

/// A debug build also checks arithmetic for overflow, and is slower.
const HISTORIES: u64 = if cfg!(debug_assertions) { 2_000 } else { 20_000 };

#[test]
fn no_history_breaks_an_invariant() {
    if let Some(seed) = variable("NETSWEEP_TEST_SEED") {
        let history = History::new(seed, true).play();
        return history.map(drop).unwrap_or_else(|broken| panic!("seed {seed}: {broken}"));
    }
    let histories = variable("NETSWEEP_TEST_HISTORIES").unwrap_or(HISTORIES);
    let players = thread::available_parallelism().map_or(1, |n| n.get() as u64);
    let play_from = |first| (first..histories).step_by(players as usize).map(play).sum::<Result<Tally, _>>();
    let tally = thread::scope(|scope| {
        let players: Vec<_> = (0..players).map(|first| scope.spawn(move || play_from(first))).collect();
        let played = players.into_iter().map(|player| player.join().expect("failures are caught"));
        played.collect::<Vec<_>>().into_iter().sum::<Result<Tally, String>>()
    });
    let tally = tally.unwrap_or_else(|broken| panic!("{broken}"));
    println!("{histories} histories: {tally:#?}");
    tally.expect_variety(histories);
}

fn play(seed: u64) -> Result<Tally, String> {
    let played = catch_unwind(AssertUnwindSafe(|| History::new(seed, false).play()));
    let played = played.unwrap_or_else(|_| Err("the dispatcher panicked".into()));
    played.map_err(|broken| format!("{broken}; play it again with NETSWEEP_TEST_SEED={seed}"))
}

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().expect("the variable is a number"))
}
