//! The command line of a network device: words that may be shortened, modes, errors with a mark.

use super::{Mode, Reply, State, template};
use crate::filter;
use crate::identity::Identity;

/// What a platform's command line knows.
#[derive(Debug)]
pub(crate) struct Cli {
    /// Commands outside the configuration, in tables: what stands in the first covers the same in
    /// those behind it.
    pub(super) commands: &'static [&'static [Command]],
    /// Commands of the configuration. Whatever else is typed there is taken for a setting.
    pub(super) config: &'static [Command],
    /// Word before a command of the other table that is given in the configuration.
    pub(super) escape: &'static str,
    /// What ends a word, besides blanks.
    pub(super) separator: Option<char>,
    /// Said above every answer.
    pub(super) above: fn(&Identity, &State) -> String,
    /// Error for a word that is not known.
    pub(super) unknown: fn(&Mistake<'_>) -> String,
    /// Error for a command whose end is missing.
    pub(super) incomplete: fn(&Mistake<'_>) -> String,
}

/// A command and what it does. Its words may be shortened; of several that fit, the longest is
/// meant, and of these the first.
#[derive(Debug)]
pub(super) struct Command(pub(super) &'static str, pub(super) Action);

/// What a command does.
#[derive(Debug)]
pub(super) enum Action {
    /// Prints an output.
    Show(fn(&Identity) -> String),
    /// Prints an output that is a template.
    Print(&'static str),
    /// The same, whatever qualifiers follow.
    PrintAny(&'static str),
    /// Prints a notice and nothing else.
    Say(&'static str),
    /// Changes to a mode, with a notice.
    Enter(Mode, &'static str),
    /// Sets the lines of a page, with a notice; 0 turns paging off.
    Page(u32, &'static str),
    /// Takes the words behind the command.
    Do(fn(&mut State, &[&str]) -> Reply),
}

impl Action {
    /// Whether words may follow that are not in the command.
    fn takes_more(&self) -> bool {
        matches!(self, Self::Do(_) | Self::Enter(..) | Self::PrintAny(_))
    }
}

/// A word at which a line was not understood.
pub(super) struct Mistake<'a> {
    /// The line.
    pub(super) line: &'a str,
    /// Where in the line the word begins.
    pub(super) at: usize,
    /// Its column on the screen, from 0.
    pub(super) column: usize,
    /// Column behind the end of the line.
    pub(super) end: usize,
    /// How many words are before it.
    pub(super) index: usize,
    /// The word.
    pub(super) word: &'a str,
}

impl Mistake<'_> {
    /// A line with a mark below the word.
    pub(super) fn mark(&self) -> String {
        format!("{:>1$}\n", '^', self.column + 1)
    }
}

/// What `line` comes to, typed behind `prompt`, which is all that stands on its line.
pub(super) fn interpret(
    cli: &Cli,
    identity: &Identity,
    state: &mut State,
    prompt: &str,
    line: &str,
) -> Reply {
    let above = (cli.above)(identity, state);
    let reply = answer(cli, identity, state, prompt, line);
    state.status = matches!(reply, Reply::Refuse(_)).into();
    if above.is_empty() || line.trim().is_empty() { reply } else { reply.below(&above) }
}

fn answer(cli: &Cli, identity: &Identity, state: &mut State, prompt: &str, line: &str) -> Reply {
    let (command, pipeline) = line.split_once('|').unwrap_or((line, ""));
    let ends_word = |character: char| character.is_whitespace() || cli.separator == Some(character);
    let mut words: Vec<&str> = command.split(ends_word).filter(|word| !word.is_empty()).collect();
    let in_config = state.mode.is_config() && words.first().is_none_or(|&word| word != cli.escape);
    if !in_config && state.mode.is_config() {
        words.remove(0);
    }
    if words.first().is_none_or(|word| word.starts_with(['!', '#'])) {
        return Reply::Quiet;
    }
    let place = |index: usize| {
        let word = words[index.min(words.len() - 1)];
        let at = word.as_ptr().addr() - line.as_ptr().addr();
        let end = prompt.len() + command.trim_end().len();
        Mistake { line, at, column: prompt.len() + at, end, index, word }
    };
    let show = |text: String| Reply::Show {
        text: if pipeline.is_empty() { text } else { filter::apply(text, pipeline) },
        paged: !filter::unpaged(pipeline),
    };
    let say = |notice: &str| if notice.is_empty() { Reply::Quiet } else { Reply::Say(notice.to_owned()) };
    match if in_config { find(&[cli.config], &words) } else { find(cli.commands, &words) } {
        Found::Command(Action::Show(text), _) => show(text(identity)),
        Found::Command(Action::Print(text) | Action::PrintAny(text), _) => {
            show(template::output(text, identity))
        }
        Found::Command(Action::Say(notice), _) => say(notice),
        Found::Command(Action::Enter(mode, notice), _) => {
            state.mode = *mode;
            say(notice)
        }
        Found::Command(Action::Page(lines, notice), _) => {
            state.length = Some(*lines);
            say(notice)
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

fn find(tables: &[&'static [Command]], typed: &[&str]) -> Found {
    let mut best: Option<(&'static Action, usize)> = None;
    let mut understood = 0;
    for Command(words, action) in tables.iter().copied().flatten() {
        let count = words.split(' ').count();
        let fitting =
            words.split(' ').zip(typed).take_while(|(word, typed)| word.starts_with(**typed)).count();
        understood = understood.max(fitting);
        let complete = fitting == count && (typed.len() == count || action.takes_more());
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

/// Nothing above an answer.
pub(super) fn nothing(_: &Identity, _: &State) -> String {
    String::new()
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
