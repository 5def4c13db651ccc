//! An SSH agent for tests (draft-ietf-sshm-ssh-agent): it lists keys and signs.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::thread;

use russh::keys::PrivateKey;
use russh::keys::signature::Signer;
use tempfile::TempDir;

/// What is wrong with an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Nothing,
    /// It accepts connections and says nothing.
    Silent,
    /// It lists its keys and never signs.
    NeverSigns,
}

/// A running agent; its socket goes away with it.
pub(crate) struct Agent {
    directory: TempDir,
}

impl Agent {
    /// Starts an agent with `keys`.
    pub(crate) fn start(keys: Vec<PrivateKey>, fault: Fault) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let listener = UnixListener::bind(directory.path().join("agent")).expect("listens");
        thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let keys = keys.clone();
                thread::spawn(move || serve(socket, &keys, fault));
            }
        });
        Self { directory }
    }

    /// Its socket.
    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join("agent")
    }
}

/// A path at which there is no agent.
pub(crate) fn nowhere() -> &'static Path {
    Path::new("/nonexistent/agent")
}

const REQUEST_IDENTITIES: u8 = 11;
const IDENTITIES_ANSWER: u8 = 12;
const SIGN_REQUEST: u8 = 13;
const SIGN_RESPONSE: u8 = 14;

fn serve(mut socket: UnixStream, keys: &[PrivateKey], fault: Fault) -> Option<()> {
    loop {
        let mut length = [0; 4];
        socket.read_exact(&mut length).ok()?;
        let mut request = vec![0; u32::from_be_bytes(length) as usize];
        socket.read_exact(&mut request).ok()?;
        let silent = fault == Fault::Silent || (fault == Fault::NeverSigns && request[0] == SIGN_REQUEST);
        if silent {
            // Until the other side goes away.
            let _ = socket.read(&mut [0]);
            return None;
        }
        let mut answer = vec![];
        match request[0] {
            REQUEST_IDENTITIES => {
                answer.push(IDENTITIES_ANSWER);
                answer.extend((keys.len() as u32).to_be_bytes());
                for key in keys {
                    answer.extend(string(&key.public_key().to_bytes().ok()?));
                    answer.extend(string(b"a key"));
                }
            }
            SIGN_REQUEST => {
                let (blob, rest) = take_string(&request[1..])?;
                let (data, _) = take_string(rest)?;
                let key = keys.iter().find(|key| key.public_key().to_bytes().is_ok_and(|own| own == blob))?;
                let signature = key.try_sign(data).ok()?;
                let inner = [string(signature.algorithm().as_str().as_bytes()), string(signature.as_bytes())]
                    .concat();
                answer.push(SIGN_RESPONSE);
                answer.extend(string(&inner));
            }
            other => panic!("request {other}"),
        }
        socket.write_all(&string(&answer)).ok()?;
    }
}

fn string(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u32).to_be_bytes(), bytes].concat()
}

fn take_string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(u32::from_be_bytes(*length) as usize)
}
