//! What must hold between a run and its store, whatever happens: supervision invariant 5 of the design.

use std::collections::BTreeSet;
use std::fmt::Debug;

use super::runs::Standstill;

/// A resumed run begins exactly the devices that have no durable outcome, except those of which nobody
/// knows whether they were changed. `stored` is what the store had of every device before it began.
///
/// # Errors
/// What was broken, for a person.
pub fn resumes_exactly<D: Ord + Debug>(
    stored: impl IntoIterator<Item = (D, Standstill)>,
    begun: &BTreeSet<D>,
) -> Result<(), String> {
    let left: BTreeSet<D> =
        stored.into_iter().filter(|(_, at)| *at == Standstill::Left).map(|(device, _)| device).collect();
    match left.symmetric_difference(begun).next() {
        Some(device) if begun.contains(device) => Err(format!("{device:?} is begun though it is not left")),
        Some(device) => Err(format!("{device:?} is left and is not begun")),
        None => Ok(()),
    }
}

/// A run forgets no outcome before it is durable. `stored` is what the store has when the run is over,
/// `told` are the devices whose outcomes stand.
///
/// # Errors
/// What was broken, for a person.
pub fn outcomes_are_durable<D: Ord + Debug>(
    stored: impl IntoIterator<Item = (D, Standstill)>,
    told: &BTreeSet<D>,
) -> Result<(), String> {
    let done: BTreeSet<D> =
        stored.into_iter().filter(|(_, at)| *at == Standstill::Done).map(|(device, _)| device).collect();
    match told.difference(&done).next() {
        Some(device) => Err(format!("the outcome of {device:?} was told and is not durable")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_breach_is_seen() {
        use Standstill::{Done, Doubtful, Left};
        let stored = [("a", Done), ("b", Left), ("c", Doubtful)];
        let set = |devices: &[&'static str]| devices.iter().copied().collect::<BTreeSet<_>>();
        assert_eq!(resumes_exactly(stored, &set(&["b"])), Ok(()));
        assert!(resumes_exactly(stored, &set(&["a", "b"])).is_err(), "done");
        assert!(resumes_exactly(stored, &set(&["b", "c"])).is_err(), "in doubt");
        assert!(resumes_exactly(stored, &set(&[])).is_err(), "forgotten");
        assert_eq!(outcomes_are_durable(stored, &set(&["a"])), Ok(()));
        assert!(outcomes_are_durable(stored, &set(&["b"])).is_err());
    }
}
