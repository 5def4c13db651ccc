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
    telnetd(Site::new(), "")
}

/// Straight into FRR's shell, as root.
pub(crate) fn vtysh(router: &frr::Router) -> Peer {
    let site = Site::new();
    let program = site.program("cli", &router.vtysh());
    telnetd(site, &format!("-E {}", program.display()))
}

fn telnetd(site: Site, arguments: &str) -> Peer {
    account::ready();
    let service = format!("/usr/sbin/telnetd telnetd -h {arguments}");
    let file = inetd_conf(&site, &service);
    // login keeps the environment that telnetd got.
    site.start(inetd(Command::new(INETD), &file).env(frr::DIRECTORY, frr::directory()))
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
