//! What a worker is to the scheduler.

use std::io;

/// Makes this thread, and those that it starts from now on, ones that interrupt no other when they wake: `SCHED_BATCH`
/// (sched(7)). A sweep is in no hurry to read what has come for one session while another computes, and each
/// interruption costs the caches of both; that is worth some 5 % of a session's processor time.
#[expect(unsafe_code, reason = "no library that we use has this call; it reads one structure, which is ours")]
pub(crate) fn interrupt_nobody() {
    let no_priority = libc::sched_param { sched_priority: 0 };
    // SAFETY: the structure lives longer than the call, which only reads it; 0 is this thread.
    if unsafe { libc::sched_setscheduler(0, libc::SCHED_BATCH, &raw const no_priority) } != 0 {
        // Under a policy that may not be left, as for real time: a little slower, and no worse.
        tracing::info!("not scheduled as a batch: {}", io::Error::last_os_error());
    }
}

#[cfg(test)]
mod tests {
    use super::interrupt_nobody;

    #[test]
    fn threads_inherit_it() {
        let policy = |path: &str| {
            let stat = std::fs::read_to_string(path).expect("reads");
            // The 41st field, the second of which may have blanks in its brackets (proc_pid_stat(5)).
            let fields = stat.rsplit_once(')').expect("a name").1.split_whitespace().nth(38);
            fields.expect("a policy").parse::<i32>().expect("a number")
        };
        std::thread::spawn(move || {
            interrupt_nobody();
            assert_eq!(policy("/proc/thread-self/stat"), libc::SCHED_BATCH);
            let child = std::thread::spawn(move || policy("/proc/thread-self/stat"));
            assert_eq!(child.join().expect("ends"), libc::SCHED_BATCH);
        })
        .join()
        .expect("holds");
    }
}
