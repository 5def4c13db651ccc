//! Short stories: what happens, and what the dispatcher does about it.
//!
//! Actions are written as in `send 3 to w0`, where `w0'` is the first successor of `w0`.

mod endings;
mod logins;
mod workers;

use std::time::Duration;

use netsweep_shared::job::JobId;
use netsweep_shared::outcome::{AttemptEnd, ErrorKind, Failure, Stage};

use super::message::{Action, Death, Ending, Event, Passage, Verdict, WorkerId};
use super::witness::Witness;
use super::{Dispatcher, JobSpec, Settings};

const NOTHING: [&str; 0] = [];

struct Story {
    dispatcher: Dispatcher,
    witness: Witness,
    now: Duration,
    /// Workers that say that they are alive while time passes.
    alive: Vec<WorkerId>,
}

impl Story {
    /// Begins with `processes` workers just started.
    fn begin(settings: Settings, jobs: Vec<JobSpec>) -> Self {
        let mut witness = Witness::new(&settings, &jobs);
        let order = (0..jobs.len() as u32).map(JobId).collect();
        let (dispatcher, actions) = Dispatcher::start(settings, jobs, order);
        witness.saw_start(&actions).expect("the start breaks no invariant");
        Self { dispatcher, witness, now: Duration::ZERO, alive: Vec::new() }
    }

    /// Begins with all workers ready; the jobs that they are handed are in `sent`.
    fn under_way(settings: Settings, jobs: Vec<JobSpec>) -> (Self, Vec<String>) {
        let workers = settings.processes;
        let mut story = Self::begin(settings, jobs);
        let sent = (0..workers).flat_map(|number| story.tell(Event::WorkerReady(w(number)))).collect();
        (story, sent)
    }

    /// Something happens; returns what is done about it.
    fn tell(&mut self, event: Event) -> Vec<String> {
        match &event {
            Event::WorkerReady(id) => self.alive.push(*id),
            Event::WorkerGone(id, _) => self.alive.retain(|worker| worker != id),
            _ => {}
        }
        let actions = self.dispatcher.handle(event.clone(), self.now);
        self.witness.saw(&event, &actions, self.now).expect("no invariant is broken");
        actions.iter().map(in_words).collect()
    }

    fn job(&mut self, worker: WorkerId, job: u32, passage: Passage) -> Vec<String> {
        self.tell(Event::Job(worker, JobId(job), passage))
    }

    /// The job's session begins, and nothing has to be done about it.
    fn started(&mut self, worker: WorkerId, job: u32) {
        assert_eq!(self.job(worker, job, Passage::Started), NOTHING);
    }

    fn commands_begin(&mut self, worker: WorkerId, job: u32) {
        self.started(worker, job);
        assert_eq!(self.job(worker, job, Passage::LoggedIn), NOTHING);
        assert_eq!(self.job(worker, job, Passage::CommandsBegin), NOTHING);
    }

    fn finished(&mut self, worker: WorkerId, job: u32) -> Vec<String> {
        self.job(worker, job, Passage::Finished(end(None)))
    }

    fn failed(&mut self, worker: WorkerId, job: u32, kind: ErrorKind) -> Vec<String> {
        self.job(worker, job, Passage::Finished(end(Some(kind))))
    }

    fn dies(&mut self, worker: WorkerId) -> Vec<String> {
        self.tell(Event::WorkerGone(worker, Death::Fault("SIGSEGV".into())))
    }

    /// Time passes in small steps; workers in `alive` speak.
    fn pass(&mut self, seconds: f64) -> Vec<String> {
        let mut done = Vec::new();
        let until = self.now + Duration::from_secs_f64(seconds);
        while self.now < until {
            self.now += Duration::from_millis(100);
            for worker in self.alive.clone() {
                done.extend(self.tell(Event::Heard(worker)));
            }
            done.extend(self.tell(Event::Tick));
        }
        done
    }
}

fn in_words(action: &Action) -> String {
    let name = |id: &WorkerId| format!("w{}{}", id.number, "'".repeat(id.life as usize));
    match action {
        Action::Start(id) => format!("start {}", name(id)),
        Action::Send { worker, job, attempt: 1, asks_first, .. } => {
            format!("send {job} to {}{}", name(worker), if *asks_first { ", to ask" } else { "" })
        }
        Action::LogIn { worker, job } => format!("let {job} log in at {}", name(worker)),
        Action::Send { worker, job, attempt, time_left, .. } => {
            format!("send {job} to {}, attempt {attempt}, {:.1} s", name(worker), time_left.as_secs_f64())
        }
        Action::Drain(id) => format!("drain {}", name(id)),
        Action::Retire(id) => format!("retire {}", name(id)),
        Action::Withdraw { worker, job } => format!("withdraw {job} from {}", name(worker)),
        Action::Cancel(id) => format!("cancel {}", name(id)),
        Action::Kill(id, reason) => format!("kill {}: {reason}", name(id)),
        Action::Retry { job, failure: None, .. } => format!("again {job}"),
        Action::Retry { job, failure: Some(failure), .. } => format!("retry {job} after {}", failure.kind),
        Action::Settle { job, verdict, .. } => match verdict {
            Verdict::Told(AttemptEnd { failure: None, .. }) => format!("{job} ok"),
            Verdict::Told(AttemptEnd { failure: Some(failure), .. }) => format!("{job} {}", failure.kind),
            Verdict::Lost(failure) if failure.kind == ErrorKind::LockoutGuard => format!("{job} skipped"),
            Verdict::Lost(failure) => format!("{job} lost: {}", failure.kind),
        },
        Action::Allow(sessions) => format!("{sessions} at once"),
        Action::Finish(Ending::Complete) => "complete".into(),
        Action::Finish(Ending::Interrupted) => "interrupted".into(),
        Action::Finish(Ending::GaveUp(reason)) => format!("gave up: {reason}"),
    }
}

fn w(number: u32) -> WorkerId {
    WorkerId { number, life: 0 }
}

/// The next life of `worker`.
fn after(worker: WorkerId) -> WorkerId {
    WorkerId { life: worker.life + 1, ..worker }
}

fn mix(processes: u32, threads: u32) -> Settings {
    Settings {
        processes,
        threads,
        retries: 1,
        device_timeout: Duration::from_secs(10),
        grace: Duration::from_secs(5),
        group_limits: vec![],
        credentials: 0,
        ways: 0,
        tuning: None,
        max_auth_failures: 3,
        login_rate: None,
        seed: 7,
    }
}

fn reading(jobs: usize) -> Vec<JobSpec> {
    vec![JobSpec { read_only: true, ..JobSpec::default() }; jobs]
}

fn changing(jobs: usize) -> Vec<JobSpec> {
    vec![JobSpec::default(); jobs]
}

fn end(kind: Option<ErrorKind>) -> AttemptEnd {
    let failure = kind.map(|kind| Failure::new(kind, Stage::Connect, "as told"));
    AttemptEnd { failure, ..AttemptEnd::default() }
}

#[test]
fn every_device_is_done_once_and_the_run_is_complete() {
    let mut story = Story::begin(mix(1, 2), reading(3));
    assert_eq!(story.tell(Event::WorkerReady(w(0))), ["send 0 to w0", "send 1 to w0"]);
    story.commands_begin(w(0), 0);
    story.commands_begin(w(0), 1);
    assert_eq!(story.finished(w(0), 1), ["1 ok", "send 2 to w0"]);
    assert_eq!(story.finished(w(0), 0), ["0 ok"]);
    story.commands_begin(w(0), 2);
    assert_eq!(story.finished(w(0), 2), ["2 ok", "complete"]);
    assert_eq!(story.tell(Event::Interrupt), NOTHING, "what is over is over");
}

#[test]
fn a_run_of_nothing_starts_nothing() {
    let (_, actions) = Dispatcher::start(mix(2, 2), vec![], vec![]);
    assert_eq!(actions, [Action::Finish(Ending::Complete)]);
}

#[test]
fn jobs_go_where_there_is_most_room() {
    let (mut story, sent) = Story::under_way(mix(2, 2), reading(4));
    assert_eq!(sent, ["send 0 to w0", "send 1 to w0", "send 2 to w1", "send 3 to w1"]);
    story.started(w(1), 2);
    assert_eq!(story.finished(w(1), 2), ["2 ok"]);
}

#[test]
fn a_worker_has_a_job_in_hand_only_while_there_is_more_work_than_threads() {
    let (mut story, sent) = Story::under_way(mix(1, 2), reading(5));
    assert_eq!(sent, ["send 0 to w0", "send 1 to w0", "send 2 to w0"], "two for its threads, one in hand");
    story.started(w(0), 0);
    assert_eq!(story.finished(w(0), 0), ["0 ok"], "only two wait: the next free thread may be another's");
    story.started(w(0), 1);
    assert_eq!(story.finished(w(0), 1), ["1 ok", "send 3 to w0"]);
}

#[test]
fn what_can_pass_is_tried_again_after_a_while() {
    let (mut story, _) = Story::under_way(mix(1, 1), reading(1));
    story.started(w(0), 0);
    assert_eq!(story.failed(w(0), 0, ErrorKind::Connect), ["retry 0 after connect"]);
    assert_eq!(story.pass(0.3), NOTHING);
    let again = story.pass(0.5);
    assert!(again[0].starts_with("send 0 to w0, attempt 2"), "{again:?}");
    story.started(w(0), 0);
    assert_eq!(story.failed(w(0), 0, ErrorKind::Connect), ["0 connect", "complete"], "retries are used up");
}

#[test]
fn a_refused_password_is_never_tried_again() {
    let (mut story, _) = Story::under_way(mix(1, 1), reading(1));
    story.started(w(0), 0);
    assert_eq!(story.failed(w(0), 0, ErrorKind::Auth), ["0 auth", "complete"]);
}

#[test]
fn nothing_is_tried_again_once_commands_began() {
    let (mut story, _) = Story::under_way(mix(1, 1), reading(1));
    story.commands_begin(w(0), 0);
    assert_eq!(story.failed(w(0), 0, ErrorKind::Disconnected), ["0 disconnected", "complete"]);
}

#[test]
fn the_devices_time_covers_all_its_attempts() {
    let (mut story, _) = Story::under_way(Settings { retries: 5, ..mix(1, 1) }, reading(1));
    story.started(w(0), 0);
    assert_eq!(story.pass(6.0), NOTHING);
    assert_eq!(story.failed(w(0), 0, ErrorKind::Timeout), ["retry 0 after timeout"]);
    let again = story.pass(1.0);
    assert!(again[0].starts_with("send 0 to w0, attempt 2, 3."), "{again:?}");
    story.started(w(0), 0);
    assert_eq!(story.pass(3.0), NOTHING);
    let end = story.failed(w(0), 0, ErrorKind::Timeout);
    assert_eq!(end, ["0 timeout", "complete"], "another attempt would have no time");
}

#[test]
fn waiting_for_a_thread_costs_the_device_no_time() {
    let (mut story, _) = Story::under_way(mix(1, 1), reading(2));
    story.started(w(0), 0);
    assert_eq!(story.failed(w(0), 0, ErrorKind::Connect), ["retry 0 after connect", "send 1 to w0"]);
    story.started(w(0), 1);
    assert_eq!(story.pass(9.9), NOTHING);
    let again = story.finished(w(0), 1);
    assert_eq!(again[0], "1 ok");
    assert!(again[1].starts_with("send 0 to w0, attempt 2, 9."), "{again:?}");
}

#[test]
fn a_groups_limit_counts_over_all_workers() {
    let one = JobSpec { read_only: true, groups: [0].into(), ..JobSpec::default() };
    let jobs = [vec![one; 3], reading(1)].concat();
    let settings = Settings { group_limits: vec![1], ..mix(2, 2) };
    let (mut story, sent) = Story::under_way(settings, jobs);
    assert_eq!(sent, ["send 0 to w0", "send 3 to w0"]);
    story.started(w(0), 0);
    assert_eq!(story.finished(w(0), 0), ["0 ok", "send 1 to w1"]);
    story.started(w(1), 1);
    assert_eq!(story.failed(w(1), 1, ErrorKind::Connect), ["retry 1 after connect", "send 2 to w1"]);
    assert_eq!(story.pass(1.0), NOTHING, "1 is ready, but 2 has the place");
    story.started(w(1), 2);
    let done = story.finished(w(1), 2);
    assert!(done[1].starts_with("send 1 to w1, attempt 2"), "{done:?}");
}

#[test]
fn a_place_that_its_first_in_line_cannot_use_goes_to_the_next() {
    let of = |groups: &[u16]| JobSpec { read_only: true, groups: groups.into(), ..JobSpec::default() };
    // 2 waits for both groups, 3 behind it for the first alone.
    let jobs = vec![of(&[0]), of(&[1]), of(&[0, 1]), of(&[0])];
    let (mut story, sent) = Story::under_way(Settings { group_limits: vec![1, 1], ..mix(1, 4) }, jobs);
    assert_eq!(sent, ["send 0 to w0", "send 1 to w0"]);
    story.started(w(0), 0);
    assert_eq!(story.finished(w(0), 0), ["0 ok", "send 3 to w0"]);
}
