//! What a device does next: the answer of the pure shell, performed by the protocol side.

use std::time::Duration;

/// One thing to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Send these bytes.
    Send(Vec<u8>),
    /// Wait; what was sent so far leaves before.
    Pause(Duration),
    /// Judge a login, of which the device's own part takes this time.
    JudgeLogin(Duration),
    /// Send this text over and over until the peer is gone.
    Endless(Vec<u8>),
    /// Break the connection off, once the peer has taken in what was sent.
    Cut,
    /// The dialogue is over, with this exit status.
    Exit(u32),
}

/// Steps in order. Neighbouring sends are one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Script {
    steps: Vec<Step>,
    line_end: &'static str,
}

impl Script {
    /// An empty script whose lines end in `line_end`.
    pub(crate) fn new(line_end: &'static str) -> Self {
        Self { steps: Vec::new(), line_end }
    }

    /// Adds bytes to send.
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.tail().extend_from_slice(bytes.as_ref());
    }

    /// Adds text to send, each LF as a line end of the device.
    pub(crate) fn send_lines(&mut self, text: &str) {
        let line_end = self.line_end.as_bytes();
        let tail = self.tail();
        tail.reserve(text.len() + text.len() / 32);
        for line in text.split_inclusive('\n') {
            match line.strip_suffix('\n') {
                Some(line) => {
                    tail.extend_from_slice(line.as_bytes());
                    tail.extend_from_slice(line_end);
                }
                None => tail.extend_from_slice(line.as_bytes()),
            }
        }
    }

    /// The bytes that are sent last, to add to.
    pub(crate) fn tail(&mut self) -> &mut Vec<u8> {
        if !matches!(self.steps.last(), Some(Step::Send(_))) {
            self.steps.push(Step::Send(Vec::new()));
        }
        match self.steps.last_mut() {
            Some(Step::Send(bytes)) => bytes,
            _ => unreachable!("a send was pushed just now"),
        }
    }

    /// Adds a wait; none at all where `time` is zero.
    pub(crate) fn pause(&mut self, time: Duration) {
        if !time.is_zero() {
            self.push(Step::Pause(time));
        }
    }

    /// Adds any other step.
    pub(crate) fn push(&mut self, step: Step) {
        self.steps.push(step);
    }

    /// The same with lone line feeds, as where there is no terminal to ask for more.
    pub(crate) fn with_plain_line_ends(mut self) -> Self {
        for step in &mut self.steps {
            if let Step::Send(bytes) = step {
                bytes.retain(|&byte| byte != b'\r');
            }
        }
        self
    }

    /// The steps, without empty sends.
    pub(crate) fn into_steps(self) -> impl Iterator<Item = Step> + Send {
        self.steps.into_iter().filter(|step| !matches!(step, Step::Send(bytes) if bytes.is_empty()))
    }
}
