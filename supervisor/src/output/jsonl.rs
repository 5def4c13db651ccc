//! `--format jsonl`: the record contract.

use std::io::Write;

use anyhow::Result;

use crate::event::{Consumer, RunEvent};
use crate::output::escape;
use crate::output::reader::written;
use crate::record::Record;

/// One JSON object a device, on a line of its own, written out at once: whoever reads the
/// pipe sees it live.
#[derive(Debug)]
pub struct JsonLines<W> {
    out: W,
}

impl<W: Write> JsonLines<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Self {
        Self { out }
    }
}

impl<W: Write> Consumer for JsonLines<W> {
    fn on(&mut self, event: &RunEvent<'_>) -> Result<()> {
        let RunEvent::DeviceDone(record) = event else { return Ok(()) };
        let object = serde_json::to_string::<Record>(record)?;
        written(writeln!(self.out, "{}", escape::json(&object)).and_then(|()| self.out.flush()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::fixture::{Sink, auth_failure, ok, skipped};

    fn lines(records: &[crate::record::Record]) -> String {
        let sink = Sink::default();
        let mut consumer = JsonLines::new(sink.clone());
        for record in records {
            consumer.on(&RunEvent::DeviceDone(&record.clone().into())).expect("writes");
        }
        sink.text()
    }

    #[test]
    fn fields_and_their_order_are_the_contract_s() {
        assert_eq!(
            lines(&[ok("core-1", "Cisco IOS Software\nuptime is 3 weeks")]),
            concat!(
                r#"{"run":"r1","device":"core-1","address":"192.0.2.1","port":22,"transport":"ssh","platform":"cisco_ios","#,
                r#""status":"ok","error":null,"attempts":1,"worker":0,"started":"2026-01-01T00:00:00.000Z","#,
                r#""timing_ms":{"connect":3.1,"login":42.0,"commands":611.0,"total":656.9},"#,
                r#""commands":[{"command":"show version","status":"ok","output":"Cisco IOS Software\nuptime is 3 weeks","#,
                r#""elapsed_ms":305.2,"truncated":false,"parsed":null}]}"#,
                "\n"
            )
        );
    }

    #[test]
    fn a_failure_has_its_kind_and_a_device_never_tried_has_nulls() {
        let text = lines(&[auth_failure("core-1"), skipped("core-2")]);
        let [failed, skipped] = text.lines().collect::<Vec<_>>().try_into().expect("two lines");
        assert!(
            failed.contains(
                r#""status":"failed","error":{"kind":"auth","message":"the device refused the password"}"#
            ),
            "{failed}"
        );
        assert!(skipped.contains(r#""status":"skipped","error":{"kind":"lockout_guard","#), "{skipped}");
        assert!(skipped.contains(r#""attempts":0,"worker":null,"started":null,"#), "{skipped}");
        assert!(skipped.ends_with(r#""commands":[]}"#), "{skipped}");
    }

    #[test]
    fn bytes_that_are_no_utf8_and_control_characters_stay_valid_json() {
        let mut record = ok("core-1", "");
        record.commands[0].output = b"caf\xe9 \x1b[2J \xc2\x9b".to_vec();
        let text = lines(&[record]);
        assert!(text.contains(r#""output":"caf� \u001b[2J \u009b""#), "{text}");
        let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(value["commands"][0]["output"], "caf\u{fffd} \u{1b}[2J \u{9b}");
    }

    #[test]
    fn each_record_is_flushed() {
        let sink = Sink::default();
        let mut consumer = JsonLines::new(std::io::BufWriter::new(sink.clone()));
        consumer.on(&RunEvent::DeviceDone(&ok("core-1", "x").into())).expect("writes");
        assert!(sink.text().ends_with("}\n"));
    }

    #[test]
    fn a_reader_that_has_gone_is_told_apart() {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let error =
            JsonLines::new(writer).on(&RunEvent::DeviceDone(&ok("core-1", "x").into())).expect_err("gone");
        assert!(error.is::<crate::output::ReaderGone>(), "{error:#}");
    }
}
