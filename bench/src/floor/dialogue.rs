//! What both transports carry: a prompt, then command and answer.

use std::io::{Read, Write};

use anyhow::{Context, Result, bail};

/// Learns the prompt, runs the commands; the bytes that the device printed for them.
pub(crate) fn run(stream: &mut (impl Read + Write), line_end: &str, commands: &[String]) -> Result<usize> {
    let (_, prompt) = until(stream, prompt).context("prompt")?;
    let mut bytes = 0;
    for command in commands {
        stream.write_all(format!("{command}{line_end}").as_bytes()).context("write")?;
        let (text, ()) = until(stream, |text| text.ends_with(&prompt).then_some(()))?;
        bytes += text.len();
    }
    Ok(bytes)
}

/// Reads until the text has what is looked for.
pub(crate) fn until<T>(stream: &mut impl Read, look: impl Fn(&[u8]) -> Option<T>) -> Result<(Vec<u8>, T)> {
    let mut text = vec![];
    let mut buffer = [0; 16 * 1024];
    loop {
        let length = stream.read(&mut buffer).context("read")?;
        if length == 0 {
            bail!("the device hung up");
        }
        text.extend_from_slice(&buffer[..length]);
        if let Some(found) = look(&text) {
            return Ok((text, found));
        }
    }
}

/// The last line of a text, where it ends as a prompt does.
fn prompt(text: &[u8]) -> Option<Vec<u8>> {
    let line = text.rsplit(|&byte| byte == b'\n').next()?;
    matches!(line.trim_ascii_end().last(), Some(b'#' | b'>')).then(|| line.to_vec())
}
