//! Sessions that have to ask before they log in.

use std::collections::HashMap;
use std::thread;
use std::time::Duration;

use netsweep_shared::job::Transport::{Ssh, Telnet};
use netsweep_shared::job::{Job, JobId, Timeouts};
use netsweep_shared::outcome::{ErrorKind, Stage};
use netsweep_shared::protocol::FromWorker::{AsksToLogIn, Finished, LoggedIn, LogsIn, Started};

use crate::sessions::Devices;
use crate::worker::{Worker, job};

/// Jobs for two devices, by SSH and by Telnet.
fn asking(devices: &Devices) -> [Job; 2] {
    [(0, Ssh), (1, Telnet)].map(|(id, transport)| {
        let job = job(id, &devices.address(id as usize), &[(transport, devices.port(id as usize))], &[]);
        Job { asks_first: true, ..job }
    })
}

fn devices() -> Devices {
    Devices::start(&[(Ssh, None), (Telnet, None)])
}

#[test]
fn nobody_logs_in_before_he_may_and_waiting_for_that_costs_no_login_time() {
    let (devices, login) = (devices(), Duration::from_secs(10));
    let mut worker = Worker::start(2, &["cisco_ios"]);
    for job in asking(&devices) {
        worker.take(Job { timeouts: Timeouts { login, ..job.timeouts }, ..job });
    }
    let mut said = HashMap::<JobId, Vec<_>>::new();
    for _ in 0..4 {
        let message = worker.next();
        let (Started(id) | AsksToLogIn(id)) = message else { panic!("{message:?} before it may") };
        said.entry(id).or_default().push(message);
    }
    let expected = [0, 1].map(|id| (JobId(id), vec![Started(JobId(id)), AsksToLogIn(JobId(id))]));
    assert_eq!(said, expected.into());
    assert_eq!(worker.next_within(login + Duration::from_millis(200)), None, "they wait");
    worker.log_in(0);
    worker.log_in(1);
    for (id, end) in worker.finish(2) {
        assert_eq!(end.failure, None, "job {id}");
        assert!(end.effort.leave > login && end.timing.total < end.effort.leave, "{end:?}");
    }
}

#[test]
fn who_may_log_in_before_a_thread_has_taken_him_does_not_ask() {
    let devices = devices();
    let mut worker = Worker::start(1, &["cisco_ios"]);
    asking(&devices).into_iter().for_each(|job| worker.take(job));
    assert_eq!([worker.next(), worker.next()], [Started(JobId(0)), AsksToLogIn(JobId(0))]);
    worker.log_in(1);
    worker.log_in(0);
    let mut asked = false;
    loop {
        match worker.next() {
            AsksToLogIn(_) => asked = true,
            Finished { job: JobId(1), end } => break assert_eq!((end.failure, asked), (None, false)),
            _ => {}
        }
    }
}

#[test]
fn a_word_of_an_attempt_that_is_over_does_not_count_for_the_next() {
    let devices = devices();
    let mut worker = Worker::start(1, &["cisco_ios"]);
    let [ssh, _] = asking(&devices);
    worker.take(ssh.clone());
    worker.log_in(0);
    assert_eq!(worker.finish(1)[&JobId(0)].failure, None);
    worker.log_in(0);
    worker.take(Job { attempt: 2, ..ssh });
    assert_eq!([worker.next(), worker.next()], [Started(JobId(0)), AsksToLogIn(JobId(0))]);
    worker.log_in(0);
    assert_eq!([worker.next(), worker.next()], [LogsIn(JobId(0)), LoggedIn(JobId(0))]);
}

#[test]
fn a_device_whose_time_is_up_meanwhile_is_not_blamed() {
    let devices = devices();
    let mut worker = Worker::start(2, &["cisco_ios"]);
    for job in asking(&devices) {
        worker.take(Job { timeouts: Timeouts { device: Duration::from_secs(4), ..job.timeouts }, ..job });
    }
    for (id, end) in worker.finish(2) {
        let failure = end.failure.expect("nobody says that it may log in");
        assert_eq!(
            (failure.kind, failure.stage),
            (ErrorKind::Timeout, Stage::Handshake),
            "job {id}: {failure}"
        );
        assert!(failure.message.contains("other logins with the same password"), "job {id}: {failure}");
    }
}

#[test]
fn who_waits_hears_that_nobody_is_to_log_in_any_more() {
    let devices = devices();
    let mut worker = Worker::start(2, &["cisco_ios"]);
    asking(&devices).into_iter().for_each(|job| worker.take(job));
    (0..4).for_each(|_| drop(worker.next()));
    worker.withdraw(0);
    let Finished { job: JobId(0), end } = worker.next() else { panic!("the first ends") };
    assert_eq!(end.failure.map(|failure| failure.kind), Some(ErrorKind::LockoutGuard));
    // As at the end of a run.
    thread::sleep(Duration::from_millis(50));
    worker.cancel();
    let Finished { job: JobId(1), end } = worker.next() else { panic!("the second ends") };
    assert_eq!(end.failure.map(|failure| failure.kind), Some(ErrorKind::Interrupted));
}
