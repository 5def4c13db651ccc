//! Workers that die, hang and lie.

use super::*;

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

#[test]
fn who_brings_workers_down_before_a_word_of_it_is_found_too() {
    let (mut story, sent) = Story::under_way(mix(1, 1), reading(1));
    assert_eq!(sent, ["send 0 to w0"]);
    assert_eq!(story.dies(w(0)), ["start w0'"]);
    assert_eq!(story.tell(Event::WorkerReady(after(w(0)))), ["send 0 to w0'"]);
    assert_eq!(story.dies(after(w(0))), ["0 lost: crashed", "complete"]);
}
