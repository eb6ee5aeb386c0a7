//! Two texts line by line, in the unified form that everybody knows.

use similar::{Algorithm, TextDiff};
use std::time::Duration;

/// Lines around a change.
const CONTEXT_LINES: usize = 3;
/// After this long the rest is told as one change: texts can be made to be slow to compare.
const TIME_LIMIT: Duration = Duration::from_millis(200);

/// The lines in which two texts differ, as `diff -u` shows them, under these headings; empty if they
/// are the same.
#[must_use]
pub fn unified_diff(before: &str, after: &str, headings: (&str, &str)) -> String {
    if before == after {
        return String::new();
    }
    let diff = TextDiff::configure()
        .algorithm(Algorithm::Myers)
        .timeout(TIME_LIMIT)
        .diff_lines(before, after);
    let mut unified = diff.unified_diff();
    unified.context_radius(CONTEXT_LINES).header(headings.0, headings.1).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_shown_with_its_surroundings() {
        let before = "select 1\nfrom a\nwhere x\n";
        let after = "select 1\nfrom b\nwhere x\n";
        let shown = unified_diff(before, after, ("version 1", "version 2"));
        assert_eq!(
            shown,
            "--- version 1\n+++ version 2\n@@ -1,3 +1,3 @@\n select 1\n-from a\n+from b\n where x\n"
        );
        assert!(unified_diff(before, before, ("a", "b")).is_empty());
        assert!(unified_diff("a", "", ("a", "b")).contains("\\ No newline at end of file"));
    }
}
