//! A platform's definition with its patterns compiled.

mod ending;

use netsweep_shared::platform::{Answer, CliMode, Platform, Terminal};
use regex::bytes::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::Hir;

pub(crate) use self::ending::Ending;
use crate::channel::prompt::{PromptPattern, Prompts};
use crate::channel::refusals::Refusals;

/// A platform, ready for sessions. One serves all threads of a worker.
#[derive(Debug)]
pub struct CompiledPlatform {
    pub(crate) prompts: Prompts,
    pub(crate) prompt_lead: RegexSet,
    pub(crate) errors: Refusals,
    read_only: RegexSet,
    pub(crate) prepare: Vec<String>,
    pub(crate) type_ahead: bool,
    pub(crate) pager: Vec<CompiledAnswer>,
    pub(crate) leave: Option<String>,
    pub(crate) login: CompiledLogin,
    pub(crate) ways: Vec<CompiledWay>,
    pub(crate) shell: Option<CompiledShell>,
    pub(crate) line_end: String,
    terminal: Terminal,
}

/// A question and what to type.
#[derive(Debug)]
pub(crate) struct CompiledAnswer {
    pub(crate) pattern: Ending,
    pub(crate) answer: String,
}

/// The in-band login.
#[derive(Debug)]
pub(crate) struct CompiledLogin {
    pub(crate) username: Ending,
    pub(crate) password: Ending,
    pub(crate) failed: RegexSet,
    pub(crate) questions: Vec<CompiledAnswer>,
    pub(crate) interactive: bool,
    pub(crate) ignore: RegexSet,
}

impl CompiledLogin {
    /// What an SSH server that asks `question` by `keyboard-interactive` is answered, if this is one of
    /// the questions. A key such as Ctrl-C is no answer there.
    pub(crate) fn line_for(&self, question: &str) -> Option<&str> {
        let question = question.trim_end_matches(['\r', '\n']).as_bytes();
        let known = self.questions.iter().find(|known| known.pattern.is_match(question))?;
        let line = known.answer.trim_end_matches(['\r', '\n']);
        (!line.contains(char::is_control)).then_some(line)
    }
}

/// A way to raise privileges from one mode to another.
#[derive(Debug)]
pub(crate) struct CompiledWay {
    /// The mode that it begins in: an index, as in [`Prompts`].
    pub(crate) from: usize,
    pub(crate) command: String,
    pub(crate) password: Ending,
}

/// The prompt that we set ourselves.
#[derive(Debug)]
pub(crate) struct CompiledShell {
    pub(crate) set_prompt: String,
    prompt: Ending,
    pub(crate) silent: String,
}

impl CompiledShell {
    /// Where at the end of `line` the prompt of the session with `nonce` begins.
    pub(crate) fn prompt_in(&self, line: &[u8], nonce: &str) -> Option<usize> {
        let captures = self.prompt.captures(line)?;
        let is_ours = captures.name("nonce").is_none_or(|found| found.as_bytes() == nonce.as_bytes());
        captures.get(0).filter(|_| is_ours).map(|prompt| prompt.start())
    }
}

/// A pattern of a platform that is no regular expression.
#[derive(Debug, thiserror::Error)]
#[error("platform {platform}: {key}: {reason}")]
pub struct PlatformError {
    /// Name of the platform.
    pub platform: String,
    /// Which of its keys, such as `login.username`.
    pub key: String,
    /// What is wrong with the pattern.
    pub reason: String,
}

impl CompiledPlatform {
    /// Compiles every pattern of `platform`.
    ///
    /// # Errors
    /// Names the first key whose pattern does not compile.
    pub fn compile(platform: &Platform) -> Result<Self, PlatformError> {
        let Platform { login, .. } = platform;
        Self::compile_parts(platform, login).map_err(|(key, reason)| PlatformError {
            platform: platform.name.clone(),
            key,
            reason,
        })
    }

    fn compile_parts(
        platform: &Platform,
        login: &netsweep_shared::platform::LoginDialogue,
    ) -> Result<Self, (String, String)> {
        Ok(Self {
            prompts: prompts(&platform.modes)?,
            prompt_lead: set("prompt_lead", &platform.prompt_lead, whole)?,
            errors: Refusals::compile(&platform.errors)?,
            read_only: set("read_only", &platform.read_only, whole)?,
            prepare: platform.prepare.clone(),
            type_ahead: platform.type_ahead,
            pager: answers("pager", &platform.pager)?,
            leave: platform.leave.clone(),
            login: CompiledLogin {
                username: single("login.username", &login.username)?,
                password: single("login.password", &login.password)?,
                failed: set("login.failed", &login.failed, anywhere)?,
                questions: answers("login.questions", &login.questions)?,
                interactive: login.interactive,
                ignore: set("login.ignore", &login.ignore, at_end)?,
            },
            ways: ways(&platform.modes)?,
            shell: match &platform.shell {
                None => None,
                Some(shell) => Some(CompiledShell {
                    set_prompt: shell.set_prompt.clone(),
                    prompt: single("shell.prompt", &shell.prompt)?,
                    silent: shell.silent.clone(),
                }),
            },
            line_end: platform.line_end.clone(),
            terminal: platform.terminal.clone(),
        })
    }

    /// Whether `command` only reads, so that a job of nothing else may be run a second time.
    /// What no pattern knows may write.
    pub fn is_read_only(&self, command: &str) -> bool {
        self.read_only.is_match(command.trim().as_bytes())
    }

    /// The terminal to ask for.
    pub fn terminal(&self) -> &Terminal {
        &self.terminal
    }
}

/// A regular expression over bytes: devices send what they like, UTF-8 or not.
///
/// # Errors
/// What the `regex` crate says of the pattern.
pub(crate) fn regex(pattern: &str) -> Result<Regex, String> {
    RegexBuilder::new(pattern).unicode(false).build().map_err(|error| error.to_string())
}

pub(crate) fn whole(pattern: &str) -> String {
    format!(r"\A(?:{pattern})\z")
}

fn at_end(pattern: &str) -> String {
    format!(r"(?:{pattern})\z")
}

pub(crate) fn anywhere(pattern: &str) -> String {
    pattern.to_owned()
}

/// What a pattern says, without all that a search with it needs.
///
/// # Errors
/// What the `regex` crate would say of it.
pub(crate) fn parse(pattern: &str, multi_line: bool) -> Result<Hir, String> {
    let mut parser = ParserBuilder::new().unicode(false).utf8(false).multi_line(multi_line).build();
    parser.parse(pattern).map_err(|error| error.to_string())
}

type Keyed<T> = Result<T, (String, String)>;

fn single(key: &str, pattern: &str) -> Keyed<Ending> {
    // Alone first, so that the message shows the pattern as it was written.
    parse(pattern, false)
        .and_then(|_| Ending::compile(&at_end(pattern)))
        .map_err(|reason| (key.to_owned(), reason))
}

pub(crate) fn set(key: &str, patterns: &[String], place: fn(&str) -> String) -> Keyed<RegexSet> {
    for (index, pattern) in patterns.iter().enumerate() {
        parse(pattern, false).map_err(|reason| (format!("{key}[{index}]"), reason))?;
    }
    RegexSetBuilder::new(patterns.iter().map(|pattern| place(pattern))).unicode(false).build().map_err(
        |error| {
            // Too large together; perhaps one alone is.
            let alone =
                patterns.iter().enumerate().find_map(|(index, pattern)| Some((index, regex(pattern).err()?)));
            let (index, reason) = alone
                .map_or((String::new(), error.to_string()), |(index, reason)| (format!("[{index}]"), reason));
            (format!("{key}{index}"), reason)
        },
    )
}

fn prompts(modes: &[CliMode]) -> Keyed<Prompts> {
    if modes.is_empty() {
        return Err(("modes".into(), "a platform needs at least one".into()));
    }
    let pattern = |(index, mode): (usize, &CliMode)| {
        PromptPattern::compile(&mode.prompt).map_err(|reason| (format!("modes[{index}].prompt"), reason))
    };
    modes.iter().enumerate().map(pattern).collect::<Result<_, _>>().map(Prompts)
}

fn ways(modes: &[CliMode]) -> Keyed<Vec<CompiledWay>> {
    let mut ways = vec![];
    for (index, enter) in
        modes.iter().enumerate().filter_map(|(index, mode)| Some((index, mode.enter.as_ref()?)))
    {
        let key = format!("modes[{index}].enter");
        let from = modes.iter().position(|mode| mode.name == enter.from);
        let from =
            from.ok_or_else(|| (format!("{key}.from"), format!("there is no mode {:?}", enter.from)))?;
        let password = single(&format!("{key}.password"), &enter.password)?;
        ways.push(CompiledWay { from, command: enter.command.clone(), password });
    }
    Ok(ways)
}

fn answers(key: &str, answers: &[Answer]) -> Keyed<Vec<CompiledAnswer>> {
    answers
        .iter()
        .enumerate()
        .map(|(index, Answer { pattern, answer })| {
            let pattern = single(&format!("{key}[{index}].pattern"), pattern)?;
            Ok(CompiledAnswer { pattern, answer: answer.clone() })
        })
        .collect()
}

#[cfg(test)]
mod tests;
