//! The shut-in worker, from inside and from outside.

// From inside: what fails, and what goes on working.
mod refused;
mod works;
// From outside: a worker's process, as the kernel describes it.
mod process;

use std::thread;

use netsweep_worker::sandbox::enter;

/// Does `what` on a thread that is shut in as a worker is; the rest of the tests' process is not.
#[track_caller]
fn shut_in<T: Send>(what: impl FnOnce() -> T + Send) -> T {
    shut_in_with(&[], what)
}

/// The same, with the sockets of agents within reach.
#[track_caller]
fn shut_in_with<T: Send>(agents: &[String], what: impl FnOnce() -> T + Send) -> T {
    let inside = || {
        let in_force = enter(agents);
        assert_eq!(
            in_force.missing,
            Vec::<String>::new(),
            "this kernel cannot show what the tests are about"
        );
        what()
    };
    thread::scope(|scope| scope.spawn(inside).join().expect("nothing fails inside"))
}
