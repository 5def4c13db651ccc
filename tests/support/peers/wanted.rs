//! Whether peers are wanted, and those that a test needs are installed.

use std::path::Path;

use libtest_mimic::{Failed, Trial};

/// What `NETSWEEP_PEERS` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    /// Every peer's test is shown as ignored.
    No,
    /// A peer that is not installed has its tests ignored.
    IfInstalled,
    /// A peer that is not installed has its tests fail.
    Required,
}

impl Wanted {
    fn from_environment() -> Self {
        match std::env::var("NETSWEEP_PEERS").as_deref() {
            Ok("require") => Self::Required,
            Ok("1") => Self::IfInstalled,
            _ => Self::No,
        }
    }
}

/// A test that needs these executables.
pub(crate) fn trial(name: &str, needs: &[&[&str]], test: fn()) -> Trial {
    let wanted = Wanted::from_environment();
    let missing: Vec<String> = needs
        .iter()
        .copied()
        .flatten()
        .filter(|path| !Path::new(path).exists())
        .map(|path| (*path).into())
        .collect();
    let ignored = wanted == Wanted::No || (wanted == Wanted::IfInstalled && !missing.is_empty());
    let body = move || {
        if !missing.is_empty() {
            return Err(Failed::from(format!("required and not installed: {}", missing.join(", "))));
        }
        test();
        Ok(())
    };
    Trial::test(name, body).with_ignored_flag(ignored)
}
