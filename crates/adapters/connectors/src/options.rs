//! Options of a data source, read as every type reads them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;
use tessera_kernel::{Fault, Result, Secret};

/// The value of a text option; empty counts as none.
pub(crate) fn text<'a>(options: &'a Json, name: &str) -> Option<&'a str> {
    options.get(name).and_then(Json::as_str).map(str::trim).filter(|text| !text.is_empty())
}

/// Refuses what is there and no text.
///
/// # Errors
/// `Invalid`, with the name.
pub(crate) fn only_texts(options: &Json, names: &[&str]) -> Result<()> {
    for name in names {
        if options.get(name).is_some_and(|value| !value.is_string() && !value.is_null()) {
            return Err(Fault::invalid(format!("options.{name}"), "must be a text"));
        }
    }
    Ok(())
}

/// A text that must be there.
///
/// # Errors
/// `Invalid`, with the name.
pub(crate) fn needed(options: &Json, name: &str) -> Result<String> {
    let found = text(options, name).map(str::to_owned);
    found.ok_or_else(|| Fault::invalid(format!("options.{name}"), "is required"))
}

/// A password: blanks may be a part of it.
pub(crate) fn password(options: &Json, name: &str) -> Option<Secret> {
    let found = options.get(name).and_then(Json::as_str).filter(|text| !text.is_empty());
    found.map(|text| Secret::new(text.to_owned()))
}

/// The option `port`, or the usual one.
///
/// # Errors
/// `Invalid` if there can be no such port.
pub(crate) fn port(options: &Json, usual: u16) -> Result<u16> {
    let Some(port) = options.get("port").filter(|port| !port.is_null()) else { return Ok(usual) };
    let number = port.as_u64().and_then(|port| u16::try_from(port).ok()).filter(|port| *port > 0);
    number.ok_or_else(|| Fault::invalid("options.port", "must be a whole number from 1 to 65535"))
}

/// A switch; off if it is not there.
pub(crate) fn is_on(options: &Json, name: &str) -> bool {
    options.get(name).and_then(Json::as_bool).unwrap_or(false)
}

/// Certificates or a key in PEM form; a form in a browser sends a file in Base64.
///
/// # Errors
/// `Invalid` if it is neither.
pub(crate) fn pem(options: &Json, name: &str) -> Result<Option<String>> {
    const BEGINNING: &str = "-----BEGIN ";
    let Some(text) = text(options, name) else { return Ok(None) };
    if text.contains(BEGINNING) {
        return Ok(Some(text.to_owned()));
    }
    let letters: String = text.chars().filter(|letter| !letter.is_whitespace()).collect();
    STANDARD
        .decode(letters)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .filter(|text| text.contains(BEGINNING))
        .map(Some)
        .ok_or_else(|| {
            let detail = "must be the certificate or key itself in PEM form, or that in Base64; \
                          the server reads no files";
            Fault::invalid(format!("options.{name}"), detail)
        })
}

/// What proves who we are, and the key to it: both or none.
///
/// # Errors
/// `Invalid` if only one of them is there, or is not in PEM form.
pub(crate) fn client(
    options: &Json,
    certificate: &str,
    key: &str,
) -> Result<Option<(String, Secret)>> {
    let alone = |missing: &str, with: &str| {
        Err(Fault::invalid(format!("options.{missing}"), format!("is required with a {with}")))
    };
    match (pem(options, certificate)?, pem(options, key)?) {
        (Some(certificate), Some(key)) => Ok(Some((certificate, Secret::new(key)))),
        (None, None) => Ok(None),
        (Some(_), None) => alone(key, "certificate"),
        (None, Some(_)) => alone(certificate, "key"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n";

    #[test]
    fn a_file_may_come_in_base64() {
        for form in [CERTIFICATE.to_owned(), STANDARD.encode(CERTIFICATE)] {
            let found = pem(&json!({ "f": form }), "f").expect("is read").expect("is there");
            assert_eq!(found.trim(), CERTIFICATE.trim());
        }
        for odd in ["AA==", "/etc/ssl/ca.pem"] {
            let fault = pem(&json!({ "f": odd }), "f").expect_err("no PEM");
            assert_eq!(fault.field(), Some("options.f"));
        }
    }

    #[test]
    fn a_certificate_and_its_key_come_together() {
        let both = json!({ "c": CERTIFICATE, "k": CERTIFICATE });
        assert!(client(&both, "c", "k").expect("is read").is_some());
        assert!(client(&json!({}), "c", "k").expect("is read").is_none());
        for (options, missing) in
            [(json!({ "c": CERTIFICATE }), "options.k"), (json!({ "k": CERTIFICATE }), "options.c")]
        {
            assert_eq!(client(&options, "c", "k").expect_err("one").field(), Some(missing));
        }
    }

    #[test]
    fn ports_are_whole_numbers() {
        assert_eq!(port(&json!({}), 7).expect("is read"), 7);
        assert_eq!(port(&json!({ "port": 54 }), 7).expect("is read"), 54);
        for odd in [json!(0), json!(54.5), json!("54"), json!(65_536)] {
            let fault = port(&json!({ "port": odd }), 7).expect_err("refused");
            assert_eq!(fault.field(), Some("options.port"));
        }
    }
}
