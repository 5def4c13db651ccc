//! One Telnet session.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use socket2::SockRef;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};

use crate::device::Device;
use crate::fault::{self, Endless};
use crate::nvt::{self, Nvt};
use crate::script::{Script, Step};
use crate::shell::Shell;
use crate::waits::Waits;

/// Serves a connection until either side ends it.
pub(crate) async fn serve(device: Arc<Device>, mut stream: TcpStream, waits: Waits) {
    let ended = converse(&device, &mut stream, &waits).await;
    tracing::trace!(device = device.name, ?ended, "telnet session");
    if matches!(ended, Ok(Ended::Cut)) && fault::resets(&device) {
        // A reset instead of an orderly end. Where it cannot be set, the end is orderly.
        let _ = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
    }
}

/// Why the device ended a session.
#[derive(Debug)]
enum Ended {
    ByPeer,
    Left,
    Cut,
}

async fn converse(device: &Arc<Device>, stream: &mut TcpStream, waits: &Waits) -> io::Result<Ended> {
    let (read, mut write) = stream.split();
    let mut shell = Shell::new(Arc::clone(device), "");
    let mut nvt = Nvt::default();
    write.write_all(&nvt::OFFER).await?;
    let mut script = shell.ask_login();
    loop {
        if let Some(ended) = perform(script, &read, &mut write, &mut nvt, waits).await? {
            return Ok(ended);
        }
        let Some(received) = receive(&read, &mut nvt).await? else { return Ok(Ended::ByPeer) };
        if !received.answer.is_empty() {
            write.write_all(&received.answer).await?;
        }
        if let Some(rows) = received.rows {
            shell.resize(rows.into());
        }
        script = shell.keys(&received.keys);
    }
}

/// Waits for the peer; none when it has ended. The buffer lives only while there is something to
/// read: ten thousand idle sessions have none.
async fn receive(read: &ReadHalf<'_>, nvt: &mut Nvt) -> io::Result<Option<nvt::Received>> {
    loop {
        read.readable().await?;
        let mut buffer = [0; 1024];
        match read.try_read(&mut buffer) {
            Ok(0) => return Ok(None),
            Ok(n) => return Ok(Some(nvt.take(&buffer[..n]))),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

/// Performs a script to its end, or to the session's.
async fn perform(
    script: Script,
    read: &ReadHalf<'_>,
    write: &mut WriteHalf<'_>,
    nvt: &mut Nvt,
    waits: &Waits,
) -> io::Result<Option<Ended>> {
    for step in script.into_steps() {
        match step {
            Step::Send(bytes) => write.write_all(&nvt::escape(bytes)).await?,
            Step::Pause(time) => waits.pause(time).await,
            Step::JudgeLogin(time) => waits.login(time).await,
            Step::Endless(text) => {
                let endless = Endless::output(&text);
                tokio::select! {
                    gone = fault::drain(read) => gone?,
                    failed = endless.pour(write) => failed?,
                }
                return Ok(Some(Ended::ByPeer));
            }
            Step::Cut => {
                write.write_all(&nvt::MARK).await?;
                let taken_in = tokio::time::timeout(fault::LONGEST_WAIT_FOR_WORD, marked(read, nvt));
                return match taken_in.await {
                    Ok(Ok(false) | Err(_)) => Ok(Some(Ended::ByPeer)),
                    Ok(Ok(true)) | Err(_) => Ok(Some(Ended::Cut)),
                };
            }
            Step::Exit(_) => return Ok(Some(Ended::Left)),
        }
    }
    Ok(None)
}

/// Waits for the answer to [`nvt::MARK`] and hears nothing else; false where the peer has ended.
async fn marked(read: &ReadHalf<'_>, nvt: &mut Nvt) -> io::Result<bool> {
    while let Some(received) = receive(read, nvt).await? {
        if received.marked {
            return Ok(true);
        }
    }
    Ok(false)
}
