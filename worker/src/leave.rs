//! Leave to log in, which the session of a job that has to ask first waits for.

use std::fmt;
use std::time::Instant;

use netsweep_shared::job::{Job, JobId};
use netsweep_shared::protocol::FromWorker;

use crate::outbox::Outbox;

/// What the session waits for, for messages.
pub(crate) const WAITING: &str =
    "waiting to log in, because other logins with the same password have told nothing yet";

/// What is asked before the session tells its device who it is.
pub(crate) struct Question {
    job: JobId,
    outbox: Outbox,
    /// No answer is waited for any longer.
    pub(crate) until: Instant,
}

impl Question {
    /// What the session of `job`, which begins now, has to ask, if anything.
    pub(crate) fn of(job: &Job, outbox: &Outbox) -> Option<Self> {
        job.asks_first.then(|| Self {
            job: job.id,
            outbox: outbox.clone(),
            until: Instant::now() + job.timeouts.device,
        })
    }

    /// Has the supervisor asked.
    pub(crate) fn ask(&self) {
        self.outbox.say_for_certain(&FromWorker::AsksToLogIn(self.job));
    }

    /// Tells the supervisor that its answer is there.
    pub(crate) fn thank(&self) {
        self.outbox.say(&FromWorker::LogsIn(self.job));
    }
}

impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Question").field("job", &self.job).field("until", &self.until).finish_non_exhaustive()
    }
}
