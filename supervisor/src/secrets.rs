//! Where secrets are, and reading them: once each, before anything is started.

use std::collections::HashMap;
use std::fs;
use std::io::{IsTerminal, stdin};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use netsweep_shared::login::Login;
use netsweep_shared::secret::Secret;

use crate::inventory::Device;

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

/// Reads the logins of `devices`, in their order; devices with the same credential share one.
///
/// # Errors
/// All secrets that cannot be read, with the devices that need them.
pub fn read_logins(devices: &[Device], inventory: &Path) -> Result<Vec<Arc<Login>>> {
    let mut reader = Reader { folder: inventory.parent().unwrap_or(Path::new("")), read: HashMap::new() };
    let mut logins: HashMap<_, Arc<Login>> = HashMap::new();
    let mut all = Vec::with_capacity(devices.len());
    for device in devices {
        let password = reader.read(device.password.as_ref(), "password", device);
        let enable_password = reader.read(device.enable_password.as_ref(), "enable_password", device);
        let key = (Arc::clone(&device.username), place(&device.password), place(&device.enable_password));
        let login = logins.entry(key).or_insert_with(|| {
            Arc::new(Login {
                username: device.username.to_string(),
                key: None,
                agent: None,
                password,
                enable_password,
            })
        });
        all.push(Arc::clone(login));
    }
    reader.told()?;
    Ok(all)
}

/// Secrets are told apart by where the inventory names them.
fn place(source: &Option<Arc<SecretSource>>) -> Option<usize> {
    source.as_ref().map(|source| Arc::as_ptr(source).addr())
}

struct Reader<'a> {
    folder: &'a Path,
    read: HashMap<usize, Outcome>,
}

enum Outcome {
    Read(Secret),
    Unreadable { why: anyhow::Error, key: &'static str, first: Arc<str>, devices: usize },
}

impl Reader<'_> {
    fn read(
        &mut self,
        source: Option<&Arc<SecretSource>>,
        key: &'static str,
        device: &Device,
    ) -> Option<Secret> {
        let source = source?;
        let outcome = self.read.entry(Arc::as_ptr(source).addr()).or_insert_with(|| {
            match source.read(self.folder, key) {
                Ok(secret) => Outcome::Read(secret),
                Err(why) => Outcome::Unreadable { why, key, first: Arc::clone(&device.name), devices: 0 },
            }
        });
        match outcome {
            Outcome::Read(secret) => Some(secret.clone()),
            Outcome::Unreadable { devices, .. } => {
                *devices += 1;
                None
            }
        }
    }

    fn told(self) -> Result<()> {
        let mut lines: Vec<String> = self
            .read
            .into_values()
            .filter_map(|outcome| match outcome {
                Outcome::Read(_) => None,
                Outcome::Unreadable { why, key, first, devices: 1 } => {
                    Some(format!("{key} of device {first:?}: {why:#}"))
                }
                Outcome::Unreadable { why, key, first, devices } => {
                    Some(format!("{key} of device {first:?} and {} more: {why:#}", devices - 1))
                }
            })
            .collect();
        lines.sort();
        ensure!(lines.is_empty(), "{}", lines.join("\n"));
        Ok(())
    }
}

impl SecretSource {
    fn read(&self, folder: &Path, key: &str) -> Result<Secret> {
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
                text(bytes).with_context(|| format!("the file {}", path.display()))
            }
            Self::Command(words) => run(words),
            Self::Prompt => ask(key),
        }
    }
}

/// What a file or a program gave, without the line end that editors and `echo` add.
fn text(bytes: Vec<u8>) -> Result<Secret> {
    // The error would hold the bytes.
    let Ok(text) = String::from_utf8(bytes) else { bail!("is not UTF-8") };
    let secret =
        text.strip_suffix('\n').map_or(text.as_str(), |text| text.strip_suffix('\r').unwrap_or(text));
    ensure!(!secret.is_empty(), "is empty");
    ensure!(!secret.contains(['\n', '\r']), "has more than one line");
    Ok(Secret::new(secret))
}

fn run(words: &[String]) -> Result<Secret> {
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
    text(output.stdout).with_context(|| format!("the output of {program}"))
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
