//! Whether any secret gets out: into what the program writes, or into what the system shows of
//! its processes.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use tempfile::TempDir;

use crate::frr::VTY;
use crate::peers::account::{Key, PASSPHRASE, PASSWORD, USER};
use crate::peers::network::{self, Network};
use crate::peers::openssh::Agent;
use crate::peers::{frr, openssh, telnetd, trial};
use crate::support::netsweep;
use crate::sweep::{KEYS, SECRETS, SHELL, WRONG};

pub(crate) fn trials() -> Vec<Trial> {
    let needs = [openssh::NEEDS, telnetd::NEEDS, frr::NEEDS, network::NEEDS];
    vec![trial("no_secret_gets_out", &needs, no_secret_gets_out)]
}

/// Secrets in every form in which the inventory can name them, some of them wrong; every process
/// is looked at as long as there is one.
fn no_secret_gets_out() {
    let router = frr::router();
    let inside = Network::new();
    let (jump, behind) = (openssh::jump(None, &inside), openssh::password_within(&inside));
    let (password, questions, keys_only) = (openssh::password(), openssh::questions(), openssh::keys_only());
    let telnet = telnetd::login();
    let agent = Agent::with(&[Key::Ed25519.file()]);

    let linux = |login: &str| format!("{KEYS}{login}\n");
    let over_telnet = |login: &str| format!("{KEYS}transport = \"telnet\"\n{login}\n");
    let passphrase = format!("passphrase = \"{PASSPHRASE}\"");
    let encrypted =
        format!("private_key = {{ file = \"{}\", {passphrase} }}", Key::Encrypted.file().display());
    let zebra = router.daemons[0].port();
    let sweep = crate::frr::sweep();
    let command = format!("password = {{ command = [\"cat\", \"{}\"] }}", sweep.path("password").display());
    let mut sweep = sweep
        .file("password", &format!("{PASSWORD}\n"))
        .device("environment", password.port, SHELL)
        .device("plain", questions.port, &linux(&format!("password = \"{PASSWORD}\"")))
        .device("file", password.port, &linux("password = { file = \"password\" }"))
        .device("command", password.port, &linux(&command))
        .device("key", keys_only.port, &crate::openssh::with_key(Key::Rsa))
        .device("encrypted-key", keys_only.port, &linux(&encrypted))
        .device("agent", keys_only.port, &linux("agent = true"))
        .device("jump", behind.port, &format!("{SHELL}jump = \"{USER}@127.0.0.1:{}\"", jump.port))
        .device("telnet", telnet.port, &over_telnet(&format!("password = \"{PASSWORD}\"")))
        .device("wrong-ssh", password.port, &linux("password = { env = \"PEER_WRONG\" }"))
        .device("wrong-questions", questions.port, &linux(&format!("password = \"{WRONG}\"")))
        .device("wrong-telnet", telnet.port, &over_telnet("password = { env = \"PEER_WRONG\" }"))
        .device("vty", zebra, &format!("{VTY}enable_password = \"{}\"", frr::ENABLE))
        .device("wrong-vty", zebra, &VTY.replace("VTY_PASSWORD", "PEER_WRONG"))
        .device("wrong-enable", zebra, &format!("{VTY}enable_password = {{ env = \"PEER_WRONG\" }}"))
        .env("SSH_AUTH_SOCK", agent.socket())
        .args(&["--verbose", "-P", "2", "-o"]);
    let outputs = sweep.path("outputs");
    sweep = sweep.args(&[&outputs.display().to_string()]);
    let (stdout, stderr) = (sweep.path("stdout"), sweep.path("stderr"));
    let file = |path| fs::File::create(path).expect("created");
    let command = sweep.command().args(["show version", "sleep 2"]);
    command.stdin(Stdio::null()).stdout(file(&stdout)).stderr(file(&stderr));

    let mut run = Running(command.spawn().expect("it starts"));
    let seen = run.watch();
    let code = run.0.wait().expect("its end").code();
    assert_eq!(code, Some(1), "{}", fs::read_to_string(&stderr).expect("there"));
    let succeeded = fs::read_to_string(&stdout).expect("there").matches("\"error\":null").count();
    assert!(succeeded >= 9, "{succeeded} devices let us in: {}", fs::read_to_string(&stdout).expect("there"));

    let secrets = secrets();
    let of_supervisor = seen.iter().find(|process| process.pid == run.0.id()).expect("it was seen");
    let workers = seen.iter().filter(|process| process.arguments != of_supervisor.arguments);
    assert!(workers.clone().count() >= 2, "two workers: {seen:?}");
    for process in &seen {
        expect_none(&secrets, &process.arguments, &format!("the arguments of {}", process.pid));
    }
    // The supervisor's has the passwords that the user has put there.
    for worker in workers {
        expect_none(&secrets, &worker.environment, &format!("the environment of {}", worker.pid));
    }
    // Whatever else it has written is in the user's home directory, which it got to itself.
    let mut files = vec![];
    walk(sweep.home(), &mut files);
    assert!(files.iter().any(|file| file.starts_with(&outputs)), "{files:?}");
    assert!(files.iter().any(|file| file.ends_with("known_hosts")), "{files:?}");
    for file in
        files.iter().filter(|file| !["devices.toml", "password"].map(|name| sweep.path(name)).contains(file))
    {
        expect_none(&secrets, &fs::read(file).expect("there"), &file.display().to_string());
    }
}

/// Passwords, passphrases, and every line of every key, in the clear where it is encrypted too.
fn secrets() -> Vec<String> {
    let directory = TempDir::new().expect("a temporary directory");
    let clear = directory.path().join("clear");
    fs::copy(Key::Encrypted.file(), &clear).expect("copied");
    let mut decrypt = Command::new("ssh-keygen");
    decrypt.args(["-q", "-p", "-P", PASSPHRASE, "-N", "", "-f"]).arg(&clear);
    assert!(decrypt.output().expect("ssh-keygen starts").status.success());

    let mut secrets = SECRETS.map(str::to_owned).to_vec();
    for file in Key::ALL.map(Key::file).iter().chain([&clear]) {
        let pem = fs::read_to_string(file).expect("a key");
        // OpenSSH's form begins with the public half, which is no secret, and random bytes.
        let private = pem.lines().filter(|line| !line.starts_with("-----")).skip(2);
        secrets.extend(private.filter(|line| line.len() > 16).map(str::to_owned));
    }
    secrets
}

#[track_caller]
fn expect_none(secrets: &[String], text: &[u8], place: &str) {
    let text = String::from_utf8_lossy(text);
    for secret in secrets {
        assert!(!text.contains(secret.as_str()), "{place} shows {secret:?}: {text}");
    }
}

fn walk(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("readable") {
        let path = entry.expect("readable").path();
        if path.is_dir() { walk(&path, files) } else { files.push(path) }
    }
}

/// What the system shows of a process.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Process {
    pid: u32,
    arguments: Vec<u8>,
    environment: Vec<u8>,
}

impl Process {
    /// `None` where it runs another program than netsweep, or no more.
    fn look(pid: u32) -> Option<Self> {
        let shown = Path::new("/proc").join(pid.to_string());
        let program = fs::read_link(shown.join("exe")).ok()?;
        if program != fs::canonicalize(netsweep().get_program()).expect("it is there") {
            return None;
        }
        // In this order: what has a worker's arguments has its environment too, but between fork
        // and exec both are its parent's.
        let (arguments, environment) = (fs::read(shown.join("cmdline")), fs::read(shown.join("environ")));
        Some(Self { pid, arguments: arguments.ok()?, environment: environment.ok()? })
            .filter(|process| !process.arguments.is_empty())
    }
}

/// A run that ends with the test.
struct Running(Child);

impl Running {
    /// Gathers what there is to see of it and of all that it starts, until it ends.
    fn watch(&mut self) -> BTreeSet<Process> {
        let mut seen = BTreeSet::new();
        let deadline = Instant::now() + Duration::from_secs(120);
        while self.0.try_wait().expect("its state").is_none() {
            assert!(Instant::now() < deadline, "it does not end");
            seen.extend(family(self.0.id()).into_iter().filter_map(Process::look));
            sleep(Duration::from_millis(20));
        }
        seen
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A process and all that descend from it.
fn family(ancestor: u32) -> Vec<u32> {
    let mut parents = vec![];
    for entry in fs::read_dir("/proc").expect("readable").flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        // Behind the name, which may hold anything: the state and the parent (proc_pid_stat(5)).
        let parent = stat.rsplit(") ").next().and_then(|rest| rest.split(' ').nth(1)?.parse::<u32>().ok());
        parents.extend(parent.map(|parent| (pid, parent)));
    }
    let mut family = vec![ancestor];
    let mut next = 0;
    while let Some(&member) = family.get(next) {
        family.extend(parents.iter().filter(|(_, parent)| *parent == member).map(|(pid, _)| *pid));
        next += 1;
    }
    family
}
