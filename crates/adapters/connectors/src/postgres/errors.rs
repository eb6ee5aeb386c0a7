//! What the server says, in its own words: message, and where in the text.

use std::error::Error as _;

use tessera_kernel::{Code, Fault};
use tokio_postgres::Error;
use tokio_postgres::error::{ErrorPosition, SqlState};

/// Longest part of a line that is shown, in characters.
const LINE_CHARACTERS_MAX: usize = 60;

/// A fault with the server's words. `sql` is the text it speaks of.
pub(super) fn failed(error: &Error, sql: &str, limit_seconds: u64) -> Fault {
    let Some(server) = error.as_db_error() else {
        return Fault::new(Code::SourceFailed, unreachable(error));
    };
    if *server.code() == SqlState::QUERY_CANCELED && server.message().contains("statement timeout")
    {
        let detail =
            format!("the query ran longer than {limit_seconds} s (runs.time_limit_seconds)");
        return Fault::new(Code::TimedOut, detail);
    }
    let mut detail = server.message().to_owned();
    if let Some(ErrorPosition::Original(position)) = server.position() {
        detail.push_str(&marked_line(sql, *position as usize));
    } else {
        detail.push('\n');
    }
    for (label, more) in [("DETAIL", server.detail()), ("HINT", server.hint())] {
        if let Some(more) = more {
            detail.push_str(&format!("{label}:  {more}\n"));
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
        Some(std::io::ErrorKind::ConnectionRefused) => refused(),
        _ => match error.source() {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        },
    }
}

/// Nobody listens there.
pub(super) fn refused() -> String {
    "Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?\n"
        .to_owned()
}

/// The number of the placeholder whose type the server cannot tell.
pub(super) fn undetermined(error: &Error) -> Option<usize> {
    let server = error.as_db_error()?;
    if !matches!(*server.code(), SqlState::INDETERMINATE_DATATYPE | SqlState::AMBIGUOUS_PARAMETER) {
        return None;
    }
    server.message().rsplit_once('$')?.1.parse().ok()
}

/// `LINE n: text`, and a mark below the character at `position`, which counts from 1.
fn marked_line(sql: &str, position: usize) -> String {
    let before: Vec<char> = sql.chars().take(position.saturating_sub(1)).collect();
    let number = before.iter().filter(|letter| **letter == '\n').count() + 1;
    let column = before.iter().rev().take_while(|letter| **letter != '\n').count();
    let line: Vec<char> = sql.lines().nth(number - 1).unwrap_or_default().chars().collect();
    // A long line is shown around the mark.
    let from = if line.len() > LINE_CHARACTERS_MAX && column > LINE_CHARACTERS_MAX / 2 {
        column - LINE_CHARACTERS_MAX / 2
    } else {
        0
    };
    let to = line.len().min(from + LINE_CHARACTERS_MAX);
    let shown: String = line.get(from..to).unwrap_or_default().iter().collect();
    let head = if from > 0 { "..." } else { "" };
    let tail = if to < line.len() { "..." } else { "" };
    let label = format!("LINE {number}: {head}");
    let blanks = " ".repeat(label.chars().count() + column - from);
    format!("\n{label}{shown}{tail}\n{blanks}^\n")
}

#[cfg(test)]
mod tests {
    use super::marked_line;

    #[test]
    fn the_mark_stands_below_the_character_at_fault() {
        assert_eq!(
            marked_line("select nope from nowhere", 18),
            "\nLINE 1: select nope from nowhere\n                         ^\n"
        );
        assert_eq!(marked_line("select 1,\n  nope", 13), "\nLINE 2:   nope\n          ^\n");
        let long = format!("select {} from nowhere", "a, ".repeat(50));
        let marked = marked_line(&long, long.len() - 6);
        let lines: Vec<&str> = marked.trim_matches('\n').lines().collect();
        assert_eq!(lines[0].find("nowhere"), lines[1].find('^'), "{marked}");
    }
}
