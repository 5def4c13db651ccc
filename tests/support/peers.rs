//! Real servers on loopback, each started for one test run and ended with it.
//!
//! They need root, Debian's packages and a system account, so they run only where the
//! environment variable `NETSWEEP_PEERS` says so: `1` starts those that are installed and shows
//! the others' tests as ignored; `require` makes a missing one a failure.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The account that the peers let in.
pub(crate) const USER: &str = "netsweep-peer";
/// Its password.
pub(crate) const PASSWORD: &str = "Peer-Pw1";

/// Whether peers are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Every peer's test is shown as ignored.
    No,
    /// A peer that is not installed has its test ignored.
    IfInstalled,
    /// A peer that is not installed has its test fail.
    Required,
}

impl Wanted {
    /// What `NETSWEEP_PEERS` says.
    pub(crate) fn from_environment() -> Self {
        match std::env::var("NETSWEEP_PEERS").as_deref() {
            Ok("require") => Self::Required,
            Ok("1") => Self::IfInstalled,
            _ => Self::No,
        }
    }
}

/// A real server; it ends when this is dropped.
pub(crate) struct Peer {
    child: Child,
    /// Where it listens, on 127.0.0.1.
    pub(crate) port: u16,
    _directory: TempDir,
}

impl Drop for Peer {
    fn drop(&mut self) {
        // Its whole group: the server and what it started for its sessions.
        if let Some(group) = rustix::process::Pid::from_raw(self.child.id().cast_signed()) {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        let _ = self.child.wait();
    }
}

/// The executables that each peer needs.
pub(crate) const OPENSSH: [&str; 2] = ["/usr/sbin/sshd", "/usr/bin/ssh-keygen"];
/// GNU inetutils' telnetd under its inetd.
pub(crate) const TELNETD: [&str; 2] = ["/usr/sbin/telnetd", "/usr/sbin/inetutils-inetd"];

/// Whether all of `executables` are installed.
pub(crate) fn installed(executables: &[&str]) -> bool {
    executables.iter().all(|path| Path::new(path).exists())
}

/// OpenSSH's server, with password authentication and a banner full of traps.
pub(crate) fn openssh() -> Peer {
    account();
    let directory = private_directory();
    let key = directory.path().join("host_key");
    checked(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key));
    let banner = directory.path().join("banner");
    fs::write(&banner, "*** authorised access only ***\n  core-1# show > password: \n").expect("written");
    fs::create_dir_all("/run/sshd").expect("sshd's own directory");
    let port = free_port();
    let config = format!(
        "ListenAddress 127.0.0.1\nPort {port}\nHostKey {}\nPidFile none\nUsePAM yes\nPasswordAuthentication yes\n\
         KbdInteractiveAuthentication no\nPrintMotd no\nMaxStartups 200\nBanner {}\n",
        key.display(),
        banner.display()
    );
    let file = write(&directory, "sshd_config", &config);
    start(Command::new("/usr/sbin/sshd").args(["-D", "-e", "-f"]).arg(file), port, directory)
}

/// GNU inetutils' telnetd with the system's login.
pub(crate) fn telnetd() -> Peer {
    account();
    let directory = private_directory();
    let port = free_port();
    let config = format!("127.0.0.1:{port} stream tcp4 nowait root /usr/sbin/telnetd telnetd -h\n");
    let file = write(&directory, "inetd.conf", &config);
    // -d keeps it in the foreground.
    start(Command::new("/usr/sbin/inetutils-inetd").args(["-d", "-R", "1000"]).arg(file), port, directory)
}

/// The account, with its password and a shell.
fn account() {
    let known =
        Command::new("id").arg(USER).stdout(Stdio::null()).stderr(Stdio::null()).status().expect("id runs");
    if !known.success() {
        checked(Command::new("useradd").args(["--create-home", "--shell", "/bin/bash", USER]));
    }
    let mut chpasswd = Command::new("chpasswd").stdin(Stdio::piped()).spawn().expect("chpasswd starts");
    let mut stdin = chpasswd.stdin.take().expect("a pipe");
    std::io::Write::write_all(&mut stdin, format!("{USER}:{PASSWORD}\n").as_bytes()).expect("written");
    drop(stdin);
    assert!(chpasswd.wait().expect("chpasswd ends").success(), "chpasswd failed: the peers need root");
}

fn start(command: &mut Command, port: u16, directory: TempDir) -> Peer {
    let log = fs::File::create(directory.path().join("log")).expect("a log");
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .process_group(0)
        .spawn()
        .expect("it starts");
    let mut peer = Peer { child, port, _directory: directory };
    let deadline = Instant::now() + Duration::from_secs(20);
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        assert!(peer.child.try_wait().expect("its state").is_none(), "it ended: {}", peer.log());
        assert!(Instant::now() < deadline, "port {port} does not open: {}", peer.log());
        sleep(Duration::from_millis(20));
    }
    peer
}

impl Peer {
    fn log(&self) -> String {
        fs::read_to_string(self._directory.path().join("log")).unwrap_or_default()
    }
}

/// sshd asks that nobody else can write where its keys lie.
fn private_directory() -> TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory");
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).expect("set");
    directory
}

fn write(directory: &TempDir, name: &str, text: &str) -> PathBuf {
    let path = directory.path().join(name);
    fs::write(&path, text).expect("written");
    path
}

fn checked(command: &mut Command) {
    let output = command.output().expect("it starts");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A port that was free a moment ago; the servers cannot be given a listening socket.
fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("its address").port()
}
