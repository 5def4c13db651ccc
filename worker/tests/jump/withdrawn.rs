//! Jobs that the supervisor takes back, because their password has been rejected elsewhere.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};

use netsweep_shared::job::JobId;
use netsweep_shared::job::Transport::{Ssh, Telnet};
use netsweep_shared::outcome::{AttemptEnd, ErrorKind, Stage};
use netsweep_shared::protocol::FromWorker::{self, Finished, Returned, Started};

use crate::worker::{Worker, job};
use crate::{AMPLE, hold, refusing, target};

#[test]
fn who_has_not_logged_in_yet_does_not_any_more() {
    let silent = target(hold);
    for transport in [Ssh, Telnet] {
        let mut worker = Worker::start(1, &["cisco_ios"]);
        worker.take(job(0, "127.0.0.1", &[(transport, silent), (Telnet, refusing())], &[]));
        worker.take(job(1, "127.0.0.1", &[(transport, silent)], &[]));
        assert_eq!(worker.next(), Started(JobId(0)));
        worker.withdraw(1);
        worker.withdraw(0);
        let Finished { job: JobId(0), end } = worker.next() else { panic!("the first ends") };
        let failure = end.failure.expect("it was not let in");
        assert_eq!((failure.kind, failure.may_pass()), (ErrorKind::LockoutGuard, false), "{failure}");
        assert_eq!(worker.next(), Returned(JobId(1)), "no thread had taken it");
    }
}

/// Asks who is there, tells when it has the password, and closes when it is told to.
fn asks(connection: &TcpStream, tell: &Sender<()>, close: &Receiver<()>) {
    // A return key is CR NUL (RFC 854), and options are negotiated in between.
    let mut lines = BufReader::new(connection).split(b'\r');
    let mut ask = |question: &[u8], answer: &[u8]| {
        let mut connection = connection;
        connection.write_all(question).expect("asked");
        while !lines.next().expect("an answer").expect("read").windows(answer.len()).any(|it| it == answer) {}
    };
    ask(b"\r\nUsername: ", b"admin");
    ask(b"admin\r\nPassword: ", b"any");
    tell.send(()).expect("the test waits");
    close.recv().expect("the test tells");
}

#[test]
fn a_password_that_is_out_takes_its_course() {
    let ((tell, told), (close, closing)) = (channel(), channel());
    let ends = Mutex::new((tell, closing));
    let port = target(move |connection| {
        let (tell, closing) = &*ends.lock().expect("nobody else comes");
        asks(&connection, tell, closing);
    });
    let mut worker = Worker::start(1, &["cisco_ios"]);
    worker.take(job(0, "127.0.0.1", &[(Telnet, port)], &[]));
    told.recv_timeout(AMPLE).expect("the password comes");
    worker.withdraw(0);
    // Whoever takes this has taken the withdrawal before.
    worker.take(job(1, "127.0.0.1", &[(Telnet, refusing())], &[]));
    close.send(()).expect("the device waits");
    let ends = worker.finish(2);
    let kind = |end: &AttemptEnd| end.failure.as_ref().map(|failure| (failure.kind, failure.stage));
    let of_the_first = kind(&ends[&JobId(0)]);
    assert!(
        matches!(of_the_first, Some((ErrorKind::Disconnected | ErrorKind::Auth, Stage::Login))),
        "{ends:?}"
    );
    assert_eq!(kind(&ends[&JobId(1)]), Some((ErrorKind::Connect, Stage::Connect)), "the next is not meant");
}

#[test]
fn a_withdrawal_that_comes_too_late_means_nothing() {
    let mut worker = Worker::start(1, &["cisco_ios"]);
    worker.take(job(0, "127.0.0.1", &[(Telnet, refusing())], &[]));
    assert_eq!(worker.finish(1).len(), 1);
    worker.withdraw(0);
    worker.take(job(1, "127.0.0.1", &[(Telnet, refusing())], &[]));
    assert!(matches!(worker.next(), FromWorker::Started(JobId(1))));
}
