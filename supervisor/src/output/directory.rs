//! `-o DIR`: a file a device.

use std::collections::HashMap;
use std::fs;
use std::io::{BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use tempfile::NamedTempFile;

use crate::event::{Consumer, RunEvent};
use crate::output::block::{self, Outputs};
use crate::output::screen::Paint;
use crate::record::Record;

/// Longest file name without number and extension, in bytes; most file systems take 255.
const LONGEST_STEM: usize = 200;

/// One text file a device, named after it. A file appears whole or not at all, in place of
/// one of an earlier run.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    /// Of devices whose names would share a file, those that have a number after theirs.
    numbered: HashMap<Arc<str>, String>,
}

impl Directory {
    /// Creates `path` where it is missing, and makes sure that files can be created in it.
    pub fn open(path: &Path) -> Result<Self> {
        fs::create_dir_all(path)
            .with_context(|| format!("cannot create the output directory {}", path.display()))?;
        new_file(path)?;
        Ok(Self { path: path.to_owned(), numbered: HashMap::new() })
    }

    fn write(&self, record: &Record) -> Result<()> {
        let stem = match self.numbered.get(&*record.device) {
            Some(stem) => stem.clone(),
            None => stem_of(&record.device),
        };
        let path = self.path.join(stem + ".txt");
        let file = new_file(&self.path)?;
        let mut out = BufWriter::new(&file);
        block::write(&mut out, record, Outputs::AsSent, Paint::on(None))
            .and_then(|()| out.flush())
            .with_context(|| format!("cannot write {}", path.display()))?;
        drop(out);
        // The error's own file would stay for as long as the error.
        let persisted = file.persist(&path).map_err(|failed| failed.error);
        persisted.with_context(|| format!("cannot write {}", path.display()))?;
        Ok(())
    }
}

impl Consumer for Directory {
    fn on(&mut self, event: &RunEvent<'_>) -> Result<()> {
        match event {
            RunEvent::Began(plan) => self.numbered = number_namesakes(&plan.devices),
            RunEvent::DeviceDone(record) => self.write(record)?,
            _ => {}
        }
        Ok(())
    }
}

/// A file under a temporary name, which goes unless it is given its own. Its permissions are
/// those of any file that the user creates.
fn new_file(directory: &Path) -> Result<NamedTempFile> {
    tempfile::Builder::new()
        .prefix(".netsweep-")
        .permissions(fs::Permissions::from_mode(0o666))
        .tempfile_in(directory)
        .with_context(|| format!("cannot write to the output directory {}", directory.display()))
}

/// The device's name as that of a file: what could be a path, hide the file, be an option or
/// trouble a shell is written `%XX`, like in a URL.
fn stem_of(device: &str) -> String {
    let mut stem = String::new();
    for (at, c) in device.char_indices() {
        let plain = c.is_alphanumeric()
            || matches!(c, '_' | '@' | '+' | '=' | ',')
            || (at > 0 && matches!(c, '.' | '-'));
        let mut bytes = [0; 4];
        let coded = match c.encode_utf8(&mut bytes) {
            c if plain => c.to_owned(),
            c => c.bytes().map(|byte| format!("%{byte:02X}")).collect(),
        };
        if stem.len() + coded.len() > LONGEST_STEM {
            break;
        }
        stem.push_str(&coded);
    }
    stem
}

/// Devices whose stems another device had before them, in inventory order, with the stem that
/// is theirs. Case does not tell files apart everywhere.
fn number_namesakes(devices: &[Arc<str>]) -> HashMap<Arc<str>, String> {
    let mut taken: HashMap<String, u32> = HashMap::with_capacity(devices.len());
    let mut numbered = HashMap::new();
    for device in devices {
        let stem = stem_of(device);
        let count = taken.entry(stem.to_lowercase()).or_default();
        *count += 1;
        if *count > 1 {
            // No stem has a tilde of its own.
            numbered.insert(Arc::clone(device), format!("{stem}~{count}"));
        }
    }
    numbered
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::fixture::{ok, plan};

    fn run(path: &Path, names: &[&str]) {
        let mut consumer = Directory::open(path).expect("opens");
        consumer.on(&RunEvent::Began(&plan(names))).expect("takes note");
        // The last to finish first: names must not depend on it.
        for name in names.iter().rev() {
            consumer
                .on(&RunEvent::DeviceDone(&ok(name, &format!("output of {name}")).into()))
                .expect("writes");
        }
    }

    fn files(path: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(path)
            .expect("a directory")
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_device_has_a_file_with_its_raw_output() {
        let parent = tempfile::tempdir().expect("a directory");
        let path = parent.path().join("deep/er");
        let mut consumer = Directory::open(&path).expect("creates it");
        let mut record = ok("core-1", "");
        record.commands[0].output = b"caf\xe9 \x1b[2J".to_vec();
        consumer.on(&RunEvent::DeviceDone(&record.clone().into())).expect("writes");
        consumer.on(&RunEvent::DeviceDone(&record.clone().into())).expect("writes it again");
        assert_eq!(files(&path), ["core-1.txt"]);
        assert_eq!(
            fs::read(path.join("core-1.txt")).expect("reads"),
            b"=== core-1 192.0.2.1:22 ssh cisco_ios ok 0.66 s\n--- show version\ncaf\xe9 \x1b[2J\n"
        );
    }

    #[test]
    fn no_name_leaves_the_directory() {
        let parent = tempfile::tempdir().expect("a directory");
        let path = parent.path().join("out");
        run(&path, &["../evil", "/etc/passwd", "..", ".hidden", "-rf", "a\0b", "a b", "Zürich-1", "%2F"]);
        assert_eq!(files(parent.path()), ["out"]);
        assert_eq!(
            files(&path),
            [
                "%252F.txt",
                "%2Drf.txt",
                "%2E.%2Fevil.txt",
                "%2E..txt",
                "%2Ehidden.txt",
                "%2Fetc%2Fpasswd.txt",
                "Zürich-1.txt",
                "a%00b.txt",
                "a%20b.txt",
            ]
        );
    }

    #[test]
    fn namesakes_have_files_of_their_own_whichever_ends_first() {
        let parent = tempfile::tempdir().expect("a directory");
        let long = "x".repeat(300);
        let longer = "x".repeat(301);
        let names = ["R1", "r1", "r1~2", &long, &longer];
        run(parent.path(), &names);
        let stem = "x".repeat(LONGEST_STEM);
        for (name, file) in names.iter().zip(["R1", "r1~2", "r1%7E2", &stem, &format!("{stem}~2")]) {
            let text = fs::read_to_string(parent.path().join(format!("{file}.txt"))).expect("reads");
            assert!(text.ends_with(&format!("\noutput of {name}\n")), "{file}: {text}");
        }
    }

    #[test]
    fn a_directory_that_cannot_be_written_is_told_of_before_the_run() {
        let parent = tempfile::tempdir().expect("a directory");
        let file = parent.path().join("file");
        fs::write(&file, "").expect("writes");
        let error = format!("{:#}", Directory::open(&file.join("out")).expect_err("no directory"));
        assert!(error.contains("cannot create the output directory"), "{error}");
        assert!(error.contains("file/out: Not a directory"), "{error}");
        // A directory that takes no files, for root as well.
        let error = format!("{:#}", Directory::open(Path::new("/proc/self")).expect_err("takes no files"));
        assert!(error.starts_with("cannot write to the output directory /proc/self: "), "{error}");
    }

    #[test]
    fn a_write_that_fails_leaves_nothing_half_done() {
        let parent = tempfile::tempdir().expect("a directory");
        let mut consumer = Directory::open(parent.path()).expect("opens");
        fs::create_dir(parent.path().join("core-1.txt")).expect("in the way");
        let error = consumer.on(&RunEvent::DeviceDone(&ok("core-1", "x").into())).expect_err("in the way");
        assert!(format!("{error:#}").contains("core-1.txt"), "{error:#}");
        assert_eq!(files(parent.path()), ["core-1.txt"]);
    }
}
