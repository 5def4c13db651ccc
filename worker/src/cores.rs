//! Fixing a worker to cores.

use anyhow::{Context, Result, ensure};
use rustix::io::Errno;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Leaves only `cores` to this thread and to those that it starts from now on; all that it has where there
/// are none.
///
/// # Errors
/// Where one of the cores does not exist, or is not this process's to use.
pub(crate) fn fix_to(cores: &[u32]) -> Result<()> {
    if cores.is_empty() {
        return Ok(());
    }
    let mut wanted = CpuSet::new();
    for core in cores.iter().map(|core| *core as usize).filter(|core| *core < CpuSet::MAX_CPU) {
        wanted.set(core);
    }
    match sched_setaffinity(None, &wanted) {
        // None of them exists; or only some do, and the kernel takes those.
        Ok(()) | Err(Errno::INVAL) => {}
        Err(error) => return Err(error).context("cannot fix the worker to cores"),
    }
    let granted = sched_getaffinity(None).context("cannot fix the worker to cores")?;
    let missing: Vec<String> = cores
        .iter()
        .filter(|core| **core as usize >= CpuSet::MAX_CPU || !granted.is_set(**core as usize))
        .map(u32::to_string)
        .collect();
    ensure!(
        missing.is_empty(),
        "cannot fix the worker to core {}: this machine has none of that number, or not for us",
        missing.join(", ")
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    fn ours() -> Vec<u32> {
        let set = sched_getaffinity(None).expect("asks");
        (0..CpuSet::MAX_CPU).filter(|core| set.is_set(*core)).map(|core| core as u32).collect()
    }

    /// On a thread of its own, which is then thrown away.
    fn fixed_to(cores: Vec<u32>) -> Result<Vec<u32>> {
        let fixed = thread::spawn(move || {
            fix_to(&cores)?;
            // What it starts has no more.
            Ok(thread::spawn(ours).join().expect("asks"))
        });
        fixed.join().expect("ends")
    }

    #[test]
    fn threads_started_later_have_only_those_cores() {
        let all = ours();
        for core in &all {
            assert_eq!(fixed_to(vec![*core]).expect("ours"), [*core]);
        }
        assert_eq!(fixed_to(all.clone()).expect("ours"), all);
        assert_eq!(fixed_to(vec![]).expect("as before"), all);
    }

    #[test]
    fn a_core_that_does_not_exist_is_named() {
        let core = ours()[0];
        for missing in [CpuSet::MAX_CPU as u32 - 1, CpuSet::MAX_CPU as u32, u32::MAX] {
            for cores in [vec![missing], vec![core, missing]] {
                let error = fixed_to(cores).expect_err("no such core").to_string();
                assert!(error.contains(&format!("core {missing}:")), "{error}");
            }
        }
    }
}
