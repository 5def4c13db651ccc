//! A platform's definition, its patterns compiled.

use netsweep_shared::platform::{Platform, Terminal};
use regex::bytes::{Regex, RegexSet};

/// A pattern of a platform is no regular expression.
#[derive(Debug, thiserror::Error)]
#[error("platform {platform}, key {key}: {source}")]
pub struct PlatformError {
    platform: String,
    key: &'static str,
    source: Box<regex::Error>,
}

/// What the session code asks of a platform.
#[derive(Debug)]
pub struct CompiledPlatform {
    pub(crate) definition: Platform,
    pub(crate) prompt: Regex,
    pub(crate) prepared_prompt: Option<Regex>,
    pub(crate) prompt_lead: RegexSet,
    pub(crate) errors: RegexSet,
    pub(crate) pagers: Vec<Question>,
    pub(crate) username: Regex,
    pub(crate) password: Regex,
    pub(crate) login_failed: RegexSet,
    pub(crate) login_questions: Vec<Question>,
    pub(crate) enable: Option<CompiledEnable>,
}

/// Something that the device may ask, and what is typed.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) pattern: Regex,
    pub(crate) answer: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct CompiledEnable {
    pub(crate) needed: Regex,
    pub(crate) password: Regex,
}

impl CompiledPlatform {
    /// Compiles every pattern of `definition`.
    pub fn compile(definition: &Platform) -> Result<Self, PlatformError> {
        let failed =
            |key, source| PlatformError { platform: definition.name.clone(), key, source: Box::new(source) };
        let regex = |key, pattern: &str| Regex::new(pattern).map_err(|error| failed(key, error));
        let set = |key, patterns: &[String]| RegexSet::new(patterns).map_err(|error| failed(key, error));
        let questions = |key, answers: &[netsweep_shared::platform::Answer]| {
            let question = |answer: &netsweep_shared::platform::Answer| {
                Ok(Question {
                    pattern: regex(key, &answer.pattern)?,
                    answer: answer.answer.clone().into_bytes(),
                })
            };
            answers.iter().map(question).collect::<Result<Vec<_>, PlatformError>>()
        };
        let login = &definition.login;
        Ok(Self {
            prompt: regex("prompt", &definition.prompt)?,
            prepared_prompt: definition
                .prepared_prompt
                .as_deref()
                .map(|pattern| regex("prepared_prompt", pattern))
                .transpose()?,
            prompt_lead: set("prompt_lead", &definition.prompt_lead)?,
            errors: set("errors", &definition.errors)?,
            pagers: questions("pager", &definition.pager)?,
            username: regex("login.username", &login.username)?,
            password: regex("login.password", &login.password)?,
            login_failed: set("login.failed", &login.failed)?,
            login_questions: questions("login.questions", &login.questions)?,
            enable: definition
                .enable
                .as_ref()
                .map(|enable| {
                    Ok(CompiledEnable {
                        needed: regex("enable.needed", &enable.needed)?,
                        password: regex("enable.password", &enable.password)?,
                    })
                })
                .transpose()?,
            definition: definition.clone(),
        })
    }

    /// The terminal to ask for.
    pub fn terminal(&self) -> &Terminal {
        &self.definition.terminal
    }
}
