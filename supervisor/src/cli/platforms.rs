//! `netsweep platforms`.

use std::io::{self, IsTerminal, Write};

use anyhow::anyhow;

use super::args::{PlatformDirArgs, PlatformsCommand};
use super::exit::{Exit, ExitError, OrExit};
use crate::inventory::suggestion;
use crate::output::{self, ReaderGone};
use crate::platforms::{Defined, Platforms};

pub(super) fn platforms(command: &PlatformsCommand) -> Result<Exit, ExitError> {
    let load = |args: &PlatformDirArgs| Platforms::load(args.platform_dir.as_deref()).or_usage();
    let text = match command {
        PlatformsCommand::List(args) => list(&load(args)?),
        PlatformsCommand::Show { name, directory } => show(&load(directory)?, name)?,
    };
    match output::written(io::stdout().write_all(text.as_bytes())) {
        // `… | head`: nothing was to be done but to be read.
        Err(error) if error.is::<ReaderGone>() => Ok(Exit::Ok),
        written => written.map(|()| Exit::Ok).or_internal(),
    }
}

/// Name, where it is from, and what it covers: in columns for a person, with tabs for a program.
fn list(platforms: &Platforms) -> String {
    let rows: Vec<[String; 3]> = platforms
        .all()
        .iter()
        .map(|(name, defined)| [name.clone(), origin(defined), defined.platform.description.clone()])
        .collect();
    let widths = [0, 1].map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0));
    let tabs = !io::stdout().is_terminal();
    rows.iter()
        .map(|[name, origin, description]| match tabs {
            true => format!("{name}\t{origin}\t{description}\n"),
            false => format!("{name:0$}  {origin:1$}  {description}\n", widths[0], widths[1]),
        })
        .collect()
}

fn origin(defined: &Defined) -> String {
    let instead = if defined.overrides > 0 { ", in place of another" } else { "" };
    defined.file.as_ref().map_or("built in".into(), |file| format!("{}{instead}", file.display()))
}

/// The file as it is, so that it can be the beginning of another.
fn show(platforms: &Platforms, name: &str) -> Result<String, ExitError> {
    let defined = platforms
        .all()
        .get(name)
        .ok_or_else(|| anyhow!("there is no platform {name:?}: {}", suggestion(name, platforms.names())));
    defined.map(|defined| defined.text.to_string()).or_usage()
}
