//! Finds texts of our own keys where they should not be: in what people save.

use serde_json::{Value as Json, json};
use tessera_kernel::ids::KeyId;
use tessera_kernel::{Result, Secret};

use super::{Keys, format};
use crate::{AuditEvent, events};

/// Most different keys that are looked for in one text.
const FOUND_MAX: usize = 20;

/// The texts in `text` that have the form of our own keys and a good checksum, each once.
#[must_use]
pub fn key_texts(text: &str) -> Vec<&str> {
    let mut found: Vec<&str> = Vec::new();
    for (start, _) in text.match_indices(format::PREFIX) {
        let Some(candidate) = candidate(&text[start..]) else { continue };
        let own = matches!(format::read(candidate), Some(format::KeyText::Own { .. }));
        if own && !found.contains(&candidate) {
            found.push(candidate);
            if found.len() == FOUND_MAX {
                break;
            }
        }
    }
    found
}

/// As much of a text as a key at its beginning would take: prefix, kind, body, checksum.
fn candidate(text: &str) -> Option<&str> {
    let kind = text[format::PREFIX.len()..].find('_')?;
    let end =
        format::PREFIX.len() + kind + 1 + format::BODY_CHARACTERS + 1 + format::CHECKSUM_CHARACTERS;
    text.get(..end)
}

/// A key that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundKey {
    /// Its first characters, which are no secret.
    pub hint: String,
    /// Its number, if it is one of this server's.
    pub key: Option<KeyId>,
}

impl Keys {
    /// Writes down that texts of keys were found in what somebody saved.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn note_found(
        &self,
        actor: &str,
        place: &str,
        address: Option<String>,
        texts: &[&str],
    ) -> Result<Vec<FoundKey>> {
        let now = self.clock.now();
        let mut found = Vec::with_capacity(texts.len());
        let mut events = Vec::with_capacity(texts.len());
        for text in texts {
            let key = self.find(&Secret::new(*text)).await?.map(|key| key.id);
            let hint = hint(text);
            tracing::warn!(actor, place, hint, key = key.map(|id| id.0), "a key stands in a text");
            events.push(AuditEvent {
                at: now,
                actor: actor.to_owned(),
                action: events::KEY_IN_TEXT,
                object: key.map_or_else(String::new, |id| format!("key:{id}")),
                detail: json!({ "place": place, "hint": hint }),
                address: address.clone(),
            });
            found.push(FoundKey { hint, key });
        }
        self.repos.insert_audit(&events).await?;
        Ok(found)
    }
}

/// The part of a key's text that may stand in a log.
pub(super) fn hint(text: &str) -> String {
    let kind = text.get(format::PREFIX.len()..).and_then(|rest| rest.find('_')).unwrap_or(0);
    text.chars().take(format::PREFIX.len() + kind + 1 + format::ID_CHARACTERS).collect()
}

/// All texts in a JSON value, one after the other.
pub fn texts_of(value: &Json, each: &mut impl FnMut(&str)) {
    match value {
        Json::String(text) => each(text),
        Json::Array(list) => list.iter().for_each(|one| texts_of(one, each)),
        Json::Object(members) => {
            for (name, one) in members {
                each(name);
                texts_of(one, each);
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use tessera_kernel::SystemRandom;

    use super::*;
    use crate::KeyKind;

    #[test]
    fn keys_are_found_inside_other_texts_and_only_with_a_good_checksum() {
        let one = format::mint(KeyKind::User, &SystemRandom);
        let two = format::mint(KeyKind::Dashboard, &SystemRandom);
        let mut broken = one.expose().to_owned();
        broken.replace_range(20..21, if &broken[20..21] == "x" { "y" } else { "x" });
        let text = format!(
            "-- {}\nselect '{}' -- tsr_ tsr_usr_ é{} again {}",
            one.expose(),
            two.expose(),
            broken,
            one.expose()
        );
        assert_eq!(key_texts(&text), [one.expose(), two.expose()]);
        assert!(key_texts("tsr_usr_ééééééééééééééééééééééééééééééééééééé").is_empty());
        assert!(!hint(one.expose()).contains(&one.expose()[20..]));
        assert!(one.expose().starts_with(&hint(one.expose())));
    }
}
