//! Options of destinations: which are secret, which are needed, what they look like.

use serde_json::Map;
use tessera_access::Changes;
use tessera_kernel::{Fault, Result};

use crate::{ChannelType, Json};

/// The members of options.
pub(super) fn as_object(options: &Json) -> Result<Map<String, Json>> {
    options.as_object().cloned().ok_or_else(|| Fault::invalid("options", "must be an object"))
}

fn names<'a>(channel: &'a ChannelType, list: &str) -> impl Iterator<Item = &'a str> {
    channel.schema.get(list).and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str)
}

/// The names of secret options: those that the form lists, and those that it only takes.
pub(super) fn secret_names(channel: &ChannelType) -> impl Iterator<Item = &str> {
    let properties = channel.schema.get("properties").and_then(Json::as_object);
    let write_only = properties.into_iter().flatten().filter_map(move |(name, property)| {
        (property.get("writeOnly") == Some(&Json::Bool(true))).then_some(name.as_str())
    });
    names(channel, "secret").chain(write_only)
}

/// Checks that required options are there and that all have the type the form names.
pub(super) fn check(channel: &ChannelType, options: &Map<String, Json>) -> Result<()> {
    for name in names(channel, "required") {
        if options.get(name).is_none_or(|value| value.is_null() || value.as_str() == Some("")) {
            return Err(Fault::invalid(format!("options.{name}"), "is required"));
        }
    }
    for (name, value) in options {
        let property = channel.schema.get("properties").and_then(|all| all.get(name));
        let kind = property.and_then(|property| property.get("type")).and_then(Json::as_str);
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
pub(super) fn changes(
    mut changes: Changes,
    channel: Option<&ChannelType>,
    before: &Map<String, Json>,
    after: &Map<String, Json>,
) -> Changes {
    let mut all: Vec<&String> = before.keys().chain(after.keys()).collect();
    all.sort();
    all.dedup();
    for name in all {
        let (old, new) = (before.get(name), after.get(name));
        let label = format!("options.{name}");
        let open = channel.is_some_and(|channel| {
            let declared =
                channel.schema.get("properties").is_some_and(|all| all.get(name).is_some());
            declared && !secret_names(channel).any(|secret| secret == name)
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

    fn webhook() -> ChannelType {
        ChannelType {
            kind: "webhook",
            title: "Webhook",
            icon: "fa-bolt",
            schema: json!({
                "type": "object",
                "properties": { "url": { "type": "string" }, "username": { "type": "string" } },
                "required": ["url"], "secret": ["url"],
            }),
        }
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
