//! One attempt with each thing that a user can have.

use netsweep_shared::login::PrivateKey;
use netsweep_shared::outcome::{Failure, Stage};
use netsweep_shared::secret::Secret;
use ssh2::Error;

use super::super::algorithms::prefer_old_signature;
use super::super::drive::{Broken, code, drive};
use super::super::overheard::printable;
use super::agent::{Agent, NoAgent};
use super::prompts::{Answers, Problem};
use super::{Dialogue, Means, Verdict, rsa};
use crate::link::Link;

/// Keys that are shown at most, the user's own included: OpenSSH's `MaxAuthTries` is 6, and a password
/// may have to follow.
const MOST_KEYS: usize = 5;

/// What libssh2 says of an agent that does not sign: its user may have said no.
const NOT_SIGNED: &str = "Callback returned error";

impl Dialogue<'_> {
    /// Shows the device what the user has by these `means`.
    pub(super) fn attempt(&mut self, means: Means) -> Result<Verdict, Failure> {
        let who = self.who;
        match (means, &who.key, &who.agent, &who.password) {
            (Means::Key, Some(key), ..) => self.try_key(key),
            (Means::Agent, _, Some(agent), _) => self.try_agent(agent),
            (Means::Password, .., Some(password)) => self.try_password(password),
            (Means::Prompts, .., Some(password)) => self.try_prompts(password),
            _ => Ok(Verdict::Refused),
        }
    }

    fn try_key(&mut self, key: &PrivateKey) -> Result<Verdict, Failure> {
        let (session, username) = (self.session, &self.who.username);
        let passphrase = key.passphrase.as_ref().map(Secret::expose);
        let name = format!("the key {}", key.name);
        let shown = self.show(&name, rsa::is_private(key.pem.expose()), |link| {
            drive(session, link, || {
                session.userauth_pubkey_memory(username, None, key.pem.expose(), passphrase)
            })
        })?;
        if let Shown::Refused = shown {
            self.refused.push(name.clone());
        }
        Ok(shown.of(name))
    }

    fn try_agent(&mut self, path: &str) -> Result<Verdict, Failure> {
        let mut agent = match Agent::connect(self.session, self.link, path, &self.who.username) {
            Ok(agent) => agent,
            Err(NoAgent::Useless(why)) => {
                self.unusable.push(why);
                return Ok(Verdict::Refused);
            }
            Err(NoAgent::Link(error)) => return Err(error.at(self.stage, "waiting for the SSH agent")),
        };
        let keys = std::mem::take(&mut agent.keys);
        let few = keys.len().min(MOST_KEYS - self.keys);
        if keys.is_empty() {
            self.unusable.push(format!("the agent at {path} has no keys"));
        } else if few < keys.len() {
            self.unusable.push(format!("no more than {few} of the agent's {} keys are tried", keys.len()));
        }
        let session = self.session;
        let (mut refused, mut last) = (0, Verdict::Refused);
        for (number, is_rsa) in keys.into_iter().enumerate().take(few) {
            let name = format!("the agent's key {}", number + 1);
            match self.show(&name, is_rsa, |link| agent.log_in(session, link, number))? {
                Shown::Refused => refused += 1,
                Shown::Unusable => {}
                shown => {
                    last = shown.of(name);
                    break;
                }
            }
        }
        match refused {
            0 => {}
            1 => self.refused.push("a key of the agent's".into()),
            _ => self.refused.push(format!("{refused} keys of the agent's")),
        }
        Ok(last)
    }

    /// Shows a key, of which `show` is one attempt.
    fn show(
        &mut self,
        name: &str,
        is_rsa: bool,
        mut show: impl FnMut(&Link) -> Result<(), Broken>,
    ) -> Result<Shown, Failure> {
        self.keys += 1;
        let shown = self.judge_key(show(self.link), name)?;
        // OpenSSH's server tells all the signatures that it knows, not those that it is set to take.
        let is_openssh = || self.session.banner().is_some_and(|banner| banner.contains("OpenSSH"));
        if !matches!(shown, Shown::Refused) || !is_rsa || !self.legacy || !is_openssh() {
            return Ok(shown);
        }
        // Never fails: it copies a word.
        let _ = prefer_old_signature(self.session);
        self.judge_key(show(self.link), name)
    }

    /// What showing a key came to.
    fn judge_key(&mut self, result: Result<(), Broken>, name: &str) -> Result<Shown, Failure> {
        let error = match result {
            Ok(()) => return Ok(Shown::In),
            Err(Broken::Ssh(error)) => error,
            Err(other) => return Err(self.lost(other, "showing a key")),
        };
        match code(&error) {
            libssh2_sys::LIBSSH2_ERROR_AUTHENTICATION_FAILED => Ok(Shown::Refused),
            libssh2_sys::LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED if error.message() == NOT_SIGNED => {
                self.unusable.push(format!("{name} did not sign"));
                Ok(Shown::Unusable)
            }
            // libssh2 says the same where the connection broke.
            libssh2_sys::LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED if !self.link.is_ended() => Ok(Shown::Judged),
            libssh2_sys::LIBSSH2_ERROR_METHOD_NONE if !self.legacy => {
                self.unusable.push(format!(
                    "the device would take {name} only with ssh-rsa: set ssh_legacy = true for this device"
                ));
                Ok(Shown::Unusable)
            }
            libssh2_sys::LIBSSH2_ERROR_METHOD_NONE
            | libssh2_sys::LIBSSH2_ERROR_FILE
            | libssh2_sys::LIBSSH2_ERROR_INVAL
            | libssh2_sys::LIBSSH2_ERROR_KEYFILE_AUTH_FAILED => {
                self.unusable.push(format!("{name} cannot be used: {}", printable(error.message())));
                Ok(Shown::Unusable)
            }
            _ => Err(self.lost(Broken::Ssh(error), "showing a key")),
        }
    }

    fn try_password(&mut self, password: &Secret) -> Result<Verdict, Failure> {
        let (session, username) = (self.session, &self.who.username);
        self.stage = Stage::Login;
        match drive(session, self.link, || session.userauth_password(username, password.expose())) {
            Ok(()) => Ok(Verdict::In),
            Err(Broken::Ssh(error)) if is_refusal(&error) => Ok(Verdict::Judged("the password".into())),
            Err(Broken::Ssh(error)) if code(&error) == libssh2_sys::LIBSSH2_ERROR_PASSWORD_EXPIRED => {
                Err(self
                    .auth(format!("the password of user {username} has expired: change it on the device")))
            }
            Err(other) => Err(self.lost(other, "checking the password")),
        }
    }

    fn try_prompts(&mut self, password: &Secret) -> Result<Verdict, Failure> {
        let (session, username) = (self.session, &self.who.username);
        let mut answers = Answers::new(self.link, self.who, password, self.platform);
        let result =
            drive(session, self.link, || session.userauth_keyboard_interactive(username, &mut answers));
        let Err(broken) = result else { return Ok(Verdict::In) };
        let given = answers.has_given_password();
        let problem = answers.into_problem();
        if given {
            self.stage = Stage::Login;
        }
        match (problem, broken) {
            (Some(Problem::AskedAgain(question)), _) => Err(self.auth(format!(
                "the device refused the password of user {username}: it asked again, {question}"
            ))),
            (Some(Problem::NoAnswer(question)), _) => Err(self
                .auth(format!("the device asked user {username} what netsweep cannot answer: {question}"))),
            // libssh2 says the same where the connection broke.
            (None, Broken::Ssh(error)) if is_refusal(&error) && given => {
                Ok(Verdict::Judged("the password".into()))
            }
            (None, Broken::Ssh(error)) if is_refusal(&error) && !self.link.is_ended() => {
                self.refused.push("keyboard-interactive".into());
                Ok(Verdict::Refused)
            }
            (None, other) => Err(self.lost(other, "checking the password")),
        }
    }
}

/// What came of showing a key.
enum Shown {
    In,
    /// The server does not know it.
    Refused,
    /// The server knew it and has seen its signature.
    Judged,
    /// It could not be shown.
    Unusable,
}

impl Shown {
    fn of(self, name: String) -> Verdict {
        match self {
            Self::In => Verdict::In,
            Self::Refused | Self::Unusable => Verdict::Refused,
            Self::Judged => Verdict::Judged(name),
        }
    }
}

fn is_refusal(error: &Error) -> bool {
    code(error) == libssh2_sys::LIBSSH2_ERROR_AUTHENTICATION_FAILED
}
