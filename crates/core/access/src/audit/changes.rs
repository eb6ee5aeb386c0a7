//! What a change was: before and after, for those fields that differ.

use serde_json::{Map, Value as Json, json};

/// Fields that change. Secrets are noted by name only.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Changes(Map<String, Json>);

impl Changes {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes a field if it differs.
    #[must_use]
    pub fn field(mut self, name: &str, before: impl Into<Json>, after: impl Into<Json>) -> Self {
        let (before, after) = (before.into(), after.into());
        if before != after {
            self.0.insert(name.to_owned(), json!({ "before": before, "after": after }));
        }
        self
    }

    /// Notes that a field whose value nobody may see changes.
    #[must_use]
    pub fn secret(mut self, name: &str, differs: bool) -> Self {
        if differs {
            self.0.insert(name.to_owned(), Json::from("changed"));
        }
        self
    }

    /// Whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As JSON.
    #[must_use]
    pub fn into_json(self) -> Json {
        Json::Object(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_noted_and_no_secret() {
        let changes = Changes::new()
            .field("name", "old", "new")
            .field("email", "same", "same")
            .secret("password", true)
            .secret("token", false);
        let wanted = json!({ "name": { "before": "old", "after": "new" }, "password": "changed" });
        assert_eq!(changes.into_json(), wanted);
        assert!(Changes::new().field("a", 1, 1).is_empty());
    }
}
