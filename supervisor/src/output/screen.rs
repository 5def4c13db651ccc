//! What is known of a terminal.

use console::{StyledObject, Term, is_dumb};

/// A terminal that a stream is connected to. A stream without one is `Option::None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Screen {
    /// Columns, as they were when it was asked.
    pub width: usize,
    /// It shows colours, and the user has not asked for none (`NO_COLOR`).
    pub colours: bool,
}

impl Screen {
    /// The terminal of standard output.
    pub fn of_stdout() -> Option<Self> {
        Self::of(&Term::stdout())
    }

    /// The terminal of standard error; none where it cannot move its cursor (`TERM=dumb`).
    pub fn of_stderr() -> Option<Self> {
        Self::of(&Term::stderr()).filter(|_| !is_dumb())
    }

    fn of(term: &Term) -> Option<Self> {
        let (_, width) = term.size();
        term.is_term().then(|| Self { width: width.into(), colours: term.features().colors_supported() })
    }
}

/// Colours by what they mean.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint {
    on: bool,
}

impl Paint {
    /// For a stream with this terminal, or with none.
    pub(crate) fn on(screen: Option<Screen>) -> Self {
        Self { on: screen.is_some_and(|screen| screen.colours) }
    }

    pub(crate) fn heading<D>(self, text: D) -> StyledObject<D> {
        self.plain(text).bold()
    }

    pub(crate) fn good<D>(self, text: D) -> StyledObject<D> {
        self.plain(text).green()
    }

    pub(crate) fn bad<D>(self, text: D) -> StyledObject<D> {
        self.plain(text).red()
    }

    pub(crate) fn doubtful<D>(self, text: D) -> StyledObject<D> {
        self.plain(text).yellow()
    }

    pub(crate) fn aside<D>(self, text: D) -> StyledObject<D> {
        self.plain(text).dim()
    }

    fn plain<D>(self, text: D) -> StyledObject<D> {
        console::style(text).force_styling(self.on)
    }
}
