//! The account that the peers let in: its password, its keys and its `show`.
//!
//! It stays on the machine between runs, and several runs at once share it.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Once;

use super::frr;
use super::server::checked;

/// Its name.
pub(crate) const USER: &str = "netsweep-peer";
/// Its password.
pub(crate) const PASSWORD: &str = "Peer-Pw1";
/// Decrypts [`Key::Encrypted`].
pub(crate) const PASSPHRASE: &str = "Key-Phrase1";

/// The key pairs that it is known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// In OpenSSH's own form.
    Ed25519,
    /// In PEM, as OpenSSL writes it.
    Rsa,
    /// As the first, with a passphrase.
    Encrypted,
}

impl Key {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Ed25519, Self::Rsa, Self::Encrypted];

    /// The file with the private half.
    pub(crate) fn file(self) -> PathBuf {
        home().join(".ssh").join(self.name())
    }

    fn name(self) -> &'static str {
        match self {
            Self::Ed25519 => "ed25519",
            Self::Rsa => "rsa",
            Self::Encrypted => "encrypted",
        }
    }

    fn make(self) {
        let kind: &[&str] = match self {
            Self::Ed25519 => &["-t", "ed25519", "-N", ""],
            Self::Rsa => &["-t", "rsa", "-b", "2048", "-m", "PEM", "-N", ""],
            // Few rounds: what they cost is not what is tested.
            Self::Encrypted => &["-t", "ed25519", "-a", "4", "-N", PASSPHRASE],
        };
        make_key(&self.file(), kind);
    }
}

/// Makes a key pair that nobody knows, in these two files: `file` and `file.pub`.
pub(crate) fn make_key(file: &Path, kind: &[&str]) {
    checked(Command::new("ssh-keygen").args(["-q", "-C", "netsweep-peer", "-f"]).arg(file).args(kind));
}

/// Its home directory.
pub(crate) fn home() -> PathBuf {
    Path::new("/home").join(USER)
}

/// Where its own programs are.
pub(super) fn programs() -> PathBuf {
    home().join("bin")
}

/// Sees to it that the account is there, and all that this file says of it.
pub(super) fn ready() {
    static READY: Once = Once::new();
    READY.call_once(|| {
        let lock = File::create("/run/netsweep-peer.lock").expect("a lock: the peers need root");
        lock.lock().expect("locked");
        make();
    });
}

fn make() {
    if !succeeds("id", &["-u", USER]) {
        checked(Command::new("useradd").args(["--create-home", "--shell", "/bin/bash", USER]));
    }
    // Only its members may talk to FRR's daemons.
    if succeeds("getent", &["group", frr::GROUP]) {
        checked(Command::new("usermod").args(["--append", "--groups", frr::GROUP, USER]));
    }
    let mut chpasswd = Command::new("chpasswd").stdin(Stdio::piped()).spawn().expect("chpasswd starts");
    let mut stdin = chpasswd.stdin.take().expect("a pipe");
    stdin.write_all(format!("{USER}:{PASSWORD}\n").as_bytes()).expect("written");
    drop(stdin);
    assert!(chpasswd.wait().expect("chpasswd ends").success(), "chpasswd failed: the peers need root");

    // The home directory may be left over from an account with another number, and sshd reads
    // keys only where nobody else can write.
    for directory in [home(), home().join(".ssh"), programs()] {
        checked(Command::new("install").args(["-d", "-m", "755", "-o", USER, "-g", USER]).arg(directory));
    }
    if Path::new("/usr/bin/ssh-keygen").exists() {
        Key::ALL.into_iter().filter(|key| !key.file().exists()).for_each(Key::make);
        let public = Key::ALL.map(|key| fs::read_to_string(key.file().with_extension("pub")).expect("a key"));
        replace(&home().join(".ssh/authorized_keys"), &public.concat(), 0o644);
    }
    replace(&home().join(".profile"), "PATH=\"$HOME/bin:$PATH\"\n", 0o644);
    let show = format!(
        "#!/bin/sh\n# What a router answers, from the one whose directory the server names.\n\
         exec vtysh --vty_socket \"${0}\" --config_dir \"${0}\" -c \"show $*\"\n",
        frr::DIRECTORY
    );
    replace(&programs().join("show"), &show, 0o755);
}

/// In one step: another run may be reading it.
fn replace(path: &Path, text: &str, mode: u32) {
    let new = path.with_extension("new");
    fs::write(&new, text).expect("written");
    fs::set_permissions(&new, fs::Permissions::from_mode(mode)).expect("set");
    fs::rename(&new, path).expect("renamed");
}

fn succeeds(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().unwrap_or_else(|error| panic!("{program}: {error}")).success()
}
