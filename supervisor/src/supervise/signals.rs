//! Ctrl-C and its like.

use std::io;
use std::thread;

use crossbeam_channel::{Receiver, Sender};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

/// Signals that ask for an orderly end, as messages.
#[derive(Clone, Debug)]
pub struct Signals(Receiver<()>);

impl Signals {
    /// From here on SIGINT, SIGTERM and SIGHUP are messages and kill nothing.
    pub fn listen() -> io::Result<Self> {
        let (tell, signals) = crossbeam_channel::unbounded();
        let mut caught = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        thread::Builder::new().name("signals".into()).spawn(move || {
            for _ in caught.forever() {
                if tell.send(()).is_err() {
                    break;
                }
            }
        })?;
        Ok(Self(signals))
    }

    /// For tests: interrupts when the returned sender says so.
    pub fn scripted() -> (Sender<()>, Self) {
        let (tell, signals) = crossbeam_channel::unbounded();
        (tell, Self(signals))
    }

    /// Where they arrive.
    pub fn receiver(&self) -> &Receiver<()> {
        &self.0
    }
}
