use std::fmt::{self, Display};

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
use rustix::thread::set_no_new_privs;

use super::{calls, files};

/// Shuts in the calling thread and all that it starts from now on; core dumps and debuggers are
/// given up by the whole process. There is no way back.
///
/// To be called while the process has one thread. The only UNIX sockets that stay within reach,
/// where the kernel can tell, are those of the name service and `agent_sockets`.
///
/// What cannot be had is no error: it is named in what is returned.
pub fn enter(agent_sockets: &[String]) -> InForce {
    load_openssl_configuration();
    let mut in_force = InForce { held: vec![], missing: vec![] };
    in_force.note(give_up_new_privileges());
    in_force.note(give_up_core_dumps());
    in_force.note(files::give_up(agent_sockets));
    in_force.note(calls::give_up());
    in_force
}

/// What [`enter`] came to, in words for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InForce {
    /// What holds.
    pub held: Vec<String>,
    /// What could not be had, and why.
    pub missing: Vec<String>,
}

impl InForce {
    fn note(&mut self, measure: Result<String, String>) {
        match measure {
            Ok(held) => self.held.push(held),
            Err(why) => self.missing.push(why),
        }
    }
}

impl Display for InForce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.held.is_empty() {
            write!(f, "not shut in")?;
        } else {
            write!(f, "shut in: {}", self.held.join(", "))?;
        }
        if self.missing.is_empty() { Ok(()) } else { write!(f, "; missing: {}", self.missing.join(", ")) }
    }
}

/// OpenSSL reads its configuration, which may be the system's policy on algorithms, when it is first
/// used: a session that is never opened counts as use.
fn load_openssl_configuration() {
    // Fails only for want of memory, and then the sessions will say so.
    drop(ssh2::Session::new());
}

fn give_up_new_privileges() -> Result<String, String> {
    set_no_new_privs(true).map_err(|error| format!("no new privileges ({error})"))?;
    Ok("no new privileges".into())
}

/// A process that is not dumpable can be neither attached to nor read through `/proc` by anyone
/// but root. Its figures (`stat`, `statm`, `status`) stay readable, and it still dies with its parent.
fn give_up_core_dumps() -> Result<String, String> {
    let missing = |error| format!("no core dumps ({error})");
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }).map_err(missing)?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(missing)?;
    Ok("no core dumps".into())
}
