//! Option negotiation (RFC 854, RFC 855) by the rules of RFC 1143, for a side that never asks.
//!
//! Without requests of our own there is nothing to await, and each option is either on or off
//! on each side. What does not change that is not answered, so no loop can arise; and changes
//! are answered [`PATIENCE`] times, so that a storm of them ends as well.

use telnet::{Action, TelnetOption};

/// How often one side of one option is answered.
const PATIENCE: u8 = 8;

/// Whether a device's wish is granted. `Will`: the device would do it; `Do`: we should.
pub(super) fn is_welcome(action: Action, option: TelnetOption) -> bool {
    use TelnetOption::{Echo, NAWS, SuppressGoAhead, TTYPE, TransmitBinary};
    match action {
        Action::Will => matches!(option, Echo | SuppressGoAhead | TransmitBinary),
        Action::Do => matches!(option, TTYPE | NAWS | SuppressGoAhead | TransmitBinary),
        Action::Wont | Action::Dont => true,
    }
}

/// Which options are on.
#[derive(Debug)]
pub(super) struct Options {
    ours: Side,
    theirs: Side,
}

/// One side's options, by number.
#[derive(Debug)]
struct Side {
    on: [bool; 256],
    answered: [u8; 256],
}

impl Options {
    /// All off, as RFC 854 begins.
    pub(super) fn new() -> Self {
        let side = || Side { on: [false; 256], answered: [0; 256] };
        Self { ours: side(), theirs: side() }
    }

    /// Takes note of what the device says; the answer, where there is one to give.
    pub(super) fn receive(&mut self, action: Action, option: TelnetOption) -> Option<Action> {
        let (side, yes, no) = match action {
            Action::Will | Action::Wont => (&mut self.theirs, Action::Do, Action::Dont),
            Action::Do | Action::Dont => (&mut self.ours, Action::Will, Action::Wont),
        };
        let at = usize::from(option.as_byte());
        let asks = matches!(action, Action::Will | Action::Do);
        if asks == side.on[at] || (asks && side.answered[at] == PATIENCE) {
            return None;
        }
        // Off is always obeyed, answered or not.
        side.on[at] = asks && is_welcome(action, option);
        if side.answered[at] == PATIENCE {
            return None;
        }
        side.answered[at] += 1;
        Some(if side.on[at] { yes } else { no })
    }

    /// Whether we do `option`.
    pub(super) fn ours(&self, option: TelnetOption) -> bool {
        self.ours.on[usize::from(option.as_byte())]
    }

    /// Whether the device does `option`.
    pub(super) fn theirs(&self, option: TelnetOption) -> bool {
        self.theirs.on[usize::from(option.as_byte())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACTIONS: [Action; 4] = [Action::Will, Action::Wont, Action::Do, Action::Dont];

    #[test]
    fn wishes_are_answered_by_the_table() {
        use Action::{Do, Dont, Will, Wont};
        use TelnetOption::{
            Echo, LFLOW, NAWS, NewEnvironment, SuppressGoAhead, TSPEED, TTYPE, TransmitBinary,
        };
        for (wish, option, answer) in [
            (Will, Echo, Do),
            (Will, SuppressGoAhead, Do),
            (Will, TransmitBinary, Do),
            (Will, TTYPE, Dont),
            (Will, NAWS, Dont),
            (Will, TelnetOption::UnknownOption(255), Dont),
            (Do, TTYPE, Will),
            (Do, NAWS, Will),
            (Do, SuppressGoAhead, Will),
            (Do, TransmitBinary, Will),
            (Do, Echo, Wont),
            (Do, TSPEED, Wont),
            (Do, LFLOW, Wont),
            (Do, NewEnvironment, Wont),
            (Do, TelnetOption::UnknownOption(200), Wont),
        ] {
            assert_eq!(Options::new().receive(wish, option), Some(answer), "{wish:?} {option:?}");
        }
    }

    #[test]
    fn an_answer_is_never_answered() {
        // Two of us, who never ask, cannot be made to talk to each other for long.
        for option in 0..=255 {
            let option = TelnetOption::parse(option);
            for begin in ACTIONS {
                let (mut here, mut there) = (Options::new(), Options::new());
                let mut said = here.receive(begin, option);
                let mut rounds = 0;
                while let Some(action) = said {
                    rounds += 1;
                    assert!(rounds <= 4, "{begin:?} {option:?} goes on");
                    said = if rounds % 2 == 1 {
                        there.receive(action, option)
                    } else {
                        here.receive(action, option)
                    };
                }
            }
        }
    }

    #[test]
    fn what_changes_nothing_is_not_answered() {
        let mut options = Options::new();
        assert_eq!(options.receive(Action::Wont, TelnetOption::Echo), None);
        assert_eq!(options.receive(Action::Will, TelnetOption::Echo), Some(Action::Do));
        assert_eq!(options.receive(Action::Will, TelnetOption::Echo), None);
        assert!(options.theirs(TelnetOption::Echo) && !options.ours(TelnetOption::Echo));
        assert_eq!(options.receive(Action::Wont, TelnetOption::Echo), Some(Action::Dont));
        assert_eq!(options.receive(Action::Wont, TelnetOption::Echo), None);
    }

    #[test]
    fn a_storm_is_answered_a_bounded_number_of_times_and_off_is_obeyed_to_the_end() {
        let mut options = Options::new();
        let mut answers = 0;
        for _ in 0..1000 {
            for action in ACTIONS {
                for option in 0..=255 {
                    answers += usize::from(options.receive(action, TelnetOption::parse(option)).is_some());
                }
            }
        }
        assert!(answers <= 2 * 256 * usize::from(PATIENCE), "{answers} answers");
        assert!((0..=255).map(TelnetOption::parse).all(|o| !options.ours(o) && !options.theirs(o)));
    }
}
