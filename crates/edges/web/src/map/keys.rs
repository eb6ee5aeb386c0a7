//! The form of a key of one's own.

use tessera_access::terms::{Conditions, Terms};
use tessera_access::{Expiry, NewKey};
use tessera_kernel::Timestamp;

use super::{ends, networks};
use crate::controls::Errors;
use crate::fields::Fields;

/// What a key may do, as the form asks for it: what is sent, and what people read.
pub(crate) const MAY: [(&str, &str); 2] = [
    ("read", "Read only: see what I may see, and run saved queries"),
    ("all", "Everything that I may do, except making keys"),
];

/// Reads the form.
pub(crate) fn new_key(form: &Fields, now: Timestamp) -> Result<NewKey, Errors> {
    let mut errors = Errors::default();
    let terms = match form.get("may") {
        "read" => Terms::reading(),
        "all" => Terms::default(),
        _ => {
            errors.add("may", "Choose what the key may do.");
            Terms::default()
        }
    };
    if form.get("name").is_empty() {
        errors.add("name", "Give the key a name.");
    }
    let ip_in = networks::read(form, "networks", &mut errors);
    let expires = match ends::read(form, now, &mut errors) {
        Some(end) => Expiry::At(end),
        None => Expiry::Never,
    };
    if !errors.is_empty() {
        return Err(errors);
    }
    Ok(NewKey {
        name: form.get("name").to_owned(),
        terms: Terms { conditions: Conditions { ip_in, ..Conditions::default() }, ..terms },
        expires,
        justification: form.get("justification").to_owned(),
        ..NewKey::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_given_that_was_not_chosen() {
        let read =
            |text: &str| new_key(&Fields::read(text.as_bytes()), chrono::DateTime::UNIX_EPOCH);
        let key = read("name=+n+&may=read&ends=never&networks=10.0.0.1").expect("good");
        assert!(key.terms.only_reads() && key.name == "n" && key.expires == Expiry::Never);
        assert_eq!(key.terms.conditions.ip_in.len(), 1);
        assert!(read("name=n&may=all&ends=30").expect("good").terms.grants.is_empty());
        let errors = read("").expect_err("empty");
        for field in ["name", "may", "expires_at"] {
            assert!(errors.of(field).is_some(), "{field}");
        }
    }
}
