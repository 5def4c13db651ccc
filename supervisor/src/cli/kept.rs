//! What is kept of a run's command line, and how `resume` takes it up again.

use std::path::{Path, PathBuf, absolute};

use anyhow::{Context, Result, bail};
use clap::parser::ValueSource;
use clap::{ArgMatches, Parser};
use serde_json::Value;

use super::args::{Cli, Command, ResumeArgs, RunArgs};

/// `args` as JSON, good in any folder.
pub(super) fn keep(args: &RunArgs) -> Result<String> {
    let mut args = args.clone();
    let files = [
        &mut args.mix.worker_binary,
        &mut args.ssh.known_hosts,
        &mut args.selection.ssh_config,
        &mut args.selection.platforms.platform_dir,
    ];
    for path in files.into_iter().flatten().chain([&mut args.selection.inventory]) {
        // The one that is a word.
        if path != Path::new("none") {
            *path = whole(path)?;
        }
    }
    serde_json::to_string(&args).context("cannot record the command line")
}

/// `path` from the root.
pub(super) fn whole(path: &Path) -> Result<PathBuf> {
    absolute(path).with_context(|| path.display().to_string())
}

/// The options that were kept, under those that were typed now (of which `matches` knows), over the
/// defaults: a flag that a newer version has in addition is as if it had not been given.
pub(super) fn take_up(kept: &str, typed: &ResumeArgs, matches: &ArgMatches) -> Result<RunArgs> {
    let Command::Run(defaults) = Cli::try_parse_from(["netsweep", "run"])?.command else {
        bail!("`run` is another command")
    };
    let mut options = serde_json::to_value(defaults)?;
    lay_over(&mut options, serde_json::from_str(kept)?);
    let mut typed_options = serde_json::to_value(typed)?;
    for section in typed_options.as_object_mut().into_iter().flat_map(|sections| sections.values_mut()) {
        // The fields are called as their arguments are.
        let given = |name: &str| matches.value_source(name) == Some(ValueSource::CommandLine);
        section.as_object_mut().into_iter().for_each(|section| section.retain(|name, _| given(name)));
    }
    lay_over(&mut options, typed_options);
    let mut args: RunArgs = serde_json::from_value(options)?;
    args.output = typed.output.clone();
    args.store = typed.store.clone();
    Ok(args)
}

/// Replaces in `under` what `over` has, table by table.
fn lay_over(under: &mut Value, over: Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => {
            for (key, value) in over {
                match under.get_mut(&key) {
                    Some(under) => lay_over(under, value),
                    None => drop(under.insert(key, value)),
                }
            }
        }
        (under, over) => *under = over,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clap::{CommandFactory, FromArgMatches};

    use super::super::args::{Auto, Count};
    use super::*;

    fn run(arguments: &[&str]) -> RunArgs {
        let arguments = ["netsweep", "run"].iter().chain(arguments);
        match Cli::try_parse_from(arguments).expect("parses").command {
            Command::Run(args) => *args,
            other => panic!("{other:?}"),
        }
    }

    fn resume(kept: &str, arguments: &[&str]) -> RunArgs {
        let arguments = ["netsweep", "resume"].iter().chain(arguments);
        let matches = Cli::command().try_get_matches_from(arguments).expect("parses");
        let Command::Resume(args) = Cli::from_arg_matches(&matches).expect("parses").command else {
            panic!("{matches:?}")
        };
        let (_, matches) = matches.subcommand().expect("one");
        take_up(kept, &args, matches).expect("the options of a run")
    }

    #[test]
    fn what_was_typed_now_wins_and_the_rest_stays() {
        let typed = [
            "-i",
            "net.toml",
            "-T",
            "7",
            "-P",
            "3",
            "--retries",
            "5",
            "--simulate",
            "--sim-seed",
            "9",
            "--sim-fault",
            "cut=3%",
            "--sim-login",
            "1ms..2ms",
            "--sim-login-server",
            "100ms,140,0.3%",
            "--ssh-config",
            "none",
            "-q",
            "show clock",
        ];
        let kept = keep(&run(&typed)).expect("JSON");
        let same = resume(&kept, &[]);
        assert_eq!(
            (same.mix.processes, same.mix.threads, same.limits.retries),
            (Some(Count::Of(3)), Some(Count::Of(7)), 5)
        );
        assert_eq!(same.fleet.sim_seed, Some(9));
        assert_eq!(same.fleet.sim_fault, run(&typed).fleet.sim_fault);
        assert_eq!(same.fleet.sim_login, run(&typed).fleet.sim_login);
        assert_eq!(same.fleet.sim_login_server, run(&typed).fleet.sim_login_server);
        assert_eq!(same.selection.ssh_config, Some("none".into()));
        assert!(same.simulate && !same.output.quiet);
        assert!(same.selection.inventory.is_absolute() && same.selection.inventory.ends_with("net.toml"));
        assert_eq!(keep(&same).expect("JSON"), kept);

        // A default that is typed counts as typed.
        let other = resume(&kept, &["-T", "9", "--retries", "1", "--grace", "3s", "--verbose"]);
        assert_eq!(
            (other.mix.processes, other.mix.threads, other.limits.retries),
            (Some(Count::Of(3)), Some(Count::Of(9)), 1)
        );
        assert_eq!(other.limits.grace, Duration::from_secs(3));
        assert!(other.output.verbose);
    }

    #[test]
    fn an_older_version_knew_less_and_a_newer_one_more() {
        let args = resume(r#"{"mix": {"threads": 5}, "of_a_newer_one": true}"#, &[]);
        assert_eq!((args.mix.threads, args.limits.retries), (Some(Count::Of(5)), 1));
        let auto = keep(&run(&["-P", "auto", "-T", "auto", "show clock"])).expect("JSON");
        let auto = resume(&auto, &[]).mix;
        assert_eq!(
            (auto.processes, auto.threads),
            (Some(Count::Auto(Auto::Auto)), Some(Count::Auto(Auto::Auto)))
        );
    }
}
