//! Trials as they come, so that an experiment that was cut short can go on.
//!
//! A file of JSON lines: first what is measured, then one line a trial. A last line that is torn is no
//! trial.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use super::results::{Experiment, Trial};

/// The file, open to be appended to.
#[derive(Debug)]
pub struct Keep {
    path: PathBuf,
    file: File,
}

/// A line.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    section: usize,
    cell: usize,
    trial: Trial,
}

impl Keep {
    /// Begins a new file in place of an older one.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn begin(path: &Path, experiment: &Experiment) -> Result<Self> {
        let create = || -> Result<File> {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            let mut file = File::create(path)?;
            write_line(&mut file, experiment)?;
            Ok(file)
        };
        let file = create().with_context(|| format!("cannot keep trials in {}", path.display()))?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// Goes on with an experiment: its trials so far are put into `experiment`, which has to be the same.
    ///
    /// # Errors
    /// There is none, or another one: then it is said what to type.
    pub fn go_on(path: &Path, experiment: &mut Experiment) -> Result<Self> {
        let file = OpenOptions::new().read(true).append(true).open(path);
        let file = file.with_context(|| format!("there is nothing to continue in {}", path.display()))?;
        let damaged = || format!("{} is no experiment's file", path.display());
        let mut lines = BufReader::new(&file);
        let mut line = String::new();
        lines.read_line(&mut line).with_context(damaged)?;
        let before: Experiment = serde_json::from_str(&line).with_context(damaged)?;
        if before.command != experiment.command {
            bail!(
                "the experiment that was cut short is another one; continue it with\n  {} --continue",
                before.command
            );
        }
        experiment.began = before.began;
        let mut whole = line.len() as u64;
        loop {
            line.clear();
            if lines.read_line(&mut line).with_context(damaged)? == 0 || !line.ends_with('\n') {
                break;
            }
            let Kept { section, cell, trial } = serde_json::from_str(&line).with_context(damaged)?;
            let section = experiment.sections.get_mut(section).with_context(damaged)?;
            section.cells.get_mut(cell).with_context(damaged)?.trials.push(trial);
            whole += line.len() as u64;
        }
        // What is torn would spoil the next line.
        file.set_len(whole).with_context(damaged)?;
        let mut file = file;
        file.seek(SeekFrom::End(0)).with_context(damaged)?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// Keeps a trial of `cell` of `section`.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn trial(&mut self, section: usize, cell: usize, trial: &Trial) -> Result<()> {
        let kept = Kept { section, cell, trial: trial.clone() };
        write_line(&mut self.file, &kept)
            .with_context(|| format!("cannot keep trials in {}", self.path.display()))
    }
}

fn write_line(file: &mut File, what: &impl Serialize) -> Result<()> {
    let mut line = serde_json::to_vec(what)?;
    line.push(b'\n');
    Ok(file.write_all(&line)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::results::{Cell, Section};

    fn experiment(command: &str) -> Experiment {
        let section = Section { cells: vec![Cell::default(), Cell::default()], ..Section::default() };
        Experiment { command: command.into(), sections: vec![section], ..Experiment::default() }
    }

    #[test]
    fn what_was_kept_is_there_again_and_a_torn_line_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("deep/trials.jsonl");
        let trial = |makespan| Trial { makespan, ..Trial::default() };
        let mut keep = Keep::begin(&path, &experiment("it")).expect("begins");
        keep.trial(0, 1, &trial(1.5)).expect("keeps");
        keep.trial(0, 0, &trial(2.5)).expect("keeps");
        keep.file.write_all(b"{\"section\":0,\"ce").expect("is torn");
        for times in 1..3 {
            let mut again = experiment("it");
            let mut keep = Keep::go_on(&path, &mut again).expect("goes on");
            assert_eq!(again.sections[0].cells[0].trials, [trial(2.5)]);
            assert_eq!(again.sections[0].cells[1].trials.len(), times);
            keep.trial(0, 1, &trial(3.5)).expect("keeps");
        }
    }

    #[test]
    fn another_experiment_is_told_apart() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("trials.jsonl");
        let nothing = Keep::go_on(&path, &mut experiment("it")).expect_err("nothing there");
        assert!(format!("{nothing:#}").contains("nothing to continue"), "{nothing:#}");
        Keep::begin(&path, &experiment("netsweep experiment --seed 1")).expect("begins");
        let other = Keep::go_on(&path, &mut experiment("it")).expect_err("another one");
        assert!(other.to_string().contains("netsweep experiment --seed 1 --continue"), "{other}");
        std::fs::write(&path, "nonsense\n").expect("writes");
        assert!(Keep::go_on(&path, &mut experiment("it")).is_err());
    }
}
