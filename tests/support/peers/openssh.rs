//! OpenSSH: its server in several tempers, its agent.

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::network::Network;
use super::server::{Peer, Processes, Site, checked};
use super::{account, frr, telnetd};

/// What it needs.
pub(crate) const NEEDS: &[&str] =
    &[SSHD, "/usr/bin/ssh-keygen", "/usr/bin/ssh-agent", "/usr/bin/ssh-add", telnetd::INETD];

const SSHD: &str = "/usr/sbin/sshd";

/// Passwords only. Nearly all of the tempers have this.
const PASSWORDS: &str = "PasswordAuthentication yes\nPubkeyAuthentication no\nMaxStartups 200\n";

/// Passwords, and a banner full of traps.
pub(crate) fn password() -> Peer {
    let site = Site::new();
    let banner = site.write("banner", "*** authorised access only ***\n  core-1# show > password: \n");
    sshd(site, &format!("{PASSWORDS}Banner {}\n", banner.display()))
}

/// The same, to be reached from inside `network` only.
pub(crate) fn password_within(network: &Network) -> Peer {
    let site = Site::new();
    let file = sshd_config(&site, PASSWORDS);
    site.start(&mut foreground(network.command(SSHD), &file))
}

/// Keyboard-interactive only: PAM asks the questions.
pub(crate) fn questions() -> Peer {
    sshd(
        Site::new(),
        "KbdInteractiveAuthentication yes\nPasswordAuthentication no\nAuthenticationMethods keyboard-interactive\n",
    )
}

/// Public keys only.
pub(crate) fn keys_only() -> Peer {
    sshd(Site::new(), "PasswordAuthentication no\nAuthenticationMethods publickey\n")
}

/// One old key exchange and one old cipher, and everything else old as well.
pub(crate) fn legacy(key_exchange: &str, cipher: &str) -> Peer {
    let old = format!(
        "KexAlgorithms {key_exchange}\nCiphers {cipher}\nMACs hmac-sha1\nHostKeyAlgorithms ssh-rsa\n\
         PubkeyAcceptedAlgorithms ssh-rsa\nPasswordAuthentication yes\n"
    );
    sshd(Site::new(), &old)
}

/// Turns away most of those who come at once, and lets nobody try often.
pub(crate) fn throttled() -> Peer {
    sshd(Site::new(), "PasswordAuthentication yes\nMaxStartups 2:50:5\nMaxAuthTries 2\nLoginGraceTime 60\n")
}

/// Changes its keys after every 64 KiB.
pub(crate) fn restless() -> Peer {
    sshd(Site::new(), &format!("{PASSWORDS}RekeyLimit 64K none\nLogLevel DEBUG1\n"))
}

/// Gives no terminal.
pub(crate) fn no_terminal() -> Peer {
    sshd(Site::new(), &format!("{PASSWORDS}PermitTTY no\n"))
}

/// Every session is FRR's shell.
pub(crate) fn vtysh(router: &frr::Router) -> Peer {
    sshd(Site::new(), &format!("{PASSWORDS}ForceCommand {}\n", router.vtysh()))
}

/// Every session is FRR's shell, which shows what it has to say through `more`.
pub(crate) fn vtysh_with_a_pager(router: &frr::Router) -> Peer {
    let command = format!("env VTYSH_PAGER=/usr/bin/more {}", router.vtysh());
    sshd(Site::new(), &format!("{PASSWORDS}ForceCommand {command}\n"))
}

/// Every session is FRR's shell, on a pipe.
pub(crate) fn vtysh_without_a_terminal(router: &frr::Router) -> Peer {
    sshd(Site::new(), &format!("{PASSWORDS}PermitTTY no\nForceCommand {}\n", router.vtysh()))
}

/// A jump host: it stands between `outside`, the machine's own network where that is `None`, and
/// `inside`, and does nothing but forward.
///
/// inetd listens outside and starts a server inside for each connection.
pub(crate) fn jump(outside: Option<&Network>, inside: &Network) -> Peer {
    let site = Site::new();
    let config =
        sshd_config(&site, &format!("{PASSWORDS}AllowTcpForwarding yes\nPermitTTY no\nForceCommand false\n"));
    let log = site.path("log");
    let server = format!("{} {SSHD} -i -f {} -E {}", inside.words(), config.display(), log.display());
    let file = telnetd::inetd_conf(&site, &server);
    let inetd = match outside {
        Some(network) => network.command(telnetd::INETD),
        None => Command::new(telnetd::INETD),
    };
    site.start(&mut telnetd::inetd(inetd, &file))
}

/// How many passwords `peer` has refused.
pub(crate) fn rejections(peer: &Peer) -> usize {
    peer.log().lines().filter(|line| line.contains("Failed password")).count()
}

/// How many logins `peer` has granted.
pub(crate) fn logins(peer: &Peer) -> usize {
    peer.log().lines().filter(|line| line.contains("Accepted ")).count()
}

/// How often new keys were taken into use: once a connection, and whenever they were changed.
pub(crate) fn new_keys(peer: &Peer) -> usize {
    peer.log().lines().filter(|line| line.contains("SSH2_MSG_NEWKEYS received")).count()
}

fn sshd(site: Site, temper: &str) -> Peer {
    let file = sshd_config(&site, temper);
    site.start(&mut foreground(Command::new(SSHD), &file))
}

fn foreground(mut command: Command, file: &Path) -> Command {
    command.args(["-D", "-e", "-f"]).arg(file);
    command
}

/// Of what is said twice, the first counts.
fn sshd_config(site: &Site, temper: &str) -> PathBuf {
    account::ready();
    std::fs::create_dir_all("/run/sshd").expect("sshd's own directory");
    let mut config = format!(
        "{temper}ListenAddress 127.0.0.1\nPort {}\nPidFile none\nUsePAM yes\nPrintMotd no\n\
         KbdInteractiveAuthentication no\nSetEnv PATH={}:/usr/bin:/bin {}={}\n",
        site.port(),
        account::programs().display(),
        frr::DIRECTORY,
        frr::directory().display()
    );
    // An RSA key takes long to make; where one is needed, it is the only one.
    let kind: &[&str] =
        if temper.contains("ssh-rsa") { &["-t", "rsa", "-b", "2048"] } else { &["-t", "ed25519"] };
    let key = site.path("host_key");
    account::make_key(&key, &[kind, &["-N", ""]].concat());
    config += &format!("HostKey {}\n", key.display());
    site.write("sshd_config", &config)
}

/// An agent; it ends when this is dropped.
pub(crate) struct Agent {
    _process: Processes,
    directory: TempDir,
}

impl Agent {
    /// With these private keys, which it offers in this order.
    pub(crate) fn with(keys: &[PathBuf]) -> Self {
        let directory = TempDir::new().expect("a temporary directory");
        let (log, socket) = (directory.path().join("log"), directory.path().join("socket"));
        let mut process = Processes::none();
        process.start(Command::new("ssh-agent").args(["-D", "-a"]).arg(&socket), &log);
        process.wait_until("the agent does not listen", &log, |_| UnixStream::connect(&socket).is_ok());
        for key in keys {
            checked(Command::new("ssh-add").arg("-q").arg(key).env("SSH_AUTH_SOCK", &socket));
        }
        Self { _process: process, directory }
    }

    /// What SSH_AUTH_SOCK has to be.
    pub(crate) fn socket(&self) -> PathBuf {
        self.directory.path().join("socket")
    }
}
