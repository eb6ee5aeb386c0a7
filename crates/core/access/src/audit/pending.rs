//! Events that change nothing wait here for the next flush; equal ones become one record.

use std::collections::HashMap;

use serde_json::Value as Json;

use super::{AuditEvent, canonical_json};

/// What makes two events equal: all but time and request.
type Identity = (String, &'static str, String, String, Option<String>);

/// Events that wait.
#[derive(Default)]
pub(super) struct Pending {
    events: Vec<(AuditEvent, u64)>,
    places: HashMap<Identity, usize>,
}

impl Pending {
    /// Adds an event with a particular that does not tell events apart. Gives how many wait.
    pub(super) fn add(&mut self, mut event: AuditEvent, request_id: Option<&str>) -> usize {
        let identity = (
            event.actor.clone(),
            event.action,
            event.object.clone(),
            canonical_json(&event.detail),
            event.address.clone(),
        );
        match self.places.get(&identity).and_then(|place| self.events.get_mut(*place)) {
            Some((_, count)) => *count += 1,
            None => {
                self.places.insert(identity, self.events.len());
                with(&mut event.detail, "request_id", request_id.into());
                self.events.push((event, 1));
            }
        }
        self.events.len()
    }

    /// Takes all that waits.
    pub(super) fn take(&mut self) -> Vec<AuditEvent> {
        self.places.clear();
        let counted = |(mut event, count): (AuditEvent, u64)| {
            if count > 1 {
                with(&mut event.detail, "count", count.into());
            }
            event
        };
        std::mem::take(&mut self.events).into_iter().map(counted).collect()
    }

    /// Puts back what could not be written, in front.
    pub(super) fn put_back(&mut self, events: Vec<AuditEvent>) {
        let later = std::mem::take(&mut self.events);
        self.places.clear();
        self.events = events.into_iter().map(|event| (event, 1)).chain(later).collect();
    }
}

/// Adds a member to particulars.
pub(super) fn with(detail: &mut Json, name: &str, value: Json) {
    if detail.is_null() {
        *detail = Json::Object(serde_json::Map::new());
    }
    if let (Json::Object(members), false) = (detail, value.is_null()) {
        members.insert(name.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn equal_events_become_one_record_with_their_number() {
        let event = |object: &str| AuditEvent {
            at: chrono::DateTime::UNIX_EPOCH,
            actor: "user:1".to_owned(),
            action: "results.export",
            object: object.to_owned(),
            detail: json!({ "format": "csv" }),
            address: None,
        };
        let mut pending = Pending::default();
        assert_eq!(pending.add(event("result:1"), Some("a")), 1);
        assert_eq!(pending.add(event("result:2"), Some("b")), 2);
        assert_eq!(pending.add(event("result:1"), Some("c")), 2);
        let taken = pending.take();
        let wanted = json!({ "format": "csv", "request_id": "a", "count": 2 });
        assert_eq!((taken.len(), &taken[0].detail), (2, &wanted));
        pending.add(event("result:3"), None);
        pending.put_back(taken);
        let objects: Vec<_> = pending.take().into_iter().map(|event| event.object).collect();
        assert_eq!(objects, ["result:1", "result:2", "result:3"]);
    }
}
