//! The patterns of `text-pattern` parameters: regular expressions that match as a whole, in linear
//! time.
//!
//! Authors know engines that look ahead, mostly to keep words out: `(?!.*drop)[a-z ]+`. At the
//! beginning of a pattern that is a further condition on the same text, and so needs no such engine.

use regex::Regex;

/// Whether a pattern matches a text as a whole; `None` if it is none, or looks around elsewhere than
/// ahead at its beginning.
pub(crate) fn matches(pattern: &str, text: &str) -> Option<bool> {
    let (conditions, rest) = split(pattern)?;
    for condition in conditions {
        // It has to be whole by itself, lest its brackets pair with ours.
        Regex::new(condition.pattern).ok()?;
        let ahead = Regex::new(&format!(r"\A(?:{})", condition.pattern)).ok()?;
        if ahead.is_match(text) != condition.wanted {
            return Some(false);
        }
    }
    Regex::new(rest).ok()?;
    Some(Regex::new(&format!(r"\A(?:{rest})\z")).ok()?.is_match(text))
}

/// What has to follow, or must not.
struct Condition<'a> {
    pattern: &'a str,
    wanted: bool,
}

/// The conditions at the beginning of a pattern, and the pattern behind them.
fn split(pattern: &str) -> Option<(Vec<Condition<'_>>, &str)> {
    let mut conditions = Vec::new();
    let mut rest = pattern;
    loop {
        // It is matched from the beginning anyway.
        let here = rest.strip_prefix('^').unwrap_or(rest);
        let (inner, wanted) = match (here.strip_prefix("(?="), here.strip_prefix("(?!")) {
            (Some(inner), _) => (inner, true),
            (_, Some(inner)) => (inner, false),
            (None, None) => break,
        };
        let end = ends(inner).closed?;
        conditions.push(Condition { pattern: inner.get(..end)?, wanted });
        rest = inner.get(end + 1..)?;
    }
    // A condition in front of one of several choices would hold for that one only.
    if !conditions.is_empty() && ends(rest).has_choice {
        return None;
    }
    Some((conditions, rest))
}

/// What a stretch of a pattern has outside of its own brackets.
#[derive(Default)]
struct Ends {
    /// Where a bracket closes that was opened before it.
    closed: Option<usize>,
    /// Whether there is a `|` before that.
    has_choice: bool,
}

fn ends(pattern: &str) -> Ends {
    let mut found = Ends::default();
    let mut depth = 0_usize;
    // Within `[…]`, with the place of its first member, where `]` is a letter like any other.
    let mut class: Option<usize> = None;
    let mut letters = pattern.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        match (letter, class) {
            ('\\', _) => drop(letters.next()),
            (']', Some(first)) if at > first => class = None,
            (_, Some(_)) => {}
            ('[', None) => {
                let negated = letters.next_if(|(_, next)| *next == '^').is_some();
                class = Some(at + 1 + usize::from(negated));
            }
            ('(', None) => depth += 1,
            (')', None) if depth == 0 => {
                found.closed = Some(at);
                break;
            }
            (')', None) => depth -= 1,
            ('|', None) if depth == 0 => found.has_choice = true,
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_pattern_matches_all_of_a_text() {
        assert_eq!(matches("[a-z]+", "abc"), Some(true));
        assert_eq!(matches("[a-z]+", "abc1"), Some(false));
        assert_eq!(matches("a|ab", "ab"), Some(true));
        assert_eq!(matches("^a$", "a"), Some(true));
        for bad in ["(", "a)|(?:.*", "(?x)a#", "(?!a)|b)"] {
            assert_eq!(matches(bad, "a"), None, "{bad}");
        }
    }

    #[test]
    fn conditions_at_the_beginning_hold_for_the_whole_text() {
        let guard = "^(?!.*(drop|delete))[a-z ]+$";
        assert_eq!(matches(guard, "fine words"), Some(true));
        assert_eq!(matches(guard, "drop it"), Some(false));
        assert_eq!(matches(guard, "Fine"), Some(false));
        let strong = r"(?=.*[a-z])(?=.*\d)(?!.*[)(\]])[^ ]{4,}";
        assert_eq!(matches(strong, "ab12"), Some(true));
        assert_eq!(matches(strong, "abcd"), Some(false));
        assert_eq!(matches(strong, "ab12]"), Some(false));
        assert_eq!(matches("(?!a)(b|c)", "c"), Some(true));
        assert_eq!(matches("(?=a)", ""), Some(false));
        assert_eq!(matches("(?!a)", ""), Some(true));
    }

    #[test]
    fn other_looks_around_are_no_pattern_here() {
        for other in ["(?!a)b|c", "a(?=b)b", "(?<=a)b", r"(.)\1", "(?!a", "(?:(?!a).)*"] {
            assert_eq!(matches(other, "b"), None, "{other}");
        }
    }
}
