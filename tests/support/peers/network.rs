//! Networks of their own, for what only a jump host can reach.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use super::server::Processes;

/// What it needs.
pub(crate) const NEEDS: &[&str] = &["/usr/bin/unshare", "/usr/bin/nsenter", "/usr/sbin/ip"];

/// A network with a loopback interface and nothing else (network_namespaces(7)): only a process
/// that was started in it reaches the servers there.
pub(crate) struct Network {
    namespace: PathBuf,
    _holder: Processes,
}

impl Network {
    pub(crate) fn new() -> Self {
        let directory = TempDir::new().expect("a temporary directory");
        let (log, up) = (directory.path().join("log"), directory.path().join("up"));
        let mut holder = Processes::none();
        let mut command = Command::new("unshare");
        command.args(["--net", "sh", "-c", "ip link set lo up && : >\"$0\" && exec sleep infinity"]).arg(&up);
        let pid = holder.start(&mut command, &log).id();
        holder.wait_until("the network does not come up", &log, |_| fs::exists(&up).unwrap_or(false));
        Self { namespace: format!("/proc/{pid}/ns/net").into(), _holder: holder }
    }

    /// Starts `program` in it.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(NSENTER);
        command.arg(self.flag()).arg(program);
        command
    }

    /// The same as words of inetd's configuration.
    pub(super) fn words(&self) -> String {
        format!("{NSENTER} nsenter {}", self.flag())
    }

    fn flag(&self) -> String {
        format!("--net={}", self.namespace.display())
    }
}

const NSENTER: &str = "/usr/bin/nsenter";
