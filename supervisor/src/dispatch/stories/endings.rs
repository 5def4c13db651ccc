//! Runs that are cut short.

use super::logins::{alike, guarded};
use super::*;

#[test]
fn who_may_not_log_in_yet_does_not_any_more_when_the_run_is_ended() {
    let (mut story, _) = Story::under_way(guarded(1, 2), alike(2));
    story.logs_in(w(0), 0);
    story.started(w(0), 1);
    assert_eq!(story.asks(w(0), 1), NOTHING);
    assert_eq!(story.tell(Event::Interrupt), ["drain w0"]);
    assert_eq!(story.job(w(0), 0, Passage::LoggedIn), NOTHING, "nobody is let");
    assert_eq!(story.pass(1.0), NOTHING, "who is in may finish");
    assert_eq!(story.job(w(0), 0, Passage::CommandsBegin), NOTHING);
    assert_eq!(story.finished(w(0), 0), ["0 ok"]);
    assert_eq!(story.pass(0.1), ["cancel w0"], "and nobody waits for those who cannot");
    assert_eq!(story.failed(w(0), 1, ErrorKind::Interrupted), ["1 interrupted", "interrupted"]);
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
