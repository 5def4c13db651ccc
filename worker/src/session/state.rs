//! What a session knows of its device.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use netsweep_shared::job::Job;
use netsweep_shared::login::Login;
use netsweep_shared::outcome::{ErrorKind, Failure, Stage};
use netsweep_shared::secret::Secret;

use super::wait::{Limit, Wait};
use crate::channel::charset::Charset;
use crate::channel::line::LineSink;
use crate::channel::preamble::Preamble;
use crate::channel::prompt::Prompt;
use crate::channel::screen::Screen;
use crate::channel::verbatim::Verbatim;
use crate::platform::CompiledPlatform;
use crate::transport::Transport;

/// Longest unfinished line that is looked at for a question.
pub(crate) const LONGEST_QUESTION: usize = 512;

/// How long a device must have said nothing for its last line to be what it waits on.
const QUIET: Duration = Duration::from_secs(2);

/// Longest part of a device's line that is quoted in a message.
const LONGEST_QUOTE: usize = 120;

/// A session with a device.
pub(crate) struct Session<'a> {
    pub(crate) transport: &'a mut dyn Transport,
    pub(crate) platform: &'a CompiledPlatform,
    pub(crate) job: &'a Job,
    device: Limit,
    /// When the device last said something.
    heard: Instant,
    pub(crate) screen: Screen,
    /// From where outputs are taken to the byte, and what comes before each.
    pub(crate) verbatim: Option<(Verbatim, Preamble)>,
    pub(crate) prompt: Prompt,
    /// Tells the prompt that we set from all that a command can print.
    pub(crate) nonce: String,
    /// The prompt came back after something was sent: it is none of the banner's lines.
    pub(crate) confirmed: bool,
    /// The device repeats what is typed.
    pub(crate) echoes: bool,
    /// What goes out with the next command: its answer ends before that command's echo.
    pub(crate) ahead: Vec<&'a str>,
    /// Commands whose echo has not come.
    pub(crate) overdue: Vec<Vec<u8>>,
}

impl<'a> Session<'a> {
    pub(crate) fn new(
        transport: &'a mut dyn Transport,
        platform: &'a CompiledPlatform,
        job: &'a Job,
        device: Limit,
    ) -> Self {
        Self {
            transport,
            platform,
            job,
            device,
            heard: Instant::now(),
            screen: Screen::new(platform.terminal().width, Charset::of(job.encoding.as_deref())),
            verbatim: None,
            prompt: Prompt::default(),
            nonce: nonce(),
            confirmed: false,
            echoes: false,
            ahead: vec![],
            overdue: vec![],
        }
    }

    /// Begins a step: from here on the transport keeps its limits.
    pub(crate) fn begin<'w>(
        &mut self,
        stage: Stage,
        step: Limit,
        expected: &'w str,
        after: Option<&'w str>,
    ) -> Wait<'w> {
        let wait = Wait { stage, expected, after, step, device: self.device };
        self.transport.set_deadline(wait.deadline());
        wait
    }

    /// Sends `text` and the return key, in one piece with what is to go ahead of it.
    pub(crate) fn send_line(&mut self, text: &str, wait: &Wait<'_>) -> Result<(), Failure> {
        let mut bytes = Vec::with_capacity(text.len() + self.platform.line_end.len());
        for line in self.ahead.drain(..).chain([text]) {
            bytes.extend_from_slice(line.as_bytes());
            bytes.extend_from_slice(self.platform.line_end.as_bytes());
        }
        self.transport.write_all(&bytes).map_err(|error| wait.failed(error))
    }

    /// Sends a secret and the return key, and leaves no copy of it.
    pub(crate) fn send_secret(&mut self, secret: &Secret, wait: &Wait<'_>) -> Result<(), Failure> {
        let line = Secret::new(format!("{}{}", secret.expose(), self.platform.line_end));
        self.transport.write_all(line.expose().as_bytes()).map_err(|error| wait.failed(error))
    }

    /// Sends keys as they are.
    pub(crate) fn send_keys(&mut self, keys: &str, wait: &Wait<'_>) -> Result<(), Failure> {
        self.transport.write_all(keys.as_bytes()).map_err(|error| wait.failed(error))
    }

    /// Reads what the device has sent.
    pub(crate) fn read(&mut self, wait: &Wait<'_>) -> Result<Vec<u8>, Failure> {
        let bytes = self.transport.read().map_err(|error| wait.failed(error))?;
        if bytes.is_empty() {
            return Err(wait.closed());
        }
        self.heard = Instant::now();
        Ok(bytes)
    }

    /// Makes of a timeout what it is when the device waits on the line `last`, which is no
    /// prompt that its platform knows.
    pub(crate) fn without_prompt(&self, failure: Failure, last: &[u8]) -> Failure {
        if failure.kind != ErrorKind::Timeout || last.trim_ascii().is_empty() || self.heard.elapsed() < QUIET
        {
            return failure;
        }
        let message = format!(
            "no prompt recognised; the last line was {}: is its platform {}?",
            self.quoted(last),
            self.job.platform
        );
        Failure::new(ErrorKind::Prompt, failure.stage, message)
    }

    /// A device's line as a message shows it.
    pub(crate) fn quoted(&self, line: &[u8]) -> String {
        quoted_line(&self.job.login, line)
    }
}

/// A device's line as a message shows it: short, without control characters, and without the
/// secrets of `login`, which a device could have repeated.
pub(crate) fn quoted_line(login: &Login, line: &[u8]) -> String {
    let mut text = String::from_utf8_lossy(line.trim_ascii()).into_owned();
    for secret in [&login.password, &login.enable_password].into_iter().flatten() {
        if !secret.expose().is_empty() {
            text = text.replace(secret.expose(), "…");
        }
    }
    if let Some((end, _)) = text.char_indices().nth(LONGEST_QUOTE) {
        text.truncate(end);
        text.push('…');
    }
    format!("{text:?}")
}

/// Eight digits that nobody can have written down before.
fn nonce() -> String {
    format!("{:08x}", RandomState::new().hash_one(()) as u32)
}

/// Remembers the last line that was not blank.
#[derive(Debug, Default)]
pub(crate) struct Overheard {
    pub(crate) last: Vec<u8>,
    pub(crate) lines: usize,
}

impl LineSink for Overheard {
    fn line(&mut self, piece: &[u8], _ended: bool) {
        self.lines += 1;
        if !piece.trim_ascii().is_empty() {
            self.last.clear();
            self.last.extend_from_slice(&piece[..piece.len().min(4 * LONGEST_QUOTE)]);
        }
    }
}
