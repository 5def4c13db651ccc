//! The line discipline: keys typed, echo, finished lines.

/// Longer lines lose their end, as on a terminal.
const LONGEST: usize = 4096;

const CTRL_C: u8 = 0x03;
const CTRL_D: u8 = 0x04;
const CTRL_U: u8 = 0x15;
const CTRL_Z: u8 = 0x1a;
const BACKSPACE: u8 = 0x08;
const DELETE: u8 = 0x7f;

/// What a key came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// The line goes on.
    Typed,
    /// Return: the line is complete.
    Line(String),
    /// Ctrl-C: the line is dropped.
    Interrupt,
    /// Ctrl-D on an empty line.
    EndOfFile,
    /// Ctrl-Z: the line is dropped.
    Suspend,
}

/// The unfinished line.
#[derive(Debug, Default)]
pub(crate) struct LineEditor {
    line: Vec<u8>,
}

impl LineEditor {
    /// Takes one key; what the terminal shows of it is added to `echo`, where there is one. The
    /// line end is not echoed: what comes behind it is the caller's.
    pub(crate) fn key(&mut self, key: u8, echo: Option<&mut Vec<u8>>) -> Key {
        match key {
            b'\r' | b'\n' => {
                let line = String::from_utf8_lossy(&self.line).into_owned();
                self.line.clear();
                return Key::Line(line);
            }
            CTRL_C => {
                self.line.clear();
                return Key::Interrupt;
            }
            CTRL_Z => {
                self.line.clear();
                return Key::Suspend;
            }
            CTRL_D if self.line.is_empty() => return Key::EndOfFile,
            BACKSPACE | DELETE => {
                if self.line.pop().is_some()
                    && let Some(echo) = echo
                {
                    echo.extend_from_slice(b"\x08 \x08");
                }
            }
            CTRL_U => {
                if let Some(echo) = echo {
                    self.line.iter().for_each(|_| echo.extend_from_slice(b"\x08 \x08"));
                }
                self.line.clear();
            }
            _ if key < b' ' || self.line.len() >= LONGEST => {}
            _ => {
                self.line.push(key);
                if let Some(echo) = echo {
                    echo.push(key);
                }
            }
        }
        Key::Typed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(keys: &[u8]) -> (Vec<Key>, Vec<u8>) {
        let (mut editor, mut echo) = (LineEditor::default(), Vec::new());
        let keys = keys.iter().map(|&key| editor.key(key, Some(&mut echo)));
        (keys.filter(|key| *key != Key::Typed).collect(), echo)
    }

    #[test]
    fn a_line_is_echoed_and_handed_over() {
        assert_eq!(typed(b"show ver\r"), (vec![Key::Line("show ver".into())], b"show ver".to_vec()));
    }

    #[test]
    fn mistakes_are_taken_back() {
        let (keys, echo) = typed(b"shoe\x7fw\r");
        assert_eq!(keys, [Key::Line("show".into())]);
        assert_eq!(echo, b"shoe\x08 \x08w");
        assert_eq!(typed(b"\x7f\x08ab\x15c\n").0, [Key::Line("c".into())]);
    }

    #[test]
    fn control_keys_drop_the_line() {
        assert_eq!(
            typed(b"abc\x03\x04x\x04\x1a\r").0,
            [Key::Interrupt, Key::EndOfFile, Key::Suspend, Key::Line(String::new())]
        );
    }

    #[test]
    fn a_line_without_end_does_not_grow() {
        let (_, echo) = typed(&vec![b'x'; 3 * LONGEST]);
        assert_eq!(echo.len(), LONGEST);
    }
}
