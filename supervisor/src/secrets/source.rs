//! Where a secret is.

use std::fmt;
use std::fs;
use std::io::{IsTerminal, stdin};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use netsweep_shared::secret::Secret;
use zeroize::{Zeroize, Zeroizing};

use crate::home;

/// Where a secret is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// In the inventory itself.
    Plain(Secret),
    /// In an environment variable.
    Env(String),
    /// In a file; a relative path is relative to the inventory's folder, `~/` is the home directory.
    /// One line end at the end of the file does not count.
    File(PathBuf),
    /// On the standard output of a program, with the same rule.
    Command(Vec<String>),
    /// In the user's head.
    Prompt,
}

/// As messages call it.
impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(_) => f.write_str("the text in the inventory"),
            Self::Env(name) => write!(f, "the environment variable {name}"),
            Self::File(path) => write!(f, "the file {}", path.display()),
            Self::Command(words) => {
                write!(f, "the output of {}", words.first().map(String::as_str).unwrap_or_default())
            }
            Self::Prompt => f.write_str("the answer"),
        }
    }
}

impl SecretSource {
    /// Reads a password, which is one line. `question` is what a user is asked, where one is.
    pub(super) fn read(&self, folder: &Path, question: &str) -> Result<Secret> {
        let text = self.read_text(folder, question)?;
        let secret = match self {
            Self::File(_) | Self::Command(_) => {
                let secret = without_line_end(&text);
                ensure!(!secret.is_empty(), "{} is empty", self.at(folder));
                ensure!(!secret.contains(['\n', '\r']), "{} has more than one line", self.at(folder));
                secret
            }
            _ => &text,
        };
        Ok(Secret::new(secret))
    }

    /// Everything that is there.
    pub(super) fn read_text(&self, folder: &Path, question: &str) -> Result<Zeroizing<String>> {
        match self {
            Self::Plain(secret) => Ok(Zeroizing::new(secret.expose().to_owned())),
            Self::Env(name) => match std::env::var(name) {
                // As a variable of a script that was not filled in: every login would be refused.
                Ok(secret) if secret.is_empty() => bail!("{self} is empty"),
                Ok(secret) => Ok(Zeroizing::new(secret)),
                Err(std::env::VarError::NotPresent) => {
                    bail!("{self} is not set: export it before you start netsweep")
                }
                Err(std::env::VarError::NotUnicode(_)) => bail!("{self} is not UTF-8"),
            },
            Self::File(path) => {
                let bytes = fs::read(folder.join(home::expand(path)))
                    .with_context(|| format!("cannot read {}", self.at(folder)))?;
                text(bytes).with_context(|| self.at(folder))
            }
            Self::Command(words) => text(run(words)?).with_context(|| self.to_string()),
            Self::Prompt => ask(question),
        }
    }

    /// As messages call it, with a file's whole path.
    pub(super) fn at(&self, folder: &Path) -> String {
        match self {
            Self::File(path) => Self::File(folder.join(home::expand(path))).to_string(),
            _ => self.to_string(),
        }
    }
}

/// What editors and `echo` add does not count.
fn without_line_end(text: &str) -> &str {
    text.strip_suffix('\n').map_or(text, |text| text.strip_suffix('\r').unwrap_or(text))
}

fn text(bytes: Vec<u8>) -> Result<Zeroizing<String>> {
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Zeroizing::new(text)),
        // The error would hold the bytes.
        Err(error) => {
            error.into_bytes().zeroize();
            bail!("is not UTF-8")
        }
    }
}

fn run(words: &[String]) -> Result<Vec<u8>> {
    let [program, arguments @ ..] = words else { bail!("no program is named") };
    let mut output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run {program}"))?;
    if !output.status.success() {
        output.stdout.zeroize();
        let stderr = String::from_utf8_lossy(&output.stderr);
        let said = stderr.lines().next().map(|line| format!(": {line}")).unwrap_or_default();
        bail!("{program} failed ({}){said}", output.status);
    }
    Ok(output.stdout)
}

fn ask(question: &str) -> Result<Zeroizing<String>> {
    ensure!(
        stdin().is_terminal(),
        "there is no terminal to ask on: use {{ env = \"…\" }} or {{ file = \"…\" }}"
    );
    let answer = rpassword::prompt_password(format!("{question}: ")).context("cannot ask on the terminal")?;
    Ok(Zeroizing::new(answer))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(source: &SecretSource, folder: &Path) -> Result<String, String> {
        source
            .read(folder, "password")
            .map(|secret| secret.expose().to_owned())
            .map_err(|error| format!("{error:#}"))
    }

    fn command(script: &str) -> SecretSource {
        SecretSource::Command(vec!["sh".into(), "-c".into(), script.into()])
    }

    #[test]
    fn files_and_programs_lose_one_line_end() {
        let folder = tempfile::tempdir().expect("a directory");
        fs::write(folder.path().join("pw"), " two words \n").expect("written");
        assert_eq!(read(&SecretSource::File("pw".into()), folder.path()), Ok(" two words ".into()));
        assert_eq!(read(&command("echo abc"), folder.path()), Ok("abc".into()));
        assert_eq!(read(&command("printf 'abc\\r\\n'"), folder.path()), Ok("abc".into()));
        assert_eq!(read(&command("true"), folder.path()), Err("the output of sh is empty".into()));
        assert_eq!(
            read(&command("echo a; echo b"), folder.path()),
            Err("the output of sh has more than one line".into())
        );
    }

    #[test]
    fn a_failing_program_does_not_betray_what_it_printed() {
        let error =
            read(&command("echo hunter2; echo not today >&2; exit 3"), Path::new("")).expect_err("it fails");
        assert!(error.contains("exit status: 3") && error.contains("not today"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }

    #[test]
    fn what_is_not_utf8_is_not_shown() {
        let error = text(b"secret\xff".to_vec()).expect_err("it is not UTF-8");
        assert_eq!(format!("{error:#}"), "is not UTF-8");
    }
}
