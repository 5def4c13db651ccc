//! FRRouting: daemons with VTYs, and the shell `vtysh` over all of them.
//!
//! Nothing is configured that makes a route, and bgpd is told to install none, so the machine's
//! routing table stays as it is; [`Router::routes_are_untouched`] looks.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::server::{Port, Processes, checked};

/// What it needs.
pub(crate) const NEEDS: &[&str] = &[
    "/usr/bin/vtysh",
    "/usr/lib/frr/zebra",
    "/usr/lib/frr/bgpd",
    "/usr/lib/frr/ospfd",
    "/usr/lib/frr/ripd",
    "/usr/lib/frr/staticd",
];

/// Whose members may talk to the daemons.
pub(super) const GROUP: &str = "frrvty";
/// The environment variable that tells the account's `show` where the router is.
pub(super) const DIRECTORY: &str = "NETSWEEP_PEER_FRR";

/// Of every VTY.
pub(crate) const PASSWORD: &str = "Vty-Pw1";
/// To privileged mode.
pub(crate) const ENABLE: &str = "Enable-Pw1";

/// Where the router of this run is, or is going to be.
pub(super) fn directory() -> PathBuf {
    std::env::temp_dir().join(format!("netsweep-peer-frr-{}", std::process::id()))
}

static ROUTER: Mutex<Option<Arc<Router>>> = Mutex::new(None);

/// The one router of this run, started when it is first asked for.
pub(crate) fn router() -> Arc<Router> {
    let mut router = ROUTER.lock().expect("it started");
    Arc::clone(router.get_or_insert_with(|| Arc::new(Router::start())))
}

/// Ends it.
pub(crate) fn end() {
    if let Ok(mut router) = ROUTER.lock() {
        *router = None;
    }
}

/// Its daemons.
pub(crate) struct Router {
    _processes: Processes,
    _directory: Directory,
    pub(crate) daemons: Vec<Daemon>,
    /// The machine's routes before it was started.
    routes: Vec<String>,
}

/// One of them.
pub(crate) struct Daemon {
    pub(crate) name: &'static str,
    /// Whether its VTY begins in privileged mode.
    pub(crate) privileged: bool,
    port: Port,
}

impl Router {
    fn start() -> Self {
        let routes = routes();
        let directory = Directory::make();
        let mut processes = Processes::none();
        let long = |list: &str| -> String {
            let line = |n| format!("ip prefix-list {list} seq {} permit 198.18.{n}.0/24\n", 5 * n + 5);
            (0..200).map(line).collect()
        };
        let zebra = format!(
            "banner motd line *** edge-rtr-01: authorised use only # do not log in > ***\n{}",
            long("LONG")
        );
        let bgp: String = "router bgp 65001\n bgp router-id 192.0.2.1\n no bgp ebgp-requires-policy\n\
                           neighbor 127.0.9.1 remote-as 65101\n neighbor 127.0.9.1 passive\n"
            .into();
        let daemons = [
            ("zebra", zebra, false),
            ("bgpd", bgp, false),
            ("ospfd", "router ospf\n ospf router-id 192.0.2.1\n".into(), false),
            ("staticd", long("LONG-STATIC"), false),
            ("ripd", "service advanced-vty\n".into(), true),
        ];
        let daemons = daemons.map(|(name, config, privileged)| {
            let port = directory.start(&mut processes, name, &config, privileged);
            Daemon { name, privileged, port }
        });
        Self { _processes: processes, _directory: directory, daemons: daemons.into(), routes }
    }

    /// Fails where the machine's routing table is not what it was.
    pub(crate) fn routes_are_untouched(&self) {
        assert_eq!(self.routes, routes(), "FRR has changed the machine's routing table");
    }

    /// The command that opens the shell over all daemons.
    pub(crate) fn vtysh(&self) -> String {
        let directory = directory();
        format!("/usr/bin/vtysh --vty_socket {0} --config_dir {0}", directory.display())
    }

    /// What that shell answers.
    pub(crate) fn answer(&self, command: &str) -> String {
        let shell = self.vtysh();
        let mut words = shell.split(' ');
        let program = words.next().expect("a program");
        let output = Command::new(program).args(words).args(["-c", command]).output().expect("vtysh starts");
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    }
}

impl Daemon {
    /// The port of its VTY.
    pub(crate) fn port(&self) -> u16 {
        self.port.number
    }

    /// What its VTY answers to a client that says as little as it can: options are left
    /// unanswered, so there is no pager.
    pub(crate) fn answer(&self, command: &str) -> String {
        let mut vty = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port())).expect("it listens");
        vty.set_read_timeout(Some(Duration::from_secs(20))).expect("set");
        let mut say = |line: &str, until: &str| {
            vty.write_all(format!("{line}\r\n").as_bytes()).expect("written");
            read_until(&mut vty, until)
        };
        let prompt = if self.privileged { "# " } else { "> " };
        say(PASSWORD, prompt);
        if !self.privileged {
            say("enable", "Password: ");
            say(ENABLE, "# ");
        }
        let heard = say(command, "# ");
        let (_echo, rest) = heard.split_once("\r\n").expect("an echo");
        let (output, _prompt) = rest.rsplit_once("\r\n").expect("a prompt on a line of its own");
        format!("{output}\r\n").replace("\r\n", "\n")
    }
}

/// Reads until what came ends with `end` and nothing follows.
fn read_until(vty: &mut TcpStream, end: &str) -> String {
    let mut heard = vec![];
    while !heard.ends_with(end.as_bytes()) {
        let mut buffer = [0; 4096];
        let count = vty.read(&mut buffer).expect("it answers");
        assert!(count > 0, "the VTY closed: {}", String::from_utf8_lossy(&heard));
        heard.extend_from_slice(&buffer[..count]);
    }
    String::from_utf8_lossy(&heard).into_owned()
}

/// The machine's routes, without the counters in the middle of IPv6's.
fn routes() -> Vec<String> {
    let read = |file| fs::read_to_string(file).unwrap_or_default();
    let (ipv4, ipv6) = (read("/proc/net/route"), read("/proc/net/ipv6_route"));
    let ipv6 = ipv6.lines().map(|line| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        [&columns[..5], &columns[8..]].concat().join(" ")
    });
    ipv4.lines().map(str::to_owned).chain(ipv6).collect()
}

/// Where the daemons have their files and sockets.
struct Directory(PathBuf);

impl Directory {
    fn make() -> Self {
        let path = directory();
        // Of an earlier process with the same number.
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).expect("made");
        let directory = Self(path);
        directory.write("vtysh.conf", "no service integrated-vtysh-config\nhostname edge-rtr-01\n");
        checked(Command::new("chown").arg(format!("frr:{GROUP}")).arg(&directory.0));
        directory
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).expect("written");
        path
    }

    /// Starts a daemon in the foreground and waits for its VTY.
    fn start(&self, processes: &mut Processes, name: &str, config: &str, privileged: bool) -> Port {
        let port = Port::reserve();
        let mut common = format!("hostname edge-rtr-01\npassword {PASSWORD}\nservice password-encryption\n");
        if !privileged {
            common += &format!("enable password {ENABLE}\n");
        }
        let file = self.write(&format!("{name}.conf"), &format!("{common}{config}"));
        let mut command = Command::new(Path::new("/usr/lib/frr").join(name));
        command
            .args(["-u", "frr", "-g", "frr", "-A", "127.0.0.1", "-P", &port.number.to_string(), "-f"])
            .arg(file);
        command.arg("--vty_socket").arg(&self.0).arg("-z").arg(self.0.join("zserv.api"));
        command.arg("-i").arg(self.0.join(format!("{name}.pid"))).args(["--log", "stdout"]);
        if name == "bgpd" {
            // Listens for no neighbours, installs no routes.
            command.args(["-p", "0", "-n"]);
        }
        let log = self.0.join(format!("{name}.log"));
        processes.start(&mut command, &log);
        processes.wait_for_port(port.number, &log);
        port
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
