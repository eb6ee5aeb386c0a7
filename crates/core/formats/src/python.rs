//! JSON documents respelled in Python's notation: `{'a': [1, None]}`.

use crate::document::{NotJson, Token, Tokens, unescaped};
use crate::numbers::push_f64;

/// Appends a JSON text in Python's notation. If it is not JSON, nothing is appended and the answer
/// is false.
pub(crate) fn push_python(out: &mut Vec<u8>, text: &str) -> bool {
    let start = out.len();
    let complete = push_tokens(out, text).is_ok();
    if !complete {
        out.truncate(start);
    }
    complete
}

fn push_tokens(out: &mut Vec<u8>, text: &str) -> Result<(), NotJson> {
    let mut tokens = Tokens::new(text);
    while let Some(token) = tokens.next()? {
        match token {
            Token::Mark(b',') => out.extend_from_slice(b", "),
            Token::Mark(b':') => out.extend_from_slice(b": "),
            Token::Mark(mark) => out.push(mark),
            Token::String(raw) => push_string(out, &unescaped(raw).ok_or(NotJson)?),
            Token::Number(number) => push_number(out, number),
            Token::Word("true") => out.extend_from_slice(b"True"),
            Token::Word("false") => out.extend_from_slice(b"False"),
            Token::Word(_) => out.extend_from_slice(b"None"),
        }
    }
    Ok(())
}

/// Appends a JSON number: integers as they are, others as shortest floats.
pub(crate) fn push_number(out: &mut Vec<u8>, number: &str) {
    if number == "-0" {
        out.push(b'0');
    } else if number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
        out.extend_from_slice(number.as_bytes());
    } else {
        match number.parse::<f64>() {
            Ok(value) if value.is_finite() => push_f64(out, value),
            _ => out.extend_from_slice(b"None"),
        }
    }
}

/// Appends a string in single quotes, or in double quotes if it has single ones only.
fn push_string(out: &mut Vec<u8>, text: &str) {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'\'' && byte != b'\\') {
        out.push(b'\'');
        out.extend_from_slice(text.as_bytes());
        out.push(b'\'');
        return;
    }
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.push(quote as u8);
    for char in text.chars() {
        match char {
            '\n' => out.extend_from_slice(b"\\n"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\t' => out.extend_from_slice(b"\\t"),
            _ if char == quote || char == '\\' => out.extend_from_slice(&[b'\\', char as u8]),
            ' '..='~' => out.push(char as u8),
            _ if is_printable(char) => {
                out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
            }
            _ => {
                let code = u32::from(char);
                let escape = match code {
                    0..=0xFF => format!("\\x{code:02x}"),
                    0x100..=0xFFFF => format!("\\u{code:04x}"),
                    _ => format!("\\U{code:08x}"),
                };
                out.extend_from_slice(escape.as_bytes());
            }
        }
    }
    out.push(quote as u8);
}

/// Whether a character is neither a control, format, private, unassigned nor separator character.
fn is_printable(char: char) -> bool {
    // The standard library escapes just these when a text is debugged, combining marks only at
    // the very start of one; hence the letter in front.
    let text = ['a', char];
    let text: String = text.iter().collect();
    text.escape_debug().nth(1) == Some(char)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_respelled() {
        for (json, python) in [
            (r#"{"a": [1, null]}"#, "{'a': [1, None]}"),
            (r#"{"b":2}"#, "{'b': 2}"),
            (r#"["x","y"]"#, "['x', 'y']"),
            (r#"[true,false,1.10,1e5,-0,100.0]"#, "[True, False, 1.1, 100000.0, 0, 100.0]"),
            (r#"["it's","\"","'\""]"#, r#"["it's", '"', '\'"']"#),
            ("[\"\\n\\u0001é漢\u{200b}\\\\\"]", r"['\n\x01é漢\u200b\\']"),
            ("[\"e\u{301}\u{a0}\u{1F600}\u{E000}\"]", "['e\u{301}\\xa0\u{1F600}\\ue000']"),
            ("12345678901234567890", "12345678901234567890"),
            ("{}", "{}"),
        ] {
            let mut out = Vec::new();
            assert!(push_python(&mut out, json), "{json}");
            assert_eq!(String::from_utf8(out).unwrap(), python);
        }
        assert!(!push_python(&mut Vec::new(), "{broken"));
    }
}
