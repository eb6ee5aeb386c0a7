//! Events that change nothing wait here for the next flush; equal ones become one record.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hash};

use serde_json::Value as Json;

use super::AuditEvent;

/// Events that wait.
#[derive(Default)]
pub(super) struct Pending {
    events: Vec<Waiting>,
    /// Where an event stands, by its identity.
    places: HashMap<Identity, usize>,
}

/// A hash of what tells an event from others, with a random key: that two events of the same second
/// share one by chance happens less often than disks lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Identity(u64);

/// Makes identities.
#[derive(Default)]
pub(super) struct Identities(RandomState);

impl Identities {
    pub(super) fn of(&self, what: impl Hash) -> Identity {
        Identity(self.0.hash_one(what))
    }
}

struct Waiting {
    event: AuditEvent,
    /// The first request.
    request_id: Option<String>,
    count: u64,
}

impl Pending {
    /// Counts an event that happened again, if an equal one waits.
    pub(super) fn count_again(&mut self, identity: Identity) -> bool {
        let place = self.places.get(&identity);
        let waiting = place.and_then(|place| self.events.get_mut(*place));
        waiting.map(|waiting| waiting.count += 1).is_some()
    }

    /// Adds an event that none of those that wait is equal to, and a particular that does not tell
    /// events apart. Gives how many wait.
    pub(super) fn add(
        &mut self,
        identity: Identity,
        event: AuditEvent,
        request_id: Option<&str>,
    ) -> usize {
        self.places.insert(identity, self.events.len());
        let request_id = request_id.map(str::to_owned);
        self.events.push(Waiting { event, request_id, count: 1 });
        self.events.len()
    }

    /// Takes all that waits.
    pub(super) fn take(&mut self) -> Vec<AuditEvent> {
        self.places.clear();
        let counted = |Waiting { mut event, request_id, count }| {
            with(&mut event.detail, "request_id", request_id.into());
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
        let waiting = |event| Waiting { event, request_id: None, count: 1 };
        self.events = events.into_iter().map(waiting).chain(later).collect();
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
        assert!(!pending.count_again(Identity(1)));
        assert_eq!(pending.add(Identity(1), event("result:1"), Some("a")), 1);
        assert_eq!(pending.add(Identity(2), event("result:2"), Some("b")), 2);
        assert!(pending.count_again(Identity(1)));
        let taken = pending.take();
        let wanted = json!({ "format": "csv", "request_id": "a", "count": 2 });
        assert_eq!((taken.len(), &taken[0].detail), (2, &wanted));
        assert!(!pending.count_again(Identity(1)), "it does not wait any more");
        pending.add(Identity(3), event("result:3"), None);
        pending.put_back(taken);
        let objects: Vec<_> = pending.take().into_iter().map(|event| event.object).collect();
        assert_eq!(objects, ["result:1", "result:2", "result:3"]);
    }
}
