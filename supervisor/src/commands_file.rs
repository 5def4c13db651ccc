//! `--commands-file`: one command a line.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail, ensure};

/// The commands of the file at `path`. Empty lines and lines that begin with `#` are skipped.
pub fn read(path: &Path) -> Result<Vec<String>> {
    let bytes =
        fs::read(path).with_context(|| format!("cannot read the commands file {}", path.display()))?;
    let text = str::from_utf8(&bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1;
        anyhow!("{}:{line}: not UTF-8 text", path.display())
    })?;
    // Some editors put a byte order mark first; sent to a device, it would spoil the command.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut commands = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let command = line.trim();
        if command.is_empty() || command.starts_with('#') {
            continue;
        }
        if let Some(character) = command.chars().find(|character| character.is_control()) {
            bail!("{}:{}: a control character ({character:?})", path.display(), number + 1);
        }
        commands.push(command.to_owned());
    }
    ensure!(!commands.is_empty(), "the commands file {} has no commands", path.display());
    Ok(commands)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: impl AsRef<[u8]>) -> Result<Vec<String>, String> {
        let file = tempfile::NamedTempFile::new().expect("a file");
        fs::write(file.path(), text).expect("written");
        read(file.path()).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn comments_and_empty_lines_are_no_commands() {
        assert_eq!(
            read_text("# all of it\nshow version\r\n\n  show clock  \n").expect("two"),
            ["show version", "show clock"]
        );
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_a_command() {
        assert_eq!(read_text("\u{feff}show clock\n").expect("one"), ["show clock"]);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        assert!(read_text("show version\nshow\x07clock\n").is_err_and(|error| error.contains(":2: ")));
        assert!(
            read_text(b"show version\nshow \xe9\n").is_err_and(|error| error.ends_with(":2: not UTF-8 text"))
        );
        assert!(read_text("# nothing\n").is_err_and(|error| error.contains("no commands")));
    }
}
