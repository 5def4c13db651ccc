//! A Telnet server that says anything.

use netsweep_shared::platform::Terminal;

use super::CHUNK;
use super::conversation::Conversation;
use crate::fuzz::input::{Event, Input, pieces};

/// Most that repetitions add up to: a few reads.
const LARGEST: usize = 16 * 1024;

/// Most memory that a connection takes beyond what it is handed and hands out.
const MEMORY: u64 = 64 << 10;

/// Most bytes that options and terminal types are answered with, over a whole connection.
const ANSWERS: usize = 32 << 10;

/// What we say where the input pauses: all that has to be escaped.
const SAID: &[u8] = b"show\xffversion\r\n\r\r";

/// Any bytes: text and answers are the same in whatever pieces they come, text is no longer than
/// what was sent, and neither answers nor memory grow with it.
pub fn telnet(data: &[u8]) {
    let input = Input::read(data, LARGEST);
    let [high, low, seed, _] = input.head;
    let terminal = Terminal { kind: "vt100".into(), width: u16::from_be_bytes([high, low]), height: 0 };
    let (mut text, mut answers) = (vec![], vec![]);
    hold(&input, &terminal, 0, |heard, answered| {
        text.extend_from_slice(heard);
        answers.extend_from_slice(answered);
    });
    assert!(text.len() <= input.bytes().len(), "more text than was sent");
    let said = input.events.iter().filter(|event| **event == Event::Pause).count() * 2 * SAID.len();
    assert!(answers.len() <= ANSWERS + said, "{} bytes of answers", answers.len());
    for seed in [1, seed] {
        let (mut text_left, mut answers_left) = (text.as_slice(), answers.as_slice());
        hold(&input, &terminal, seed, |heard, answered| {
            text_left = text_left.strip_prefix(heard).expect("the same text in pieces");
            answers_left = answers_left.strip_prefix(answered).expect("the same answers in pieces");
        });
        assert!(text_left.is_empty() && answers_left.is_empty(), "less in pieces: {text_left:?}");
    }
    let memory = allocation_counter::measure(|| hold(&input, &terminal, 0, |_, _| {}));
    assert!(memory.bytes_max <= MEMORY, "{} bytes of memory", memory.bytes_max);
}

/// Holds the conversation, in pieces that `seed` cuts.
fn hold(input: &Input, terminal: &Terminal, seed: u8, mut told: impl FnMut(&[u8], &[u8])) {
    let mut conversation = Conversation::new(terminal);
    let (mut text, mut answers) = (vec![], vec![]);
    for event in &input.events {
        match event {
            Event::Bytes(bytes) => {
                for piece in pieces(bytes, CHUNK, seed) {
                    conversation.hear(piece, &mut text, &mut answers);
                    told(&text, &answers);
                    text.clear();
                    answers.clear();
                }
            }
            Event::Pause => {
                conversation.say(SAID, &mut answers);
                told(&[], &answers);
                answers.clear();
            }
            _ => {}
        }
    }
}
