//! Where the user's own files are.

use std::path::{Path, PathBuf};

/// The user's home directory: `$HOME`, or what the user database says.
pub fn home() -> Option<PathBuf> {
    std::env::home_dir().filter(|home| !home.as_os_str().is_empty())
}

/// `path` with a leading `~` or `~/` in place of the home directory put in full.
pub fn expand(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), home()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}
