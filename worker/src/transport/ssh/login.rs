//! User authentication (RFC 4252): what the user has is tried in the order of [`Login`], each thing
//! once, and only what the server takes.
//!
//! Attempts are counted, by servers (OpenSSH's `MaxAuthTries`) and by what locks accounts. So:
//! - who has one thing to show sends it at once; who has several asks first which methods there are,
//!   by the request `none`, which costs a round trip and is free of charge only as the first one;
//! - a password is sent once: by the method `password`, and by `keyboard-interactive` only where the
//!   server has said that it does not take the former, or the other way round on a platform that asks
//!   more than the password;
//! - of keys few are shown;
//! - which methods are left is asked again where something was judged, because a server may have
//!   taken it and want more (RFC 4252, 5.1), and libssh2 does not tell that from a refusal.

mod agent;
mod attempts;
mod methods;
mod prompts;
mod rsa;

use netsweep_shared::login::Login;
use netsweep_shared::outcome::{ErrorKind, Failure, Stage};
use netsweep_shared::secret::Secret;
use ssh2::Session;

use self::methods::Methods;
use super::drive::Broken;
use crate::link::Link;
use crate::platform::CompiledLogin;

/// Proves to the device who we are, by the deadline of `link`; false where it does not want to know.
///
/// # Errors
/// `auth` where the device refuses, or there is nothing to log in with; else what ended the
/// connection. At `Stage::Login` only where the password has been sent.
// As `handshake::shake_hands`.
#[inline(never)]
pub(super) fn log_in(
    session: &Session,
    link: &mut Link,
    who: &Login,
    platform: Option<&CompiledLogin>,
    legacy: bool,
) -> Result<bool, Failure> {
    let mut dialogue = Dialogue {
        session,
        link,
        who,
        platform,
        legacy,
        stage: Stage::Handshake,
        offered: None,
        keys: 0,
        accepted: vec![],
        refused: vec![],
        unusable: vec![],
    };
    dialogue.run()
}

/// What can be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Means {
    Key,
    Agent,
    Password,
    /// The password, in answer to questions.
    Prompts,
}

impl Means {
    /// In the order in which they are tried on most platforms.
    const ALL: [Self; 4] = [Self::Key, Self::Agent, Self::Password, Self::Prompts];

    /// The method's name (RFC 4252, RFC 4256).
    fn method(self) -> &'static str {
        match self {
            Self::Key | Self::Agent => "publickey",
            Self::Password => "password",
            Self::Prompts => "keyboard-interactive",
        }
    }

    fn is_given(self, who: &Login) -> bool {
        match self {
            Self::Key => who.key.is_some(),
            Self::Agent => who.agent.is_some(),
            Self::Password | Self::Prompts => who.password.is_some(),
        }
    }
}

/// What came of an attempt.
enum Verdict {
    In,
    /// The server has no use for what it was shown, or there was nothing to show.
    Refused,
    /// The server has seen the proof of this and did not let us in: it refused it, or wants more.
    Judged(String),
}

/// One login.
struct Dialogue<'a> {
    session: &'a Session,
    link: &'a mut Link,
    who: &'a Login,
    /// What the device may ask besides name and password.
    platform: Option<&'a CompiledLogin>,
    legacy: bool,
    /// How far it has come, for failures.
    stage: Stage,
    /// The methods that the server takes, as far as it has said.
    offered: Option<Methods>,
    /// Keys that were shown.
    keys: usize,
    // For messages: what the server took, what it refused, and what could not be shown to it.
    accepted: Vec<String>,
    refused: Vec<String>,
    unusable: Vec<String>,
}

impl Dialogue<'_> {
    fn run(&mut self) -> Result<bool, Failure> {
        let password = self.who.password.as_ref().map_or("", Secret::expose);
        if self.who.username.contains('\0') || password.contains('\0') {
            return Err(self.auth("the user name or the password contains a NUL character"));
        }
        let mut left: Vec<Means> = Means::ALL.into_iter().filter(|means| means.is_given(self.who)).collect();
        if self.platform.is_some_and(|platform| platform.interactive) {
            left.sort_by_key(|means| *means == Means::Password);
        }
        let one_thing =
            matches!(left.as_slice(), [Means::Key] | [Means::Agent] | [Means::Password, Means::Prompts]);
        if !one_thing {
            let methods = Methods::ask(self.session, self.link, &self.who.username);
            self.offered = Some(methods.map_err(|broken| self.lost(broken, "asking how to log in"))?);
        }
        while !self.session.authenticated() {
            let offered = self.offered.as_ref();
            let fits = |means: &Means| offered.is_none_or(|offered| offered.have(means.method()));
            let Some(next) = left.iter().position(fits) else { return Err(self.refusal()) };
            let means = left.remove(next);
            match self.attempt(means)? {
                Verdict::In => return Ok(true),
                Verdict::Refused => {}
                Verdict::Judged(what) => self.learn_more(means, what)?,
            }
        }
        Ok(false)
    }

    /// Whether a method is left on the list tells what the judgement was.
    fn learn_more(&mut self, means: Means, what: String) -> Result<(), Failure> {
        let was_known = self.offered.take().is_some_and(|before| before.have(means.method()));
        self.offered = Methods::ask_patiently(self.session, self.link, &self.who.username);
        if self.session.authenticated() {
            return Ok(());
        }
        let is_password = matches!(means, Means::Password | Means::Prompts);
        match &self.offered {
            Some(now) if !now.have(means.method()) => {
                // A server that never took passwords refuses them in the same way; a key it has asked
                // to be proved, and it was it that asked the questions.
                if was_known || means != Means::Password {
                    self.accepted.push(what);
                }
                Ok(())
            }
            Some(_) if !is_password => {
                self.refused.push(what);
                Ok(())
            }
            _ => {
                self.refused.push(what);
                Err(self.refusal())
            }
        }
    }

    /// Nothing is left that the server would take.
    fn refusal(&mut self) -> Failure {
        let username = &self.who.username;
        if self.offered.is_none() && !self.link.is_ended() {
            self.offered = Methods::ask_patiently(self.session, self.link, username);
        }
        let has_key = self.who.key.is_some() || self.who.agent.is_some();
        let has = match (has_key, self.who.password.is_some()) {
            (true, true) => "key and no password",
            (true, false) => "key",
            (false, true) => "password",
            (false, false) => "",
        };
        let ours: Vec<_> = Means::ALL.into_iter().filter(|means| means.is_given(self.who)).collect();
        let takes_ours =
            self.offered.as_ref().is_some_and(|offered| ours.iter().any(|ours| offered.have(ours.method())));
        let all = self.offered.as_ref().map(Methods::list);
        let others = match self.offered.as_ref().map(|offered| offered.without(&ours)).unwrap_or_default() {
            others if others.is_empty() => others,
            others => format!("; it would take {others} as well"),
        };
        let refused = and(&self.refused);
        let mut parts = vec![];
        if !self.accepted.is_empty() {
            let more = all.map(|all| format!(" and wants more: {all}")).unwrap_or_default();
            parts.push(format!("the device took {} of user {username}{more}", and(&self.accepted)));
            parts.extend((!refused.is_empty()).then(|| format!("it refused {refused}")));
        } else if !refused.is_empty() {
            parts.push(format!("the device refused {refused} of user {username}{others}"));
        } else if has.is_empty() {
            let all = all.map(|all| format!("; it takes: {all}")).unwrap_or_default();
            parts.push(format!("the device lets nobody in without key or password, and none is given{all}"));
        } else if self.unusable.is_empty() || !takes_ours {
            let all = all.map(|all| format!(", only: {all}")).unwrap_or_default();
            parts.push(format!("the device takes no {has} from user {username}{all}"));
        }
        parts.extend(self.unusable.iter().cloned());
        self.auth(parts.join("; "))
    }

    /// The connection broke, or the time ran out, while `doing`.
    fn lost(&self, broken: Broken, doing: &str) -> Failure {
        let failure = broken.at(self.link, self.stage, doing);
        if failure.kind != ErrorKind::Disconnected || self.refused.is_empty() {
            return failure;
        }
        // Servers say no more when they have refused enough.
        let (refused, username) = (and(&self.refused), &self.who.username);
        self.auth(format!(
            "the device refused {refused} of user {username}, and closed the connection while {doing}"
        ))
    }

    fn auth(&self, message: impl Into<String>) -> Failure {
        Failure::new(ErrorKind::Auth, self.stage, message)
    }
}

/// `a, b and c`.
fn and(things: &[String]) -> String {
    match things {
        [] => String::new(),
        [only] => only.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}
