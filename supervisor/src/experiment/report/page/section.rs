//! What is said of a section, and its table.

use std::fmt::Write;

use super::safe::text;
use crate::experiment::figures::SectionFigures;
use crate::experiment::report::grid::{Grid, Part, grid};
use crate::experiment::report::words;
use crate::experiment::results::{Section, Verdict, VerdictResult};

/// Links to the sections with their verdicts; nothing where there is one section.
pub(super) fn contents(sections: &[Section]) -> String {
    if sections.len() < 2 {
        return String::new();
    }
    let items: String = sections
        .iter()
        .enumerate()
        .map(|(at, section)| {
            let verdict = section.verdict.as_ref().map(badge).unwrap_or_default();
            format!("<li><a href=\"#section-{at}\">{}</a> {verdict}</li>\n", text(&words::title(section)))
        })
        .collect();
    format!("<nav aria-label=\"Sections\"><ul class=\"contents\">\n{items}</ul></nav>\n")
}

/// The section that is the `at`th. Its pictures are drawn into the element of class `charts`.
pub(super) fn html(at: usize, section: &Section, figures: &SectionFigures) -> String {
    let grid = grid(section, figures);
    let mut asides: Vec<String> = grid.notes.clone();
    asides.extend(words::left_out(section).into_iter().map(|cells| format!("Left out: {cells}")));
    asides.extend(section.references.iter().map(words::reference));
    let asides: String = asides.iter().map(|aside| format!("<li>{}</li>\n", text(aside))).collect();
    let (title, workload) = (words::title(section), words::workload(section));
    let common = words::in_common(section).map(|said| format!("; {said}")).unwrap_or_default();
    format!(
        r#"<section id="section-{at}" aria-labelledby="title-{at}">
<h2 id="title-{at}">{title}</h2>
{verdict}{choice}{auto}<p class="workload">{workload}{common}</p>
<div class="charts" data-section="{at}"></div>
<h3 id="figures-{at}">All figures</h3>
{table}<ul class="asides">
{asides}</ul>
</section>
"#,
        title = text(&title),
        verdict = section.verdict.as_ref().map(verdict).unwrap_or_default(),
        choice = choice(section),
        auto = auto(section),
        workload = text(&workload),
        common = text(&common),
        table = table(&grid, &format!("figures-{at}")),
    )
}

fn badge(verdict: &Verdict) -> String {
    let (class, sign) = match verdict.result {
        VerdictResult::Confirmed => ("confirmed", "✓"),
        VerdictResult::NotConfirmed => ("not-confirmed", "✗"),
        VerdictResult::Undecided => ("undecided", "?"),
    };
    let word = words::result(verdict);
    format!("<strong class=\"badge {class}\"><span aria-hidden=\"true\">{sign}</span> {word}</strong>")
}

fn verdict(verdict: &Verdict) -> String {
    format!("<p class=\"verdict\">{} {}</p>\n", badge(verdict), text(&verdict.reason))
}

fn auto(section: &Section) -> String {
    section.auto.as_ref().map_or_else(String::new, |auto| format!("<p>{}</p>\n", text(&words::auto(auto))))
}

fn choice(section: &Section) -> String {
    let Some(choice) = &section.choice else { return String::new() };
    format!(
        "<p class=\"choice\"><strong>We would choose <code>{}</code>:</strong> {}</p>\n",
        words::options(choice),
        text(&choice.reason)
    )
}

fn table(grid: &Grid, label: &str) -> String {
    if grid.rows.is_empty() {
        return "<p>Nothing was measured.</p>\n".into();
    }
    let mut html = format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-labelledby=\"{label}\">\n\
         <table>\n<thead>\n<tr>"
    );
    // Writing to a string does not fail.
    let mut put = |arguments: std::fmt::Arguments<'_>| html.write_fmt(arguments).unwrap_or_default();
    let mut columns = grid.columns.iter().peekable();
    while let Some(column) = columns.next() {
        let mut width = 1;
        while !column.over.is_empty() && columns.next_if(|next| next.over == column.over).is_some() {
            width += 1;
        }
        match column.over {
            "" => put(format_args!("<td></td>")),
            over => put(format_args!("<th colspan=\"{width}\" scope=\"colgroup\">{}</th>", text(over))),
        }
    }
    put(format_args!("</tr>\n<tr>"));
    for column in &grid.columns {
        let class = if column.part == Part::Name { " class=\"name\"" } else { "" };
        match column.heading {
            "" => put(format_args!("<td></td>")),
            heading => put(format_args!("<th scope=\"col\"{class}>{}</th>", text(heading))),
        }
    }
    put(format_args!("</tr>\n</thead>\n<tbody>\n"));
    for row in &grid.rows {
        put(format_args!("<tr>"));
        for (at, (column, field)) in grid.columns.iter().zip(row).enumerate() {
            let said = text(&field.text);
            match (at, column.part, field.value) {
                (0, ..) => put(format_args!("<th scope=\"row\" class=\"name\">{said}</th>")),
                (_, Part::Name, _) => put(format_args!("<td class=\"name\">{said}</td>")),
                (.., Some(value)) => put(format_args!("<td data-value=\"{value}\">{said}</td>")),
                _ if column.heading.is_empty() => put(format_args!("<td class=\"mark\">{said}</td>")),
                _ => put(format_args!("<td>{said}</td>")),
            }
        }
        put(format_args!("</tr>\n"));
    }
    put(format_args!("</tbody>\n</table>\n</div>\n"));
    html
}
