//! As much of bash as an automated client types: statements, quotes, variables of the prompt,
//! settings of the terminal.

use super::{Reply, State, linux};
use crate::filter;
use crate::identity::Identity;

mod statement;
use statement::When;

/// The prompt: the one that was set, or Debian's with its window title.
pub(super) fn prompt(identity: &Identity, state: &State) -> String {
    let mark = if state.bracketed_paste { "\x1b[?2004h" } else { "" };
    let (user, name) = (&state.user, &identity.name);
    match &state.ps1 {
        Some(ps1) => format!("{mark}{}", expand_prompt(ps1, user, name)),
        None => format!("{mark}\x1b]0;{user}@{name}: ~\x07{user}@{name}:~$ "),
    }
}

/// The escapes of `PS1` that name something.
fn expand_prompt(ps1: &str, user: &str, name: &str) -> String {
    let mut text = String::with_capacity(ps1.len());
    let mut characters = ps1.chars();
    while let Some(character) = characters.next() {
        match (character, if character == '\\' { characters.next() } else { None }) {
            ('\\', Some('u')) => text.push_str(user),
            ('\\', Some('h' | 'H')) => text.push_str(name),
            ('\\', Some('w' | 'W')) => text.push('~'),
            ('\\', Some('$')) => text.push('$'),
            ('\\', Some('n')) => text.push('\n'),
            ('\\', Some('e')) => text.push('\x1b'),
            ('\\', Some('a')) => text.push('\x07'),
            ('\\', Some('[' | ']')) => {}
            ('\\', Some(other)) => text.extend(['\\', other]),
            (other, _) => text.push(other),
        }
    }
    text
}

/// What a line comes to.
pub(super) fn interpret(identity: &Identity, state: &mut State, line: &str) -> Reply {
    if !statement::closed(line, state) {
        state.status = 2;
        return Reply::Refuse("-bash: unexpected EOF while looking for matching quote\n".to_owned());
    }
    let (mut text, mut worth_waiting, mut refused) = (String::new(), false, false);
    let (mut rest, mut when) = (line, When::Always);
    // One at a time: variables have the values that the statements before gave them.
    while let Some((statement, next, behind)) = statement::first(rest, state) {
        let runs = match when {
            When::Always => true,
            When::AfterSuccess => state.status == 0,
            When::AfterFailure => state.status != 0,
        };
        (rest, when) = (behind, next);
        if !runs {
            continue;
        }
        match execute(identity, state, &statement.words) {
            Outcome::Printed(printed, shows) if !statement.silent => {
                worth_waiting |= shows;
                text += &match statement.pipeline.as_str() {
                    "" => printed,
                    pipeline => filter::apply(printed, pipeline),
                };
            }
            Outcome::Printed(..) => {}
            Outcome::Complaint(complaint) => {
                refused = true;
                if !statement.silent_errors {
                    text += &complaint;
                }
            }
            Outcome::Exit => return Reply::Leave(if state.terminal { text + "logout\n" } else { text }),
        }
    }
    match text {
        text if worth_waiting => Reply::show(text),
        text if refused => Reply::Refuse(text),
        text if text.is_empty() => Reply::Quiet,
        text => Reply::Say(text),
    }
}

enum Outcome {
    /// A text, and whether it is an output that takes a program's time.
    Printed(String, bool),
    Complaint(String),
    Exit,
}

fn execute(identity: &Identity, state: &mut State, words: &[String]) -> Outcome {
    let nothing = || Outcome::Printed(String::new(), false);
    let assignments = words.iter().take_while(|word| is_assignment(word)).count();
    let (variables, command) = words.split_at(assignments);
    if words.is_empty() {
        return nothing();
    }
    let Some((name, arguments)) = command.split_first() else {
        variables.iter().for_each(|assignment| assign(state, assignment));
        state.status = 0;
        return nothing();
    };
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    state.status = 0;
    match name.as_str() {
        "export" | "declare" | "readonly" => {
            arguments.iter().for_each(|assignment| assign(state, assignment))
        }
        "unset" | "set" | "shopt" | "alias" | "unalias" | "true" | ":" | "cd" | "umask" | "ulimit"
        | "tput" | "setterm" | "clear" | "unsetenv" | "sleep" | "trap" | "source" | "." => {}
        "stty" => {
            for argument in &arguments {
                match *argument {
                    "-echo" => state.echo = false,
                    "echo" | "sane" => state.echo = true,
                    _ => {}
                }
            }
        }
        "bind" if arguments.iter().any(|words| words.contains("enable-bracketed-paste")) => {
            state.bracketed_paste = !arguments.iter().any(|words| words.contains("off"));
        }
        "bind" => {}
        "echo" => return Outcome::Printed(format!("{}\n", arguments.join(" ")), false),
        "false" => state.status = 1,
        "exit" | "logout" => {
            state.status = arguments.first().and_then(|status| status.parse().ok()).unwrap_or(0);
            return Outcome::Exit;
        }
        name => {
            let user = state.user.clone();
            let Some((text, status)) = linux::program(identity, &user, name, &arguments) else {
                state.status = 127;
                return Outcome::Complaint(format!("-bash: {name}: command not found\n"));
            };
            state.status = status;
            return if status == 0 { Outcome::Printed(text, true) } else { Outcome::Complaint(text) };
        }
    }
    nothing()
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

/// Only the prompt matters.
fn assign(state: &mut State, assignment: &str) {
    if let Some(("PS1", value)) = assignment.split_once('=') {
        state.ps1 = Some(value.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manners::Mode;

    fn state() -> State {
        State::new("admin", Mode::Privileged)
    }

    fn typed(line: &str) -> (Reply, State) {
        let mut state = state();
        (interpret(&Identity::new(1, "web-1"), &mut state, line), state)
    }

    #[test]
    fn the_prompt_is_what_was_set() {
        let identity = Identity::new(1, "web-1");
        for (line, prompt) in [
            ("PS1='net''sweep$ '", "netsweep$ "),
            (r#"PS1="net""sweep\$ ""#, "netsweep$ "),
            ("unset PROMPT_COMMAND; export PS1=ready#", "ready#"),
            (r"stty -echo 2>/dev/null; PS1='[\u@\h \w]\$ '; PS2=", "[admin@web-1 ~]$ "),
            ("PS1='a;b' && PS1=\"$PS1|c\"", "a;b|c"),
        ] {
            let (reply, mut state) = typed(line);
            assert_eq!(reply, Reply::Quiet, "{line}");
            state.bracketed_paste = false;
            assert_eq!(super::prompt(&identity, &state), prompt, "{line}");
        }
    }

    #[test]
    fn the_first_prompt_sets_the_window_title() {
        assert_eq!(
            prompt(&Identity::new(1, "web-1"), &state()),
            "\x1b[?2004h\x1b]0;admin@web-1: ~\x07admin@web-1:~$ "
        );
    }

    #[test]
    fn statements_follow_each_other() {
        for (line, output) in [
            ("echo one; echo 'two  three' \"four\"", "one\ntwo  three four\n"),
            ("true && echo yes || echo no", "yes\n"),
            ("false && echo yes || echo no", "no\n"),
            ("false; echo $?", "1\n"),
            ("echo a b | grep c; echo d # e", "d\n"),
            ("echo gone > /dev/null; echo here 2>&1", "here\n"),
        ] {
            assert_eq!(typed(line).0, Reply::Say(output.to_owned()), "{line}");
        }
    }

    #[test]
    fn settings_say_nothing() {
        for line in [
            "stty -echo",
            "unset PROMPT_COMMAND",
            "export LANG=C TERM=dumb",
            "bind 'set enable-bracketed-paste off'",
            "",
            "  ",
            "# x",
        ] {
            assert_eq!(typed(line).0, Reply::Quiet, "{line}");
        }
        assert!(!typed("stty -echo").1.echo);
        assert!(!typed("bind 'set enable-bracketed-paste off'").1.bracketed_paste);
    }

    #[test]
    fn what_is_not_there_is_an_error() {
        let (reply, state) = typed("foo --bar");
        assert_eq!(reply, Reply::Refuse("-bash: foo: command not found\n".to_owned()));
        assert_eq!(state.status, 127);
        assert_eq!(typed("foo >/dev/null 2>&1").0, Reply::Refuse(String::new()));
        assert!(matches!(typed("cat /nowhere").0, Reply::Refuse(text) if text.contains("No such file")));
        assert!(matches!(typed("echo 'open").0, Reply::Refuse(_)));
    }
}
