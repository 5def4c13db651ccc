//! Everything here succeeds outside, or fails with another error.

use std::fmt::Debug;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::{SocketAddr as UnixAddr, UnixListener};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::{env, process};

use nix::sys::ptrace;
use rustix::fs::{Mode, OFlags, ResolveFlags, openat2};
use rustix::process::{
    DumpableBehavior, Pid, PidfdFlags, Resource, dumpable_behavior, getrlimit, pidfd_open, test_kill_process,
};
use socket2::{Domain, Socket, Type};
use tempfile::TempDir;

use crate::shut_in;

#[track_caller]
fn denied<T: Debug>(what: &str, result: io::Result<T>) {
    let error = result.expect_err(what);
    assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{what}: {error}");
}

/// A directory with a file and what is in it.
fn directory() -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    fs::write(directory.path().join("file"), "left alone").expect("written");
    directory
}

#[test]
fn files_are_not_read() {
    let directory = directory();
    let (folder, file) = (directory.path(), directory.path().join("file"));
    let ourselves = env::current_exe().expect("our path");
    let read = |path: &Path| File::open(path);
    for path in [folder, &file, &ourselves, Path::new("/etc/passwd"), Path::new("/proc/self/environ")] {
        read(path).expect("outside it can be read");
        shut_in(|| denied(&path.display().to_string(), read(path)));
    }
    shut_in(|| {
        denied("list a directory", fs::read_dir(folder));
        denied("list what may be read", fs::read_dir("/usr/lib"));
        let opened = openat2(rustix::fs::CWD, &file, OFlags::RDONLY, Mode::empty(), ResolveFlags::empty());
        assert_eq!(opened.expect_err("as on an older kernel"), rustix::io::Errno::NOSYS);
    });
}

#[test]
fn files_are_not_changed() {
    let directory = directory();
    let (folder, file) = (directory.path(), &directory.path().join("file"));
    let new = &folder.join("new");
    shut_in(|| {
        denied("create", File::create(new));
        denied("create a directory", fs::create_dir(new));
        denied("link", fs::hard_link(file, new));
        denied("link by name", symlink(file, new));
        denied("append", OpenOptions::new().append(true).open(file));
        denied("truncate", File::create(file));
        denied("rename", fs::rename(file, new));
        denied("remove", fs::remove_file(file));
        denied("remove the directory", fs::remove_dir_all(folder));
        denied("change the mode", fs::set_permissions(file, Permissions::from_mode(0o777)));
        denied("write what may be read", OpenOptions::new().append(true).open("/etc/hosts"));
    });
    assert_eq!(fs::read_to_string(file).expect("still there"), "left alone");
    assert_eq!(fs::read_dir(folder).expect("a directory").count(), 1);
}

#[test]
fn no_program_is_started() {
    Command::new("/bin/true").status().expect("outside it starts");
    shut_in(|| {
        denied("spawn", Command::new("/bin/true").spawn());
        // Outside there would be no such file.
        denied("exec", Err::<(), _>(Command::new("/nonexistent/program").exec()));
    });
}

#[test]
fn nobody_is_listened_to() {
    let directory = directory();
    let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let before = TcpListener::bind(anywhere).expect("outside it listens");
    before.set_nonblocking(true).expect("set");
    assert_eq!(before.accept().expect_err("nobody calls").kind(), ErrorKind::WouldBlock);
    shut_in(|| {
        denied("bind and listen", TcpListener::bind(anywhere));
        denied("bind", Socket::new(Domain::IPV4, Type::STREAM, None)?.bind(&anywhere.into()));
        // Without a port of its own a socket that listens is given one.
        denied("listen", Socket::new(Domain::IPV4, Type::STREAM, None)?.listen(1));
        denied("accept", before.accept());
        denied("listen at a path", UnixListener::bind(directory.path().join("socket")));
        let name = UnixAddr::from_abstract_name(format!("netsweep-test-{}", process::id()))?;
        denied("listen at a name", UnixListener::bind_addr(&name));
        io::Result::Ok(())
    })
    .expect("sockets are to be had");
}

#[test]
fn unusual_sockets_are_not_to_be_had() {
    shut_in(|| denied("of virtual machines", Socket::new(Domain::VSOCK, Type::STREAM, None)));
}

#[test]
fn other_processes_are_out_of_reach() {
    let mut other = Command::new("/bin/sleep").arg("600").spawn().expect("outside it starts");
    let pid = Pid::from_child(&other);
    test_kill_process(pid).expect("outside it could be signalled");
    shut_in(|| {
        denied("signal", test_kill_process(pid).map_err(io::Error::from));
        denied("watch", pidfd_open(pid, PidfdFlags::empty()).map_err(io::Error::from));
        denied("be traced", ptrace::traceme().map_err(io::Error::from));
        test_kill_process(rustix::process::getpid()).expect("only ourselves");
    });
    other.kill().and_then(|()| other.wait().map(drop)).expect("ended");
}

/// Whoever is let in later is shut in as well.
#[test]
fn threads_inherit_it() {
    shut_in(|| {
        let inner = std::thread::spawn(|| {
            denied("read", File::open("/etc/passwd"));
            denied("spawn", Command::new("/bin/true").spawn());
        });
        inner.join().expect("all denied");
    });
}

#[test]
fn nothing_is_dumped() {
    shut_in(|| {});
    // Of the whole process.
    let core = getrlimit(Resource::Core);
    assert_eq!((core.current, core.maximum), (Some(0), Some(0)));
    assert_eq!(dumpable_behavior(), Ok(DumpableBehavior::NotDumpable));
}
