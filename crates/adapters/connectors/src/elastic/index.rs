//! What is searched, as a part of a path.

use tessera_kernel::{Code, Fault, Result};
use tessera_sqltext::{Bound, Stretch};

use super::door::failed;
use crate::web::coded;

/// Names and patterns with commas between them, as a part of a path. What an author coded already
/// (`%3Clogs-%7Bnow%2Fd%7D%3E`) is left so. A value is a part of one name: it cannot add others.
pub(super) fn index(bound: &Bound, written: &str) -> Result<String> {
    // Behind what may stand between names, a name begins.
    let mut begins = true;
    for stretch in bound.stretches(written) {
        match stretch {
            Stretch::Written(text) => begins = text.ends_with([',', ':', '/', '<', '+', ' ']),
            Stretch::Value(bind) => {
                let text = bind.text();
                let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
                // In front, these take names away or mean the server itself.
                let leads = begins && text.starts_with(['-', '_', '.']);
                if text.is_empty() || !text.chars().all(plain) || leads {
                    let detail = "a value in 'index' must be a part of one name: letters, digits, \
                                  _, - and . (declare the parameter as an enum for anything else)";
                    return Err(Fault::new(Code::UnbindableParameter, detail));
                }
                begins = false;
            }
        }
    }
    let whole = bound.filled_text(written);
    // Before version 8 a kind of documents may stand behind the names.
    let parts = match whole.split_once('/') {
        // A slash within `<…>` rounds a date.
        Some((names, kind))
            if !names.contains('<')
                && (kind == "_doc" || !kind.starts_with('_') && !kind.contains('/')) =>
        {
            vec![names, kind]
        }
        _ => vec![whole.as_str()],
    };
    if parts.iter().any(|part| matches!(part.trim(), "." | "..")) {
        return Err(failed("'index' must be the name of an index, or a pattern"));
    }
    Ok(parts.into_iter().map(pattern).collect::<Vec<_>>().join("/"))
}

fn pattern(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    for (at, byte) in bytes.iter().enumerate() {
        let hex = |place: usize| bytes.get(place).is_some_and(u8::is_ascii_hexdigit);
        // A dot in code could still lead to a folder above.
        let dot = bytes.get(at + 1..at + 3).is_some_and(|code| code.eq_ignore_ascii_case(b"2e"));
        match byte {
            b'*' | b',' => out.push(char::from(*byte)),
            b'%' if hex(at + 1) && hex(at + 2) && !dot => out.push('%'),
            _ => out.push_str(&coded(&[*byte])),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_patterns_are_coded_once() {
        let bound = Bound { sql: String::new(), binds: Vec::new(), display: String::new() };
        for (written, expected) in [
            ("logs-*,-logs-old,a b", "logs-*,-logs-old,a%20b"),
            ("<logs-{now/d}>", "%3Clogs-%7Bnow%2Fd%7D%3E"),
            ("<logs-{now/d}>,other", "%3Clogs-%7Bnow%2Fd%7D%3E,other"),
            ("%3Clogs-%7Bnow%2Fd%7D%3E", "%3Clogs-%7Bnow%2Fd%7D%3E"),
            ("other:logs", "other%3Alogs"),
            ("logs/entry", "logs/entry"),
            ("logs/_doc", "logs/_doc"),
            ("logs/_settings", "logs%2F_settings"),
            ("logs/_search?q=1", "logs%2F_search%3Fq%3D1"),
            ("%2e%2e", "%252e%252e"),
            ("50%", "50%25"),
            ("ü", "%C3%BC"),
        ] {
            assert_eq!(index(&bound, written).expect("is coded"), expected);
        }
        for odd in ["..", ".", "../x", "a/.."] {
            assert!(index(&bound, odd).is_err(), "{odd}");
        }
    }
}
