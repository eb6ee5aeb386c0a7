//! Addresses with values in them: a value is one component, whatever is in it.

use tessera_kernel::{Code, Fault, Result};
use tessera_sqltext::{Bound, Stretch};
use url::Url;

/// An address that an author wrote, with its values; relative ones are below `base`.
///
/// # Errors
/// `SourceFailed` if it is no address, `UnbindableParameter` if a value stands where it would decide
/// who is asked, or what a path consists of.
pub(crate) fn joined(bound: &Bound, written: &str, base: Option<&Url>) -> Result<Url> {
    let stretches = bound.stretches(written.trim());
    let spelled = |value: &dyn Fn(&str) -> String| -> Result<Url> {
        let texts = stretches.iter().map(|stretch| match stretch {
            Stretch::Written(text) => (*text).to_owned(),
            Stretch::Value(bind) => value(&bind.text()),
        });
        let text: String = texts.collect();
        let found = match base {
            Some(base) => base.join(&text),
            None => Url::parse(&text),
        };
        found.map_err(|error| {
            let detail = format!("Invalid URL '{}': {error}", bound.filled_text(written));
            Fault::new(Code::SourceFailed, detail)
        })
    };
    let url = spelled(&component)?;
    if stretches.iter().all(|stretch| matches!(stretch, Stretch::Written(_))) {
        return Ok(url);
    }
    // The same with a value that surely is one component.
    let plain = spelled(&|_| "x".to_owned())?;
    let segments = |url: &Url| url.path().split('/').count();
    if url.origin() == plain.origin()
        && url.username() == plain.username()
        && url.password() == plain.password()
        && segments(&url) == segments(&plain)
    {
        return Ok(url);
    }
    let detail = "a value cannot say who is asked, nor leave its folder: write scheme and host, or \
                  declare the parameter as an enum whose options are addresses";
    Err(Fault::new(Code::UnbindableParameter, detail))
}

/// A text as one component of an address.
pub(crate) fn component(text: &str) -> String {
    coded(text.as_bytes())
}

/// Bytes as one component of an address: letters, digits and `-._~` stand for themselves.
pub(crate) fn coded(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(*byte));
        } else {
            out.push('%');
            out.push_str(&hex::encode_upper([*byte]));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tessera_sqltext::{Dialect, Document, Scalar, Template, Value, Values};

    use super::*;

    fn ask(text: &str, value: &str) -> Result<String> {
        let template = Template::parse(text, Dialect::Document(Document::Address))?;
        let definitions =
            tessera_sqltext::parse_parameters(&json!([{"name": "v", "type": "text"}]))?;
        let values = Values::default().with("v", Value::One(Scalar::Text(value.to_owned())));
        let bound = template.bind(&definitions, &values)?;
        joined(&bound, &bound.sql, None).map(String::from)
    }

    #[test]
    fn a_value_is_one_component_whatever_is_in_it() {
        for (text, value, address) in [
            ("http://h/a?x={{v}}&y=1", "1&y=2#z", "http://h/a?x=1%26y%3D2%23z&y=1"),
            ("http://h/a/{{v}}/b", "../../c", "http://h/a/..%2F..%2Fc/b"),
            ("http://h/a/{{v}}", "ü ?", "http://h/a/%C3%BC%20%3F"),
            ("http://h/{{v}}-{{v}}", "..", "http://h/..-.."),
        ] {
            assert_eq!(ask(text, value).unwrap(), address);
        }
    }

    #[test]
    fn a_value_cannot_say_who_is_asked_nor_leave_its_folder() {
        for (text, value) in [
            ("http://{{v}}/a", "other"),
            ("http://h{{v}}/a", ".evil"),
            ("http://{{v}}@h/a", "u"),
            ("http://h/a/{{v}}/b", ".."),
            ("http://h/a/.{{v}}/b", "."),
            ("http://h/a/%2e{{v}}", "."),
        ] {
            let fault = ask(text, value).unwrap_err();
            assert_eq!(fault.code(), Code::UnbindableParameter, "{text} {value}");
        }
        assert_eq!(ask("{{v}}", "http://h/").unwrap_err().code(), Code::SourceFailed);
    }
}
