//! Where a secret is, and reading it.

use std::fs;
use std::io::{IsTerminal, stdin};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use netsweep_shared::secret::Secret;

/// Where a secret is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// In the inventory itself.
    Plain(Secret),
    /// In an environment variable.
    Env(String),
    /// In a file; a relative path is relative to the inventory's folder. One line end at the end
    /// of the file does not count.
    File(PathBuf),
    /// On the standard output of a program, with the same rule.
    Command(Vec<String>),
    /// In the user's head.
    Prompt,
}

impl SecretSource {
    /// Reads one line; `key` is what the user is asked for. Relative paths are relative to `folder`.
    ///
    /// # Errors
    /// Says what to do, and nothing of what was read.
    pub(super) fn read(&self, folder: &Path, key: &str) -> Result<Secret> {
        let secret = self.read_whole(folder, key)?;
        one_line(&secret).with_context(|| self.name())
    }

    /// Reads all of it.
    pub(super) fn read_whole(&self, folder: &Path, key: &str) -> Result<Secret> {
        match self {
            Self::Plain(secret) => Ok(secret.clone()),
            Self::Env(name) => match std::env::var(name) {
                // As a variable of a script that was not filled in: every login would be refused.
                Ok(secret) if secret.is_empty() => bail!("the environment variable {name} is empty"),
                Ok(secret) => Ok(Secret::new(secret)),
                Err(std::env::VarError::NotPresent) => {
                    bail!("the environment variable {name} is not set: export it before you start netsweep")
                }
                Err(std::env::VarError::NotUnicode(_)) => {
                    bail!("the environment variable {name} is not UTF-8")
                }
            },
            Self::File(path) => {
                let path = folder.join(path);
                let bytes =
                    fs::read(&path).with_context(|| format!("cannot read the file {}", path.display()))?;
                text(bytes).with_context(|| self.name())
            }
            Self::Command(words) => text(run(words)?).with_context(|| self.name()),
            Self::Prompt => ask(key),
        }
    }

    /// What to call it, without what is in it.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Plain(_) => "the text in the inventory".into(),
            Self::Env(name) => format!("the environment variable {name}"),
            Self::File(path) => format!("the file {}", path.display()),
            Self::Command(words) => format!("the output of {}", words.first().map_or("", String::as_str)),
            Self::Prompt => "what was typed".into(),
        }
    }
}

fn text(bytes: Vec<u8>) -> Result<Secret> {
    // The error would hold the bytes.
    let Ok(text) = String::from_utf8(bytes) else { bail!("is not UTF-8") };
    Ok(Secret::new(text))
}

/// Without the line end that editors and `echo` add.
fn one_line(secret: &Secret) -> Result<Secret> {
    let text = secret.expose();
    let line = text.strip_suffix('\n').map_or(text, |text| text.strip_suffix('\r').unwrap_or(text));
    ensure!(!line.is_empty(), "is empty");
    ensure!(!line.contains(['\n', '\r']), "has more than one line");
    Ok(Secret::new(line))
}

fn run(words: &[String]) -> Result<Vec<u8>> {
    let [program, arguments @ ..] = words else { bail!("no program is named") };
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run {program}"))?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        let said = stderr.lines().next().map(|line| format!(": {line}")).unwrap_or_default();
        bail!("{program} failed ({}){said}", output.status);
    }
    Ok(output.stdout)
}

fn ask(key: &str) -> Result<Secret> {
    ensure!(
        stdin().is_terminal(),
        "there is no terminal to ask on: use {{ env = \"…\" }} or {{ file = \"…\" }}"
    );
    let secret = rpassword::prompt_password(format!("{}: ", key.replace('_', " ")))
        .context("cannot ask on the terminal")?;
    Ok(Secret::new(secret))
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

    #[test]
    fn files_and_programs_lose_one_line_end() {
        let folder = tempfile::tempdir().expect("a directory");
        fs::write(folder.path().join("pw"), " two words \n").expect("written");
        assert_eq!(read(&SecretSource::File("pw".into()), folder.path()), Ok(" two words ".into()));
        let command = |script: &str| SecretSource::Command(vec!["sh".into(), "-c".into(), script.into()]);
        assert_eq!(read(&command("echo abc"), folder.path()), Ok("abc".into()));
        assert!(read(&command("true"), folder.path()).is_err_and(|error| error.contains("is empty")));
        assert!(
            read(&command("echo a; echo b"), folder.path())
                .is_err_and(|error| error.ends_with("has more than one line"))
        );
    }

    #[test]
    fn a_failing_program_does_not_betray_what_it_printed() {
        let script = "echo hunter2; echo not today >&2; exit 3";
        let error =
            read(&SecretSource::Command(vec!["sh".into(), "-c".into(), script.into()]), Path::new(""))
                .expect_err("it fails");
        assert!(error.contains("exit status: 3") && error.contains("not today"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }

    #[test]
    fn what_is_not_utf8_is_not_shown() {
        let error = text(b"secret\xff".to_vec()).expect_err("it is not UTF-8");
        assert_eq!(format!("{error:#}"), "is not UTF-8");
    }
}
