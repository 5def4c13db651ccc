//! `--format text`: every output as it was.

use std::io::Write;

use anyhow::Result;

use crate::event::{Consumer, RunEvent};
use crate::output::block::{self, Outputs};
use crate::output::reader::written;
use crate::output::screen::{Paint, Screen};

/// A block a device, as it finishes, with an empty line between two. On a terminal, outputs
/// have their control characters escaped; elsewhere they are as they are.
#[derive(Debug)]
pub struct Text<W> {
    out: W,
    screen: Option<Screen>,
    begun: bool,
}

impl<W: Write> Text<W> {
    /// Writes to `out`, which is `screen` where it is a terminal.
    pub fn new(out: W, screen: Option<Screen>) -> Self {
        Self { out, screen, begun: false }
    }
}

impl<W: Write> Consumer for Text<W> {
    fn on(&mut self, event: &RunEvent<'_>) -> Result<()> {
        let RunEvent::DeviceDone(record) = event else { return Ok(()) };
        let outputs = if self.screen.is_some() { Outputs::Escaped } else { Outputs::Decoded };
        let mut text = Vec::new();
        if std::mem::replace(&mut self.begun, true) {
            text.push(b'\n');
        }
        block::write(&mut text, record, outputs, Paint::on(self.screen))?;
        written(self.out.write_all(&text).and_then(|()| self.out.flush()))
    }
}

#[cfg(test)]
mod tests {
    use netsweep_shared::outcome::ErrorKind;

    use super::*;
    use crate::output::fixture::{Sink, command, failed, ok, skipped};
    use crate::record::{CommandStatus, Record};

    fn text(screen: Option<Screen>, records: &[Record]) -> Vec<u8> {
        let sink = Sink::default();
        let mut consumer = Text::new(sink.clone(), screen);
        for record in records {
            consumer.on(&RunEvent::DeviceDone(&record.clone().into())).expect("writes");
        }
        sink.bytes()
    }

    #[test]
    fn blocks() {
        let mut refused = failed("core-2", ErrorKind::Command, "show foo: % Invalid input");
        refused.address = "2001:db8::1".into();
        refused.commands =
            vec![command("show version", "Cisco IOS\nuptime\n"), command("show foo", "% Invalid input")];
        refused.commands[1].status = CommandStatus::Failed;
        refused.commands[1].truncated = true;
        let text = text(None, &[ok("core-1", "Cisco IOS\n\nuptime is 3 weeks"), refused, skipped("core-3")]);
        insta::assert_snapshot!(String::from_utf8(text).expect("UTF-8"), @r#"
        === core-1 192.0.2.1:22 ssh cisco_ios ok 0.66 s
        --- show version
        Cisco IOS

        uptime is 3 weeks

        === core-2 [2001:db8::1]:22 ssh cisco_ios failed 0.05 s
        *** command: show foo: % Invalid input
        --- show version
        Cisco IOS
        uptime
        --- show foo (failed, cut at the output limit)
        % Invalid input

        === core-3 192.0.2.1:22 ssh cisco_ios skipped
        *** lockout_guard: 3 logins in a row were refused
        "#);
    }

    #[test]
    fn bytes_are_raw_in_a_pipe_and_harmless_on_a_terminal() {
        let mut record = ok("core-1", "");
        record.commands[0].output = b"\x1b[2Jcaf\xe9\n\tend".to_vec();
        let piped = text(None, std::slice::from_ref(&record));
        assert!(piped.ends_with(b"--- show version\n\x1b[2Jcaf\xe9\n\tend\n"));
        let shown = text(Some(Screen { width: 80, colours: false }), &[record]);
        assert!(shown.ends_with("--- show version\n\\x1b[2Jcaf\u{fffd}\n\tend\n".as_bytes()));
    }
}
