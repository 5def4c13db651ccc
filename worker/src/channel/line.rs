//! Lines, and who takes them.

/// Longest line that is held whole; of a longer one the beginning goes ahead in pieces.
pub(crate) const LONGEST_LINE: usize = 64 * 1024;

/// Takes the lines of a device as they are finished.
pub(crate) trait LineSink {
    /// The next piece of a line, without its line end. `ended` says that the line ends here;
    /// all but the last piece of a line that is longer than [`LONGEST_LINE`] do not.
    fn line(&mut self, piece: &[u8], ended: bool);
}

/// Takes lines and forgets them.
#[cfg(test)]
#[derive(Debug, Default)]
pub(crate) struct Lines(pub(crate) Vec<u8>);

#[cfg(test)]
impl LineSink for Lines {
    fn line(&mut self, piece: &[u8], ended: bool) {
        self.0.extend_from_slice(piece);
        if ended {
            self.0.push(b'\n');
        }
    }
}
