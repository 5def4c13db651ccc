//! The files as a whole.

use std::collections::HashMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use netsweep_shared::host_key::HostKeyCheck;

use super::line::{self, Key, Line, Parsed, fingerprint};
use super::pattern::{self, Hosts};

/// Read as well, and never written: what the machine's administrator knows.
const SYSTEM_WIDE: &str = "/etc/ssh/ssh_known_hosts";

/// What to do about a server of which nothing is known. A key that contradicts what is known is
/// refused by either.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, serde::Serialize, serde::Deserialize,
)]
pub enum Policy {
    /// Refuse it
    Strict,
    /// Take its key and remember it
    #[default]
    AcceptNew,
    /// Check no keys at all
    Off,
}

/// What became of a key of which nothing was known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Learned {
    /// It is known from now on.
    New {
        /// The server's name in the file.
        name: String,
    },
    /// Another session has told the same.
    Known,
    /// Another session was shown another key a moment ago: one of them talks to somebody else.
    Other {
        /// The server's name in the file.
        name: String,
        /// Of both keys, the one that was taken first.
        fingerprints: [String; 2],
    },
}

/// Everything that is known of SSH servers.
#[derive(Debug)]
pub struct HostKeys {
    policy: Policy,
    /// Where new keys go; none where there is no home directory.
    file: Option<PathBuf>,
    /// What workers are told of where they stand.
    place_of_new: Arc<str>,
    /// Whether names are written as hashes, as the file has them.
    hashes: bool,
    by_name: HashMap<String, Vec<Arc<Key>>>,
    /// Lines that have to be asked one by one.
    others: Vec<Line>,
    /// Keys that were added.
    added: usize,
    /// What a person should know, though it is no error.
    notices: Vec<String>,
    /// The last error of a file that could not be written has been told.
    cannot_write: bool,
}

impl HostKeys {
    /// Nothing is known and nothing is checked.
    pub fn off() -> Self {
        Self {
            policy: Policy::Off,
            file: None,
            place_of_new: "this run".into(),
            hashes: false,
            by_name: HashMap::new(),
            others: vec![],
            added: 0,
            notices: vec![],
            cannot_write: false,
        }
    }

    /// Reads what is known: from `file`, by default the user's `~/.ssh/known_hosts`, and from the
    /// machine's own.
    ///
    /// # Errors
    /// When a file is there and cannot be read, or where a file was named that cannot be written to
    /// although new keys are to be remembered: found out now, and not when they are accepted.
    pub fn load(policy: Policy, file: Option<&Path>) -> Result<Self> {
        let mut keys = Self { policy, ..Self::off() };
        if policy == Policy::Off {
            return Ok(keys);
        }
        let users = || Some(std::env::home_dir()?.join(".ssh/known_hosts"));
        keys.file = file.map(Path::to_owned).or_else(users);
        if let Some(file) = &keys.file {
            keys.place_of_new = file.display().to_string().into();
        }
        for path in keys.file.clone().into_iter().chain([PathBuf::from(SYSTEM_WIDE)]) {
            match fs::read(&path) {
                Ok(bytes) => keys.read(&String::from_utf8_lossy(&bytes), &path),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => {
                    return Err(error)
                        .with_context(|| format!("cannot read the known host keys in {}", path.display()));
                }
            }
        }
        keys.hashes = keys.others.iter().any(|line| matches!(line.hosts, Hosts::Hashed { .. }));
        if policy == Policy::AcceptNew
            && let Some(file) = &keys.file
        {
            open(file).with_context(|| {
                format!(
                    "cannot remember host keys in {}: use --known-hosts FILE or --host-keys strict",
                    file.display()
                )
            })?;
        }
        Ok(keys)
    }

    /// What a person should know of the files, though it is no error.
    pub fn notices(&self) -> &[String] {
        &self.notices
    }

    /// Keys that were added to the file.
    pub fn added(&self) -> usize {
        self.added
    }

    /// Where they were added.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    fn read(&mut self, text: &str, path: &Path) {
        let mut malformed: Option<(usize, usize)> = None;
        for (number, text) in text.lines().enumerate() {
            match line::parse(text, || format!("{}:{}", path.display(), number + 1)) {
                Parsed::Key(Line { hosts: Hosts::Names(names), key }) => {
                    for name in names {
                        self.by_name.entry(name).or_default().push(Arc::clone(&key));
                    }
                }
                Parsed::Key(line) => self.others.push(line),
                Parsed::Nothing => {}
                Parsed::Malformed => {
                    let (first, count) = malformed.unwrap_or((number + 1, 0));
                    malformed = Some((first, count + 1));
                }
            }
        }
        if let Some((first, count)) = malformed {
            let more = if count > 1 { format!(" and {} more lines", count - 1) } else { String::new() };
            self.notices.push(format!("{}:{first}{more}: cannot be read and is passed over", path.display()));
        }
    }

    /// What a worker is to go by when it connects to `port` of `host`.
    pub fn check(&self, host: &str, port: u16) -> HostKeyCheck {
        if self.policy == Policy::Off {
            return HostKeyCheck::Off;
        }
        let known = self.known(&name(host, port)).map(|key| key.told()).collect();
        match self.policy {
            Policy::AcceptNew => HostKeyCheck::AcceptNew { known },
            _ => HostKeyCheck::Strict { known },
        }
    }

    fn known<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Arc<Key>> {
        let by_name = self.by_name.get(name).into_iter().flatten();
        by_name.chain(self.others.iter().filter(|line| line.hosts.has(name)).map(|line| &line.key))
    }

    /// Takes note of a key that a worker has taken for `host` and `port`, and adds it to the file.
    ///
    /// # Errors
    /// When it cannot be added, once; it is known for this run all the same. Also where the policy
    /// takes no new keys, or it is no key: then whoever told of it is not to be believed.
    pub fn learn(&mut self, host: &str, port: u16, blob: &[u8]) -> Result<Learned> {
        let name = name(host, port);
        line::algorithm(blob).context("it is no public key")?;
        anyhow::ensure!(self.policy == Policy::AcceptNew, "no new host keys are taken");
        let known = self.known(&name).find(|key| !key.revoked);
        if let Some(known) = known {
            if known.blob == blob {
                return Ok(Learned::Known);
            }
            let fingerprints = [fingerprint(&known.blob), fingerprint(blob)];
            return Ok(Learned::Other { name, fingerprints });
        }
        let key = Key { blob: blob.to_vec(), place: Arc::clone(&self.place_of_new), revoked: false };
        self.by_name.entry(name.clone()).or_default().push(Arc::new(key));
        if let Some(file) = self.file.as_ref().filter(|_| !self.cannot_write) {
            match append(file, &name, blob, self.hashes) {
                Ok(()) => self.added += 1,
                Err(error) => {
                    self.cannot_write = true;
                    let what = format!("new host keys cannot be added to {}", file.display());
                    return Err(error).context(what);
                }
            }
        }
        Ok(Learned::New { name })
    }
}

/// By which name OpenSSH's files know a server.
fn name(host: &str, port: u16) -> String {
    let host = host.trim_start_matches('[').trim_end_matches(']').to_lowercase();
    if port == 22 { host } else { ["[", &host, "]:", &port.to_string()].concat() }
}

/// Opens the file for adding to it; made where it is not there, for its owner alone.
fn open(file: &Path) -> io::Result<File> {
    let open = || OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(file);
    match open() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let folder = file.parent().unwrap_or(Path::new(""));
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
            open()
        }
        opened => opened,
    }
}

/// In one write, so that lines of others who do the same stay whole.
fn append(file: &Path, name: &str, blob: &[u8], hash: bool) -> io::Result<()> {
    let mut file = open(file)?;
    let mut text = String::new();
    if ends_within_a_line(&mut file)? {
        text.push('\n');
    }
    let salted = if hash { pattern::hashed(name, &rand::random()) } else { None };
    text += &line::write(salted.as_deref().unwrap_or(name), blob).ok_or(ErrorKind::InvalidData)?;
    file.write_all(text.as_bytes())
}

fn ends_within_a_line(file: &mut File) -> io::Result<bool> {
    let mut last = [b'\n'];
    if file.seek(SeekFrom::End(0))? > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    Ok(last != [b'\n'])
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use base64ct::{Base64, Encoding};

    use super::*;

    fn blob(number: u8) -> Vec<u8> {
        let mut blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20".to_vec();
        blob.extend([number; 32]);
        blob
    }

    fn entry(hosts: &str, number: u8) -> String {
        format!("{hosts} ssh-ed25519 {}\n", Base64::encode_string(&blob(number)))
    }

    fn known(check: &HostKeyCheck) -> Vec<(u8, &str, bool)> {
        let (HostKeyCheck::Strict { known } | HostKeyCheck::AcceptNew { known }) = check else {
            panic!("off")
        };
        known
            .iter()
            .map(|key| (key.blob[30], key.place.rsplit('/').next().expect("a name"), key.revoked))
            .collect()
    }

    #[test]
    fn what_is_known_is_found_by_every_kind_of_name() {
        let folder = tempfile::tempdir().expect("a directory");
        let file = folder.path().join("known_hosts");
        let hashed = pattern::hashed("core-2", &[3; 20]).expect("hashes");
        let text = [
            entry("core-1,192.0.2.1", 1),
            entry(&hashed, 2),
            entry("[core-1]:2222", 3),
            "garbage\n".into(),
            entry("*.example.net", 4),
            format!("@revoked {}", entry("*", 9)),
        ];
        fs::write(&file, text.concat()).expect("written");
        let keys = HostKeys::load(Policy::Strict, Some(&file)).expect("loads");
        assert_eq!(
            known(&keys.check("CORE-1", 22)),
            [(1, "known_hosts:1", false), (9, "known_hosts:6", true)]
        );
        assert_eq!(known(&keys.check("192.0.2.1", 22))[0].0, 1);
        assert_eq!(known(&keys.check("core-2", 22))[0].0, 2);
        assert_eq!(known(&keys.check("core-1", 2222))[0].0, 3);
        assert_eq!(known(&keys.check("a.example.net", 22))[0].0, 4);
        assert_eq!(known(&keys.check("core-9", 22)), [(9, "known_hosts:6", true)]);
        assert!(
            keys.notices()[0].ends_with("known_hosts:4: cannot be read and is passed over"),
            "{:?}",
            keys.notices()
        );
    }

    #[test]
    fn a_new_key_is_remembered_and_another_one_then_is_not() {
        let folder = tempfile::tempdir().expect("a directory");
        let file = folder.path().join("new/known_hosts");
        let mut keys = HostKeys::load(Policy::AcceptNew, Some(&file)).expect("loads");
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!((mode(file.parent().expect("a folder")), mode(&file)), (0o700, 0o600));
        assert!(
            matches!(keys.learn("192.0.2.1", 2222, &blob(1)), Ok(Learned::New { name, .. }) if name == "[192.0.2.1]:2222")
        );
        assert!(matches!(keys.learn("192.0.2.1", 2222, &blob(1)), Ok(Learned::Known)));
        assert!(matches!(keys.learn("192.0.2.1", 2222, &blob(2)), Ok(Learned::Other { .. })));
        assert_eq!(fs::read_to_string(&file).expect("read"), entry("[192.0.2.1]:2222", 1));
        assert_eq!(known(&keys.check("192.0.2.1", 2222))[0].0, 1);
        assert_eq!(keys.added(), 1);
        assert!(keys.learn("192.0.2.9", 22, b"nonsense").is_err());
    }

    #[test]
    fn names_are_hashed_where_the_file_has_hashes_and_lines_stay_whole() {
        let folder = tempfile::tempdir().expect("a directory");
        let file = folder.path().join("known_hosts");
        let old = entry(&pattern::hashed("core-1", &[3; 20]).expect("hashes"), 1);
        fs::write(&file, old.trim_end()).expect("written");
        let mut keys = HostKeys::load(Policy::AcceptNew, Some(&file)).expect("loads");
        keys.learn("core-2", 22, &blob(2)).expect("learns");
        let text = fs::read_to_string(&file).expect("read");
        assert!(text.starts_with(&old) && !text.contains("core-2"), "{text}");
        let again = HostKeys::load(Policy::Strict, Some(&file)).expect("loads");
        assert_eq!(known(&again.check("core-2", 22))[0].0, 2);
    }

    #[test]
    fn a_file_that_cannot_be_written_is_told_before_anything_is_accepted() {
        let folder = tempfile::tempdir().expect("a directory");
        let error = HostKeys::load(Policy::AcceptNew, Some(folder.path())).expect_err("a directory");
        assert!(format!("{error:#}").contains("known host keys"), "{error:#}");
        fs::write(folder.path().join("file"), "").expect("written");
        let error = HostKeys::load(Policy::AcceptNew, Some(&folder.path().join("file/known_hosts")))
            .expect_err("no folder");
        assert!(format!("{error:#}").contains("known"), "{error:#}");
    }
}
