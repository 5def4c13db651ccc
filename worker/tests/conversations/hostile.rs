//! Devices that send anything at all.

use std::time::Instant;

use netsweep_shared::job::Job;
use netsweep_worker::session::converse;
use netsweep_worker::transport::{Transport, TransportError};

use crate::script::Header;
use crate::{Told, compiled, deadlines, job};

/// Numbers that differ from device to device and not from run to run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

/// Sends bytes and pieces of real conversations at random, `left` of them, and then closes, falls
/// silent or breaks the protocol.
struct Babbler {
    dice: Dice,
    in_band: bool,
    left: usize,
    readable: bool,
}

const PIECES: [&[u8]; 30] = [
    b"\r\n",
    b"\n",
    b"\r",
    b"\x08",
    b"\x1b",
    b"\x1b[",
    b"\x1b]0;",
    b"\x1b[K",
    b"\x1b[42D",
    b"\x1b[999C",
    b"core-1>",
    b"core-1#",
    b"\r\ncore-1#",
    b"\r\ncore-1#",
    b"<core-1>",
    b"admin@core-1> ",
    b"netsweep$ ",
    b"$ ",
    b"Username: ",
    b"Password: ",
    b" --More-- ",
    b"---- More ----",
    b"show version",
    b"terminal length 0",
    b"{master:0}",
    b"% Invalid",
    b"\xff\xfe",
    b"\0",
    b"press return to get started",
    b"text ",
];

impl Transport for Babbler {
    fn has_logged_in(&self) -> bool {
        !self.in_band
    }

    fn set_deadline(&mut self, _: Instant) {}

    fn read(&mut self) -> Result<Vec<u8>, TransportError> {
        if self.left == 0 {
            return match self.dice.below(3) {
                0 => Ok(vec![]),
                1 => Err(TransportError::Deadline),
                _ => Err(TransportError::Protocol("nonsense".into())),
            };
        }
        self.left -= 1;
        self.readable = self.dice.below(2) == 0;
        let mut bytes = vec![];
        for _ in 0..=self.dice.below(40) {
            match self.dice.below(6) {
                0 => bytes.push(self.dice.below(256) as u8),
                _ => bytes.extend_from_slice(PIECES[self.dice.below(PIECES.len())]),
            }
        }
        Ok(bytes)
    }

    fn is_readable(&mut self) -> bool {
        self.readable
    }

    fn write_all(&mut self, _: &[u8]) -> Result<(), TransportError> {
        Ok(())
    }
}

#[test]
fn nothing_that_a_device_sends_panics_or_hangs() {
    let names = ["cisco_ios", "juniper_junos", "huawei_vrp", "linux", "generic"];
    let platforms = names.map(compiled);
    let mut through = 0;
    for seed in 1..=4000usize {
        let mut dice = Dice(seed as u64 * 0x9e37_79b9_7f4a_7c15);
        let index = dice.below(platforms.len());
        let header = Header {
            platform: names[index].into(),
            telnet: dice.below(2) == 0,
            username: "admin".into(),
            password: (dice.below(4) > 0).then(|| "Pw1".into()),
            enable: (dice.below(2) == 0).then(|| "En1".into()),
            commands: vec!["show version".into(), "show clock".into()],
            ..Header::default()
        };
        let mut device = Babbler { dice, in_band: header.telnet, left: 200, readable: false };
        let mut told = Told::default();
        let result = converse(&mut device, &platforms[index], &job(&header), deadlines(), 10_000, &mut told);
        assert!(told.outputs.iter().all(|output| output.text.len() <= 10_000), "seed {seed}");
        assert!(result.is_err() || told.outputs.len() == 2, "seed {seed}");
        through += usize::from(told.begun);
    }
    assert!(through > 400, "many of them get as far as the commands: {through}");
}

/// Lets a session in and answers its only command with `left` bytes of plain output.
struct Talker {
    pending: Vec<u8>,
    left: usize,
    commands: usize,
    at: usize,
}

impl Transport for Talker {
    fn has_logged_in(&self) -> bool {
        true
    }

    fn set_deadline(&mut self, _: Instant) {}

    fn read(&mut self) -> Result<Vec<u8>, TransportError> {
        const LINE: &[u8] = b"GigabitEthernet1/0/24  10.0.12.34  YES NVRAM  up  up  uplink to core-2\r\n";
        const READ: usize = 8 * 1024;
        if !self.pending.is_empty() {
            return Ok(std::mem::take(&mut self.pending));
        }
        if self.left == 0 {
            return Err(TransportError::Deadline);
        }
        let bytes: Vec<u8> = LINE.iter().cycle().skip(self.at).take(self.left.min(READ)).copied().collect();
        self.left -= bytes.len();
        self.at = (self.at + bytes.len()) % LINE.len();
        if self.left == 0 {
            self.pending = b"\r\ncore-1#".to_vec();
        }
        Ok(bytes)
    }

    fn is_readable(&mut self) -> bool {
        self.left > 0 && self.commands == 3 || !self.pending.is_empty()
    }

    fn write_all(&mut self, bytes: &[u8]) -> Result<(), TransportError> {
        self.commands += 1;
        self.pending = [bytes, b"\n"].concat();
        if self.commands != 3 {
            self.pending.extend_from_slice(b"core-1#");
        }
        Ok(())
    }
}

#[test]
fn a_large_output_passes_through() {
    const SIZE: usize = 50_000_000;
    struct Counted(usize);
    impl netsweep_worker::session::Observer for Counted {
        fn logged_in(&mut self) {}
        fn commands_begin(&mut self) {}
        fn output(&mut self, _: u32, bytes: Vec<u8>) {
            self.0 += bytes.len();
        }
        fn command_ended(&mut self, _: u32, end: netsweep_shared::outcome::CommandEnd) {
            assert!(end.ok && !end.truncated);
        }
    }
    let header = Header {
        platform: "cisco_ios".into(),
        commands: vec!["show interfaces".into()],
        ..Header::default()
    };
    let mut device = Talker { pending: b"\r\ncore-1#".to_vec(), left: SIZE, commands: 0, at: 0 };
    let mut counted = Counted(0);
    let begun = Instant::now();
    // Of which nothing goes ahead: the device takes one line at a time.
    let job = Job { read_only: false, ..job(&header) };
    converse(&mut device, &compiled("cisco_ios"), &job, deadlines(), u64::MAX, &mut counted)
        .expect("an answer");
    println!("{:.0} MB/s", SIZE as f64 / 1e6 / begun.elapsed().as_secs_f64());
    assert!(counted.0 > SIZE / 100 * 97 && counted.0 <= SIZE + 1, "{}", counted.0);
}
