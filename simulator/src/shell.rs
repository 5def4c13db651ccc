//! One terminal session on a device: keys in, a script out. No sockets, no clock.
//!
//! The script must be performed to its end before the next keys are handed in; so what was typed
//! ahead is echoed where a slow line would echo it, and timing never changes a byte.

use std::sync::Arc;
use std::time::Duration;

use netsweep_shared::fleet::Fault;

use crate::device::Device;
use crate::identity::Identity;
use crate::line::{Key, LineEditor};
use crate::manners::{Mode, Reply, State};
use crate::pages::Output;
use crate::script::{Script, Step};

/// Lets what was sent leave the device before its connection breaks.
const BEFORE_CUT: Duration = Duration::from_millis(5);

/// The session.
pub(crate) struct Shell {
    device: Arc<Device>,
    identity: Identity,
    state: State,
    awaiting: Awaiting,
    editor: LineEditor,
    /// The last key was a return: a line feed or NUL behind it belongs to it (RFC 854).
    after_return: bool,
    /// Commands that printed an output.
    shown: u32,
}

/// What the next keys are for.
enum Awaiting {
    Username {
        attempt: u32,
    },
    Password {
        attempt: u32,
    },
    Command,
    EnablePassword,
    /// A key for the pager.
    Page(Output),
    /// Nothing is heard any more.
    Nothing,
}

impl Shell {
    /// A session whose user the transport has let in.
    pub(crate) fn new(device: Arc<Device>, user: &str) -> Self {
        let identity = device.identity();
        let below = device.manners.has_user_mode && identity.dice("mode").below(4) == 0;
        let mode = if below { Mode::User } else { Mode::Privileged };
        Self {
            state: State::new(user, mode),
            device,
            identity,
            awaiting: Awaiting::Command,
            editor: LineEditor::default(),
            after_return: false,
            shown: 0,
        }
    }

    /// Says hello and asks for the first command.
    pub(crate) fn welcome(&mut self) -> Script {
        let mut script = Script::default();
        self.greet(&mut script);
        script
    }

    /// Asks for name and password first.
    pub(crate) fn ask_login(&mut self) -> Script {
        let login = &self.device.manners.login;
        let mut script = Script::default();
        script.send_lines(&(login.banner)(&self.identity));
        script.send_lines(&(login.username)(&self.identity));
        self.awaiting = Awaiting::Username { attempt: 1 };
        script
    }

    /// The terminal has `rows` rows; 0 where it does not know.
    pub(crate) fn resize(&mut self, rows: u32) {
        self.state.rows = rows;
    }

    /// Runs one command without a terminal: no echo, no prompt, no pages.
    pub(crate) fn execute(&mut self, line: &str) -> Script {
        let mut script = Script::default();
        self.state.length = Some(0);
        self.state.terminal = false;
        self.command(line, &mut script);
        if !matches!(self.awaiting, Awaiting::Nothing) {
            self.leave(&mut script);
        }
        if self.device.manners.plain_line_ends { script.with_plain_line_ends() } else { script }
    }

    /// Takes keys.
    pub(crate) fn keys(&mut self, keys: &[u8]) -> Script {
        let mut script = Script::default();
        for &key in keys {
            let continues_return = self.after_return && matches!(key, b'\n' | 0);
            self.after_return = key == b'\r';
            if key != 0 && !continues_return {
                self.key(key, &mut script);
            }
        }
        script
    }

    fn key(&mut self, key: u8, script: &mut Script) {
        let echo = match self.awaiting {
            Awaiting::Nothing => return,
            Awaiting::Page(_) => return self.turn_page(key, script),
            Awaiting::Username { .. } => true,
            Awaiting::Command => self.state.echo,
            Awaiting::Password { .. } | Awaiting::EnablePassword => false,
        };
        match self.editor.key(key, echo.then(|| script.tail())) {
            Key::Typed => {}
            Key::Line(line) => self.line(&line, script),
            Key::Interrupt if matches!(self.awaiting, Awaiting::Command) => {
                script.send(self.device.manners.interrupted);
                self.prompt(script);
            }
            Key::Suspend => {
                if let (Awaiting::Command, Some(command)) = (&self.awaiting, self.device.manners.suspend) {
                    script.send("^Z");
                    self.line(command, script);
                }
            }
            Key::EndOfFile if self.device.manners.suspend.is_none() => self.line("exit", script),
            Key::Interrupt | Key::EndOfFile => {}
        }
    }

    fn line(&mut self, line: &str, script: &mut Script) {
        match self.awaiting {
            Awaiting::Username { attempt } => {
                script.send("\r\n");
                if self.device.has(Fault::StallLogin) {
                    self.awaiting = Awaiting::Nothing;
                    return;
                }
                self.state.user = line.trim().to_owned();
                script.send(self.device.manners.login.password);
                self.awaiting = Awaiting::Password { attempt };
            }
            Awaiting::Password { attempt } => {
                script.send("\r\n");
                script.pause(self.device.login_latency());
                self.judge_login(attempt, script);
            }
            Awaiting::EnablePassword => {
                script.send("\r\n");
                self.state.mode = Mode::Privileged;
                self.awaiting = Awaiting::Command;
                self.prompt(script);
            }
            Awaiting::Command => {
                script.send((self.device.manners.returned)(&self.state));
                self.command(line, script);
                if matches!(self.awaiting, Awaiting::Command) {
                    self.prompt(script);
                }
            }
            Awaiting::Page(_) | Awaiting::Nothing => {}
        }
    }

    fn judge_login(&mut self, attempt: u32, script: &mut Script) {
        let (login, counters) = (&self.device.manners.login, &self.device.settings.counters);
        if !self.device.has(Fault::Reject) {
            counters.logins.up();
            self.awaiting = Awaiting::Command;
            self.greet(script);
            return;
        }
        counters.rejected.up();
        script.send_lines(login.rejected);
        if attempt >= login.attempts {
            self.leave(script);
        } else {
            script.send_lines(&(login.username)(&self.identity));
            self.awaiting = Awaiting::Username { attempt: attempt + 1 };
        }
    }

    fn greet(&self, script: &mut Script) {
        script.send_lines(&(self.device.manners.welcome)(&self.identity));
        self.prompt(script);
    }

    fn prompt(&self, script: &mut Script) {
        script.send_lines(&(self.device.manners.prompt)(&self.identity, &self.state));
    }

    fn leave(&mut self, script: &mut Script) {
        self.awaiting = Awaiting::Nothing;
        script.push(Step::Exit(self.state.status));
    }

    /// Interprets a line and answers it, short of the next prompt.
    fn command(&mut self, line: &str, script: &mut Script) {
        let reply = (self.device.manners.interpret)(&self.identity, &mut self.state, line);
        if !line.trim().is_empty() {
            self.device.settings.counters.commands.up();
            tracing::debug!("{} is told {line:?}", self.device.name);
        }
        match reply {
            Reply::Quiet => {}
            Reply::Say(text) | Reply::Refuse(text) => script.send_lines(&text),
            Reply::Show { text, paged } => self.show(line, text, paged, script),
            Reply::AskEnable => {
                script.send("Password: ");
                self.awaiting = Awaiting::EnablePassword;
            }
            Reply::Leave(goodbye) => {
                script.send_lines(&goodbye);
                self.leave(script);
            }
        }
    }

    fn show(&mut self, line: &str, text: String, paged: bool, script: &mut Script) {
        self.shown += 1;
        script.pause(self.device.command_latency(self.shown, line.trim()));
        let mut output = Output::new(text);
        if let Some(bytes) = self.device.settings.output_bytes {
            output.scale(bytes);
        }
        match self.device.fault {
            Some(Fault::Cut) => {
                output.half(script);
                script.pause(BEFORE_CUT);
                script.push(Step::Cut);
                self.awaiting = Awaiting::Nothing;
            }
            Some(Fault::StallOutput) => {
                output.half(script);
                self.awaiting = Awaiting::Nothing;
            }
            Some(Fault::Endless) => {
                output.turn(None, script);
                script.push(Step::Endless(output.text().replace('\n', "\r\n").into()));
                self.awaiting = Awaiting::Nothing;
            }
            fault => {
                if fault == Some(Fault::Lookalike) {
                    self.disguise(&mut output);
                }
                let page = self.state.page().filter(|_| paged && self.device.manners.pager.is_some());
                self.send_page(output, page, script);
            }
        }
    }

    fn disguise(&self, output: &mut Output) {
        let others = ["core-9", "edge-rtr-1", "r2"].map(|name| {
            let state = State::new("admin", Mode::Privileged);
            last_line((self.device.manners.prompt)(&Identity::new(0, name), &state))
        });
        let own = last_line((self.device.manners.prompt)(&self.identity, &self.state));
        output.disguise(&own, &others);
    }

    /// Sends a page, and asks for a key where more follows.
    fn send_page(&mut self, mut output: Output, lines: Option<u32>, script: &mut Script) {
        if output.turn(lines, script)
            && let Some(pager) = &self.device.manners.pager
        {
            script.send(pager.question);
            self.awaiting = Awaiting::Page(output);
        } else {
            self.awaiting = Awaiting::Command;
        }
    }

    fn turn_page(&mut self, key: u8, script: &mut Script) {
        const CTRL_C: u8 = 0x03;
        let lines = match key {
            b' ' | b'f' => self.state.page(),
            b'\r' | b'\n' => Some(1),
            b'q' | b'Q' | CTRL_C => Some(0),
            _ => return,
        };
        let (Awaiting::Page(output), Some(pager)) =
            (std::mem::replace(&mut self.awaiting, Awaiting::Command), &self.device.manners.pager)
        else {
            return;
        };
        script.send(pager.erase);
        if lines != Some(0) {
            self.send_page(output, lines, script);
        }
        if matches!(self.awaiting, Awaiting::Command) {
            self.prompt(script);
        }
    }
}

/// What a prompt leaves on the line of the cursor, without marks and titles for the terminal.
fn last_line(prompt: String) -> String {
    let line = prompt.rsplit(['\n', '\x07']).next().unwrap_or_default();
    line.trim_start_matches("\x1b[?2004h").to_owned()
}

#[cfg(test)]
mod tests;
