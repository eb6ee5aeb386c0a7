//! Options of what has a form (data sources, destinations): a JSON schema says which are needed, what
//! they look like, and which are secret. Secrets are sealed and never shown.

use serde_json::Map;
use tessera_access::{Changes, Sealer};
use tessera_kernel::{Fault, Result, Secret};

use crate::Json;

/// Longest name of what has a form, in characters.
const NAME_CHARACTERS_MAX: usize = 255;

/// A name without blanks around it.
pub(crate) fn clean_name(name: &str) -> Result<String> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > NAME_CHARACTERS_MAX {
        let detail = format!("must have 1 to {NAME_CHARACTERS_MAX} characters");
        return Err(Fault::invalid("name", detail));
    }
    if name.contains('\0') {
        return Err(Fault::invalid("name", "must not hold the character NUL"));
    }
    Ok(name.to_owned())
}

/// The members of options.
pub(crate) fn as_object(options: &Json) -> Result<Map<String, Json>> {
    options.as_object().cloned().ok_or_else(|| Fault::invalid("options", "must be an object"))
}

/// Options without those that are null: forms send null for a field that was left empty.
pub(crate) fn filled(mut options: Map<String, Json>) -> Map<String, Json> {
    options.retain(|_, value| !value.is_null());
    options
}

/// The names of options that are sealed and never shown: those that `secret` names (a list, or a
/// single text), and those whose own schema says `writeOnly`.
pub(crate) fn secret_names(schema: &Json) -> Vec<&str> {
    let mut names: Vec<&str> = match &schema["secret"] {
        Json::String(name) => vec![name],
        Json::Array(names) => names.iter().filter_map(Json::as_str).collect(),
        _ => Vec::new(),
    };
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        if property["writeOnly"] == Json::Bool(true) && !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    names
}

/// Takes the secrets out and seals them; the rest can be seen.
pub(crate) fn seal(
    sealer: &Sealer,
    schema: &Json,
    mut options: Map<String, Json>,
    context: &str,
) -> Result<(Json, Option<Vec<u8>>)> {
    let mut secrets = Map::new();
    for name in secret_names(schema) {
        if let Some(value) = options.shift_remove(name) {
            secrets.insert(name.to_owned(), value);
        }
    }
    if secrets.is_empty() {
        return Ok((Json::Object(options), None));
    }
    let text = Secret::new(Json::Object(secrets).to_string());
    Ok((Json::Object(options), Some(sealer.seal(&text, context)?)))
}

/// The sealed secrets.
pub(crate) fn open(
    sealer: &Sealer,
    sealed: Option<&[u8]>,
    context: &str,
) -> Result<Map<String, Json>> {
    let Some(sealed) = sealed else { return Ok(Map::new()) };
    let text = sealer.open(sealed, context)?;
    serde_json::from_str(text.expose())
        .map_err(|error| Fault::internal("sealed options are no JSON object", error))
}

/// Checks that required options are there and that all have the type the form names.
pub(crate) fn check(schema: &Json, options: &Map<String, Json>) -> Result<()> {
    let required = schema["required"].as_array().into_iter().flatten();
    for name in required.filter_map(Json::as_str) {
        if options.get(name).is_none_or(|value| value.is_null() || value.as_str() == Some("")) {
            return Err(Fault::invalid(format!("options.{name}"), "is required"));
        }
    }
    for (name, value) in options {
        let kind = schema["properties"][name]["type"].as_str();
        let good = match kind {
            Some("string") => value.is_string() || value.is_null(),
            Some("number" | "integer") => value.is_number() || value.is_null(),
            Some("boolean") => value.is_boolean() || value.is_null(),
            _ => true,
        };
        if !good {
            let kind = kind.unwrap_or_default();
            return Err(Fault::invalid(format!("options.{name}"), format!("must be a {kind}")));
        }
    }
    Ok(())
}

/// What changes about options. Values are told only of those that the form declares and does not call
/// secret: a misspelt name may hold a password.
pub(crate) fn changes(
    mut changes: Changes,
    schema: Option<&Json>,
    before: &Map<String, Json>,
    after: &Map<String, Json>,
) -> Changes {
    let mut all: Vec<&String> = before.keys().chain(after.keys()).collect();
    all.sort();
    all.dedup();
    for name in all {
        let (old, new) = (before.get(name), after.get(name));
        let label = format!("options.{name}");
        let open = schema.is_some_and(|schema| {
            schema["properties"].get(name).is_some()
                && !secret_names(schema).contains(&name.as_str())
        });
        changes = if open {
            changes.field(&label, old.cloned(), new.cloned())
        } else {
            changes.secret(&label, old != new)
        };
    }
    changes
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn webhook() -> Json {
        json!({
            "type": "object",
            "properties": { "url": { "type": "string" }, "username": { "type": "string" } },
            "required": ["url"], "secret": ["url"],
        })
    }

    #[test]
    fn options_that_are_missing_or_of_another_type_are_named() {
        for (options, field) in [
            (json!({}), "options.url"),
            (json!({ "url": "" }), "options.url"),
            (json!({ "url": "x", "username": 7 }), "options.username"),
        ] {
            let fault = check(&webhook(), &as_object(&options).expect("an object"));
            assert_eq!(fault.expect_err("refused").field(), Some(field));
        }
    }

    #[test]
    fn records_tell_no_secret_and_nothing_that_the_form_does_not_declare() {
        let before = as_object(&json!({ "url": "a", "username": "u" })).expect("an object");
        let after = as_object(&json!({ "url": "b", "username": "v", "pasword": "p" }));
        let told = changes(Changes::new(), Some(&webhook()), &before, &after.expect("an object"));
        let told = told.into_json().to_string();
        assert!(told.contains(r#""after":"v""#) && !told.contains(r#""b""#), "{told}");
        assert!(!told.contains(r#""p""#), "{told}");
    }
}
