//! From a line to its statements: words, quotes, variables, bars, files.

use super::super::State;

/// A command with its arguments, quotes taken off.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Statement {
    pub(super) words: Vec<String>,
    /// What follows its bar.
    pub(super) pipeline: String,
    /// Its output goes to a file.
    pub(super) silent: bool,
    /// Its errors go to a file.
    pub(super) silent_errors: bool,
}

/// Under which condition the next statement is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    Always,
    AfterSuccess,
    AfterFailure,
}

/// Whether all quotes of `line` are closed.
pub(super) fn closed(line: &str, state: &State) -> bool {
    let mut rest = line;
    while !rest.is_empty() {
        match split(rest, state) {
            Some((_, _, behind)) => rest = behind,
            None => return false,
        }
    }
    true
}

/// The first statement of a line whose quotes are closed, the condition of the next one, and the
/// line behind; none where nothing is left.
pub(super) fn first<'a>(line: &'a str, state: &State) -> Option<(Statement, When, &'a str)> {
    if line.is_empty() { None } else { split(line, state) }
}

/// None where a quote is not closed.
fn split<'a>(line: &'a str, state: &State) -> Option<(Statement, When, &'a str)> {
    let mut statement = Statement::default();
    let mut word: Option<String> = None;
    let mut rest = line;
    while let Some(character) = rest.chars().next() {
        rest = &rest[character.len_utf8()..];
        match character {
            '\'' => {
                let (quoted, behind) = rest.split_once('\'')?;
                word.get_or_insert_default().push_str(quoted);
                rest = behind;
            }
            '"' => rest = double_quoted(rest, word.get_or_insert_default(), state)?,
            '\\' => {
                let escaped = rest.chars().next()?;
                word.get_or_insert_default().push(escaped);
                rest = &rest[escaped.len_utf8()..];
            }
            '$' => rest = expand(rest, word.get_or_insert_default(), state),
            '#' if word.is_none() => rest = "",
            ' ' | '\t' => statement.words.extend(word.take()),
            '>' | '<' => {
                let descriptor = word.take_if(|word| matches!(word.as_str(), "1" | "2"));
                statement.words.extend(word.take());
                rest = redirect(&mut statement, character, descriptor.as_deref(), rest);
            }
            ';' | '&' | '|' => {
                let behind = rest.strip_prefix(character);
                let when = match (character, behind) {
                    ('&', Some(_)) => When::AfterSuccess,
                    ('|', Some(_)) => When::AfterFailure,
                    ('|', None) => {
                        let end = rest.find([';', '&']).unwrap_or(rest.len());
                        statement.pipeline = rest[..end].to_owned();
                        rest = &rest[end..];
                        continue;
                    }
                    _ => When::Always,
                };
                statement.words.extend(word);
                return Some((statement, when, behind.unwrap_or(rest)));
            }
            other => word.get_or_insert_default().push(other),
        }
    }
    statement.words.extend(word);
    Some((statement, When::Always, rest))
}

/// Takes what follows `<` or `>`: a file, or `&` and a descriptor. What follows that is left.
fn redirect<'a>(
    statement: &mut Statement,
    direction: char,
    descriptor: Option<&str>,
    rest: &'a str,
) -> &'a str {
    let target = rest.trim_start_matches(['>', '&', ' ']);
    let to_descriptor = rest.starts_with('&') && target.starts_with(['1', '2']);
    match (direction, descriptor) {
        ('<', _) => {}
        (_, Some("2")) if to_descriptor => statement.silent_errors = statement.silent,
        _ if to_descriptor => {}
        (_, Some("2")) => statement.silent_errors = true,
        _ => statement.silent = true,
    }
    target.trim_start_matches(|character: char| !character.is_whitespace() && !";|&".contains(character))
}

/// Takes text up to the closing quote; what follows it is left.
fn double_quoted<'a>(mut rest: &'a str, word: &mut String, state: &State) -> Option<&'a str> {
    loop {
        let character = rest.chars().next()?;
        rest = &rest[character.len_utf8()..];
        match character {
            '"' => return Some(rest),
            '\\' => {
                let escaped = rest.chars().next()?;
                if !"\"\\$`".contains(escaped) {
                    word.push('\\');
                }
                word.push(escaped);
                rest = &rest[escaped.len_utf8()..];
            }
            '$' => rest = expand(rest, word, state),
            other => word.push(other),
        }
    }
}

/// Takes the name behind a `$` and adds its value; what follows it is left.
fn expand<'a>(rest: &'a str, word: &mut String, state: &State) -> &'a str {
    if let Some(rest) = rest.strip_prefix('?') {
        word.push_str(&state.status.to_string());
        return rest;
    }
    let behind = rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
    match &rest[..rest.len() - behind.len()] {
        "" => word.push('$'),
        "PS1" => word.push_str(state.ps1.as_deref().unwrap_or(r"\u@\h:\w\$ ")),
        "USER" => word.push_str(&state.user),
        "SHELL" => word.push_str("/bin/bash"),
        _ => {}
    }
    behind
}
