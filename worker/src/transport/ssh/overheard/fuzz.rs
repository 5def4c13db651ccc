//! A peer that says anything before the keys are exchanged.

use super::{ENOUGH, Overheard};
use crate::fuzz::input::{Input, pieces};
use crate::transport::ssh::algorithms::Offer;

/// Most that repetitions add up to: more than is kept.
const LARGEST: usize = 16 * 1024;

/// Most memory for what is kept and for the messages made of it.
const MEMORY: u64 = 256 << 10;

/// Read at once.
const CHUNK: usize = 8 * 1024;

/// Any bytes, in any pieces: the beginning is kept, and what is made of it is short.
pub fn overheard(data: &[u8]) {
    let input = Input::read(data, LARGEST);
    let bytes = input.bytes();
    let names = |names: &str| names.to_owned();
    let ours = Offer {
        kex: names("curve25519-sha256,ecdh-sha2-nistp256"),
        host_key: names("ssh-ed25519,rsa-sha2-256"),
        cipher: names("aes128-gcm@openssh.com,aes128-ctr"),
        mac: names("hmac-sha2-256"),
        signature: "rsa-sha2-256",
    };
    let memory = allocation_counter::measure(|| {
        let mut overheard = Overheard::default();
        for piece in pieces(&bytes, CHUNK, input.head[0]) {
            // As `listen` does, but that libssh2 reads all the rest.
            if overheard.done || overheard.binary {
                break;
            }
            let greeting = overheard.greeting(piece);
            assert!(greeting <= piece.len(), "a greeting longer than what came");
            overheard.hear(&piece[..greeting]);
            if greeting < piece.len() {
                overheard.hear(&piece[greeting..]);
            }
        }
        assert!(overheard.bytes.len() <= ENOUGH, "only the beginning is kept");
        let version = overheard.version().unwrap_or_default();
        let disagreement = overheard.disagreement(&ours, &ours).unwrap_or_default();
        for said in [version, overheard.words(), disagreement] {
            assert!(said.len() < 2048, "a message of {} bytes", said.len());
            assert!(!said.contains(char::is_control), "{said:?}");
        }
    });
    assert!(memory.bytes_max <= MEMORY, "{} bytes of memory", memory.bytes_max);
}
