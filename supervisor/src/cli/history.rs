//! What earlier runs tell of the devices that are to be swept, and what that means for their order.

use anyhow::Result;

use super::args::RunArgs;
use super::prepare::{Selection, is_tuned};
use crate::order::Health;
use crate::output::count;
use crate::store::{History, Sought, Store};

/// What `store` tells of the selected devices.
///
/// # Errors
/// When it cannot be read.
pub(super) fn of(store: Option<&Store>, args: &RunArgs, selection: &Selection) -> Result<History> {
    let Some(store) = store.filter(|_| why_not(args).is_none()) else { return Ok(History::default()) };
    let sought = selection.devices.iter().zip(&selection.commands).map(|(device, commands)| Sought {
        name: &device.name,
        address: &device.address,
        commands,
    });
    let mut history = store.history(args.simulate, &sought.collect::<Vec<_>>())?;
    for known in history.known.iter_mut().flatten() {
        // It may have had more time then.
        known.took = known.took.min(args.limits.device_timeout);
    }
    Ok(history)
}

/// The same of the store that the run would be recorded in, if that exists: nothing is created.
///
/// # Errors
/// When it exists and cannot be read.
pub(super) fn for_dry_run(args: &RunArgs, selection: &Selection) -> Result<History> {
    let named = args.store.store.as_deref();
    if args.no_store || named.is_some_and(|path| !path.exists()) {
        return Ok(History::default());
    }
    of(Store::open(named)?.as_ref(), args, selection)
}

/// Why earlier runs are not gone by, where that is asked for.
fn why_not(args: &RunArgs) -> Option<String> {
    match args.logins.seed {
        Some(seed) => Some(format!("--seed {seed} asks for that order")),
        // It takes what it sees for what is usual, and would see the dead first.
        None if is_tuned(args) => Some("-T auto goes by what devices are like on average".into()),
        None if args.no_store => Some("there is no run store to tell what takes long".into()),
        None => None,
    }
}

/// What the order goes by.
pub(super) fn order(args: &RunArgs, history: &History) -> String {
    let known = history.known.iter().flatten();
    let failed = known.clone().filter(|known| known.health != Health::Well).count();
    let (Some(newest), Some(oldest)) = (history.runs.first(), history.runs.last()) else {
        let why = why_not(args).unwrap_or_else(|| "no earlier run tells anything of these devices".into());
        return format!("shuffled: {why}");
    };
    let runs = match history.runs.len() {
        1 => format!("run {newest}"),
        n => format!("{n} runs ({oldest} to {newest})"),
    };
    format!(
        "longest first, as of {runs}: {} of {} known, {failed} of them failed",
        known.count(),
        count(history.known.len(), "device"),
    )
}

/// The same, and the seed of what is left to chance.
pub(super) fn describe_order(args: &RunArgs, history: &History, seed: u64) -> String {
    match history.runs.is_empty() {
        true => format!("the order of the devices is random; --seed {seed} makes it again"),
        false => format!("the order of the devices: {}", order(args, history)),
    }
}
