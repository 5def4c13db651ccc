//! Processes that end together; directories and ports for them.

use std::fs;
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, socket_with, sockopt};
use tempfile::TempDir;

/// A running server; it ends when this is dropped.
pub(crate) struct Peer {
    _processes: Processes,
    /// Where it listens, on 127.0.0.1.
    pub(crate) port: u16,
    site: Site,
}

impl Peer {
    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.site.path("log")).unwrap_or_default()
    }

    /// A file of its directory.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.site.path(name)
    }
}

/// Where a server is going to be: a directory for what it needs, and a port.
pub(super) struct Site {
    directory: TempDir,
    port: Port,
}

impl Site {
    pub(super) fn new() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        // The account has to read banners and run programs here; nobody else may write.
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).expect("set");
        Self { directory, port: Port::reserve() }
    }

    pub(super) fn port(&self) -> u16 {
        self.port.number
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(super) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).expect("written");
        path
    }

    /// A program that only runs `command`.
    pub(super) fn program(&self, name: &str, command: &str) -> PathBuf {
        let path = self.write(name, &format!("#!/bin/sh\nexec {command}\n"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("set");
        path
    }

    /// Starts the server and waits until it listens.
    pub(super) fn start(self, command: &mut Command) -> Peer {
        let log = self.path("log");
        let mut processes = Processes::none();
        processes.start(command, &log);
        processes.wait_for_port(self.port(), &log);
        Peer { _processes: processes, port: self.port(), site: self }
    }
}

/// Processes that end together: when this is dropped, or else when this process ends, whatever
/// ends it.
pub(super) struct Processes {
    /// Leads their process group and waits for the end of its stdin, which is when nobody holds
    /// the other end of the pipe any more.
    guard: Child,
    members: Vec<Child>,
}

impl Processes {
    pub(super) fn none() -> Self {
        let guard = Command::new("/bin/sh")
            .args(["-c", "read -r _; kill -KILL 0"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("a shell starts");
        Self { guard, members: vec![] }
    }

    /// Starts one that writes what it has to say to `log`.
    pub(super) fn start(&mut self, command: &mut Command, log: &Path) -> &mut Child {
        let log = fs::OpenOptions::new().create(true).append(true).open(log).expect("a log");
        let also = log.try_clone().expect("a second handle");
        self.adopt(command.stdin(Stdio::null()).stdout(also).stderr(log))
    }

    /// Starts one as `command` says.
    pub(super) fn adopt(&mut self, command: &mut Command) -> &mut Child {
        let group = self.guard.id().cast_signed();
        let child =
            command.process_group(group).spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        self.members.push(child);
        self.members.last_mut().expect("just pushed")
    }

    /// Waits until the one that was started last listens on `port`.
    pub(super) fn wait_for_port(&mut self, port: u16, log: &Path) {
        let what = format!("port {port} does not open");
        self.wait_until(&what, log, |server| listens(server, port));
    }

    /// Waits for what the one that was started last is to do, of which `done` tells by its
    /// process number.
    pub(super) fn wait_until(&mut self, what: &str, log: &Path, done: impl Fn(u32) -> bool) {
        let server = self.members.last_mut().expect("one was started");
        let said = || fs::read_to_string(log).unwrap_or_default();
        let deadline = Instant::now() + Duration::from_secs(20);
        while !done(server.id()) {
            let ended = server.try_wait().expect("its state");
            assert!(ended.is_none(), "it ended: {}", said());
            assert!(Instant::now() < deadline, "{what}: {}", said());
            sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
        for member in &mut self.members {
            let _ = member.wait();
        }
    }
}

/// Whether something listens on `port` in the network of process `pid`. To ask by connecting
/// would be noticed: some servers count connections.
fn listens(pid: u32, port: u16) -> bool {
    let Ok(table) = fs::read_to_string(format!("/proc/{pid}/net/tcp")) else { return false };
    let local = format!(":{port:04X}");
    table.lines().any(|line| {
        let mut columns = line.split_whitespace().skip(1);
        columns.next().is_some_and(|address| address.ends_with(&local)) && columns.nth(1) == Some("0A")
    })
}

/// A port of 127.0.0.1 that nobody else gets, and that refuses connections until a server is
/// started on it.
///
/// It is bound and not listened on. The servers, which cannot be given a listening socket, bind
/// it a second time: both sides say SO_REUSEADDR, which allows just that (socket(7)).
pub(crate) struct Port {
    pub(crate) number: u16,
    _bound: OwnedFd,
}

impl Port {
    pub(crate) fn reserve() -> Self {
        loop {
            let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
            let address =
                SocketAddrV4::new(Ipv4Addr::LOCALHOST, free.local_addr().expect("its address").port());
            let bound = socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::CLOEXEC, None);
            let bound = bound.expect("a socket");
            sockopt::set_socket_reuseaddr(&bound, true).expect("set");
            drop(free);
            if bind(&bound, &address).is_ok() {
                return Self { number: address.port(), _bound: bound };
            }
        }
    }
}

/// Runs `command` and fails with what it said unless it succeeds.
pub(super) fn checked(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
