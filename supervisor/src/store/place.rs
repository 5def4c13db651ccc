//! Where the store is. What devices print is for their owner's eyes: nobody else may read it.

use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The store of who does not name another: in the user's data directory, which the environment
/// variable `XDG_DATA_HOME` may name (XDG Base Directory Specification; a path that is not absolute
/// does not count). `None` where that is not known.
pub fn default_path() -> Option<PathBuf> {
    let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let data = absolute("XDG_DATA_HOME").or_else(|| Some(absolute("HOME")?.join(".local/share")))?;
    Some(data.join("netsweep").join("runs.db"))
}

/// Creates the folder of the default store.
pub(super) fn create_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) => DirBuilder::new().recursive(true).mode(0o700).create(folder),
        None => Ok(()),
    }
}

/// Creates an empty file, unless there is one; SQLite gives the files beside it the same permissions.
pub(super) fn create_file(path: &Path) -> io::Result<()> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(path).map(drop)
}

/// `path` with `ending` behind its file name, for a file beside it.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}
