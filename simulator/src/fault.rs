//! Devices that misbehave before the login, and how endless data is dosed.
//!
//! What goes wrong later is in the shell: it belongs to outputs, whatever the transport.

use std::io;
use std::time::Duration;

use netsweep_shared::fleet::Fault;
use netsweep_shared::job::Transport;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::time::sleep;

use crate::device::Device;
use crate::{nvt, ssh};

/// What such a device says; then it is silent until the peer is gone.
enum Noise {
    Nothing,
    Once(Vec<u8>),
    /// The first and then the second over and over, one byte at a time.
    Drip(Vec<u8>, Vec<u8>),
    Pour(Endless),
}

/// A block that is sent over and over.
pub(crate) struct Endless {
    block: Vec<u8>,
    beat: Duration,
}

impl Endless {
    /// An output without end, of which `text` is repeated: about 125 KB/s, as of a debug that
    /// somebody left on.
    pub(crate) fn output(text: &[u8]) -> Self {
        const DOSE: usize = 4096;
        const PER_BYTE: Duration = Duration::from_micros(8);
        let block = if text.is_empty() { vec![b'\n'; DOSE] } else { text.repeat(DOSE.div_ceil(text.len())) };
        // A long text is a long block: what counts is the rate.
        let beat = PER_BYTE * block.len() as u32;
        Self { block, beat }
    }

    /// A flood, of which `text` is repeated: 4 MB/s at most, so that its neighbours have air.
    fn flood(text: Vec<u8>) -> Self {
        const DOSE: usize = 4096;
        Self { block: text.into_iter().cycle().take(DOSE).collect(), beat: Duration::from_millis(1) }
    }

    /// The next block, when its time has come.
    pub(crate) async fn next(&self) -> &[u8] {
        sleep(self.beat).await;
        &self.block
    }

    /// Sends blocks until that fails.
    pub(crate) async fn pour(&self, write: &mut WriteHalf<'_>) -> io::Result<()> {
        loop {
            write.write_all(self.next().await).await?;
        }
    }
}

/// Time between two bytes of a trickle.
const DRIP: Duration = Duration::from_secs(1);

/// Plays the fault of a device that misbehaves before its login, to the end of the connection.
/// Gives the stream back where there is none.
pub(crate) async fn before_login(device: &Device, mut stream: TcpStream) -> Option<TcpStream> {
    let Some(noise) = noise(device) else { return Some(stream) };
    let (read, mut write) = stream.split();
    tokio::select! {
        // Whatever the peer says is read: it shall not hang on its own words.
        _ = drain(&read) => {}
        _ = make(noise, &mut write) => {}
    }
    None
}

fn noise(device: &Device) -> Option<Noise> {
    let noise = match (device.fault?, device.transport) {
        (Fault::Silent, _) => Noise::Nothing,
        // A first line (RFC 4253, 4.2) that never ends.
        (Fault::Trickle, Transport::Ssh) => Noise::Drip(device.manners.server_id.into(), b"-x".to_vec()),
        (Fault::Trickle, Transport::Telnet) => {
            let login = &device.manners.login;
            let identity = device.identity();
            let words = format!("{}{} starts up...\n", (login.banner)(&identity), device.name);
            Noise::Drip(vec![], words.replace('\n', "\r\n").into())
        }
        (Fault::Flood, Transport::Ssh) => Noise::Pour(Endless::flood(ssh::CHATTER.into())),
        (Fault::Flood, Transport::Telnet) => Noise::Pour(Endless::flood(nvt::storm())),
        (Fault::StallLogin, Transport::Ssh) => Noise::Once(ssh::first_words(device)),
        _ => return None,
    };
    Some(noise)
}

/// Ends only when sending fails.
async fn make(noise: Noise, write: &mut WriteHalf<'_>) -> io::Result<()> {
    match noise {
        Noise::Nothing => {}
        Noise::Once(words) => write.write_all(&words).await?,
        Noise::Drip(first, again) => {
            for byte in first.iter().chain(again.iter().cycle()) {
                write.write_u8(*byte).await?;
                sleep(DRIP).await;
            }
        }
        Noise::Pour(flood) => flood.pour(write).await?,
    }
    std::future::pending().await
}

/// Reads and forgets until the peer has ended.
pub(crate) async fn drain(read: &ReadHalf<'_>) -> io::Result<()> {
    loop {
        read.readable().await?;
        match read.try_read(&mut [0; 4096]) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

/// How long a device that breaks a connection off waits for the peer's word that it has taken in what
/// was sent. What is on its way when the connection breaks may be lost, and a busy peer reads late:
/// so the word is what counts, and the time is for those that never give it.
pub(crate) const LONGEST_WAIT_FOR_WORD: Duration = Duration::from_secs(5);

/// Whether the connections that a device breaks off end with a reset; with the others, the end
/// is orderly, and only comes too early.
pub(crate) fn resets(device: &Device) -> bool {
    device.dice(&["reset"]).below(2) == 0
}
