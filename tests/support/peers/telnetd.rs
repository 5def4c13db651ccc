//! GNU inetutils' telnetd under its inetd.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::server::{Peer, Site};
use super::{account, frr};

/// What it needs.
pub(crate) const NEEDS: &[&str] = &["/usr/sbin/telnetd", INETD];

pub(super) const INETD: &str = "/usr/sbin/inetutils-inetd";

/// With the system's login.
pub(crate) fn login() -> Peer {
    // telnetd hands on nothing of its own environment, login with -p all of it.
    telnetd(&format!("env {}={} /bin/login -p", frr::DIRECTORY, frr::directory().display()))
}

/// Straight into FRR's shell, as root.
pub(crate) fn vtysh(router: &frr::Router) -> Peer {
    telnetd(&router.vtysh())
}

/// With this in login's place.
fn telnetd(command: &str) -> Peer {
    account::ready();
    let site = Site::new();
    let program = site.program("program", command);
    let service = format!("/usr/sbin/telnetd telnetd -h -E {}", program.display());
    let file = inetd_conf(&site, &service);
    site.start(&mut inetd(Command::new(INETD), &file))
}

/// Has inetd serve `program`, which is named with its path and then as it is called.
pub(super) fn inetd_conf(site: &Site, program: &str) -> PathBuf {
    site.write("inetd.conf", &format!("127.0.0.1:{} stream tcp4 nowait root {program}\n", site.port()))
}

/// In the foreground, for as many connections a minute as come.
pub(super) fn inetd(mut command: Command, file: &Path) -> Command {
    command.args(["-d", "-R", "10000"]).arg(file);
    command
}
