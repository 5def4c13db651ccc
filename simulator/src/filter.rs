//! What comes behind the bar of a command: `| include Vlan`.

/// Applies the filters of `pipeline`, the text behind a command's first bar, to `text`. Patterns
/// are plain text. A filter that is not known changes nothing.
pub(crate) fn apply(text: String, pipeline: &str) -> String {
    pipeline.split('|').fold(text, |text, filter| {
        let (name, pattern) = filter.trim().split_once(' ').unwrap_or((filter.trim(), ""));
        let pattern = pattern.trim().trim_matches(['"', '\'']);
        let keep = |wanted: &dyn Fn(&str) -> bool| {
            text.split_inclusive('\n').filter(|line| wanted(line)).collect::<String>()
        };
        match name {
            "include" | "i" | "inc" | "match" | "grep" => keep(&|line| line.contains(pattern)),
            "exclude" | "e" | "exc" | "except" => keep(&|line| !line.contains(pattern)),
            "begin" | "b" | "find" => match text.split_inclusive('\n').position(|l| l.contains(pattern)) {
                Some(first) => text.split_inclusive('\n').skip(first).collect(),
                None => String::new(),
            },
            "count" => format!("Count: {} lines\n", text.lines().count()),
            _ => text,
        }
    })
}

/// Whether the pipeline says that the output shall not be paged (Junos and VRP).
pub(crate) fn unpaged(pipeline: &str) -> bool {
    pipeline.split('|').any(|filter| filter.trim() == "no-more")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filtered(pipeline: &str) -> String {
        apply("one up\ntwo down\nthree up\n".to_owned(), pipeline)
    }

    #[test]
    fn lines_are_kept_and_left_out() {
        assert_eq!(filtered(" include up"), "one up\nthree up\n");
        assert_eq!(filtered(" grep 'down'"), "two down\n");
        assert_eq!(filtered("exclude up"), "two down\n");
        assert_eq!(filtered("begin down"), "two down\nthree up\n");
        assert_eq!(filtered("begin sideways"), "");
        assert_eq!(filtered("include up | exclude one"), "three up\n");
        assert_eq!(filtered("match up | count"), "Count: 2 lines\n");
    }

    #[test]
    fn what_is_not_known_changes_nothing() {
        assert_eq!(filtered("display set"), filtered("no-more"));
        assert!(unpaged(" match up | no-more ") && !unpaged("match no-more"));
    }
}
