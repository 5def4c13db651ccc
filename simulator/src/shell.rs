//! One terminal session on a device: keys in, a script out. No sockets, no clock.
//!
//! The script must be performed to its end before the next keys are handed in; so what was typed
//! ahead is echoed where a slow line would echo it, and timing never changes a byte.

use std::sync::Arc;

use netsweep_shared::fleet::Fault;

use crate::device::Device;
use crate::identity::Identity;
use crate::line::{Key, LineEditor};
use crate::manners::{Mode, Pager, Reply, State, last_line};
use crate::pages::Output;
use crate::script::{Script, Step};

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
    /// An answer to the question before the first prompt, of which so many keys were typed.
    Question {
        typed: usize,
    },
    Command,
    EnablePassword,
    /// A key for the pager, also where nothing is left.
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
        let mut script = self.script();
        self.greet(&mut script);
        script
    }

    /// Asks for name and password first.
    pub(crate) fn ask_login(&mut self) -> Script {
        let mut script = self.script();
        script.send_lines(&(self.device.manners.login.banner)(&self.identity));
        self.ask_who(1, &mut script);
        script
    }

    fn ask_who(&mut self, attempt: u32, script: &mut Script) {
        let login = &self.device.manners.login;
        if let Some(username) = login.username {
            script.send_lines(&username(&self.identity));
            self.awaiting = Awaiting::Username { attempt };
        } else if self.device.has(Fault::StallLogin) {
            self.awaiting = Awaiting::Nothing;
        } else {
            script.send(login.password);
            self.awaiting = Awaiting::Password { attempt };
        }
    }

    fn script(&self) -> Script {
        Script::new(self.device.manners.line_end)
    }

    /// The terminal has `rows` rows; 0 where it does not know.
    pub(crate) fn resize(&mut self, rows: u32) {
        self.state.rows = rows;
    }

    /// Runs one command without a terminal: no echo, no prompt, no pages.
    pub(crate) fn execute(&mut self, line: &str) -> Script {
        let mut script = self.script();
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
        let mut script = self.script();
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
            Awaiting::Question { typed } => return self.answer_question(key, typed, script),
            Awaiting::Username { .. } => true,
            Awaiting::Command => self.state.echo,
            Awaiting::Password { .. } | Awaiting::EnablePassword => false,
        };
        match self.editor.key(key, echo.then(|| script.tail())) {
            Key::Typed if !echo && key >= b' ' && self.is_starred() => script.send("*"),
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

    /// Whether a star stands for each letter of the password that is typed.
    fn is_starred(&self) -> bool {
        self.device.manners.login.starred && !matches!(self.awaiting, Awaiting::Command)
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
                script.push(Step::JudgeLogin(self.device.pace().login()));
                self.judge_login(attempt, script);
            }
            Awaiting::EnablePassword => {
                script.send("\r\n");
                self.state.mode = Mode::Privileged;
                self.awaiting = Awaiting::Command;
                self.prompt(script);
            }
            Awaiting::Command => {
                script.send((self.device.manners.returned)(&self.identity, &self.state, line));
                self.state.lines += u32::from(!line.trim().is_empty());
                self.command(line, script);
                if matches!(self.awaiting, Awaiting::Command) {
                    self.prompt(script);
                }
            }
            Awaiting::Question { .. } | Awaiting::Page(_) | Awaiting::Nothing => {}
        }
    }

    fn judge_login(&mut self, attempt: u32, script: &mut Script) {
        let (login, counters) = (&self.device.manners.login, &self.device.settings.counters);
        if !self.device.has(Fault::Reject) {
            counters.logins.up();
            self.greet(script);
            return;
        }
        counters.rejected.up();
        script.send_lines(login.rejected);
        if attempt >= login.attempts {
            self.leave(script);
        } else {
            self.ask_who(attempt + 1, script);
        }
    }

    fn greet(&mut self, script: &mut Script) {
        if let Some(question) = &self.device.manners.question {
            script.send_lines(question.text);
            self.awaiting = Awaiting::Question { typed: 0 };
        } else {
            self.begin(script);
        }
    }

    fn begin(&mut self, script: &mut Script) {
        self.awaiting = Awaiting::Command;
        script.send_lines(&(self.device.manners.welcome)(&self.identity));
        self.prompt(script);
    }

    fn answer_question(&mut self, key: u8, typed: usize, script: &mut Script) {
        let answer = self.device.manners.question.as_ref().map_or("", |question| question.answer).as_bytes();
        let typed = if answer.get(typed) == Some(&key) { typed + 1 } else { 0 };
        if typed == answer.len() {
            script.send_lines("\n");
            self.begin(script);
        } else {
            self.awaiting = Awaiting::Question { typed };
        }
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
        let reply = self.device.manners.interpret(&self.identity, &mut self.state, line);
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
        script.pause(self.device.pace().command(self.shown, line.trim()));
        let mut output = Output::new(text);
        if let Some(bytes) = self.device.settings.output_bytes {
            output.scale(bytes);
        }
        match self.device.fault {
            Some(Fault::Cut) => {
                output.half(script);
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
                self.send_page(output, self.page().filter(|_| paged), script);
            }
        }
    }

    fn disguise(&self, output: &mut Output) {
        let others = ["core-9", "edge-rtr-1", "r2"].map(|name| {
            let state = State::new("admin", Mode::Privileged);
            last_line(&(self.device.manners.prompt)(&Identity::new(0, name), &state)).to_owned()
        });
        let own = (self.device.manners.prompt)(&self.identity, &self.state);
        output.disguise(last_line(&own), &others);
    }

    /// Lines of a page, where outputs are paged.
    fn page(&self) -> Option<u32> {
        self.state.page(self.device.manners.pager.as_ref()?.lines)
    }

    /// Sends a page, and asks for a key where more follows or where the pager has to be left.
    fn send_page(&mut self, mut output: Output, lines: Option<u32>, script: &mut Script) {
        let more = output.turn(lines, script);
        let pager = self.device.manners.pager.as_ref();
        let question = match pager {
            Some(pager) if more => Some(pager.question),
            Some(Pager { end, .. }) if lines.is_some_and(|lines| output.lines() > lines) => *end,
            _ => None,
        };
        match question {
            Some(question) => {
                script.send(question.replace("{lines}", &format!("1-{}", output.lines())));
                self.awaiting = Awaiting::Page(output);
            }
            None => self.awaiting = Awaiting::Command,
        }
    }

    fn turn_page(&mut self, key: u8, script: &mut Script) {
        const CTRL_C: u8 = 0x03;
        let (Awaiting::Page(output), Some(pager)) = (&self.awaiting, &self.device.manners.pager) else {
            return;
        };
        let lines = match key {
            b'q' | b'Q' | CTRL_C => Some(0),
            // Behind the last page there is nothing but to leave.
            _ if output.is_sent() => return,
            b' ' | b'f' => self.page(),
            b'\r' | b'\n' => Some(1),
            key if pager.dump == Some(key) => None,
            _ => return,
        };
        script.send(pager.erase);
        match std::mem::replace(&mut self.awaiting, Awaiting::Command) {
            Awaiting::Page(output) if lines != Some(0) => self.send_page(output, lines, script),
            _ => {}
        }
        if matches!(self.awaiting, Awaiting::Command) {
            self.prompt(script);
        }
    }
}

#[cfg(test)]
mod tests;
