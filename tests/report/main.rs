//! The page that an experiment's report is, in a real browser: headless Chromium. It runs where the other
//! programs that are not ours do; see `support/peers` for when.

/// A browser, told what to do and asked what it shows.
mod browser;

/// The page that is looked at, and what is to be read off it.
mod page;

/// An experiment as it might be found.
#[path = "../../supervisor/src/experiment/report/fixture.rs"]
mod fixture;

#[path = "../support/peers/wanted.rs"]
mod wanted;

// For the fixture, which is the library's own.
use netsweep::experiment::results;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial, run};
use serde_json::{Value, json};

use crate::browser::{Browser, CHROMIUM};
use crate::page::{Page, median};
use crate::wanted::trial;

/// What a section with a timeline has.
const PICTURES: [&str; 8] = ["heat", "rate", "makespan", "cpu", "memory", "steps", "doings", "timeline"];
/// Of an A4 page with margins of 12 mm, in CSS pixels (96 an inch).
const PRINTED_WIDTH: u32 = 703;
const PRINTED_HEIGHT: f64 = 1031.0;

fn main() -> ExitCode {
    let tests: [(&str, fn()); 8] = [
        ("everything_is_drawn_and_nothing_complains", everything_is_drawn_and_nothing_complains),
        ("the_numbers_are_those_of_the_data", the_numbers_are_those_of_the_data),
        ("pictures_show_the_same_numbers", pictures_show_the_same_numbers),
        ("every_session_is_in_its_timeline", every_session_is_in_its_timeline),
        ("what_others_wrote_stays_text", what_others_wrote_stays_text),
        ("a_phone_never_scrolls_sideways", a_phone_never_scrolls_sideways),
        ("it_prints_with_no_picture_cut", it_prints_with_no_picture_cut),
        ("it_follows_the_readers_colours", it_follows_the_readers_colours),
    ];
    let trials: Vec<Trial> = tests.map(|(name, test)| trial(name, &[&[CHROMIUM]], test)).into();
    let mut arguments = Arguments::from_args();
    // Each has a browser of its own, and a browser is large.
    arguments.test_threads.get_or_insert(2);
    run(&arguments, trials).exit_code()
}

fn everything_is_drawn_and_nothing_complains() {
    let page = Page::new();
    let mut browser = Browser::start();
    browser.open(&page.path);
    assert_eq!(browser.ask("document.documentElement.dataset.drawn"), "true");
    assert_eq!(browser.ask("document.getElementById('trouble').hidden"), true);
    for section in 0..page.experiment.sections.len() {
        let kinds = browser.ask(&format!(
            "Array.from(document.querySelectorAll('#section-{section} figure'), (one) => one.dataset.chart)"
        ));
        assert_eq!(kinds, json!(PICTURES), "section {section}");
    }
    let pictures = browser.ask(
        "Array.from(document.querySelectorAll('figure .plot'), (plot) => { \
           const svg = plot.querySelector('svg'); \
           const { width, height } = svg.getBoundingClientRect(); \
           const marks = svg.querySelectorAll('path, rect, circle, line').length; \
           return { kind: plot.closest('figure').dataset.chart, width, height, marks, says: svg.ariaLabel }; })",
    );
    let pictures = pictures.as_array().expect("pictures");
    assert!(pictures.len() > 2 * PICTURES.len(), "sections have panels: {}", pictures.len());
    for picture in pictures {
        assert!(picture["width"].as_f64() > Some(150.0), "{picture}");
        assert!(picture["height"].as_f64() > Some(50.0), "{picture}");
        assert!(picture["marks"].as_u64() > Some(0), "{picture}");
        assert!(picture["says"].as_str().is_some_and(|says| says.len() > 20), "{picture}");
    }
    browser.is_content();
}

fn the_numbers_are_those_of_the_data() {
    let page = Page::new();
    let mut browser = Browser::start();
    browser.open(&page.path);
    let kept = browser.ask("document.getElementById('experiment').textContent");
    let kept: Value = serde_json::from_str(kept.as_str().expect("a text")).expect("JSON");
    assert!(kept == page.json(), "the data are not the experiment");
    for (at, section) in page.experiment.sections.iter().enumerate() {
        let rows = page::table(&mut browser, at);
        assert_eq!(rows.len(), section.cells.len());
        for (row, cell) in rows.iter().zip(&section.cells) {
            let name = format!("{}×{} of section {at}", cell.processes, cell.threads);
            assert_eq!(row.name, format!("{}×{}", cell.processes, cell.threads));
            let whole = f64::from(section.workload.devices) / f64::from(cell.devices);
            let makespan = median(cell.trials.iter().map(|trial| trial.makespan * whole));
            let devices = |rate: f64| f64::from(cell.devices) * rate;
            let cpu = |of: &results::Cost| of.user + of.system;
            row.has(&name, "makespan median", makespan);
            row.has(&name, "sessions a second", devices(1.0) / makespan * whole);
            row.has(
                &name,
                "of the ideal",
                median(cell.trials.iter().map(|trial| trial.ideal / trial.makespan)),
            );
            row.has(&name, "failed", median(cell.trials.iter().map(|trial| f64::from(trial.failures))));
            row.has(&name, "CPU, user+system supervisor", cpu(&cell.trials[0].supervisor));
            row.has(&name, "CPU, user+system workers", cell.trials[0].workers.iter().map(cpu).sum());
            row.has(&name, "peak memory supervisor", cell.trials[0].supervisor.peak_memory as f64);
            row.has(&name, "peak memory worker", cell.trials[0].workers[0].peak_memory as f64);
            if (cell.processes, cell.threads) == (1, 1) {
                row.has(&name, "speed-up over 1×1", 1.0);
            }
            assert_eq!(row.text("makespan median").starts_with('*'), cell.devices < section.workload.devices);
            assert!(row.is_said("makespan median", makespan), "{name}: {}", row.text("makespan median"));
        }
    }
}

fn pictures_show_the_same_numbers() {
    let page = Page::new();
    let mut browser = Browser::start();
    browser.open(&page.path);
    for at in 0..page.experiment.sections.len() {
        for (metric, column) in [("makespan", "makespan median"), ("rate", "sessions a second")] {
            browser.choose(at, "heat", metric);
            let mut shown = page::texts(&mut browser, at, "heat");
            for row in page::table(&mut browser, at) {
                let text = row.text(column);
                let text = match (text.strip_prefix('*'), row.text("makespan median").starts_with('*')) {
                    (Some(text), _) => format!("{text}*"),
                    (None, true) => format!("{text}*"),
                    (None, false) => text.to_owned(),
                };
                let found = shown.iter().position(|shown| *shown == text);
                shown.swap_remove(
                    found.unwrap_or_else(|| panic!("{text} of {} is not in {shown:?}", row.name)),
                );
            }
        }
        // A bar's end is said beside it.
        let shown = page::texts(&mut browser, at, "cpu");
        for cell in &page.experiment.sections[at].cells {
            let trial = &cell.trials[0];
            let all = trial.workers.iter().chain([&trial.supervisor]).map(|cost| cost.user + cost.system);
            let total = all.sum::<f64>() + trial.fleet_cpu.expect("a fleet");
            assert!(shown.iter().any(|text| page::says_time(text, total)), "{total} is not in {shown:?}");
        }
    }
    browser.is_content();
}

fn every_session_is_in_its_timeline() {
    let page = Page::new();
    let mut browser = Browser::start();
    browser.open(&page.path);
    for (at, section) in page.experiment.sections.iter().enumerate() {
        for (number, cell) in section.cells.iter().enumerate() {
            browser.choose(at, "timeline", &number.to_string());
            let pieces = browser.ask(&format!(
                "Array.from(document.querySelectorAll('#section-{at} [data-chart=timeline] path[fill^=var]'), \
                 (path) => (path.getAttribute('d').match(/M/g) ?? []).length)"
            ));
            let timeline = &cell.trials[0].timeline;
            let ok = timeline.iter().filter(|span| span.ok).count();
            let pieces: Vec<_> =
                pieces.as_array().expect("paths").iter().filter(|pieces| **pieces != 0).collect();
            let wanted = [json!(ok), json!(ok), json!(timeline.len() - ok)];
            let wanted: Vec<_> = wanted.iter().filter(|pieces| **pieces != 0).collect();
            assert_eq!(pieces, wanted, "cell {number} of section {at}");
        }
    }
    // The first session of the first thread, pointed at.
    browser.choose(0, "timeline", "0");
    let place = browser.ask(
        "(() => { const path = document.querySelector('#section-0 [data-chart=timeline] path[fill^=var]'); \
         path.scrollIntoView({ block: 'center' }); const { left, top } = path.getBoundingClientRect(); \
         return [left, top]; })()",
    );
    browser.point_at(place[0].as_f64().expect("x") + 0.7, place[1].as_f64().expect("y") + 4.0);
    let said = browser.ask("document.querySelector('#section-0 .said').textContent");
    assert!(said.as_str().is_some_and(|said| said.contains(" on worker 0, thread 0: began at ")), "{said}");
    browser.is_content();
}

fn what_others_wrote_stays_text() {
    let page = Page::new();
    let mut browser = Browser::start();
    browser.open(&page.path);
    // What is in the fixture would be images, and scripts that call what is not there.
    assert_eq!(browser.ask("document.images.length"), 0);
    assert_eq!(browser.ask("document.scripts.length"), 5);
    assert_eq!(browser.ask("/[\\u001b\\u202e]/.test(document.body.innerText)"), false);
    browser.is_content();
    // And were there a way, the page's own policy stands in it.
    let ran = browser.ask(
        "(() => { const script = document.createElement('script'); script.textContent = 'window.ran = true'; \
         document.body.append(script); return window.ran === true; })()",
    );
    assert_eq!(ran, false);
    assert_eq!(browser.ask("fetch('data:text/plain,x').then(() => 'fetched', () => 'refused')"), "refused");
}

fn a_phone_never_scrolls_sideways() {
    let page = Page::new();
    let mut browser = Browser::start();
    for width in [320, 390, 768] {
        browser.resize(width, 844);
        browser.open(&page.path);
        let widest = browser.ask(
            "Math.max(document.documentElement.scrollWidth, \
             ...Array.from(document.querySelectorAll('figure, .plot svg, .scroll, h2, p'), \
                           (one) => Math.ceil(one.getBoundingClientRect().right)))",
        );
        assert!(widest.as_u64() <= Some(u64::from(width)), "{widest} of {width} pixels");
    }
    browser.is_content();
}

fn it_prints_with_no_picture_cut() {
    let page = Page::new();
    let mut browser = Browser::start();
    browser.open(&page.path);
    let pdf = browser.print();
    assert!(pdf.starts_with(b"%PDF-") && pdf.len() > 20_000, "{} bytes", pdf.len());
    browser.resize(PRINTED_WIDTH, 1000);
    browser.emulate("print", "dark");
    let figures = browser.ask(
        "Array.from(document.querySelectorAll('figure'), (one) => \
         [one.getBoundingClientRect().height, getComputedStyle(one).breakInside])",
    );
    for figure in figures.as_array().expect("figures") {
        assert!(figure[0].as_f64() <= Some(PRINTED_HEIGHT) && figure[1] == "avoid", "{figure}");
    }
    assert_eq!(
        browser.ask("getComputedStyle(document.body).backgroundColor"),
        "rgb(255, 255, 255)",
        "paper is white, whatever the screen was"
    );
    browser.is_content();
}

fn it_follows_the_readers_colours() {
    let page = Page::new();
    let mut browser = Browser::start();
    let mut grounds = Vec::new();
    for scheme in ["light", "dark"] {
        browser.emulate("screen", scheme);
        browser.open(&page.path);
        let colours = browser.ask(
            "(() => { const light = (colour) => { const [r, g, b] = colour.match(/\\d+/g).map(Number); return r + g + b; }; \
             const of = (one, what) => light(getComputedStyle(one)[what]); \
             const text = document.querySelector('figure svg text:not(:empty)'); \
             return [of(document.body, 'backgroundColor'), of(document.body, 'color'), of(text, 'fill')]; })()",
        );
        let light: Vec<_> = (0..3).map(|at| colours[at].as_u64().expect("a colour")).collect();
        grounds.push(light[0]);
        for ink in &light[1..] {
            assert!(ink.abs_diff(light[0]) > 300, "{scheme}: {light:?}");
        }
    }
    assert!(grounds[0] > 600 && grounds[1] < 150, "{grounds:?}");
    browser.is_content();
}
