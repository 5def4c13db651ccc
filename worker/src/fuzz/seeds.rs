//! Where the bounded runs begin, and what they put in.

use std::fs;
use std::path::{Path, PathBuf};

use super::input::MARK;
use super::platforms;
use super::session::Surroundings;

#[path = "../../tests/conversations/script.rs"]
#[allow(dead_code, reason = "what a conversation should come to is of no interest here")]
mod script;

use script::{Conversation, Step};

/// A target's beginnings, and pieces of its language.
pub(super) struct Seeds {
    pub(super) inputs: Vec<Vec<u8>>,
    pub(super) words: &'static [&'static [u8]],
}

const MARKS: [&[u8]; 5] = [b"\x1dp", b"\x1de", b"\x1dn", b"\x1dc\x01", b"\x1dr\x10\x10"];

const TERMINAL: &[&[u8]] = &[
    MARKS[0],
    MARKS[1],
    MARKS[2],
    MARKS[3],
    MARKS[4],
    b"\x1dr\x01\xff",
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\r\n",
    b"\x08",
    b"\x08 \x08",
    b"\0",
    b"\x07",
    b"\t",
    b"\x18",
    b"\x7f",
    b"\x1b",
    b"\x1b[",
    b"\x1b]0;",
    b"\x1bP",
    b"\x1b\\",
    b"\x1bE",
    b"\x1b(B",
    b"\x1b[K",
    b"\x1b[1K",
    b"\x1b[2K",
    b"\x1b[J",
    b"\x1b[7C",
    b"\x1b[65535C",
    b"\x1b[65535D",
    b"\x1b[80G",
    b"\x1b[1;80H",
    b"\x1b[P",
    b"\x1b[999X",
    b"\x1b[999@",
    b"\x1b[31m",
    b"\x1b[?2004h",
    b"\x1b[6n",
    b"core-1#",
    b"core-1>",
    b"\r\ncore-1#",
    b"<core-1>",
    b"admin@core-1> ",
    b"[admin@core-1] > ",
    b"$ ",
    b"netsweep-",
    b"{master:0}",
    b"Username: ",
    b"login: ",
    b"Password: ",
    b"Last login: ",
    b" --More-- ",
    b"---- More ----",
    b"---(more)---",
    b"% Invalid input",
    b"Access denied",
    b"show version",
    b"showversion",
    b"show interfaces",
    b"terminal length 0",
    b"enable",
    b"\xd0\xbf",
    b"\xe2\x9d\xaf",
    b"\xff",
    b"\x80",
    b"    ",
];

/// A session up to its first command, with one for each platform.
pub(super) struct Opening {
    pub(super) surroundings: Surroundings,
    /// All that comes before, with the command's pause.
    pub(super) input: Vec<u8>,
    pub(super) echoes: bool,
    /// What comes behind the output.
    pub(super) prompt: Vec<u8>,
}

/// An opening for each platform: that of its first recorded conversation that has one.
pub(super) fn openings() -> Vec<Opening> {
    let mut openings: Vec<Opening> = vec![];
    for (conversation, platform) in conversations() {
        if openings.iter().all(|opening| opening.surroundings.platform != platform) {
            openings.extend(opening(&conversation, platform));
        }
    }
    assert_eq!(openings.len(), platforms::all().len(), "an opening for each platform");
    openings
}

fn opening(conversation: &Conversation, platform: u8) -> Option<Opening> {
    let command = conversation.header.commands.first()?.as_bytes();
    let is_command = |step: &Step| matches!(step, Step::Us(bytes) if bytes.trim_ascii_end() == command);
    let at = conversation.steps.iter().position(is_command)?;
    let Some(Step::Device(said)) = conversation.steps[..at].last() else { return None };
    let Some(Step::Device(answer)) = conversation.steps.get(at + 1) else { return None };
    let line = memchr::memrchr(b'\n', said).map_or(0, |end| end + 1);
    let surroundings = Surroundings { commands: 0, ..surroundings(conversation, platform) };
    Some(Opening {
        surroundings,
        input: [surroundings.head().as_slice(), &played(&conversation.steps[..=at])].concat(),
        echoes: answer.starts_with(command),
        prompt: with_nonces(&said[line..]),
    })
}

fn surroundings(conversation: &Conversation, platform: u8) -> Surroundings {
    let header = &conversation.header;
    Surroundings {
        platform,
        in_band: header.telnet,
        no_username: header.username.is_empty(),
        no_password: header.password.is_none(),
        no_enable_password: header.enable.is_none(),
        commands: header.commands.len().saturating_sub(1) as u8,
        ..Surroundings::default()
    }
}

/// Whole sessions: the recorded conversations.
pub(super) fn session() -> Seeds {
    let inputs = conversations().map(|(conversation, platform)| {
        let head = surroundings(&conversation, platform).head();
        [head.as_slice(), &played(&conversation.steps)].concat()
    });
    Seeds { inputs: inputs.collect(), words: TERMINAL }
}

/// Single answers, which are what the devices of the recorded conversations say, taken for texts in
/// encodings of all families.
pub(super) fn cleaning() -> Seeds {
    let inputs = conversations().zip((0..4).cycle()).map(|((conversation, platform), charset)| {
        let said = conversation.steps.iter().filter_map(|step| match step {
            Step::Device(bytes) => Some(bytes.as_slice()),
            _ => None,
        });
        [[platform, 7, 0, charset].as_slice(), &said.collect::<Vec<_>>().concat()].concat()
    });
    let echoes = [
        b"\0\x05\0\0show version\r\none\r\ntwo\r\ncore-1#".as_slice(),
        b"\0\x05\x04\0\r\ncore-1#show version\r\n% Invalid input\r\ncore-1#",
        b"\0\x05\x42\0show interfaces Gigabit\r\nEthernet0/0/1 switch\x08\x08\x08\x08\rshow\r\nx\r\n",
        b"\0\x05\x08\0: x\r\n\x1b[?2004l\rshow version\r\n\x1b[?2004l\r\x1dr\x20\xffnetsweep-12345678$ ",
    ];
    Seeds { inputs: inputs.chain(echoes.map(<[u8]>::to_vec)).collect(), words: TERMINAL }
}

/// What Telnet servers say.
pub(super) fn telnet() -> Seeds {
    const WORDS: &[&[u8]] = &[
        MARKS[0],
        MARKS[4],
        b"\xff",
        b"\xff\xff",
        b"\xff\xf0",
        b"\xff\xfa",
        b"\xff\xfa\x18\x01\xff\xf0",
        b"\xff\xfa\x18\x00",
        b"\xff\xfd\x18",
        b"\xff\xfd\x1f",
        b"\xff\xfe\x1f",
        b"\xff\xfb\x01",
        b"\xff\xfc\x01",
        b"\xff\xfb\x03",
        b"\xff\xfd\x00",
        b"\xff\xfb\x00",
        b"\xff\xfe\x00",
        b"\xff\xfc\x00",
        b"\xff\xf1",
        b"\xff\xf2",
        b"\r\0",
        b"\r\n",
        b"\r",
        b"\0",
    ];
    let inputs = [
        b"\x01\xff\x05\0\xff\xfb\x01\xff\xfb\x03\xff\xfd\x18\xff\xfd\x1f\xff\xfd\x20\xff\xfa\x18\x01\xff\xf0\
        \r\nUser Access\r\0 \xff\xff\xff\xf1Verification\xff\xff\r\n\r\nUsername: \x1dpadmin\r\n"
            .as_slice(),
        b"\0\x50\x03\0\xff\xfd\0\xff\xfb\0\x1dp\r\0\xff\xfe\0\xff\xfc\0\r\0\x1dp",
        b"\xff\xff\x09\0\xff\xfa\x18\x1dr\x01\x20\xff\xf0text\xff\xfa\x18\xff\xff\xff\xf1x\xff\xf0",
        b"\0\0\x02\0\xff\xfd\x18\xff\xfa\x18\x01\xff\xf0\xff\xfd\x1f\xff\xfe\x1f\x1dr\x0c\xff",
    ];
    let spoken = conversations().map(|(conversation, platform)| {
        [[0, 80, platform, 0].as_slice(), &played(&conversation.steps)].concat()
    });
    Seeds { inputs: inputs.into_iter().map(<[u8]>::to_vec).chain(spoken).collect(), words: WORDS }
}

/// What comes before an SSH server's keys, and what other servers say.
pub(super) fn overheard() -> Seeds {
    const WORDS: &[&[u8]] = &[
        MARKS[4],
        b"SSH-",
        b"SSH-2.0-",
        b"SSH-1.99-",
        b"\r\n",
        b"\n",
        b"\0",
        b"\0\0\0\x04",
        b"\0\0\xff\xff",
        b"\x14",
        b"\xff\xff\xff\xff",
        b"curve25519-sha256",
        b"ssh-ed25519",
        b"aes128-ctr",
        b"hmac-sha2-256",
        b",",
        b"HTTP/1.1 400 Bad Request",
        b"\xff\xfb\x01",
        b"\x1b[2J",
    ];
    let lists = |first: &str| {
        let others =
            ["ssh-ed25519", "aes128-ctr", "aes128-ctr", "hmac-sha2-256", "hmac-sha1", "none", "none"];
        let mut offer = [[0, 0, 1, 0, 4, 20].as_slice(), &[7; 16]].concat();
        for names in [first].iter().chain(&others) {
            offer.extend((names.len() as u32).to_be_bytes());
            offer.extend(names.as_bytes());
        }
        offer
    };
    let version = b"\0\0\0\0SSH-2.0-OpenSSH_9.2p1 Debian\r\n";
    let inputs = vec![
        [version.as_slice(), &lists("curve25519-sha256")].concat(),
        [version.as_slice(), &lists("diffie-hellman-group1-sha1")].concat(),
        b"\x03\0\0\0Keep out\r\nReally\r\nSSH-2.0-Cisco-1.25\r\n\0\0\x01".to_vec(),
        b"\0\0\0\0HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n".to_vec(),
        b"\x09\0\0\0line\r\n\x1dr\x06\xffSSH-2.0-x\r\n".to_vec(),
        b"\0\0\0\0\xff\xfb\x01\xff\xfd\x18\0login: ".to_vec(),
    ];
    Seeds { inputs, words: WORDS }
}

/// Frames: the golden ones.
pub(super) fn frames() -> Seeds {
    const WORDS: &[&[u8]] = &[
        b"\0\0\0\0",
        b"\x01\0\0\0",
        b"\xff\xff\xff\xff",
        b"\0\0\0\x01",
        b"\x01\0\0\x01",
        b"\xfb\xff\xff",
        b"\xfc\xff\xff\xff\xff",
        b"\xfd\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\xfd\0\0\0\0\x01\0\0\0",
        b"\xfc\0\0\0\x01",
        b"\xfe",
        b"\xff",
        b"netsweep",
    ];
    let inputs = files("../shared/tests/golden", "hex").map(|text| {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let digits = lines.flat_map(|line| line.split('|').next().unwrap_or_default().split_whitespace());
        digits.map(|digits| u8::from_str_radix(digits, 16).expect("hexadecimal digits")).collect()
    });
    Seeds { inputs: inputs.collect(), words: WORDS }
}

/// The recorded conversations, and the index of each one's platform.
fn conversations() -> impl Iterator<Item = (Conversation, u8)> {
    files("tests/conversations", "txt").map(|text| {
        let conversation = Conversation::parse(&text);
        let name = &conversation.header.platform;
        let platform = platforms::all().iter().position(|platform| platform.name == *name);
        (conversation, platform.expect("a built-in platform") as u8)
    })
}

fn files(folder: &str, extension: &str) -> impl Iterator<Item = String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = fs::read_dir(folder).expect("the folder is there");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a file").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|found| found == extension));
    paths.sort();
    assert!(!paths.is_empty(), "there are files");
    paths.into_iter().map(|path| fs::read_to_string(path).expect("readable"))
}

/// What the device does in a conversation, as an input says it.
fn played(steps: &[Step]) -> Vec<u8> {
    let (mut input, mut typed): (Vec<u8>, &[u8]) = (vec![], &[]);
    for step in steps {
        match step {
            Step::Device(bytes) => {
                let mut bytes = bytes.as_slice();
                if !typed.is_empty()
                    && let Some(rest) = bytes.strip_prefix(typed)
                {
                    input.extend([MARK, b'e']);
                    bytes = rest;
                }
                typed = &[];
                input.extend(with_nonces(bytes));
            }
            Step::Us(bytes) => {
                input.extend([MARK, b'p']);
                typed = bytes.strip_suffix(b"\r").unwrap_or(bytes);
            }
            Step::Pause => input.extend([MARK, b'p']),
            Step::Close | Step::Quiet => {}
        }
    }
    input
}

fn with_nonces(bytes: &[u8]) -> Vec<u8> {
    const NONCE: &[u8] = b"{nonce}";
    let (mut out, mut rest) = (vec![], bytes);
    while let Some(at) = memchr::memmem::find(rest, NONCE) {
        out.extend_from_slice(&rest[..at]);
        out.extend([MARK, b'n']);
        rest = &rest[at + NONCE.len()..];
    }
    out.extend_from_slice(rest);
    out
}
