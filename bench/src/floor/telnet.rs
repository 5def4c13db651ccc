//! A bare Telnet session: a socket, and just enough of the options that simulated devices ask for.

use std::io::{self, Read, Write};
use std::net::TcpStream;

use anyhow::{Context, Result};

use crate::{Device, Login, TIMEOUT, dialogue};

// RFC 854, 857, 858, 1073.
const IAC: u8 = 255;
const DONT: u8 = 254;
const DO: u8 = 253;
const WONT: u8 = 252;
const WILL: u8 = 251;
const SB: u8 = 250;
const SE: u8 = 240;
const ECHO: u8 = 1;
const SUPPRESS_GO_AHEAD: u8 = 3;
const WINDOW_SIZE: u8 = 31;

/// A terminal of so many rows that nothing is paged: 510 columns, 10,000 rows.
const SIZE: [u8; 12] = [IAC, WILL, WINDOW_SIZE, IAC, SB, WINDOW_SIZE, 1, 254, 39, 16, IAC, SE];

/// Runs the commands on a device; the bytes that it printed.
pub(crate) fn session(device: &Device, login: &Login, commands: &[String]) -> Result<usize> {
    let stream = TcpStream::connect((device.address.as_str(), device.port)).context("connect")?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    let mut telnet = Telnet { stream, held: vec![] };
    for (question, answer) in [("Username: ", &login.username), ("Password: ", &login.password)] {
        dialogue::until(&mut telnet, |text| text.ends_with(question.as_bytes()).then_some(()))
            .context(question)?;
        telnet.write_all(format!("{answer}\r\n").as_bytes()).context("login")?;
    }
    dialogue::run(&mut telnet, "\r\n", commands)
}

struct Telnet {
    stream: TcpStream,
    /// The beginning of a command whose rest has to come.
    held: Vec<u8>,
}

impl Read for Telnet {
    /// Reads text. Options are answered and left out.
    fn read(&mut self, text: &mut [u8]) -> io::Result<usize> {
        loop {
            let held = self.held.len();
            text[..held].copy_from_slice(&self.held);
            self.held.clear();
            let length = self.stream.read(&mut text[held..])?;
            if length == 0 {
                return Ok(0);
            }
            let kept = self.take(&mut text[..held + length])?;
            if kept > 0 {
                return Ok(kept);
            }
        }
    }
}

impl Telnet {
    /// Moves the text to the front, how much it is.
    fn take(&mut self, received: &mut [u8]) -> io::Result<usize> {
        let (mut from, mut to) = (0, 0);
        while from < received.len() {
            match received[from..] {
                [IAC, verb, option, ..] => {
                    self.answer(verb, option)?;
                    from += 3;
                }
                [IAC, ..] => {
                    self.held = received[from..].to_vec();
                    break;
                }
                [byte, ..] => {
                    received[to] = byte;
                    (from, to) = (from + 1, to + 1);
                }
                [] => break,
            }
        }
        Ok(to)
    }

    fn answer(&mut self, verb: u8, option: u8) -> io::Result<()> {
        match (verb, option) {
            (DO, WINDOW_SIZE) => self.stream.write_all(&SIZE),
            (DO, _) => self.stream.write_all(&[IAC, WONT, option]),
            (WILL, ECHO | SUPPRESS_GO_AHEAD) => self.stream.write_all(&[IAC, DO, option]),
            (WILL, _) => self.stream.write_all(&[IAC, DONT, option]),
            _ => Ok(()),
        }
    }
}

impl Write for Telnet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
