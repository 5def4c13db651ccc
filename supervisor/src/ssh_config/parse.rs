//! From a file to sections.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail, ensure};

use super::hop::HopName;
use super::query::{Condition, HostSays, Pattern, Section, SshConfig};
use crate::home;

/// As deep as OpenSSH goes.
const DEEPEST_INCLUDE: usize = 16;

impl SshConfig {
    /// Reads the file at `path` and what it includes.
    ///
    /// # Errors
    /// When a file cannot be read, and when a line that would be heeded cannot be understood: with
    /// file and line, all of them at once.
    pub fn load(path: &Path) -> Result<Self> {
        let mut parser = Parser::default();
        if let Err(why) = parser.file(path, &[], 0) {
            bail!("cannot read the ssh config {}: {why}", path.display());
        }
        let Parser { sections, problems, notices } = parser;
        ensure!(problems.is_empty(), "{}", problems.join("\n"));
        Ok(Self { sections, notices })
    }
}

#[derive(Default)]
struct Parser {
    sections: Vec<Section>,
    problems: Vec<String>,
    notices: Vec<String>,
}

impl Parser {
    /// Reads a file whose lines hold only where `outer` does.
    fn file(&mut self, path: &Path, outer: &[Condition], depth: usize) -> std::io::Result<()> {
        // Host names are ASCII; what is not UTF-8 stands in comments.
        let bytes = fs::read(path)?;
        self.begin(outer.to_vec());
        let mut place = Place { path, line: 0, unknown_match: None };
        for line in String::from_utf8_lossy(&bytes).lines() {
            place.line += 1;
            if let Err(why) = self.line(line, outer, &mut place, depth) {
                self.problems.push(format!("{}: {why}", place.told()));
            }
        }
        Ok(())
    }

    fn begin(&mut self, scope: Vec<Condition>) {
        self.sections.push(Section { scope, says: HostSays::default() });
    }

    fn line(
        &mut self,
        line: &str,
        outer: &[Condition],
        place: &mut Place<'_>,
        depth: usize,
    ) -> Result<(), String> {
        let line = line.trim();
        let end = line.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(line.len());
        let keyword = line[..end].to_ascii_lowercase();
        let rest = line[end..].trim_start();
        let rest = rest.strip_prefix('=').unwrap_or(rest);
        let heeded = matches!(keyword.as_str(), "hostname" | "user" | "port" | "identityfile" | "proxyjump");
        if !heeded && !matches!(keyword.as_str(), "host" | "match" | "include") {
            return Ok(());
        }
        let words = words(rest)?;
        let Some(first) = words.first() else { return Err(format!("{} has no value", &line[..end])) };
        match keyword.as_str() {
            "host" => {
                place.unknown_match = None;
                self.begin(with(outer, [Condition::Alias(words.iter().map(|word| pattern(word)).collect())]));
            }
            "match" => {
                let conditions = match_conditions(&words);
                place.unknown_match = conditions.is_none().then_some(place.line);
                self.begin(with(outer, conditions.unwrap_or_else(|| vec![Condition::Never])));
            }
            "include" => {
                if depth == DEEPEST_INCLUDE {
                    return Err(format!("Include goes deeper than {DEEPEST_INCLUDE} files"));
                }
                let scope = self.scope();
                for word in &words {
                    self.include(word, &scope, depth)?;
                }
                // What stands behind it holds where it stands itself.
                self.begin(scope);
            }
            _ => {
                if let Some(line) = place.unknown_match.take() {
                    self.notices.push(format!(
                        "{}:{line}: only Match all, host and originalhost are understood: what stands under this \
                         one is left out",
                        place.path.display()
                    ));
                }
                // Some write a list with blanks.
                let value = if keyword == "proxyjump" { words.concat() } else { first.clone() };
                self.heed(&keyword, &value)?;
            }
        }
        Ok(())
    }

    fn scope(&self) -> Vec<Condition> {
        self.sections.last().map(|section| section.scope.clone()).unwrap_or_default()
    }

    /// Takes note of a line's value, unless the section has one already.
    fn heed(&mut self, keyword: &str, value: &str) -> Result<(), String> {
        let Some(Section { says, .. }) = self.sections.last_mut() else { return Ok(()) };
        match keyword {
            "hostname" => drop(says.host_name.get_or_insert_with(|| value.into())),
            "user" => drop(says.user.get_or_insert_with(|| value.into())),
            "port" => {
                let port = value.parse().ok().filter(|port| *port != 0);
                let port = port.ok_or("Port must be a number from 1 to 65535")?;
                says.port.get_or_insert(port);
            }
            "identityfile" => says.identity_files.push(value.into()),
            _ => {
                let hops = HopName::parse_list(value).map_err(|why| format!("ProxyJump: {why}"))?;
                says.proxy_jump.get_or_insert(hops);
            }
        }
        Ok(())
    }

    /// Files that are not there are passed over, as OpenSSH does it.
    fn include(&mut self, word: &str, scope: &[Condition], depth: usize) -> Result<(), String> {
        let path = home::expand(Path::new(word));
        let path = home::home().unwrap_or_default().join(".ssh").join(path);
        let mut files: Vec<PathBuf> = glob::glob(&path.to_string_lossy())
            .map_err(|error| format!("Include {word:?}: {error}"))?
            .filter_map(Result::ok)
            .collect();
        files.sort();
        for file in files {
            self.file(&file, scope, depth + 1).map_err(|why| format!("Include {}: {why}", file.display()))?;
        }
        Ok(())
    }
}

struct Place<'a> {
    path: &'a Path,
    line: usize,
    /// The line of a `Match` that is not understood and of which nothing was missed yet.
    unknown_match: Option<usize>,
}

impl Place<'_> {
    fn told(&self) -> String {
        format!("{}:{}", self.path.display(), self.line)
    }
}

fn with(outer: &[Condition], own: impl IntoIterator<Item = Condition>) -> Vec<Condition> {
    outer.iter().cloned().chain(own).collect()
}

fn pattern(word: &str) -> Pattern {
    match word.strip_prefix('!') {
        Some(glob) => Pattern { negated: true, glob: glob.to_owned() },
        None => Pattern { negated: false, glob: word.to_owned() },
    }
}

/// The criteria of a `Match` line, where all of them are understood.
fn match_conditions(words: &[String]) -> Option<Vec<Condition>> {
    let mut conditions = Vec::new();
    let mut words = words.iter();
    while let Some(criterion) = words.next() {
        let patterns = |list: &String| list.split(',').map(pattern).collect();
        match criterion.to_ascii_lowercase().as_str() {
            "all" => {}
            "host" => conditions.push(Condition::Host(patterns(words.next()?))),
            "originalhost" => conditions.push(Condition::Alias(patterns(words.next()?))),
            _ => return None,
        }
    }
    Some(conditions)
}

/// Splits a line's values: blanks part them, quotes keep them together, a word that begins with `#`
/// is a comment.
fn words(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut rest = text.chars().peekable();
    loop {
        while rest.next_if(|c| c.is_whitespace()).is_some() {}
        if rest.peek().is_none_or(|c| *c == '#') {
            return Ok(words);
        }
        let mut word = String::new();
        let mut quote = None;
        while let Some(c) = rest.next_if(|c| quote.is_some() || !c.is_whitespace()) {
            match c {
                '\\' => match rest.next_if(|next| matches!(next, '"' | '\'' | '\\' | ' ')) {
                    Some(escaped) => word.push(escaped),
                    None => word.push('\\'),
                },
                '"' | '\'' if quote.is_none() => quote = Some(c),
                c if quote == Some(c) => quote = None,
                c => word.push(c),
            }
        }
        if quote.is_some() {
            return Err("a quote is not closed".into());
        }
        words.push(word);
    }
}
