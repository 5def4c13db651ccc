//! A transport that plays the device's part of a conversation, and checks ours.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use netsweep_worker::transport::{Transport, TransportError};

use crate::script::Step;

/// How what the device sends arrives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    /// Bytes a read.
    pub(crate) chunk: usize,
    /// Nothing more can be known to come behind any of them.
    pub(crate) slowly: bool,
}

/// Stands for the number that is another one in every session.
const NONCE: &[u8] = b"{nonce}";

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

/// The device's part.
#[derive(Debug)]
pub(crate) struct Replay {
    steps: VecDeque<Step>,
    arrival: Arrival,
    /// The device asks who is there.
    in_band: bool,
    /// Typed ahead: the device reads it when it comes to it.
    typed: Vec<u8>,
    deadline: Option<Instant>,
    /// What was not as recorded.
    pub(crate) faults: Vec<String>,
}

impl Replay {
    pub(crate) fn new(steps: &[Step], in_band: bool, arrival: Arrival) -> Self {
        let mut merged: VecDeque<Step> = VecDeque::new();
        for step in steps {
            match (merged.back_mut(), step) {
                (Some(Step::Device(before)), Step::Device(bytes)) => before.extend_from_slice(bytes),
                _ => merged.push_back(step.clone()),
            }
        }
        Self { steps: merged, arrival, in_band, typed: vec![], deadline: None, faults: vec![] }
    }

    /// Where a line is sent with the session's number in it, puts that into the rest.
    fn learns_nonce(&mut self, expected: &[u8], bytes: &[u8]) -> bool {
        let Some(at) = find(expected, NONCE) else { return false };
        let Some(nonce) = bytes.get(at..at + 8) else { return false };
        for step in &mut self.steps {
            if let Step::Device(later) | Step::Us(later) = step {
                while let Some(at) = find(later, NONCE) {
                    later.splice(at..at + NONCE.len(), nonce.iter().copied());
                }
            }
        }
        [&expected[..at], nonce, &expected[at + NONCE.len()..]].concat() == bytes
    }

    /// Has the device read what was typed ahead, where it is about to read.
    fn read_ahead(&mut self) {
        while !self.typed.is_empty()
            && let Some(Step::Us(expected)) = self.steps.front()
        {
            if !self.typed.starts_with(expected) {
                self.faults.push(format!("typed {:?} ahead", String::from_utf8_lossy(&self.typed)));
                self.typed.clear();
                return;
            }
            self.typed.drain(..expected.len());
            self.steps.pop_front();
        }
    }

    /// What of the conversation did not take place.
    pub(crate) fn rest(&self) -> Vec<Step> {
        let is_late = |step: &&Step| match step {
            Step::Pause => true,
            Step::Device(bytes) => bytes.trim_ascii().is_empty(),
            _ => false,
        };
        self.steps.iter().filter(|step| !is_late(step)).cloned().collect()
    }
}

impl Transport for Replay {
    fn has_logged_in(&self) -> bool {
        !self.in_band
    }

    fn set_deadline(&mut self, deadline: Instant) {
        self.deadline = Some(deadline);
    }

    fn read(&mut self) -> Result<Vec<u8>, TransportError> {
        assert!(self.deadline.is_some(), "a wait without a deadline");
        self.read_ahead();
        while self.steps.front() == Some(&Step::Pause) {
            self.steps.pop_front();
        }
        match self.steps.front_mut() {
            Some(Step::Device(bytes)) => {
                let read: Vec<u8> = bytes.drain(..bytes.len().min(self.arrival.chunk)).collect();
                if bytes.is_empty() {
                    self.steps.pop_front();
                }
                Ok(read)
            }
            Some(Step::Close) => {
                self.steps.pop_front();
                Ok(vec![])
            }
            Some(Step::Quiet) => {
                self.steps.pop_front();
                std::thread::sleep(Duration::from_millis(2100));
                Err(TransportError::Deadline)
            }
            waiting => {
                self.faults.push(format!("reads while the device waits for {waiting:?}"));
                Err(TransportError::Deadline)
            }
        }
    }

    fn is_readable(&mut self) -> bool {
        self.read_ahead();
        match self.steps.front() {
            Some(Step::Device(_)) => !self.arrival.slowly,
            Some(Step::Close) => true,
            _ => false,
        }
    }

    fn write_all(&mut self, bytes: &[u8]) -> Result<(), TransportError> {
        while self.steps.front() == Some(&Step::Pause) {
            self.steps.pop_front();
        }
        // A blank behind a prompt is still on its way.
        let late = match self.steps.front() {
            Some(Step::Device(rest)) if self.arrival.slowly && rest.trim_ascii().is_empty() => {
                self.steps.pop_front()
            }
            _ => None,
        };
        let next = self.steps.pop_front();
        if let Some(Step::Device(mut rest)) = late {
            if let Some(Step::Device(bytes)) = self.steps.front_mut() {
                rest.append(bytes);
                *bytes = rest;
            } else {
                self.steps.push_front(Step::Device(rest));
            }
        }
        match next {
            Some(Step::Us(expected)) if self.typed.is_empty() && bytes.starts_with(&expected) => {
                self.typed = bytes[expected.len()..].to_vec();
                Ok(())
            }
            Some(Step::Us(expected)) if self.learns_nonce(&expected, bytes) => Ok(()),
            other => {
                self.faults.push(format!("sends {:?}, not {other:?}", String::from_utf8_lossy(bytes)));
                Err(TransportError::Closed("not as recorded".into()))
            }
        }
    }
}
