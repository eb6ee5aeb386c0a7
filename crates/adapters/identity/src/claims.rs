//! From what a provider says to what is known of a person.

use serde_json::{Map, Value as Json};
use tessera_access::Claims;

/// Reads claims that were checked. `groups_claim` is a name, or a path with dots.
pub(crate) fn read(claims: &Map<String, Json>, issuer: &str, groups_claim: &str) -> Claims {
    let text = |name: &str| {
        let text = claims.get(name).and_then(Json::as_str).map(str::trim);
        text.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    Claims {
        issuer: issuer.to_owned(),
        subject: text("sub").unwrap_or_default(),
        email: text("email"),
        email_verified: claims.get("email_verified").is_some_and(is_true),
        name: text("name").or_else(|| text("preferred_username")),
        groups: Some(groups(find(claims, groups_claim))),
    }
}

/// Whether a claim is there, under its name or at its path.
pub(crate) fn has(claims: &Map<String, Json>, name: &str) -> bool {
    find(claims, name).is_some()
}

/// Some providers send texts for truth values.
fn is_true(value: &Json) -> bool {
    value == &Json::Bool(true) || value.as_str() == Some("true")
}

fn find<'a>(claims: &'a Map<String, Json>, name: &str) -> Option<&'a Json> {
    // A name may have dots in it itself: those that are addresses do.
    if let Some(found) = claims.get(name) {
        return Some(found);
    }
    let (first, rest) = name.split_once('.')?;
    rest.split('.').try_fold(claims.get(first)?, |value, part| value.get(part))
}

fn groups(value: Option<&Json>) -> Vec<String> {
    match value {
        Some(Json::String(one)) => vec![one.clone()],
        Some(Json::Array(all)) => {
            all.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn groups_are_found_under_a_name_or_at_a_path() {
        let claims = json!({
            "sub": "1",
            "groups": ["a", "b"],
            "https://x.test/roles": "c",
            "realm": { "roles": ["d", 7] },
            "email_verified": "true",
        });
        let claims = claims.as_object().expect("an object");
        let of = |name| read(claims, "i", name).groups.expect("told");
        assert_eq!(of("groups"), ["a", "b"]);
        assert_eq!(of("https://x.test/roles"), ["c"]);
        assert_eq!(of("realm.roles"), ["d"]);
        assert!(of("other").is_empty());
        assert!(read(claims, "i", "groups").email_verified);
    }
}
