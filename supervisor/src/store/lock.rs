//! One process writes a run.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::place;

/// Longest time for which the lock is tried for: [`RunLock::is_taken`] of another process has it for a moment.
const PATIENCE: Duration = Duration::from_millis(500);

/// The right to write a run. The system takes it back when this process ends, however it ends.
#[derive(Debug)]
pub struct RunLock {
    path: PathBuf,
    _file: File,
}

impl RunLock {
    /// Takes the lock of `run` in the store at `store`; `None` where another process has it.
    pub(super) fn take(store: &Path, run: &str) -> io::Result<Option<Self>> {
        let path = path(store, run);
        let deadline = Instant::now() + PATIENCE;
        loop {
            let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                    thread::sleep(Duration::from_millis(5));
                    continue;
                }
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(error),
            }
            // Whoever had it may have removed the file between our opening and our locking it.
            let ours = file.metadata()?.ino();
            if fs::metadata(&path).is_ok_and(|there| there.ino() == ours) {
                return Ok(Some(Self { path, _file: file }));
            }
        }
    }

    /// Whether another process writes `run`.
    pub(super) fn is_taken(store: &Path, run: &str) -> bool {
        let file = OpenOptions::new().read(true).open(path(store, run));
        file.is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }
}

impl Drop for RunLock {
    fn drop(&mut self) {
        // Before it is unlocked, which comes next: see `take`.
        let _ = fs::remove_file(&self.path);
    }
}

/// A run's name is made by us; one from elsewhere must not lead out of the folder.
fn path(store: &Path, run: &str) -> PathBuf {
    place::beside(store, &format!("-lock-{}", run.replace('/', "_")))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    use super::RunLock;

    #[test]
    fn one_at_a_time_and_no_litter() {
        let folder = tempfile::tempdir().expect("a directory");
        let store = folder.path().join("runs.db");
        let take = || RunLock::take(&store, "r1").expect("no error");
        let lock = take().expect("free");
        assert!(RunLock::is_taken(&store, "r1"));
        assert!(take().is_none());
        assert!(RunLock::take(&store, "r2").expect("no error").is_some(), "another run is another lock");
        drop(lock);
        assert!(!RunLock::is_taken(&store, "r1"));
        assert_eq!(std::fs::read_dir(folder.path()).expect("a directory").count(), 0);
        assert!(take().is_some());
    }

    /// Those who only look do not make anybody give up.
    #[test]
    fn it_can_be_taken_while_others_look() {
        let folder = tempfile::tempdir().expect("a directory");
        let store = folder.path().join("runs.db");
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    RunLock::is_taken(&store, "r1");
                }
            });
            let taken: Vec<_> =
                (0..2000).map(|_| RunLock::take(&store, "r1").map(|it| it.is_some())).collect();
            done.store(true, Ordering::Relaxed);
            assert!(taken.iter().all(|taken| matches!(taken, Ok(true))), "{taken:?}");
        });
    }
}
