//! The command line of a network device: words that may be shortened, modes, errors with a mark.

use super::{Mode, Reply, State};
use crate::filter;
use crate::identity::Identity;

/// What a platform's command line knows.
pub(super) struct Cli {
    /// Commands outside the configuration.
    pub(super) commands: &'static [Command],
    /// Commands of the configuration. Whatever else is typed there is taken for a setting.
    pub(super) config: &'static [Command],
    /// Word before a command of the other table that is given in the configuration.
    pub(super) escape: &'static str,
    /// Error for a word that is not known.
    pub(super) unknown: fn(&Mistake<'_>) -> String,
    /// Error for a command whose end is missing.
    pub(super) incomplete: fn(&Mistake<'_>) -> String,
}

/// A command and what it does. Its words may be shortened; of several that fit, the first is meant.
pub(super) struct Command(pub(super) &'static str, pub(super) Action);

/// What a command does.
pub(super) enum Action {
    /// Prints an output.
    Show(fn(&Identity) -> String),
    /// Prints a notice and nothing else.
    Say(&'static str),
    /// Changes to a mode, with a notice.
    Enter(Mode, &'static str),
    /// Takes the words behind the command.
    Do(fn(&mut State, &[&str]) -> Reply),
}

/// A word at which a line was not understood.
pub(super) struct Mistake<'a> {
    /// Its column on the screen, from 0.
    pub(super) column: usize,
    /// Column behind the end of the line.
    pub(super) end: usize,
    /// How many words are before it.
    pub(super) index: usize,
    /// The word.
    pub(super) word: &'a str,
}

/// What `line` comes to, typed behind a prompt whose last line is `prompt`.
pub(super) fn interpret(
    cli: &Cli,
    identity: &Identity,
    state: &mut State,
    prompt: &str,
    line: &str,
) -> Reply {
    let reply = answer(cli, identity, state, prompt, line);
    state.status = matches!(reply, Reply::Refuse(_)).into();
    reply
}

fn answer(cli: &Cli, identity: &Identity, state: &mut State, prompt: &str, line: &str) -> Reply {
    let (command, pipeline) = line.split_once('|').unwrap_or((line, ""));
    let mut words: Vec<&str> = command.split_whitespace().collect();
    let in_config = state.mode.is_config() && words.first().is_none_or(|&word| word != cli.escape);
    if !in_config && state.mode.is_config() {
        words.remove(0);
    }
    if words.first().is_none_or(|word| word.starts_with(['!', '#'])) {
        return Reply::Quiet;
    }
    let place = |index: usize| {
        let column = |word: &str| prompt.len() + word.as_ptr().addr() - line.as_ptr().addr();
        let word = words[index.min(words.len() - 1)];
        let end = prompt.len() + command.trim_end().len();
        Mistake { column: column(word), end, index, word }
    };
    match find(if in_config { cli.config } else { cli.commands }, &words) {
        Found::Command(Action::Show(text), _) => Reply::Show {
            text: if pipeline.is_empty() { text(identity) } else { filter::apply(text(identity), pipeline) },
            paged: !filter::unpaged(pipeline),
        },
        Found::Command(Action::Say(""), _) => Reply::Quiet,
        Found::Command(Action::Say(notice), _) => Reply::Say((*notice).to_owned()),
        Found::Command(Action::Enter(mode, notice), _) => {
            state.mode = *mode;
            if notice.is_empty() { Reply::Quiet } else { Reply::Say((*notice).to_owned()) }
        }
        Found::Command(Action::Do(act), known) => act(state, &words[known..]),
        Found::Incomplete | Found::Unknown(_) if in_config => Reply::Quiet,
        Found::Incomplete => Reply::Refuse((cli.incomplete)(&place(words.len()))),
        Found::Unknown(index) => Reply::Refuse((cli.unknown)(&place(index))),
    }
}

enum Found {
    /// The action, and how many words named it.
    Command(&'static Action, usize),
    Incomplete,
    /// The word that fits nowhere.
    Unknown(usize),
}

fn find(table: &'static [Command], typed: &[&str]) -> Found {
    let mut best: Option<(&'static Action, usize)> = None;
    let mut understood = 0;
    for Command(words, action) in table {
        let count = words.split(' ').count();
        let fitting =
            words.split(' ').zip(typed).take_while(|(word, typed)| word.starts_with(**typed)).count();
        understood = understood.max(fitting);
        let complete = fitting == count && (typed.len() == count || matches!(action, Action::Do(_)));
        if complete && best.is_none_or(|(_, most)| count > most) {
            best = Some((action, count));
        }
    }
    match best {
        Some((action, count)) => Found::Command(action, count),
        None if understood == typed.len() => Found::Incomplete,
        None => Found::Unknown(understood),
    }
}

/// `terminal length N`, `screen-length N temporary`: sets the page, with the notice that
/// `notice` makes of the number.
pub(super) fn set_length(state: &mut State, words: &[&str], notice: fn(u32) -> String) -> Reply {
    match words.first().and_then(|word| word.parse().ok()) {
        Some(lines) => {
            state.length = Some(lines);
            let notice = notice(lines);
            if notice.is_empty() { Reply::Quiet } else { Reply::Say(notice) }
        }
        None => Reply::Refuse("% Incomplete command.\n\n".to_owned()),
    }
}

/// `enable`: asks for the password where there is a way up.
pub(super) fn enable(state: &mut State, _: &[&str]) -> Reply {
    if state.mode == Mode::User { Reply::AskEnable } else { Reply::Quiet }
}

/// `exit` in the configuration: one level up.
pub(super) fn up(state: &mut State, _: &[&str]) -> Reply {
    state.mode = if state.mode == Mode::ConfigSection { Mode::Config } else { Mode::Privileged };
    Reply::Quiet
}

/// Takes anything, says nothing.
pub(super) fn accept(_: &mut State, _: &[&str]) -> Reply {
    Reply::Quiet
}

/// Ends the session without a word.
pub(super) fn leave(_: &mut State, _: &[&str]) -> Reply {
    Reply::Leave(String::new())
}
