//! dropbear, the SSH server of small systems. It lets five connections of one address at a time
//! be without a login.

use std::process::Command;

use super::server::{Peer, Site, checked};
use super::{account, frr};

/// What it needs.
pub(crate) const NEEDS: &[&str] = &["/usr/sbin/dropbear", "/usr/bin/dropbearkey"];

/// Passwords and keys.
pub(crate) fn password() -> Peer {
    let site = Site::new();
    let banner = site.write("banner", "*** authorised access only ***\ncore-2# password: \n");
    dropbear(site, &["-b", &banner.display().to_string()])
}

/// Keys only.
pub(crate) fn keys_only() -> Peer {
    dropbear(Site::new(), &["-s"])
}

/// Every session is FRR's shell.
pub(crate) fn vtysh(router: &frr::Router) -> Peer {
    dropbear(Site::new(), &["-c", &router.vtysh()])
}

fn dropbear(site: Site, arguments: &[&str]) -> Peer {
    account::ready();
    let key = site.path("host_key");
    checked(Command::new("dropbearkey").args(["-t", "ed25519", "-f"]).arg(&key));
    let mut command = Command::new("/usr/sbin/dropbear");
    // In the foreground, complaining to stderr, and no logins of root.
    command.args(["-F", "-E", "-w", "-p", &format!("127.0.0.1:{}", site.port()), "-r"]).arg(key);
    command.arg("-P").arg(site.path("pid")).args(arguments);
    // Its sessions have the environment that it has itself.
    command.arg("-e").env_clear().env("PATH", "/usr/bin:/bin").env(frr::DIRECTORY, frr::directory());
    site.start(&mut command)
}
