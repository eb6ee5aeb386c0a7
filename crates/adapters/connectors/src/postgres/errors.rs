//! What the server says, in its own words: message, and where in the text.

use std::error::Error as _;
use std::fmt::Write as _;

use tessera_kernel::{Code, Fault};
use tokio_postgres::Error;
use tokio_postgres::error::{ErrorPosition, SqlState};

/// Longest part of a line that is shown, in characters.
const LINE_CHARACTERS_MAX: usize = 60;

/// Of a long line, at least this much is shown from the mark on.
const AFTER_MARK: usize = 10;

/// The text that the server's positions are in: what the caller wrote, and how many characters of it
/// come before what the server was given.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spoken<'a> {
    pub(super) text: &'a str,
    /// Negative if the server was given more than the caller wrote.
    pub(super) before: i64,
}

/// A fault with the server's words.
pub(super) fn failed(error: &Error, spoken: Option<Spoken<'_>>) -> Fault {
    let Some(server) = error.as_db_error() else {
        return Fault::new(Code::SourceFailed, unreachable(error));
    };
    let mut detail = server.message().to_owned();
    let mut inner = None;
    let marked = match server.position() {
        Some(ErrorPosition::Original(position)) => spoken.and_then(|spoken| {
            let position = i64::from(*position).saturating_add(spoken.before);
            marked_line(spoken.text, usize::try_from(position).ok()?)
        }),
        Some(ErrorPosition::Internal { position, query }) => {
            inner = Some(query.as_str());
            usize::try_from(*position).ok().and_then(|position| marked_line(query, position))
        }
        None => None,
    };
    detail.push_str(marked.as_deref().unwrap_or("\n"));
    let more = [
        ("DETAIL", server.detail()),
        ("HINT", server.hint()),
        ("QUERY", inner),
        ("CONTEXT", server.where_()),
    ];
    for (label, more) in more {
        if let Some(more) = more {
            // Writing to a text cannot fail.
            let _written = writeln!(detail, "{label}:  {more}");
        }
    }
    Fault::new(Code::SourceFailed, detail)
}

/// Why there is no server to speak to.
fn unreachable(error: &Error) -> String {
    let io = error
        .source()
        .and_then(|cause| cause.downcast_ref::<std::io::Error>())
        .map(std::io::Error::kind);
    match io {
        Some(std::io::ErrorKind::ConnectionRefused) => {
            "Connection refused\n\tIs the server running on that host and accepting TCP/IP \
             connections?\n"
                .to_owned()
        }
        _ => match error.source() {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        },
    }
}

/// The number of the placeholder whose type the server cannot tell.
pub(super) fn undetermined(error: &Error) -> Option<usize> {
    let server = error.as_db_error()?;
    if !matches!(*server.code(), SqlState::INDETERMINATE_DATATYPE | SqlState::AMBIGUOUS_PARAMETER) {
        return None;
    }
    let after = server.message().rsplit_once('$')?.1;
    let digits = after.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(after.len());
    after[..digits].parse().ok()
}

/// `LINE n: text`, and a mark below the character at `position`, which counts from 1; `None` if that
/// is outside of the text.
fn marked_line(text: &str, position: usize) -> Option<String> {
    let at = position.checked_sub(1)?;
    let letters: Vec<char> = text.chars().collect();
    let before = letters.get(..at)?;
    let number = before.iter().filter(|letter| **letter == '\n').count() + 1;
    let start = before.iter().rposition(|letter| *letter == '\n').map_or(0, |place| place + 1);
    let ends = |letter: &char| matches!(letter, '\n' | '\r');
    let end = letters[at..].iter().position(ends).map_or(letters.len(), |place| at + place);
    let (mut from, mut to) = (start, end);
    if end - start > LINE_CHARACTERS_MAX {
        // From the beginning if the mark is near it; else up to a little after the mark.
        to = end.min((at + AFTER_MARK).max(start + LINE_CHARACTERS_MAX));
        from = to - LINE_CHARACTERS_MAX;
    }
    let shown: String = letters[from..to]
        .iter()
        .map(|letter| if *letter == '\t' { ' ' } else { *letter })
        .collect();
    let head = if from > start { "..." } else { "" };
    let tail = if to < end { "..." } else { "" };
    let label = format!("LINE {number}: {head}");
    let blanks = " ".repeat(label.chars().count() + at - from);
    Some(format!("\n{label}{shown}{tail}\n{blanks}^\n"))
}

#[cfg(test)]
mod tests {
    use super::marked_line;

    #[track_caller]
    fn check(text: &str, word: &str, expected: &str) {
        let at = text.find(word).expect("the word is there");
        let position = text[..at].chars().count() + 1;
        assert_eq!(marked_line(text, position).expect("inside"), expected);
    }

    #[test]
    fn the_mark_stands_below_the_character_at_fault() {
        check(
            "select nope from nowhere",
            "nowhere",
            "\nLINE 1: select nope from nowhere\n                         ^\n",
        );
        check("select 1,\n  nope", "nope", "\nLINE 2:   nope\n          ^\n");
        check(
            "select\t'ü', nope\r\nfrom t",
            "nope",
            "\nLINE 1: select 'ü', nope\n                    ^\n",
        );
        assert_eq!(marked_line("select", 0), None);
        assert_eq!(marked_line("select", 99), None);
        assert_eq!(
            marked_line("select 1 +", 11).as_deref(),
            Some("\nLINE 1: select 1 +\n                  ^\n")
        );
    }

    #[test]
    fn a_long_line_is_cut_around_the_mark() {
        check(
            "/* Username: someone@example.com, Id: 0123456789abcdef78282cf4722aa4, Scheduled: False */ select nope from nowhere",
            "nowhere",
            "\nLINE 1: ...78282cf4722aa4, Scheduled: False */ select nope from nowhere\n                                                                ^\n",
        );
        check(
            "select nope, 'a very long text that goes on and on, far beyond the end of the line'",
            "nope",
            "\nLINE 1: select nope, 'a very long text that goes on and on, far beyo...\n               ^\n",
        );
        check(
            "select 'a very long text that goes on and on', nope, 'and then goes on even more, far too long'",
            "nope",
            "\nLINE 1: select 'a very long text that goes on and on', nope, 'and th...\n                                                       ^\n",
        );
    }
}
