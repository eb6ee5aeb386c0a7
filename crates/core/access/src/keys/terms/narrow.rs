//! Whether terms ask for more than those above them. At use they are intersected in any case; this
//! tells whoever makes a key, in words, what would have no effect.

use serde_json::Value as Json;
use tessera_kernel::{Fault, Result};

use super::{Effect, Grant, Range, Selector, Terms};

impl Terms {
    /// Checks that nothing here goes beyond the terms above.
    ///
    /// # Errors
    /// `Invalid`, with the member of the terms as its field.
    pub fn check_below(&self, above: &Self) -> Result<()> {
        for (name, value) in &self.pinned {
            let field = || format!("terms.pinned.{name}");
            match (above.pinned.get(name), above.free.get(name)) {
                (Some(fixed), _) if fixed != value => {
                    return Err(Fault::invalid(field(), "the key above fixes another value"));
                }
                (None, None) if !above.free.is_empty() => {
                    return Err(Fault::invalid(field(), "the key above does not leave it free"));
                }
                _ => {}
            }
        }
        for (name, range) in &self.free {
            let field = || format!("terms.free.{name}");
            if above.pinned.contains_key(name) {
                return Err(Fault::invalid(field(), "the key above fixes its value"));
            }
            match above.free.get(name) {
                None if !above.free.is_empty() => {
                    return Err(Fault::invalid(field(), "the key above does not leave it free"));
                }
                Some(wider) if exceeds(range, wider) => {
                    return Err(Fault::invalid(field(), "goes beyond the range of the key above"));
                }
                _ => {}
            }
        }
        for (name, value) in &self.attributes {
            if above.attributes.get(name) != Some(value) {
                let detail = "the key above does not have this value";
                return Err(Fault::invalid(format!("terms.attributes.{name}"), detail));
            }
        }
        self.check_caps(above)?;
        if above.grants.is_empty() {
            return Ok(());
        }
        let beyond = |grant: &&Grant| {
            grant.effect == Effect::Allow
                && !above.grants.iter().any(|wider| grant_covers(wider, grant))
        };
        match self.grants.iter().find(beyond) {
            None => Ok(()),
            Some(grant) => {
                Err(Fault::invalid("terms.grants", format!("the key above does not {grant}")))
            }
        }
    }

    fn check_caps(&self, above: &Self) -> Result<()> {
        let more = |own: Option<u64>, above: Option<u64>| {
            own.zip(above).is_some_and(|(own, above)| own > above)
        };
        let refuse = |field: &str, detail: &str| Err(Fault::invalid(field, detail));
        if more(self.caps.rows, above.caps.rows) {
            return refuse("terms.caps.rows", "is more than the key above gives");
        }
        if more(self.caps.bytes, above.caps.bytes) {
            return refuse("terms.caps.bytes", "is more than the key above gives");
        }
        if more(above.caps.max_age_floor, self.caps.max_age_floor) {
            return refuse("terms.caps.max_age_floor", "is less than that of the key above");
        }
        let known = |format: &String| above.caps.formats.contains(format);
        if !above.caps.formats.is_empty() && !self.caps.formats.iter().all(known) {
            return refuse("terms.caps.formats", "the key above gives other formats");
        }
        Ok(())
    }
}

/// Whether a range allows what the wider one does not, as far as plain JSON tells.
fn exceeds(range: &Range, wider: &Range) -> bool {
    let number = |value: &Option<Json>| value.as_ref().and_then(Json::as_f64);
    let below = match (number(&range.min), number(&wider.min)) {
        (Some(own), Some(least)) => own < least,
        _ => false,
    };
    let beyond = match (number(&range.max), number(&wider.max)) {
        (Some(own), Some(most)) => own > most,
        _ => false,
    };
    let foreign = !wider.choices.is_empty()
        && range.choices.iter().any(|choice| !wider.choices.contains(choice));
    below || beyond || foreign
}

fn grant_covers(wider: &Grant, grant: &Grant) -> bool {
    let action = grant.action.is_within(&wider.action);
    let object = match (wider.resource, grant.resource) {
        (Selector::Any, _) => true,
        (Selector::Query(one, version), Selector::Query(other, named)) => {
            one == other && (named.is_none() || named == version)
        }
        // A data source covers what hangs on it; whether this does is seen when it is used.
        (Selector::Source(one), Selector::Source(other)) => one == other,
        (Selector::Source(_), Selector::Query(..)) => true,
        (one, other) => one == other,
    };
    wider.effect == Effect::Allow && action && object
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(child: Json, parent: Json, field: Option<&str>) {
        let terms = |value: Json| serde_json::from_value::<Terms>(value).expect("terms");
        let got = terms(child).check_below(&terms(parent));
        assert_eq!(got.as_ref().err().and_then(Fault::field), field);
    }

    #[test]
    fn what_goes_beyond_the_key_above_is_named() {
        let parent = json!({
            "pinned": { "tenant": 5 },
            "free": { "n": { "min": 1, "max": 10 }, "c": { "enum": ["DE", "FR"] } },
            "attributes": { "t": 5 },
            "caps": { "rows": 10, "max_age_floor": 60, "formats": ["csv"] },
            "grants": [{ "action": "queries.*", "resource": "query:42@approved" }],
        });
        let fine = json!({
            "pinned": { "tenant": 5, "n": 3 }, "free": { "c": { "enum": ["DE"] } },
            "attributes": { "t": 5 }, "caps": { "rows": 5, "max_age_floor": 90, "formats": ["csv"] },
            "grants": [{ "action": "queries.run", "resource": "query:42@approved" }],
        });
        check(fine, parent.clone(), None);
        check(json!({}), parent.clone(), None);
        for (child, field) in [
            (json!({ "pinned": { "tenant": 6 } }), "terms.pinned.tenant"),
            (json!({ "pinned": { "other": 6 } }), "terms.pinned.other"),
            (json!({ "free": { "tenant": {} } }), "terms.free.tenant"),
            (json!({ "free": { "other": {} } }), "terms.free.other"),
            (json!({ "free": { "n": { "max": 11 } } }), "terms.free.n"),
            (json!({ "free": { "c": { "enum": ["UK"] } } }), "terms.free.c"),
            (json!({ "attributes": { "t": 6 } }), "terms.attributes.t"),
            (json!({ "attributes": { "u": 6 } }), "terms.attributes.u"),
            (json!({ "caps": { "rows": 11 } }), "terms.caps.rows"),
            (json!({ "caps": { "max_age_floor": 1 } }), "terms.caps.max_age_floor"),
            (json!({ "caps": { "formats": ["json"] } }), "terms.caps.formats"),
            (json!({ "grants": [{ "action": "*" }] }), "terms.grants"),
            (
                json!({ "grants": [{ "action": "queries.run", "resource": "query:42@7" }] }),
                "terms.grants",
            ),
        ] {
            check(child, parent.clone(), Some(field));
        }
    }
}
