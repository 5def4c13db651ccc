//! Short stories: what happens, and what the dispatcher does about it.
//!
//! Actions are written as in `send 3 to w0`, where `w0'` is the first successor of `w0`.

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
fn nobody_is_blamed_where_a_worker_was_killed_from_outside() {
    let (mut story, _) = Story::under_way(mix(1, 2), reading(2));
    story.commands_begin(w(0), 0);
    story.started(w(0), 1);
    let death = Death::Killed("SIGKILL".into());
    assert_eq!(story.tell(Event::WorkerGone(w(0), death)), ["again 0", "again 1", "start w0'"]);
    let sent = story.tell(Event::WorkerReady(after(w(0))));
    assert_eq!(sent, ["send 0 to w0'", "send 1 to w0'"], "together, and as their first attempts");
}

#[test]
fn the_device_that_workers_die_of_is_found_and_its_neighbours_are_not_blamed() {
    let guilty = 1;
    let (mut story, _) = Story::under_way(mix(1, 3), reading(3));
    (0..3).for_each(|job| story.commands_begin(w(0), job));
    assert_eq!(story.dies(w(0)), ["again 0", "again 1", "again 2", "start w0'"]);
    // Each is run alone.
    let second = after(w(0));
    assert_eq!(story.tell(Event::WorkerReady(second)), ["send 0 to w0'"]);
    story.commands_begin(second, 0);
    assert_eq!(story.finished(second, 0), ["0 ok", "send 1 to w0'"]);
    story.commands_begin(second, guilty);
    assert_eq!(story.dies(second), ["again 1", "start w0''"]);
    let third = after(second);
    assert_eq!(story.tell(Event::WorkerReady(third)), ["send 1 to w0''"]);
    story.commands_begin(third, guilty);
    assert_eq!(story.dies(third), ["1 lost: crashed", "start w0'''"]);
    let fourth = after(third);
    assert_eq!(story.tell(Event::WorkerReady(fourth)), ["send 2 to w0'''"]);
    story.commands_begin(fourth, 2);
    assert_eq!(story.finished(fourth, 2), ["2 ok", "complete"]);
}

#[test]
fn one_guilty_device_among_many_is_found_in_a_few_deaths() {
    let guilty = JobId(137);
    let settings = mix(1, 200);
    let mut witness = Witness::new(&settings, &reading(200));
    let (mut dispatcher, mut todo) = Dispatcher::start(settings, reading(200), (0..200).map(JobId).collect());
    witness.saw_start(&todo).expect("the start breaks no invariant");
    let (mut deaths, mut rounds) = (0, 0);
    while !todo.contains(&Action::Finish(Ending::Complete)) {
        // A worker runs all that it was handed, or dies of it.
        let mut events = Vec::new();
        let mut held = Vec::new();
        for action in std::mem::take(&mut todo) {
            match action {
                Action::Start(id) => events.push(Event::WorkerReady(id)),
                Action::Send { worker, job, .. } => held.push((worker, job)),
                _ => {}
            }
        }
        rounds += u32::from(!held.is_empty());
        events.extend(held.iter().map(|&(worker, job)| Event::Job(worker, job, Passage::Started)));
        if let Some(&(worker, _)) = held.iter().find(|(_, job)| *job == guilty) {
            deaths += 1;
            events.push(Event::WorkerGone(worker, Death::Fault("SIGSEGV".into())));
        } else {
            events.extend(
                held.iter().map(|&(worker, job)| Event::Job(worker, job, Passage::Finished(end(None)))),
            );
        }
        assert!(!events.is_empty(), "jobs are left, and nobody works");
        for event in events {
            let actions = dispatcher.handle(event.clone(), Duration::ZERO);
            witness.saw(&event, &actions, Duration::ZERO).expect("no invariant is broken");
            todo.extend(actions);
        }
    }
    assert_eq!(deaths, 5, "in companies of 200, 25, 4 and twice alone");
    assert!(rounds < 25, "{rounds} rounds");
}

#[test]
fn commands_that_may_change_something_are_not_run_a_second_time() {
    let (mut story, _) = Story::under_way(mix(1, 2), changing(2));
    story.commands_begin(w(0), 0);
    story.started(w(0), 1);
    let death = Death::Killed("SIGKILL".into());
    let done = story.tell(Event::WorkerGone(w(0), death));
    assert_eq!(done, ["0 lost: crashed", "again 1", "start w0'"], "1 had not begun its commands");
}

#[test]
fn a_silent_worker_is_killed_and_another_takes_its_place() {
    let (mut story, _) =
        Story::under_way(Settings { device_timeout: Duration::from_secs(60), ..mix(2, 1) }, reading(2));
    story.started(w(0), 0);
    story.started(w(1), 1);
    story.alive.retain(|worker| *worker != w(0));
    assert_eq!(story.pass(15.0), NOTHING);
    assert_eq!(story.pass(1.0), ["kill w0: it has said nothing for 15 s"]);
    assert_eq!(story.pass(1.0), NOTHING, "once is enough");
    assert_eq!(story.dies(w(0)), ["again 0", "start w0'"]);
}

#[test]
fn being_held_up_ourselves_kills_nobody() {
    let (mut story, _) = Story::under_way(mix(2, 1), reading(2));
    story.started(w(0), 0);
    story.started(w(1), 1);
    story.now += Duration::from_secs(3600);
    assert_eq!(story.tell(Event::Tick), NOTHING, "neither silent nor overdue");
    assert_eq!(story.finished(w(0), 0), ["0 ok"]);
    assert_eq!(story.finished(w(1), 1), ["1 ok", "complete"]);
}

#[test]
fn a_job_that_outlives_its_deadline_costs_its_worker_the_life() {
    let (mut story, _) = Story::under_way(mix(1, 1), reading(1));
    story.started(w(0), 0);
    assert_eq!(story.pass(15.0), NOTHING);
    assert_eq!(story.pass(0.2), ["kill w0: its job 0 did not end at its deadline"]);
}

#[test]
fn a_wedged_thread_costs_its_neighbours_nothing() {
    // Six may be in hand: the last waits there.
    let (mut story, sent) = Story::under_way(mix(1, 2), changing(8));
    assert_eq!(sent, ["send 0 to w0", "send 1 to w0", "send 2 to w0"]);
    story.commands_begin(w(0), 0);
    story.commands_begin(w(0), 1);
    assert_eq!(story.pass(8.0), NOTHING);
    assert_eq!(story.finished(w(0), 1), ["1 ok", "send 3 to w0"]);
    story.commands_begin(w(0), 2);
    assert_eq!(story.pass(7.1), ["retire w0"]);
    assert_eq!(story.job(w(0), 3, Passage::Returned), NOTHING, "not sent there again");
    assert_eq!(story.finished(w(0), 2), ["2 ok"]);
    assert_eq!(story.pass(0.1), ["kill w0: its job 0 did not end at its deadline"]);
    assert_eq!(story.dies(w(0)), ["0 lost: crashed", "start w0'"]);
}

#[test]
fn a_worker_whose_late_session_ends_after_all_is_replaced() {
    let (mut story, _) = Story::under_way(mix(1, 2), changing(8));
    story.commands_begin(w(0), 0);
    story.commands_begin(w(0), 1);
    assert_eq!(story.pass(8.0), NOTHING);
    assert_eq!(story.finished(w(0), 1), ["1 ok", "send 3 to w0"]);
    story.commands_begin(w(0), 2);
    assert_eq!(story.pass(7.1), ["retire w0"]);
    assert_eq!(story.job(w(0), 3, Passage::Returned), NOTHING);
    assert_eq!(story.finished(w(0), 0), ["0 ok"]);
    assert_eq!(story.finished(w(0), 2), ["2 ok"]);
    assert_eq!(story.pass(0.1), ["kill w0: one of its sessions had not ended at its deadline"]);
    assert_eq!(story.dies(w(0)), ["start w0'"]);
}

#[test]
fn a_worker_that_begins_nothing_is_killed() {
    let (mut story, _) = Story::under_way(mix(1, 1), reading(1));
    assert_eq!(story.pass(15.0), NOTHING);
    assert_eq!(story.pass(0.2), ["kill w0: it has begun none of its jobs for 15 s"]);
    assert_eq!(story.dies(w(0)), ["start w0'"]);
}

#[test]
fn workers_that_keep_dying_are_given_up() {
    let mut story = Story::begin(mix(2, 1), reading(1));
    let mut worker = w(0);
    for _ in 0..40 {
        assert_eq!(story.dies(worker).len(), 1);
        worker = after(worker);
    }
    assert_eq!(story.dies(worker), ["gave up: workers died 41 times within 60 s; the last one: SIGSEGV"]);
}

#[test]
fn however_slowly_workers_die_a_run_without_progress_ends() {
    let mut story = Story::begin(mix(1, 1), reading(1));
    let mut worker = w(0);
    for _ in 0..20 {
        assert_eq!(story.pass(10.0), NOTHING);
        assert_eq!(story.dies(worker).len(), 1);
        worker = after(worker);
    }
    let done = story.dies(worker);
    assert_eq!(done, ["gave up: workers died 21 times without a device done between; the last one: SIGSEGV"]);
}

#[test]
fn a_worker_that_cannot_work_ends_the_run_at_once() {
    let mut story = Story::begin(mix(2, 1), reading(5));
    let death = Death::Unusable("another version".into());
    assert_eq!(story.tell(Event::WorkerGone(w(1), death)), ["gave up: another version"]);
}

#[test]
fn sessions_that_run_may_finish_when_the_run_is_given_up() {
    let (mut story, _) = Story::under_way(mix(2, 1), changing(3));
    story.commands_begin(w(0), 0);
    let death = Death::Unusable("no such file".into());
    assert_eq!(story.tell(Event::WorkerGone(w(1), death)), ["drain w0"]);
    assert_eq!(story.finished(w(0), 0), ["0 ok", "gave up: no such file"]);
}

#[test]
fn what_a_dead_worker_said_is_not_taken_for_its_successors() {
    let (mut story, _) = Story::under_way(mix(1, 1), reading(1));
    story.started(w(0), 0);
    story.dies(w(0));
    let second = after(w(0));
    assert_eq!(story.tell(Event::WorkerReady(second)), ["send 0 to w0'"]);
    assert_eq!(story.finished(w(0), 0), NOTHING);
    assert_eq!(story.dies(w(0)), NOTHING);
    assert!(!story.dispatcher.runs(w(0), JobId(0)));
    story.started(second, 0);
    assert!(story.dispatcher.runs(second, JobId(0)));
    assert_eq!(story.finished(second, 0), ["0 ok", "complete"]);
}

#[test]
fn who_speaks_out_of_turn_is_killed() {
    let out_of_turn = [
        (Passage::LogsIn, "kill w0: it said \"logs in\" of job 0 out of turn"),
        (Passage::LoggedIn, "kill w0: it said \"logged in\" of job 0 out of turn"),
        (Passage::CommandsBegin, "kill w0: it said \"commands begin\" of job 0 out of turn"),
        (Passage::Finished(end(None)), "kill w0: it said \"finished\" of job 0 out of turn"),
        (Passage::Returned, "kill w0: it said \"returned\" of job 0 out of turn"),
    ];
    for (passage, consequence) in out_of_turn {
        let (mut story, _) = Story::under_way(mix(1, 1), reading(1));
        assert_eq!(story.job(w(0), 0, passage), [consequence]);
    }
    let (mut story, _) = Story::under_way(mix(2, 1), reading(2));
    assert_eq!(story.job(w(0), 7, Passage::Started), ["kill w0: it spoke of job 7, which does not exist"]);
    let of_anothers = story.job(w(1), 0, Passage::Started);
    assert_eq!(of_anothers, ["kill w1: it said \"started\" of job 0 out of turn"]);
}

#[test]
fn the_first_interrupt_ends_the_run_in_order() {
    let (mut story, _) = Story::under_way(mix(1, 2), reading(9));
    story.commands_begin(w(0), 0);
    story.commands_begin(w(0), 1);
    assert_eq!(story.tell(Event::Interrupt), ["drain w0"]);
    for job in [2, 3] {
        assert_eq!(story.job(w(0), job, Passage::Returned), NOTHING);
    }
    assert_eq!(story.finished(w(0), 0), ["0 ok"]);
    assert_eq!(story.pass(4.9), NOTHING);
    assert_eq!(story.pass(0.2), ["cancel w0"]);
    assert_eq!(story.failed(w(0), 1, ErrorKind::Interrupted), ["1 interrupted", "interrupted"]);
    assert_eq!(story.dispatcher.unsettled(), 7);
}

#[test]
fn who_does_not_heed_an_interrupt_is_killed() {
    let (mut story, _) = Story::under_way(mix(1, 1), reading(2));
    story.commands_begin(w(0), 0);
    assert_eq!(story.tell(Event::Interrupt), ["drain w0"]);
    assert_eq!(story.pass(7.2), ["cancel w0", "kill w0: it did not end its sessions"]);
    assert_eq!(story.dies(w(0)), ["0 lost: interrupted", "interrupted"]);
}

#[test]
fn a_worker_that_died_while_the_run_ends_is_not_missed() {
    let settings =
        Settings { grace: Duration::from_secs(60), device_timeout: Duration::from_secs(60), ..mix(2, 1) };
    let (mut story, _) = Story::under_way(settings, reading(2));
    story.started(w(0), 0);
    story.started(w(1), 1);
    assert_eq!(story.tell(Event::Interrupt), ["drain w0", "drain w1"]);
    assert_eq!(story.dies(w(1)), ["1 lost: interrupted"]);
    assert_eq!(story.pass(30.0), NOTHING, "nobody is there who could be silent");
    assert_eq!(story.finished(w(0), 0), ["0 ok", "interrupted"]);
}

#[test]
fn the_second_interrupt_ends_the_run_at_once() {
    let (mut story, _) = Story::under_way(mix(2, 1), reading(1));
    story.commands_begin(w(0), 0);
    assert_eq!(story.tell(Event::Interrupt), ["drain w0", "drain w1"]);
    let done = story.tell(Event::Interrupt);
    assert_eq!(done, ["kill w0: the run was interrupted twice"], "the other has nothing to lose");
    assert_eq!(story.dies(w(0)), ["0 lost: interrupted", "interrupted"]);
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

#[test]
fn suspects_keep_to_their_groups_limit_too() {
    let one = JobSpec { read_only: true, groups: [0].into(), ..JobSpec::default() };
    let settings = Settings { group_limits: vec![1], ..mix(2, 2) };
    let (mut story, sent) = Story::under_way(settings, vec![one; 2]);
    assert_eq!(sent, ["send 0 to w0"]);
    story.started(w(0), 0);
    assert_eq!(story.dies(w(0)), ["again 0", "start w0'", "send 0 to w1"], "suspects go first");
    assert_eq!(story.tell(Event::WorkerReady(after(w(0)))), NOTHING);
    story.started(w(1), 0);
    assert_eq!(story.finished(w(1), 0), ["0 ok", "send 1 to w0'"]);
}

/// Jobs that log in with one credential.
fn alike(jobs: usize) -> Vec<JobSpec> {
    vec![JobSpec { read_only: true, credential: Some(0), ..JobSpec::default() }; jobs]
}

fn guarded(processes: u32, threads: u32) -> Settings {
    Settings { credentials: 1, ..mix(processes, threads) }
}

impl Story {
    fn asks(&mut self, worker: WorkerId, job: u32) -> Vec<String> {
        self.job(worker, job, Passage::AsksToLogIn)
    }

    /// The session comes to the login, which it may begin at once.
    fn logs_in(&mut self, worker: WorkerId, job: u32) {
        self.started(worker, job);
        assert_eq!(self.asks(worker, job), [format!("let {job} log in at w{}", worker.number)]);
        assert_eq!(self.job(worker, job, Passage::LogsIn), NOTHING);
    }

    /// The device refuses the login.
    fn rejected(&mut self, worker: WorkerId, job: u32) -> Vec<String> {
        let failure = Some(Failure::new(ErrorKind::Auth, Stage::Login, "as told"));
        self.job(worker, job, Passage::Finished(AttemptEnd { failure, ..AttemptEnd::default() }))
    }
}

#[test]
fn the_first_to_come_logs_in_alone_and_a_success_lets_all_others() {
    let (mut story, sent) = Story::under_way(guarded(1, 3), alike(4));
    assert_eq!(sent, ["send 0 to w0, to ask", "send 1 to w0, to ask", "send 2 to w0, to ask"]);
    story.started(w(0), 0);
    story.logs_in(w(0), 1);
    assert_eq!(story.asks(w(0), 0), NOTHING, "nothing is known yet");
    story.started(w(0), 2);
    let let_in = story.job(w(0), 1, Passage::LoggedIn);
    assert_eq!(let_in, ["let 0 log in at w0", "let 2 log in at w0"], "whether they have asked or not");
    assert_eq!(story.asks(w(0), 2), NOTHING, "it is on its way");
    assert_eq!(story.finished(w(0), 1), ["1 ok", "send 3 to w0"]);
}

#[test]
fn who_does_not_come_as_far_as_the_login_holds_up_nobody() {
    let (mut story, _) = Story::under_way(guarded(1, 3), alike(3));
    (0..3).for_each(|job| story.started(w(0), job));
    assert_eq!(story.failed(w(0), 0, ErrorKind::Connect), ["retry 0 after connect"]);
    assert_eq!(story.asks(w(0), 1), ["let 1 log in at w0"]);
    assert_eq!(story.asks(w(0), 2), NOTHING);
    assert_eq!(
        story.failed(w(0), 1, ErrorKind::Disconnected),
        ["retry 1 after disconnected", "let 2 log in at w0"]
    );
}

#[test]
fn who_asks_twice_or_needs_not_ask_is_killed() {
    let (mut story, _) = Story::under_way(guarded(1, 2), alike(2));
    story.logs_in(w(0), 0);
    story.started(w(0), 1);
    assert_eq!(story.asks(w(0), 1), NOTHING);
    assert_eq!(story.asks(w(0), 1), ["kill w0: it said \"asks to log in\" of job 1 out of turn"]);
    let (mut story, _) = Story::under_way(mix(1, 1), reading(1));
    story.started(w(0), 0);
    assert_eq!(story.asks(w(0), 0), ["kill w0: it said \"asks to log in\" of job 0 out of turn"]);
}

#[test]
fn a_worker_that_does_not_hear_what_its_session_waits_for_is_killed() {
    let settings = Settings { device_timeout: Duration::from_secs(60), ..guarded(1, 1) };
    let (mut story, _) = Story::under_way(settings, alike(1));
    story.started(w(0), 0);
    assert_eq!(story.asks(w(0), 0), ["let 0 log in at w0"]);
    assert_eq!(story.pass(15.0), NOTHING);
    assert_eq!(story.pass(0.2), ["kill w0: it has not heard for 15 s that job 0 may log in"]);
    assert_eq!(story.dies(w(0)), ["again 0", "start w0'"]);
}

#[test]
fn the_next_logs_in_when_the_first_ones_worker_has_died() {
    let (mut story, _) = Story::under_way(guarded(2, 1), alike(2));
    story.logs_in(w(0), 0);
    story.started(w(1), 1);
    assert_eq!(story.asks(w(1), 1), NOTHING);
    assert_eq!(story.dies(w(0)), ["again 0", "start w0'", "let 1 log in at w1"]);
}

#[test]
fn a_device_that_asks_for_no_password_tells_nothing_of_it() {
    let (mut story, _) = Story::under_way(guarded(1, 2), alike(2));
    story.started(w(0), 0);
    assert_eq!(story.job(w(0), 0, Passage::LoggedIn), NOTHING);
    story.logs_in(w(0), 1);
}

#[test]
fn a_credential_that_is_rejected_too_often_is_not_used_any_more() {
    let (mut story, sent) = Story::under_way(guarded(2, 200), alike(1000));
    assert_eq!(sent.len(), 2 * (200 + 32), "all threads, and some in hand");
    (0..4).for_each(|job| story.started(w(0), job));
    assert_eq!(story.asks(w(0), 0), ["let 0 log in at w0"]);
    (1..4).for_each(|job| assert_eq!(story.asks(w(0), job), NOTHING));
    assert_eq!(story.rejected(w(0), 0), ["0 auth", "let 1 log in at w0", "send 464 to w0, to ask"]);
    assert_eq!(story.rejected(w(0), 1), ["1 auth", "let 2 log in at w0", "send 465 to w0, to ask"]);
    let done = story.rejected(w(0), 2);
    assert_eq!((&*done[0], done.len()), ("2 auth", 1 + 534 + 463));
    assert_eq!((&*done[1], &*done[534]), ("466 skipped", "999 skipped"));
    assert_eq!((&*done[535], &*done[997]), ("withdraw 3 from w0", "withdraw 463 from w1"));
}

#[test]
fn a_success_sets_the_count_back() {
    let (mut story, _) = Story::under_way(guarded(1, 1), alike(6));
    for job in [0, 1] {
        story.logs_in(w(0), job);
        story.rejected(w(0), job);
    }
    story.logs_in(w(0), 2);
    assert_eq!(story.job(w(0), 2, Passage::LoggedIn), ["let 3 log in at w0"], "in hand, for the thread");
    assert_eq!(story.finished(w(0), 2), ["2 ok", "send 4 to w0"]);
    story.started(w(0), 3);
    assert_eq!(story.rejected(w(0), 3), ["3 auth"]);
    story.started(w(0), 4);
    assert_eq!(
        story.rejected(w(0), 4),
        ["4 auth", "send 5 to w0, to ask"],
        "the fourth was handed out before"
    );
    story.logs_in(w(0), 5);
    assert_eq!(story.rejected(w(0), 5), ["5 auth", "complete"]);
}

#[test]
fn those_that_are_not_in_yet_are_withdrawn_when_the_credential_is_locked_out() {
    let (mut story, _) = Story::under_way(guarded(1, 5), alike(6));
    story.logs_in(w(0), 0);
    story.job(w(0), 0, Passage::LoggedIn);
    for job in 1..5 {
        story.started(w(0), job);
    }
    assert_eq!(story.finished(w(0), 0), ["0 ok", "send 5 to w0"]);
    assert_eq!(story.job(w(0), 1, Passage::LoggedIn), NOTHING);
    assert_eq!(story.rejected(w(0), 2), ["2 auth"]);
    assert_eq!(story.rejected(w(0), 3), ["3 auth"]);
    // The others are 1, which is in, and 5, which no thread has taken.
    assert_eq!(story.rejected(w(0), 4), ["4 auth", "withdraw 5 from w0"]);
    assert_eq!(story.job(w(0), 5, Passage::Returned), ["5 skipped"]);
    assert_eq!(story.job(w(0), 1, Passage::CommandsBegin), NOTHING);
    assert_eq!(story.finished(w(0), 1), ["1 ok", "complete"]);
}

#[test]
fn a_login_that_takes_long_is_joined_by_others_but_not_by_too_many() {
    let settings = Settings { device_timeout: Duration::from_secs(120), ..guarded(1, 9) };
    let (mut story, _) = Story::under_way(settings, alike(9));
    story.logs_in(w(0), 0);
    for job in 1..9 {
        story.started(w(0), job);
        assert_eq!(story.asks(w(0), job), NOTHING);
    }
    assert_eq!(story.pass(2.5), NOTHING);
    assert_eq!(story.pass(1.0), ["let 1 log in at w0"]);
    assert_eq!(story.pass(4.0), ["let 2 log in at w0"]);
    assert_eq!(story.pass(10.0), NOTHING, "all three may be rejected");
    assert_eq!(story.failed(w(0), 0, ErrorKind::Command), ["0 command", "let 3 log in at w0"]);
}

#[test]
fn a_refusal_of_something_else_is_no_rejected_login() {
    let (mut story, _) = Story::under_way(guarded(1, 1), alike(5));
    for job in 0..4 {
        story.logs_in(w(0), job);
        // Not of the login.
        assert_eq!(story.failed(w(0), job, ErrorKind::Auth)[0], format!("{job} auth"));
    }
}

#[test]
fn where_logins_are_paced_others_do_not_set_out_before_the_first_is_in() {
    let settings = Settings { login_rate: Some(1000.0), ..guarded(1, 3) };
    let (mut story, sent) = Story::under_way(settings, alike(3));
    assert_eq!(sent, ["send 0 to w0, to ask"]);
    story.logs_in(w(0), 0);
    assert_eq!(story.job(w(0), 0, Passage::LoggedIn), NOTHING);
    assert_eq!(story.pass(0.1), ["send 1 to w0", "send 2 to w0"]);
}

#[test]
fn logins_begin_at_the_rate_that_is_allowed() {
    let settings = Settings { login_rate: Some(5.0), device_timeout: Duration::from_secs(60), ..mix(2, 50) };
    let (mut story, sent) = Story::under_way(settings, reading(100));
    assert_eq!(sent, ["send 0 to w0"]);
    let begun = story.pass(2.0).len();
    assert!((9..=11).contains(&begun), "{begun} in two seconds");
}

#[test]
fn who_brings_workers_down_before_a_word_of_it_is_found_too() {
    let (mut story, sent) = Story::under_way(mix(1, 1), reading(1));
    assert_eq!(sent, ["send 0 to w0"]);
    assert_eq!(story.dies(w(0)), ["start w0'"]);
    assert_eq!(story.tell(Event::WorkerReady(after(w(0)))), ["send 0 to w0'"]);
    assert_eq!(story.dies(after(w(0))), ["0 lost: crashed", "complete"]);
}
