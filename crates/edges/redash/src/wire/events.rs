//! What people did.

use serde_json::{Value as Json, json};
use tessera_bi::Activity;

use super::time;
use crate::notes;

/// An event. Where an address is on earth is not looked up.
pub(crate) fn event(activity: &Activity) -> Json {
    let name = if activity.user_name.is_empty() { &activity.actor } else { &activity.user_name };
    let (action, kind) = (activity.action.as_str(), activity.object_kind.as_str());
    let object = activity.object.as_deref();
    json!({
        "id": activity.id,
        "org_id": 1,
        "user_id": activity.user,
        "user_name": name,
        "action": action,
        "object_type": kind,
        "object_id": object,
        "created_at": time(activity.at),
        "browser": activity.client.as_deref().unwrap_or("Unknown"),
        "location": "Unknown",
        "details": notes::details(action, kind, object, &activity.detail),
    })
}
