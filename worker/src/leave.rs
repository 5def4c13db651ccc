//! Leave to log in, which the session of a job that has to ask first waits for.

use std::fmt;
use std::time::Instant;

/// What is asked before the session tells its device who it is.
pub(crate) struct Question {
    /// Has the supervisor asked.
    pub(crate) ask: Box<dyn FnOnce() + Send>,
    /// Tells the supervisor that its answer is there.
    pub(crate) thank: Box<dyn FnOnce() + Send>,
    /// No answer is waited for any longer.
    pub(crate) until: Instant,
}

impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Question").field("until", &self.until).finish_non_exhaustive()
    }
}
