//! Logins that are guarded and paced.

use super::*;

/// Jobs that log in with one credential.
pub(super) fn alike(jobs: usize) -> Vec<JobSpec> {
    vec![JobSpec { read_only: true, credential: Some(0), ..JobSpec::default() }; jobs]
}

pub(super) fn guarded(processes: u32, threads: u32) -> Settings {
    Settings { credentials: 1, ..mix(processes, threads) }
}

impl Story {
    pub(super) fn asks(&mut self, worker: WorkerId, job: u32) -> Vec<String> {
        self.job(worker, job, Passage::AsksToLogIn)
    }

    /// The session comes to the login, which it may begin at once.
    pub(super) fn logs_in(&mut self, worker: WorkerId, job: u32) {
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
