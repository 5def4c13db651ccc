//! The page around the sections, the data and the scripts in it.

use super::safe::{hash, json, text};
use super::section;
use crate::experiment::figures::{SectionFigures, figures};
use crate::experiment::report::words;
use crate::experiment::results::Experiment;

const STYLE: &str = include_str!("style.css");
const D3: &str = include_str!("vendor/d3.min.js");
const PLOT: &str = include_str!("vendor/plot.umd.min.js");
const LICENCES: &str = include_str!("vendor/LICENSES.txt");
/// Ours: in this order they are one script.
const SCRIPT: &str = concat!(
    include_str!("script/words.js"),
    include_str!("script/chart.js"),
    include_str!("script/heat.js"),
    include_str!("script/curves.js"),
    include_str!("script/stacks.js"),
    include_str!("script/timeline.js"),
    include_str!("script/page.js"),
);

/// The page of an experiment. It is whole: nothing is loaded, and the policy in its head lets a browser run
/// nothing but the scripts that are ours. It holds the experiment as `--format json` has it, in the element
/// `experiment`, and the figures that follow from it, in `figures`. Without scripts the words and tables
/// are still there.
///
/// # Errors
///
/// None that is known: what an experiment consists of can be written as JSON.
pub fn html(experiment: &Experiment) -> serde_json::Result<String> {
    let all_figures: Vec<SectionFigures> = experiment.sections.iter().map(figures).collect();
    let sections = experiment.sections.iter().zip(&all_figures).enumerate();
    let sections: String =
        sections.map(|(at, (section, figures))| section::html(at, section, figures)).collect();
    Ok(format!(
        r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="netsweep {version}">
<title>{title}</title>
<style>{STYLE}</style>
</head>
<body>
<header>
<h1>Processes, threads, and both: an experiment with netsweep</h1>
<dl class="facts">
<div><dt>Made</dt><dd>{began}, with netsweep {version}</dd></div>
<div><dt>On</dt><dd>{machine}</dd></div>
<div><dt>Again with</dt><dd><code class="command">{command}</code></dd></div>
</dl>
<noscript><p class="trouble">The pictures need JavaScript. The words and tables are all there.</p></noscript>
<p class="trouble" id="trouble" role="alert" hidden></p>
{contents}</header>
<main>
{sections}</main>
<footer>
<p>P×T is a mix of P worker processes with T session threads each; 1×1 is sequential. The makespan is the time from the
first dispatch to the last result. The ideal is the makespan that no schedule can beat: the devices' own latencies and
the workload's computing, perfectly spread. GIL: one lock per process that a session holds while it computes, as CPython
has. Spreads run from the least to the greatest trial; two figures whose spreads overlap are within noise.</p>
<details><summary>Licences of what draws this page</summary><pre>{licences}</pre></details>
</footer>
<script type="application/json" id="experiment">{experiment_json}</script>
<script type="application/json" id="figures">{figures_json}</script>
<script>{D3}</script>
<script>{PLOT}</script>
<script>{SCRIPT}</script>
</body>
</html>
"#,
        policy = policy(),
        version = text(&experiment.version),
        title = text(&title(experiment)),
        began = text(&experiment.began),
        machine = text(&words::machine(experiment)),
        command = text(&experiment.command),
        contents = section::contents(&experiment.sections),
        licences = text_block(LICENCES),
        experiment_json = json(experiment)?,
        figures_json = json(&all_figures)?,
    ))
}

/// Scripts by their hashes; styles inline, because the library adds its own to each picture; no network, no
/// frames, no forms.
fn policy() -> String {
    let scripts = [D3, PLOT, SCRIPT].map(hash).join(" ");
    format!(
        "default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    )
}

fn title(experiment: &Experiment) -> String {
    match &experiment.sections[..] {
        [one] => format!("{} · netsweep experiment", words::title(one)),
        _ => format!("netsweep experiment, {}", experiment.began),
    }
}

fn text_block(lines: &str) -> String {
    lines.lines().map(|line| text(line) + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::report::fixture::experiment;

    #[test]
    fn no_script_can_be_taken_for_more_than_one() {
        for script in [D3, PLOT, SCRIPT] {
            for end in ["</script", "<script", "<!--", "\r"] {
                assert!(!script.to_ascii_lowercase().contains(end), "{end}");
            }
        }
        assert!(!STYLE.contains("</"));
    }

    #[test]
    fn the_experiment_is_in_it_as_it_is_and_nothing_else_of_it_is_markup() {
        let experiment = experiment();
        let page = html(&experiment).expect("a page");
        let (_, rest) = page.split_once(r#"id="experiment">"#).expect("the data");
        let (json, _) = rest.split_once("</script>").expect("its end");
        let kept = serde_json::to_string(&experiment).expect("JSON");
        let [embedded, kept] =
            [json, &kept].map(|json| serde_json::from_str::<serde_json::Value>(json).expect("JSON"));
        assert!(embedded == kept, "they differ");
        assert_eq!(page.matches("</script>").count(), 5);
        assert!(!page.contains("<img") && !page.contains('\u{202e}') && !page.contains('\u{1b}'));
    }

    #[test]
    fn an_experiment_without_anything_has_a_page() {
        assert!(html(&Experiment::default()).expect("a page").contains("<h1>"));
    }
}
