//! A terminal of an SSH session, and who runs its shell.
//!
//! Answers that need no wait leave from inside the protocol's own callbacks. With its first wait
//! a terminal moves to a task of its own and stays there, because only one side may send: two
//! would overtake each other.

use std::sync::Arc;

use russh::ChannelId;
use russh::server::{Handle, Session};
use tokio::sync::mpsc;

use crate::fault::{Endless, LONGEST_WAIT_FOR_WORD};
use crate::script::{Script, Step};
use crate::shell::Shell;
use crate::waits::Waits;
use crate::wire::Scissors;

/// Packets of keys that may wait while a device is busy; what comes beyond is lost, as on a
/// terminal line.
const TYPE_AHEAD: usize = 1024;

/// A session channel.
pub(super) struct Terminal {
    pub(super) channel: ChannelId,
    /// Rows; 0 where the client did not say.
    pub(super) rows: u32,
    pub(super) shell: Running,
}

/// Who runs a terminal's shell.
pub(super) enum Running {
    /// Nobody yet: neither shell nor command were asked for.
    No,
    /// The protocol's callbacks.
    Here(Box<Shell>),
    /// A task of its own, which takes what is typed.
    Apart(mpsc::Sender<Typed>),
}

/// What reaches a shell in a task of its own.
pub(super) enum Typed {
    Keys(Vec<u8>),
    Rows(u32),
}

/// Performs a script as far as it needs no wait; a task takes over with the first.
pub(super) fn perform(
    script: Script,
    shell: Box<Shell>,
    channel: ChannelId,
    session: &mut Session,
    scissors: Scissors,
    waits: Arc<Waits>,
) -> Result<Running, russh::Error> {
    let mut steps = script.into_steps();
    while let Some(step) = steps.next() {
        match step {
            Step::Send(bytes) => session.data(channel, bytes)?,
            Step::Exit(status) => {
                session.exit_status_request(channel, status)?;
                session.eof(channel)?;
                session.close(channel)?;
            }
            wait => {
                let (typed, heard) = mpsc::channel(TYPE_AHEAD);
                let rest = std::iter::once(wait).chain(steps).collect();
                let apart = Apart { shell, channel, handle: session.handle(), scissors, waits };
                tokio::spawn(apart.run(rest, heard));
                return Ok(Running::Apart(typed));
            }
        }
    }
    Ok(Running::Here(shell))
}

/// A shell in a task of its own.
struct Apart {
    shell: Box<Shell>,
    channel: ChannelId,
    handle: Handle,
    scissors: Scissors,
    waits: Arc<Waits>,
}

/// The session has ended.
struct Gone;

impl Apart {
    async fn run(mut self, first: Vec<Step>, mut heard: mpsc::Receiver<Typed>) {
        let mut steps = first;
        while self.perform(steps).await.is_ok() {
            steps = loop {
                match heard.recv().await {
                    Some(Typed::Keys(keys)) => break self.shell.keys(&keys).into_steps().collect(),
                    Some(Typed::Rows(rows)) => self.shell.resize(rows),
                    None => return,
                }
            };
        }
    }

    async fn perform(&self, steps: Vec<Step>) -> Result<(), Gone> {
        for step in steps {
            match step {
                Step::Send(bytes) => self.send(bytes).await?,
                Step::Pause(time) => self.waits.pause(time).await,
                Step::JudgeLogin(time) => self.waits.login(time).await,
                Step::Endless(text) => {
                    let endless = Endless::output(&text);
                    loop {
                        self.send(endless.next().await.to_vec()).await?;
                    }
                }
                Step::Cut => {
                    // A global request wants an answer, and answers come in order (RFC 4254, 4). This
                    // one cancels what nobody asked for.
                    let word = self.handle.cancel_forward_tcpip(String::new(), 0);
                    let _ = tokio::time::timeout(LONGEST_WAIT_FOR_WORD, word).await;
                    self.scissors.cut();
                    return self.send(b"\r\n".to_vec()).await;
                }
                Step::Exit(status) => {
                    self.handle.exit_status_request(self.channel, status).await.map_err(|()| Gone)?;
                    self.handle.eof(self.channel).await.map_err(|()| Gone)?;
                    self.handle.close(self.channel).await.map_err(|()| Gone)?;
                }
            }
        }
        Ok(())
    }

    async fn send(&self, bytes: Vec<u8>) -> Result<(), Gone> {
        self.handle.data(self.channel, bytes).await.map_err(|_| Gone)
    }
}
