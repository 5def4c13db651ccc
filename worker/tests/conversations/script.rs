//! The format of the recorded conversations.
//!
//! ```text
//! platform: cisco_ios          what the job says; the keys are those of `Header`
//! command: show version
//! ---
//! < core-1>                    the device sends a line; without `_` it ends with CR LF
//! <_ core-1>                   … or does not
//! > enable                     the device expects a line; without `_` it ends with the return key
//! >_ \s                        … or does not
//! ...                          the device says nothing more for a moment
//! close                        the device closes the connection
//! quiet                        the device says nothing for seconds, and then the deadline passes
//! ---
//! ok                           how a command ends, and its output
//! | one line
//! |_ a last line without an end
//! failed truncated             … refused or cut short; more than the limit
//! error command Invalid        how the conversation ends: kind, and a part of the message
//! ```
//! `{nonce}` is the number that the session puts into a prompt of its own.
//!
//! A comment begins with `#`. The escapes are those of C, with `\e` for ESC and `\s` for a blank
//! at the end of a line.

/// A recorded conversation and what has to come of it.
#[derive(Debug, Default)]
pub(crate) struct Conversation {
    pub(crate) header: Header,
    pub(crate) steps: Vec<Step>,
    pub(crate) outputs: Vec<Output>,
    /// Kind and part of the message.
    pub(crate) error: Option<(String, String)>,
}

/// What the job says.
#[derive(Debug, Default)]
pub(crate) struct Header {
    pub(crate) platform: String,
    pub(crate) telnet: bool,
    pub(crate) username: String,
    pub(crate) password: Option<String>,
    pub(crate) enable: Option<String>,
    pub(crate) encoding: Option<String>,
    pub(crate) commands: Vec<String>,
    pub(crate) limit: Option<u64>,
    /// The conversation can be told from another one by a pause, so it is not replayed with one
    /// behind every byte.
    pub(crate) ambiguous: bool,
    /// Failed before the first prompt.
    pub(crate) not_let_in: bool,
}

/// What happens on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Device(Vec<u8>),
    Us(Vec<u8>),
    Pause,
    Close,
    Quiet,
}

/// What is told of a command.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Output {
    pub(crate) ok: bool,
    pub(crate) truncated: bool,
    pub(crate) text: Vec<u8>,
}

impl Conversation {
    /// Reads a file.
    ///
    /// # Panics
    /// With the line that is no part of the format.
    pub(crate) fn parse(text: &str) -> Self {
        let mut parts = text.split("\n---\n");
        let mut part = || parts.next().expect("three parts").lines().filter(|line| !is_comment(line));
        let mut conversation = Self::default();
        part().for_each(|line| conversation.header.line(line));
        for line in part() {
            conversation.steps.push(step(line));
        }
        for line in part() {
            conversation.expect(line);
        }
        conversation
    }

    fn expect(&mut self, line: &str) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "ok" | "failed" => {
                self.outputs.push(Output { ok: word == "ok", truncated: rest == "truncated", text: vec![] })
            }
            "|" | "|_" => {
                let output = self.outputs.last_mut().expect("a command before its output");
                output.text.extend(unescape(rest));
                output.text.extend((word == "|").then_some(b'\n'));
            }
            "error" => {
                let (kind, message) = rest.split_once(' ').unwrap_or((rest, ""));
                self.error = Some((kind.to_owned(), message.to_owned()));
            }
            _ => panic!("no expectation: {line:?}"),
        }
    }
}

impl Header {
    fn line(&mut self, line: &str) {
        let (key, value) = line.split_once(": ").expect("a key and its value");
        let value = value.to_owned();
        match key {
            "platform" => self.platform = value,
            "transport" => self.telnet = value == "telnet",
            "username" => self.username = value,
            "password" => self.password = Some(value),
            "enable" => self.enable = Some(value),
            "encoding" => self.encoding = Some(value),
            "command" => self.commands.push(value),
            "limit" => self.limit = Some(value.parse().expect("a number")),
            "ambiguous" => self.ambiguous = value == "yes",
            "not_let_in" => self.not_let_in = value == "yes",
            _ => panic!("no key: {line:?}"),
        }
    }
}

fn is_comment(line: &str) -> bool {
    line.is_empty() || line.starts_with('#')
}

fn step(line: &str) -> Step {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    let mut bytes = unescape(rest);
    match word {
        "<" => bytes.extend_from_slice(b"\r\n"),
        ">" => bytes.push(b'\r'),
        "<_" | ">_" => {}
        "..." => return Step::Pause,
        "close" => return Step::Close,
        "quiet" => return Step::Quiet,
        _ => panic!("no step: {line:?}"),
    }
    if word.starts_with('<') { Step::Device(bytes) } else { Step::Us(bytes) }
}

fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = vec![];
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'\\' => match rest.next().expect("something behind a backslash") {
                b'r' => b'\r',
                b'n' => b'\n',
                b't' => b'\t',
                b'e' => 0x1b,
                b'a' => 0x07,
                b'b' => 0x08,
                b'0' => 0,
                b's' => b' ',
                b'\\' => b'\\',
                b'x' => {
                    let digits: Vec<u8> = rest.by_ref().take(2).collect();
                    let digits = std::str::from_utf8(&digits).expect("hexadecimal digits");
                    u8::from_str_radix(digits, 16).expect("two hexadecimal digits")
                }
                other => panic!("no escape: \\{}", other as char),
            },
            byte => byte,
        });
    }
    bytes
}
