//! A real worker behind a proxy that has a vice. It shows when the worker meets a device whose name
//! begins with [`VICTIM`].

use std::collections::HashSet;
use std::fs::OpenOptions;
use std::io::{self, BufReader, PipeReader, PipeWriter, Write, pipe};
use std::path::{Path, PathBuf};
use std::process::{ExitCode, abort, exit};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use netsweep_shared::frame::{self, FrameReader};
use netsweep_shared::job::JobId;
use netsweep_shared::outcome::AttemptEnd;
use netsweep_shared::protocol::{FromWorker, Hello, ToWorker};
use netsweep_worker::serve::serve;
use rustix::process::{Signal, set_parent_process_death_signal};

use crate::vice::{Step, Vice};

pub(crate) const VICTIM: &str = "victim";

type Victims = Arc<Mutex<HashSet<JobId>>>;

/// Is a worker with this `vice`, started from `path`.
pub(crate) fn main(vice: Vice, path: &Path) -> ExitCode {
    set_parent_process_death_signal(Some(Signal::KILL)).expect("as a worker does");
    let vice = Temptation { vice, marker: path.with_extension("was-here") };
    if vice.is(Vice::NoHello) {
        vice.stop();
    }
    let ((inside, to_inside), (from_inside, outside)) = (pipe().expect("a pipe"), pipe().expect("another"));
    let victims = Victims::default();
    thread::spawn({
        let (vice, victims) = (vice.clone(), Arc::clone(&victims));
        move || pass_in(&vice, to_inside, &victims)
    });
    // The sandbox shuts this thread and its children in: the proxies are free.
    let worker = thread::spawn(move || serve(inside, outside).expect("serves"));
    pass_out(&vice, from_inside, &victims).expect("the supervisor reads");
    worker.join().expect("a worker's end");
    ExitCode::SUCCESS
}

/// A vice, and the file that says that it has been given in to.
#[derive(Clone)]
struct Temptation {
    vice: Vice,
    marker: PathBuf,
}

impl Temptation {
    fn is(&self, vice: Vice) -> bool {
        self.vice == vice
    }

    /// Stops for ever, unless another worker has: each costs the supervisor a long wait.
    fn stop(&self) {
        if OpenOptions::new().write(true).create_new(true).open(&self.marker).is_err() {
            return;
        }
        loop {
            thread::sleep(Duration::from_secs(3600));
        }
    }
}

/// From the supervisor to the worker inside.
fn pass_in(vice: &Temptation, mut to: PipeWriter, victims: &Victims) {
    let mut frames = FrameReader::new(BufReader::new(io::stdin()));
    let hello: Hello = frames.read().expect("a frame").expect("a hello");
    frame::write(&mut to, &hello).expect("passed on");
    while let Ok(Some(message)) = frames.read::<ToWorker>() {
        match &message {
            ToWorker::Job(job) if job.device.starts_with(VICTIM) => {
                victims.lock().expect("ours").insert(job.id);
                if vice.is(Vice::Deaf) {
                    vice.stop();
                }
            }
            ToWorker::Drain | ToWorker::Cancel | ToWorker::Withdraw(_) if vice.is(Vice::Drainless) => {
                continue;
            }
            _ => {}
        }
        if frame::write(&mut to, &message).and_then(|()| Ok(to.flush()?)).is_err() {
            break;
        }
    }
}

/// From the worker inside to the supervisor.
fn pass_out(vice: &Temptation, from: PipeReader, victims: &Victims) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    let mut frames = FrameReader::new(BufReader::new(from));
    if let Some(hello) = frames.read::<Hello>()? {
        frame::write(&mut out, &hello)?;
        out.flush()?;
    }
    while let Some(message) = frames.read::<FromWorker>()? {
        let victim = step(&message).filter(|(job, _)| victims.lock().expect("ours").contains(job));
        if let Some((_, step)) = victim {
            misbehave(vice, step, &message, &mut out)?;
        }
        frame::write(&mut out, &message)?;
        out.flush()?;
    }
    Ok(())
}

/// What the worker does before, or instead of, telling that the victim has come to `step`.
fn misbehave(
    vice: &Temptation,
    step: Step,
    message: &FromWorker,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let mut encoded = Vec::new();
    frame::encode(message, &mut encoded)?;
    let half = &encoded[..encoded.len() / 2];
    match (vice.vice, step) {
        (Vice::Abort(at), _) if at == step => abort(),
        (Vice::Exit, Step::Started) => exit(3),
        (Vice::HalfFrame, Step::Output) => {
            out.write_all(half)?;
            out.flush()?;
            exit(0);
        }
        // Only who stops may begin it: what follows would be the frame's other half.
        (Vice::StalledFrame, Step::Output) if !vice.marker.exists() => {
            out.write_all(half)?;
            out.flush()?;
            vice.stop();
        }
        (Vice::HugeFrame, Step::LoggedIn) => out.write_all(&[0xff; 4])?,
        (Vice::Text, Step::LoggedIn) => out.write_all(b"debug: just looking around here\n")?,
        (Vice::Hang, Step::CommandsBegin) => vice.stop(),
        (Vice::Twice, Step::Finished) => out.write_all(&encoded)?,
        (Vice::Unknown, Step::Finished) => {
            let end = AttemptEnd::default();
            frame::write(out, &FromWorker::Finished { job: JobId(u32::MAX), end })?;
        }
        (Vice::Chatter, Step::Started) => {
            for line in 0..200_000 {
                eprintln!("line {line} of a log that nobody has asked for");
            }
        }
        _ => {}
    }
    Ok(())
}

fn step(message: &FromWorker) -> Option<(JobId, Step)> {
    match message {
        FromWorker::Started(job) => Some((*job, Step::Started)),
        FromWorker::LoggedIn(job) => Some((*job, Step::LoggedIn)),
        FromWorker::CommandsBegin(job) => Some((*job, Step::CommandsBegin)),
        FromWorker::Output { job, .. } => Some((*job, Step::Output)),
        FromWorker::Finished { job, .. } => Some((*job, Step::Finished)),
        _ => None,
    }
}
